"""The job that the peers do: read events, judge them against what stands, keep the same rows.

What a plain program would be, with the tracker's own models, judge and tables, so that the frameworks
are compared and not the rules. It does less than the tracker: no event is looked up as a repeat, no
report is revised, nothing is judged again and nothing is published.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import sys
import time
from bisect import bisect_left
from collections.abc import Callable, Iterable
from itertools import accumulate
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pyarrow as pa

from analytics.ledger import arrow
from analytics.ledger.keys import joined, key_of
from analytics.queries import queries
from analytics.storage.database import Session, connect, migrate
from schemas.events import Assertion, ClaimEvent, Event, Report, ReportEvent, parse_event
from schemas.time import OPEN, Limit, hull
from schemas.verdicts import Judgement
from streams.judging.commitment import Commitment
from streams.judging.incident import Incident
from streams.judging.memo import judge_remembering
from streams.judging.statement import timed_statement

LOG_ID = "log"
RAWS = msgspec.json.Decoder(list[msgspec.Raw])
# The statement of the tracker that writes each table, and the shape of the rows.
ACCEPTED = arrow.ACCEPTED.remove(arrow.ACCEPTED.get_field_index("posted_by"))
WRITTEN = {
    "accepted": ACCEPTED,
    "claim_versions": arrow.CLAIMS,
    "claim_verdict_versions": arrow.CLAIM_VERDICTS,
    "verdict_versions": arrow.VERDICTS,
}

_NO_REPORT = (None,) * (len(ACCEPTED) - ACCEPTED.get_field_index("incident_id"))


class Judged(NamedTuple):
    """An event in its own JSON text, and what it is judged to be under each claim it touches."""

    raw: str
    event: Event
    judgements: list[Judgement]


class Claims:
    """The claims that stand in one conflict, in the order of their windows."""

    def __init__(self) -> None:
        self._commitments: dict[str, dict[str, Assertion]] = {}
        self._windows: list[tuple[Limit, Limit, Commitment]] | None = None
        self._starts: list[Limit] = []
        self._ends: list[Limit] = []

    def put(self, claim: Assertion) -> None:
        self._commitments.setdefault(claim.commitment_id, {})[claim.claim_id] = claim
        self._windows = None

    def meeting(self, start: int, end: int) -> list[Commitment]:
        """Each commitment with a window that may meet [start, end)."""
        windows = self._sorted() if self._windows is None else self._windows
        found = []
        # Leftwards from the last that starts in time, as long as any before it ends late enough.
        at = bisect_left(self._starts, end) - 1
        while at >= 0 and self._ends[at] > start:
            if windows[at][1] > start:
                found.append(windows[at][2])
            at -= 1
        return found

    def _sorted(self) -> list[tuple[Limit, Limit, Commitment]]:
        self._windows = windows = sorted(
            (
                (*hull(claim.terms_window), Commitment(commitment_id, claims, {}))
                for commitment_id, claims in self._commitments.items()
                for claim in claims.values()
            ),
            key=lambda window: window[:2],
        )
        self._starts = [window[0] for window in windows]
        self._ends = list(accumulate((window[1] for window in windows), max))
        return windows


class Job:
    """Reads and judges records, and keeps what stands in memory."""

    def __init__(self, database: Path) -> None:
        self._claims: dict[str, Claims] = {}
        connection = connect(database)
        migrate(connection, database)
        self.written = Written(connection)
        # After a restart the log goes on behind the claims: they are taken from the database.
        for payload in queries_of_claims(self.written.session):
            event = parse_event(payload)
            if isinstance(event, ClaimEvent):
                self._put(event)

    def judged(self, value: bytes) -> list[Judged]:
        """The events of one record, a single one or a batch, and their verdicts."""
        raws: Iterable[bytes] = map(bytes, RAWS.decode(value)) if value[:1] == b"[" else [value]
        return [self._one(raw) for raw in raws]

    def _one(self, raw: bytes) -> Judged:
        event = parse_event(raw)
        judgements: list[Judgement] = []
        if isinstance(event, ClaimEvent):
            self._put(event)
        elif isinstance(event, ReportEvent) and (claims := self._claims.get(event.data.conflict)):
            said = {event.data.report_id: timed_statement(event.data)}
            incident = Incident(event.data.incident_id, said)
            start = min(o.start for o in incident.occurrences)
            end = max(max(o.end, o.start + 1) for o in incident.occurrences)
            for commitment in claims.meeting(start, end):
                judgement = judge_remembering(commitment, incident)
                if judgement is not None:
                    judgements.append(judgement)
        return Judged(raw.decode(), event, judgements)

    def _put(self, event: ClaimEvent) -> None:
        if isinstance(event.data, Assertion):
            self._claims.setdefault(event.data.conflict, Claims()).put(event.data)


def queries_of_claims(session: Session) -> list[str]:
    """The JSON texts of the standing claims."""
    return [payload for (payload,) in session.execute(queries("reading")["claims"])]


class Written:
    """Rows gathered from records, and written in one transaction."""

    def __init__(self, connection: Any) -> None:
        self.session = Session(connection)
        self.events = 0
        self._connection = connection
        self._rows: dict[str, list[tuple[Any, ...]]] = {name: [] for name in WRITTEN}

    def add(self, found: list[Judged], partition: int, offset: int, timestamp_ms: int) -> None:
        """Take the events of one record."""
        at = timestamp_ms * 1_000
        rows = self._rows
        self.events += len(found)
        for index, (raw, event, judgements) in enumerate(found):
            data = event.data
            conflict = data.conflict
            key = key_of(conflict, event.source, event.id)
            place = (at, LOG_ID, partition, offset, index)
            said = _report(data) if isinstance(data, Report) else _NO_REPORT
            names = (event.source, event.id, event.type, conflict)
            rows["accepted"].append((*names, *place, raw, key, None, *said))
            if isinstance(data, Report):
                self._judgements(data, judgements, at)
            elif isinstance(data, Assertion):
                rows["claim_versions"].append(_claim(data, raw, at))

    def _judgements(self, report: Report, judgements: list[Judgement], at: int) -> None:
        conflict, incident_id = report.conflict, report.incident_id
        incident_key = key_of(conflict, incident_id)
        for commitment_id, verdict, party, start, end, sources, claims in judgements:
            pair = (conflict, commitment_id, incident_id, party, verdict, start, end, *sources)
            key = joined(incident_key, key_of(conflict, commitment_id))
            self._rows["verdict_versions"].append((*pair, at, None, at, at, key))
            for claim_id, said, criteria, before_conditions in claims:
                names = (conflict, commitment_id, claim_id, incident_id, party, said)
                key = joined(incident_key, key_of(conflict, commitment_id, claim_id))
                self._rows["claim_verdict_versions"].append(
                    (*names, *criteria, before_conditions, at, None, key)
                )

    def commit(self) -> None:
        """Write all that was added, or nothing of it."""
        self._connection.begin()
        for name, schema in WRITTEN.items():
            if rows := self._rows[name]:
                columns = zip(*rows, strict=True)
                arrays = [pa.array(c, f.type) for c, f in zip(columns, schema, strict=True)]
                staged = pa.Table.from_arrays(arrays, schema=schema)
                self.session.over(queries("writing")[name], staged)
                self._rows[name] = []
        self._connection.commit()

    def close(self) -> None:
        self._connection.close()


def _claim(claim: Assertion, raw: str, at: int) -> tuple[Any, ...]:
    start, end = hull(claim.terms_window)
    parts = [
        {
            "starts": p.start.earliest,
            "ends": p.end.latest,
            "open_ended": p.end == OPEN,
            "core_starts": p.start.latest,
            "core_ends": p.end.earliest,
        }
        for p in claim.terms_window
    ]
    by = claim.claimed_by
    return (
        *(claim.conflict, claim.commitment_id, claim.claim_id, claim.stance),
        *(by.name, by.role, by.party),
        *(claim.bound_parties, claim.prohibits.acts, claim.prohibits.targets),
        *(start, end, any(part["open_ended"] for part in parts), parts),
        *(claim.conditions.reciprocal, claim.conditions.other, claim.evidence),
        *(raw, at, None, key_of(claim.conflict, claim.commitment_id, claim.claim_id)),
    )


def _report(report: Report) -> tuple[Any, ...]:
    by, actor, occurred = report.reported_by, report.actor, report.occurred.occurrence
    start, end = occurred.start, occurred.end
    incident_key = key_of(report.conflict, report.incident_id)
    return (
        *(report.incident_id, report.report_id, by.name, by.kind, by.party),
        *(report.stance, start, end, report.occurred.certainty),
        *((None, None) if actor is None else (actor.party, actor.confidence)),
        *(report.act, report.targets),
        *(start, end, max(end, start + 1)),
        *(incident_key, joined(incident_key, key_of(report.report_id))),
    )


class Clock:
    """Tells when the first and the last of `wanted` events were committed, and ends the program."""

    def __init__(self, wanted: int, close: Callable[[], None]) -> None:
        self._wanted, self._close = wanted, close
        self._first = 0
        self._began = self._cpu = 0.0
        gc.freeze()
        # As the tracker's worker does.
        gc.set_threshold(500_000, 20, 100)

    def committed(self, events: int) -> None:
        """So many are in the database now."""
        now, cpu = time.perf_counter(), time.process_time()
        if not self._first:
            self._first, self._began, self._cpu = events, now, cpu
        if events < self._wanted:
            return
        self._close()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        told = {
            "judged": events - self._first,
            "seconds": now - self._began,
            "cpu_seconds": cpu - self._cpu,
            "peak_mib": peak,
        }
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()
        # The figure is taken; a clean leave of the group is of no interest.
        os._exit(0)
