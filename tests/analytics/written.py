"""Events and judgements put straight into a ledger, as the fold would, without judging anything."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import duckdb

from analytics.ledger.event_columns import About, EventRows, about
from analytics.ledger.ledger import Ledger, Transaction
from analytics.ledger.rows import Logged, Position, Rejudged
from schemas.events import (
    ClaimEvent,
    ClaimRetractedEvent,
    CoverageEvent,
    Event,
    ReportEvent,
    parse_event,
)
from schemas.time_fields import read_instant
from schemas.verdicts import ClaimVerdict, Criteria, Grade, Judgement, Outcome, Sources
from streams.judging.statement import timed_statement

LOG = "log"
CLAIMED = (ClaimEvent, ClaimRetractedEvent)
YES = Criteria(True, True, True, True, True, True)
VERSIONS = (
    "claim_versions",
    "coverage_versions",
    "report_versions",
    "claim_verdict_versions",
    "verdict_versions",
)
_ids = itertools.count()
at = read_instant


class Step(NamedTuple):
    """One event of the log, and what the fold made of it."""

    raw: str
    recorded_at: str
    changes: tuple[Rejudged, ...] = ()


def _event(type_: str, **data: Any) -> str:
    event = {"specversion": "1.0", "id": f"e{next(_ids)}", "source": "https://desk.example"}
    return json.dumps({**event, "type": type_, "data": {"conflict": "testland", **data}})


def claim(claim_id: str = "c", **terms: Any) -> str:
    data: dict[str, Any] = {
        "commitment_id": "truce",
        "claim_id": claim_id,
        "claimed_by": {"name": "Mediator", "role": "mediator"},
        "stance": "asserts",
        "bound_parties": ["AAA", "BBB"],
        "window": [{"start": "2026-01-10T22:00:00Z", "end": "2026-01-15T00:00:00Z"}],
    }
    return _event("commitment.claimed", **{**data, **terms})


def denial(claim_id: str = "d", **terms: Any) -> str:
    data = {"claimed_by": {"name": "Speaker"}, "stance": "denies", "bound_parties": ["CCC"]}
    return _event(
        "commitment.claimed", **{**data, "commitment_id": "truce", "claim_id": claim_id, **terms}
    )


def claim_retracted(claim_id: str = "c") -> str:
    return _event("commitment.claim_retracted", commitment_id="truce", claim_id=claim_id)


def coverage(coverage_id: str = "w", **said: Any) -> str:
    data: dict[str, Any] = {
        "coverage_id": coverage_id,
        "reported_by": {"name": "Mission", "kind": "monitor"},
        "start": "2026-01-12T00:00:00Z",
        "end": "2026-01-13T00:00:00Z",
        "quality": "full",
    }
    return _event("coverage.reported", **{**data, **said})


def report(incident_id: str = "i", report_id: str = "r", **said: Any) -> str:
    data: dict[str, Any] = {
        "incident_id": incident_id,
        "report_id": report_id,
        "reported_by": {"name": "Observer"},
        "occurred": {"start": "2026-01-12T12:00:00Z"},
        "actor": {"party": "AAA", "confidence": "confirmed"},
    }
    return _event("incident.reported", **{**data, **said})


def report_retracted(incident_id: str = "i", report_id: str = "r") -> str:
    return _event("incident.report_retracted", incident_id=incident_id, report_id=report_id)


def judged(
    verdict: Outcome = "violation",
    party: str | None = "AAA",
    *,
    occurred: str = "2026-01-12T12:00:00Z",
    ended: str | None = None,
    independent: int = 1,
    evidence: Grade | None = "reported",
    denied_by: tuple[str, ...] = (),
    claims: Sequence[ClaimVerdict] | None = None,
) -> Judgement:
    if claims is None:
        claims = [ClaimVerdict("c", "violation", YES, "violation")]
    end = at(ended or occurred)
    sources = Sources(independent, evidence, admitted=False, denied_by=denied_by)
    return Judgement("truce", verdict, party, at(occurred), end, sources, tuple(claims))


def changed(before: Judgement | None, after: Judgement | None, incident_id: str = "i") -> Rejudged:
    return Rejudged("testland", incident_id, "truce", before, after)


def write(ledger: Ledger, *steps: Step, first: int = 0) -> None:
    """One transaction with these steps; `first` is the offset of the first."""
    with ledger.transaction() as tx:
        logs = take(tx, [(raw, recorded_at) for raw, recorded_at, _ in steps], first)
        for logged, (_, _, changes) in zip(logs, steps, strict=True):
            for change in changes:
                tx.rejudged(logged, change, published=False)


def take(tx: Transaction, events: Sequence[tuple[str, str]], first: int = 0) -> list[Logged]:
    """Have the ledger take events, each with the time that it was recorded at."""
    rows = EventRows()
    taken = []
    for offset, (raw, recorded_at) in enumerate(events, first):
        event, row = parse_event(raw), len(rows)
        key, which = put(rows, event, raw, offset)
        logged = Logged(Position(LOG, 0, offset, 0), at(recorded_at), key, row)
        taken.append((event, logged, which))
    tx.read(LOG, rows.columns())
    for event, logged, which in taken:
        tx.event(logged, which)
        if isinstance(event, CoverageEvent):
            tx.coverage(logged, event.data)
        elif which is None:
            _claim(tx, logged, event)
        tx.advance(LOG, 0, logged.position.offset + 1, logged.recorded_at)
    return [logged for _, logged, _ in taken]


def put(rows: EventRows, event: Event, raw: str, offset: int) -> tuple[int, About | None]:
    """Put an event into columns: its key, and the report that it is about."""
    place = (0, offset, 0)
    if isinstance(event, (*CLAIMED, CoverageEvent)):
        return rows.event(event, raw, place), None
    names = (event.data.conflict, event.data.incident_id, event.data.report_id)
    which = about(*names, stands=isinstance(event, ReportEvent))
    if isinstance(event, ReportEvent):
        occurrences = timed_statement(event.data).occurrences
        return rows.report(event, event.data, raw, place, which, occurrences), which
    return rows.event(event, raw, place), which


def _claim(tx: Transaction, logged: Logged, event: Event) -> None:
    assert isinstance(event, CLAIMED)
    data = event.data
    claim = event.data if isinstance(event, ClaimEvent) else None
    tx.claim(logged, (data.conflict, data.commitment_id, data.claim_id), claim)


def rows(where: Ledger | Path, sql: str) -> list[tuple[Any, ...]]:
    """What `sql` answers, by a ledger or by the file of one."""
    if isinstance(where, Ledger):
        with where.cursor() as cursor:
            return cursor.execute(sql).fetchall()
    with duckdb.connect(str(where), read_only=True) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        return connection.execute(sql).fetchall()


def dump(where: Ledger | Path, tables: Iterable[str] = VERSIONS) -> dict[str, list[Any]]:
    return {name: sorted(rows(where, f"FROM {name}"), key=repr) for name in tables}
