"""One micro-batch of the log into the ledger: fold what was read, and write, in one transaction.

The only place where the pure core meets the database. If it raises, nothing of the batch is in the
database, but `standing` may have moved on: the caller must end, and start again from the ledger.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

import msgspec
import numpy as np

from analytics.columns import About
from analytics.keys import Keys, given_once
from analytics.ledger import Ledger, Transaction
from analytics.rows import (
    EventKey,
    FirstJudged,
    IncidentKey,
    Logged,
    Position,
    Rejudged,
    RejudgedAlike,
    Scope,
)
from schemas.events import ClaimEvent, Problem, parse_event
from schemas.wire import Rejected
from streams.alike import Reader, statement_of
from streams.fold import Fold, Incidents, fold
from streams.lone import Lone
from streams.outputs import is_told, rejection
from streams.reading import (
    NOT_SIMPLE,
    REPORTED,
    ClaimEntry,
    Reading,
    Record,
    ReportEntry,
    SimpleEntries,
)
from streams.receipts import Refusal
from streams.standing import Standing
from streams.statement import Statement

Statements = dict[str, Statement]
"""What the standing reports of an incident say, by their ids."""


@dataclass(slots=True)
class Tally:
    """What a batch held: for the process counters, never for a decision."""

    events: Counter[str] = field(default_factory=Counter)
    rejected: Counter[str] = field(default_factory=Counter)
    refusals: list[Refusal] = field(default_factory=list)
    appended_at: list[int] = field(default_factory=list)
    duplicates: int = 0


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


def process(ledger: Ledger, standing: Standing, log_id: str, reading: Reading) -> Tally:
    """Fold what was read, in log order within each partition, into the ledger: all or nothing.

    Records that the ledger has already (below its next offset) are passed over.
    """
    transaction, tally = judge_batch(ledger, standing, log_id, reading)
    ledger.commit(transaction)
    return tally


def judge_batch(
    ledger: Ledger, standing: Standing, log_id: str, reading: Reading
) -> tuple[Transaction, Tally]:
    """The same, but for the commit, which must follow: another thread may do that meanwhile."""
    with ledger.judging() as tx:
        batch = _Batch(tx, standing, log_id, reading)
        for recorded_at, record in _timed(ledger, log_id, reading.records):
            batch.take(record, recorded_at)
    return tx, batch.tally


def _timed(ledger: Ledger, log_id: str, records: Iterable[Record]) -> Iterator[tuple[int, Record]]:
    """What is new of the records, each with its recorded time."""
    next_offsets = dict(ledger.offsets(log_id))
    clocks: dict[int, int] = {}
    for record in records:
        partition, offset, timestamp_ms, _, _ = record
        if offset < next_offsets.get(partition, 0):
            continue
        if partition not in clocks:
            clocks[partition] = ledger.clock(log_id, partition)
        # An append time never runs backwards within a partition, whatever the broker's clock did.
        recorded_at = max(clocks[partition], timestamp_ms * 1000)
        clocks[partition] = recorded_at
        next_offsets[partition] = offset + 1
        yield recorded_at, record


class _Batch:
    """What one transaction knows while it judges what was read."""

    def __init__(self, tx: Transaction, standing: Standing, log_id: str, reading: Reading) -> None:
        self.tally = Tally()
        self._tx = tx
        self._standing = standing
        self._log_id = log_id
        self._reading = reading
        self._columns = reading.columns
        tx.read(log_id, reading.columns)
        events, incidents = reading.columns.numbers("event_key"), _incident_keys(reading)
        may_be_seen, may_stand = tx.may_have_events(events), tx.may_have_reports(incidents)
        self._seen = tx.seen(events[may_be_seen])
        self._taken: dict[EventKey, int] = {}
        self._reports: defaultdict[IncidentKey, Statements] = defaultdict(dict)
        for incident, stored in tx.reports(incidents[may_stand]).items():
            self._reports[incident] = _statements(stored)
        is_simple = np.asarray(reading.simple.said) != NOT_SIMPLE
        is_new = given_once(events) & given_once(incidents) & ~may_be_seen & ~may_stand
        self._lone = Lone(reading, standing, is_simple & is_new)

    @cached_property
    def _simple(self) -> SimpleEntries:
        return SimpleEntries(self._reading)

    def take(self, record: Record, recorded_at: int) -> None:
        """Judge what is in a record, in its order."""
        for one in record.found:
            if not isinstance(one, int):
                self._take_one(one, record, recorded_at)
            elif self._lone.take(self._tx, one, recorded_at):
                self.tally.events[REPORTED] += 1
                self.tally.appended_at.append(recorded_at)
            else:
                self._take_one(self._simple[one], record, recorded_at)
        self._tx.advance(self._log_id, record.partition, record.offset + 1, recorded_at)

    def _take_one(
        self,
        one: ReportEntry | ClaimEntry | Rejected,
        record: Record,
        recorded_at: int,
    ) -> None:
        if isinstance(one, Rejected):
            position = Position(self._log_id, record.partition, record.offset, one.index or 0)
            self._reject(one, position, recorded_at, record.key)
        else:
            position = Position(self._log_id, record.partition, record.offset, one.batch_index)
            self._accept(one, Logged(position, recorded_at, one.key, one.row))

    def _accept(self, entry: ReportEntry | ClaimEntry, logged: Logged) -> None:
        names, row = entry.names, entry.row
        before = self._text(names)
        if before is not None:
            payload = self._columns.payload(row)
            if _same_content(before, payload):
                self.tally.duplicates += 1
                return
            conflict, source, event_id = names
            problem = Problem("id", f"{event_id!r} of source {source!r} stands for other content")
            reused = Rejected("id_reused", (problem,), payload.encode(), entry.batch_index)
            self._reject(reused, logged.position, logged.recorded_at, conflict.encode())
            return
        self._taken[names] = row
        tx = self._tx
        about = entry.about if isinstance(entry, ReportEntry) else None
        tx.event(logged, about)
        self.tally.events[entry.type] += 1
        self.tally.appended_at.append(logged.recorded_at)
        reports: Statements = {}
        if isinstance(entry, ReportEntry):
            reports = self._reports[entry.effect[:2]]
        else:
            tx.claim(logged, entry.effect[:3], entry.effect.claim)
        self._judge(fold(self._standing, entry.effect, reports), logged, about)

    def _judge(self, steps: Fold, logged: Logged, about: About | None) -> None:
        """Have the transaction take what the fold says of an event."""
        tx = self._tx
        step = next(steps, None)
        while step is not None:
            if isinstance(step, FirstJudged):
                if about is None:
                    raise TypeError("an event about a claim makes no incident")
                tx.judged(logged, about.incident_key, step)
                step = next(steps, None)
            elif isinstance(step, Rejudged):
                tx.rejudged(logged, step, told=is_told(step.before, step.after))
                step = next(steps, None)
            elif isinstance(step, RejudgedAlike):
                tx.rejudged_alike(logged, step, told=is_told(step.before, step.after))
                step = next(steps, None)
            else:
                try:
                    step = steps.send(_incidents(tx, step))
                except StopIteration:
                    step = None
        tx.settle(logged)

    def _text(self, names: EventKey) -> str | None:
        """The JSON text of the event of these names that the ledger has or is about to have."""
        row = self._taken.get(names)
        return self._seen.get(names) if row is None else self._columns.payload(row)

    def _reject(
        self, rejected: Rejected, position: Position, recorded_at: int, key: bytes | None
    ) -> None:
        self._tx.rejected(rejected, position, recorded_at)
        self._tx.outbox(*rejection(rejected, position, key))
        self.tally.rejected[rejected.reason] += 1
        place = (position.partition, position.offset, rejected.index)
        self.tally.refusals.append(Refusal(*place, rejected))


def _incident_keys(reading: Reading) -> Keys:
    """Of each row the key of the incident that it is about, or 0: it is about a claim."""
    keys = np.array(reading.columns.numbers("incident_key"))
    for record in reading.records:
        for one in record.found:
            if isinstance(one, ReportEntry):
                # A report that is taken back says nothing for the columns.
                keys[one.row] = one.about.incident_key
    return keys


def _statements(stored: dict[str, str]) -> Statements:
    return {report_id: statement_of(raw) for report_id, raw in stored.items()}


def _incidents(tx: Transaction, scope: Scope) -> Incidents:
    reader = Reader(scope)
    for page in tx.pages(scope):
        yield from reader.incidents(page)


def _same_content(one: str, other: str) -> bool:
    if one == other:
        return True
    try:
        return bool(msgspec.json.decode(one) == msgspec.json.decode(other))
    except (msgspec.MsgspecError, RecursionError):
        # What cannot be compared is not the same: nothing that was accepted may stop the worker.
        return False
