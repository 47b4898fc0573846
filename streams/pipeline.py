"""One micro-batch of the log into the ledger: decode, fold, write, in one transaction.

The only place where the pure core meets the database. If it raises, nothing of the batch is in the
database, but `standing` may have moved on: the caller must end, and start again from the ledger.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, assert_never

import msgspec

from analytics.ledger import Ledger, Transaction
from analytics.rows import EventKey, IncidentKey, Logged, Position, Rejudged, Scope
from schemas.events import (
    ClaimEvent,
    ClaimRetractedEvent,
    Problem,
    Report,
    ReportEvent,
    ReportRetractedEvent,
    parse_event,
)
from schemas.wire import Accepted, Rejected, decode
from streams.fold import event_key, fold, incident_key
from streams.judge import Incident
from streams.outputs import is_told, rejection
from streams.standing import Standing


class RawRecord(NamedTuple):
    """A record of the log as the broker gave it; `timestamp_ms` is its append time."""

    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()

    @property
    def content_type(self) -> str | None:
        """The record's declared content type, if it has one that can be read."""
        for name, value in self.headers:
            if name.lower() == "content-type":
                return value.decode("latin-1")
        return None


@dataclass(slots=True)
class Tally:
    """What a batch held: for the process counters, never for a decision."""

    events: Counter[str] = field(default_factory=Counter)
    rejected: Counter[str] = field(default_factory=Counter)
    appended_at: list[int] = field(default_factory=list)
    duplicates: int = 0


class Read(NamedTuple):
    """A record and what was found in it."""

    record: RawRecord
    found: list[Accepted | Rejected]


def read(records: Sequence[RawRecord]) -> list[Read]:
    """Decode records. Needs no ledger: the next batch can be read while one is written."""
    return [Read(one, decode(one.value, one.key, one.content_type)) for one in records]


def load_standing(ledger: Ledger) -> Standing:
    """What stands according to the ledger: the state from which a worker goes on."""
    standing = Standing()
    for raw in ledger.claims():
        event = parse_event(raw)
        if not isinstance(event, ClaimEvent):
            raise TypeError(f"the ledger keeps a {event.type} as a standing claim")
        claim = event.data
        standing.put_claim((claim.conflict, claim.commitment_id, claim.claim_id), claim)
    standing.load_releases(ledger.releases())
    return standing


def process(ledger: Ledger, standing: Standing, log_id: str, batch: Sequence[Read]) -> Tally:
    """Fold `batch`, in log order within each partition, into the ledger: all of it or nothing.

    Records that the ledger has already (below its next offset) are passed over.
    """
    transaction, tally = judge_batch(ledger, standing, log_id, batch)
    ledger.commit(transaction)
    return tally


def judge_batch(
    ledger: Ledger, standing: Standing, log_id: str, batch: Sequence[Read]
) -> tuple[Transaction, Tally]:
    """The same, but for the commit, which must follow: another thread may do that meanwhile."""
    tally = Tally()
    with ledger.judging() as tx:
        timed = list(_timed(ledger, log_id, batch))
        accepted = [f.event for _, read in timed for f in read.found if isinstance(f, Accepted)]
        seen = tx.seen({event_key(event) for event in accepted})
        reports = _reports(tx, {key for event in accepted if (key := incident_key(event))})
        for recorded_at, (record, found) in timed:
            for one in found:
                position = Position(log_id, record.partition, record.offset, one.index or 0)
                if isinstance(one, Accepted):
                    logged = Logged(one.event, one.raw, position, recorded_at)
                    _accept(tx, standing, logged, seen, reports, tally)
                else:
                    _reject(tx, one, position, recorded_at, record.key, tally)
            tx.advance(log_id, record.partition, record.offset + 1, recorded_at)
    return tx, tally


def _timed(ledger: Ledger, log_id: str, batch: Sequence[Read]) -> Iterator[tuple[int, Read]]:
    """What is new of the batch, each with its recorded time."""
    next_offsets = dict(ledger.offsets(log_id))
    clocks: dict[int, int] = {}
    for read in batch:
        record = read.record
        if record.offset < next_offsets.get(record.partition, 0):
            continue
        if record.partition not in clocks:
            clocks[record.partition] = ledger.clock(log_id, record.partition)
        # An append time never runs backwards within a partition, whatever the broker's clock did.
        recorded_at = max(clocks[record.partition], record.timestamp_ms * 1000)
        clocks[record.partition] = recorded_at
        next_offsets[record.partition] = record.offset + 1
        yield recorded_at, read


def _reports(tx: Transaction, keys: set[IncidentKey]) -> dict[IncidentKey, dict[str, Report]]:
    stored = tx.reports(keys)
    return {key: _parsed(stored.get(key, {})) for key in keys}


def _parsed(stored: dict[str, str]) -> dict[str, Report]:
    reports = {}
    for report_id, raw in stored.items():
        event = parse_event(raw)
        if not isinstance(event, ReportEvent):
            raise TypeError(f"the ledger keeps a {event.type} as a standing report")
        reports[report_id] = event.data
    return reports


def _accept(
    tx: Transaction,
    standing: Standing,
    logged: Logged,
    seen: dict[EventKey, str],
    reports: dict[IncidentKey, dict[str, Report]],
    tally: Tally,
) -> None:
    event = logged.event
    key = event_key(event)
    if key in seen:
        if _same_content(seen[key], logged.raw):
            tally.duplicates += 1
            return
        problem = Problem("id", f"{event.id!r} of source {event.source!r} stands for other content")
        reused = Rejected("id_reused", (problem,), logged.raw.encode(), logged.position.batch_index)
        record_key = event.data.conflict.encode()
        _reject(tx, reused, logged.position, logged.recorded_at, record_key, tally)
        return
    seen[key] = logged.raw
    tx.event(logged)
    tally.events[event.type] += 1
    tally.appended_at.append(logged.recorded_at)
    about = incident_key(event)
    standing_reports = reports[about] if about is not None else {}
    _keep(tx, logged)
    steps = fold(standing, event, standing_reports)
    step = next(steps, None)
    while step is not None:
        if isinstance(step, Rejudged):
            tx.rejudged(logged, step, told=is_told(step))
            step = next(steps, None)
        else:
            try:
                step = steps.send(_incidents(tx, step))
            except StopIteration:
                step = None


def _keep(tx: Transaction, logged: Logged) -> None:
    match logged.event:
        case ClaimEvent() as event:
            tx.claim(logged, event.data)
        case ClaimRetractedEvent():
            tx.claim(logged, None)
        case ReportEvent() as event:
            tx.report(logged, event.data)
        case ReportRetractedEvent():
            tx.report(logged, None)
        case _ as never:
            assert_never(never)


def _incidents(tx: Transaction, scope: Scope) -> Iterable[Incident]:
    for chunk in tx.incidents(scope):
        for (_, incident_id), stored in chunk:
            yield Incident(incident_id, _parsed(stored))


def _same_content(one: str, other: str) -> bool:
    if one == other:
        return True
    try:
        return bool(msgspec.json.decode(one) == msgspec.json.decode(other))
    except (msgspec.MsgspecError, RecursionError):
        # What cannot be compared is not the same: nothing that was accepted may stop the worker.
        return False


def _reject(
    tx: Transaction,
    rejected: Rejected,
    position: Position,
    recorded_at: int,
    key: bytes | None,
    tally: Tally,
) -> None:
    tx.rejected(rejected, position, recorded_at)
    tx.outbox(*rejection(rejected, position, key))
    tally.rejected[rejected.reason] += 1
