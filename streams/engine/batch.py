"""Judges a batch within one transaction: the interface of the pure core and the database."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple, Protocol

import msgspec
import numpy as np

from analytics.ledger.event_columns import About
from analytics.ledger.keys import Keys, given_once
from analytics.ledger.ledger import Transaction
from analytics.ledger.rows import (
    EventKey,
    FirstJudged,
    IncidentKey,
    Logged,
    Position,
    Rejudged,
    RejudgedAlike,
    RejudgeScope,
)
from schemas.events import Problem
from schemas.wire import Rejected
from streams.engine.alike import PageReader, stored_statement
from streams.engine.decoding import (
    NOT_SIMPLE,
    REPORTED,
    ClaimEntry,
    Entry,
    Reading,
    Record,
    ReportEntry,
    SimpleEntries,
)
from streams.engine.first_sight import FastPath
from streams.engine.outputs import is_published
from streams.judging.fold import Incidents, Steps, fold
from streams.judging.standing import Standing
from streams.judging.statement import TimedStatement
from streams.kafka.receipts import Refusal

Statements = dict[str, TimedStatement]
"""What the standing reports of an incident say, by their ids."""


@dataclass(slots=True)
class BatchTally:
    """What a batch held: for the process counters, never for a decision."""

    events: Counter[str] = field(default_factory=Counter)
    rejected: Counter[str] = field(default_factory=Counter)
    refusals: list[Refusal] = field(default_factory=list)
    appended_at: list[int] = field(default_factory=list)
    duplicates: int = 0


class Rejection(NamedTuple):
    """Input from the log that was rejected, and where it was."""

    rejected: Rejected
    position: Position
    recorded_at: int
    key: bytes | None


class TurnClock(Protocol):
    """Looks at the clock."""

    def before_event(self) -> None:
        """An event is judged that may take long."""

    def after_event(self) -> bool:
        """Whether it is time to end, now that it was judged."""


class Batch:
    """What is known of what was read together while it is judged, in one transaction or in several.

    What the ledger had is looked up once, as long as nothing of another batch is judged in between:
    then it is to `forget` that.
    """

    def __init__(self, standing: Standing, log_id: str, reading: Reading) -> None:
        self.reading = reading
        self._standing = standing
        self._log_id = log_id
        self._columns = reading.columns
        self._events, self._incidents = (
            reading.columns.numbers("event_key"),
            _incident_keys(reading),
        )
        # By row: the number of its incident, and whether nothing else here is about it.
        _, self._numbers, counts = np.unique(
            self._incidents, return_inverse=True, return_counts=True
        )
        is_simple = np.asarray(reading.simple.said) != NOT_SIMPLE
        self._may_be_first = is_simple & given_once(self._events) & (counts == 1)[self._numbers]
        self._taken: dict[EventKey, int] = {}
        self._fast_path = FastPath(reading, standing)
        self._rejected: list[Rejection] = []
        self._transaction: Transaction | None = None
        self._tally = BatchTally()
        self.forget()

    @cached_property
    def _simple(self) -> SimpleEntries:
        return SimpleEntries(self.reading)

    def forget(self) -> None:
        """Something else was judged: what the ledger has is to be looked up again."""
        self._is_known = np.zeros(len(self._events), np.bool_)
        self._is_looked_up = np.zeros(len(self._events), np.bool_)
        self._seen: dict[EventKey, str] = {}
        self._reports: defaultdict[IncidentKey, Statements] = defaultdict(dict)
        self._fast_path.forget()

    def begin(self, tx: Transaction, tally: BatchTally, rows: Sequence[int] | None = None) -> None:
        """From now on judge in this transaction, and count there; first the events in these `rows`.

        None: all of them.
        """
        self._transaction, self._tally = tx, tally
        tx.read(self._log_id, self._columns)
        chosen = np.arange(len(self._events)) if rows is None else np.array(rows, np.int64)
        may_stand = tx.may_have_reports(self._incidents[chosen])
        is_new = ~self._is_known[chosen]
        chosen, may_stand = chosen[is_new], may_stand[is_new]
        self._is_known[chosen] = True
        may_be_seen = tx.may_have_events(self._events[chosen])
        self._seen |= tx.seen(self._events[chosen[may_be_seen]])
        # What was looked up for an earlier row is as that row leaves it.
        numbers = self._numbers[chosen]
        asked = chosen[may_stand & ~self._is_looked_up[numbers]]
        self._is_looked_up[numbers] = True
        for incident, stored in tx.reports(self._incidents[asked]).items():
            self._reports[incident] = _statements(stored)
        self._fast_path.allow(chosen[self._may_be_first[chosen] & ~may_be_seen & ~may_stand])

    def end(self) -> None:
        """Let go of the transaction: what waits for another turn does not hold it."""
        self._transaction = None

    @property
    def _tx(self) -> Transaction:
        if self._transaction is None:
            raise RuntimeError("nothing is judged before it begins")
        return self._transaction

    def take(
        self,
        record: Record,
        recorded_at: int,
        at: int,
        clock: TurnClock,
    ) -> tuple[int, list[Rejection]]:
        """Judge what is in a record from its event `at` on, in its order, until it is over.

        Gives the first event that was not reached, and what was rejected before it.
        """
        fast_path, tx, tally, found = self._fast_path, self._tx, self._tally, record.found
        self._rejected = []
        for number in range(at, len(found)):
            one = found[number]
            if isinstance(one, int) and fast_path.take(tx, one, recorded_at):
                tally.events[REPORTED] += 1
                tally.appended_at.append(recorded_at)
                continue
            # Only such an event may take long.
            clock.before_event()
            self._take_one(self._simple[one] if isinstance(one, int) else one, record, recorded_at)
            if clock.after_event():
                return number + 1, self._rejected
        return len(found), self._rejected

    def _take_one(
        self,
        one: Entry | Rejected,
        record: Record,
        recorded_at: int,
    ) -> None:
        if isinstance(one, Rejected):
            position = Position(self._log_id, record.partition, record.offset, one.index or 0)
            self._reject(one, position, recorded_at, record.key)
        else:
            position = Position(self._log_id, record.partition, record.offset, one.batch_index)
            self._accept(one, Logged(position, recorded_at, one.key, one.row))

    def _accept(self, entry: Entry, logged: Logged) -> None:
        names, row = entry.names, entry.row
        before = self._text(names)
        if before is not None:
            payload = self._columns.payload(row)
            if _same_content(before, payload):
                self._tally.duplicates += 1
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
        self._tally.events[entry.type] += 1
        self._tally.appended_at.append(logged.recorded_at)
        reports: Statements = {}
        if isinstance(entry, ReportEntry):
            reports = self._reports[entry.effect.incident_key]
        elif isinstance(entry, ClaimEntry):
            tx.claim(logged, entry.effect.key, entry.effect.claim)
        else:
            tx.coverage(logged, entry.effect.coverage)
        self._judge(fold(self._standing, entry.effect, reports), logged, about)

    def _judge(self, steps: Steps, logged: Logged, about: About | None) -> None:
        """Have the transaction take what the fold says of an event."""
        tx = self._tx
        step = next(steps, None)
        while step is not None:
            if isinstance(step, FirstJudged):
                if about is None:
                    raise TypeError("an event about no report makes no incident")
                tx.judged(logged, about.incident_key, step)
                step = next(steps, None)
            elif isinstance(step, Rejudged):
                tx.rejudged(logged, step, published=is_published(step.before, step.after))
                step = next(steps, None)
            elif isinstance(step, RejudgedAlike):
                tx.rejudged_alike(logged, step, published=is_published(step.before, step.after))
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
        self._rejected.append(Rejection(rejected, position, recorded_at, key))
        self._tally.rejected[rejected.reason] += 1


def _incident_keys(reading: Reading) -> Keys:
    """Of each row the key of the incident that it is about, or 0: it is about none."""
    keys = np.array(reading.columns.numbers("incident_key"))
    for record in reading.records:
        for one in record.found:
            if isinstance(one, ReportEntry):
                # A report that is taken back says nothing for the columns.
                keys[one.row] = one.about.incident_key
    return keys


def _statements(stored: dict[str, str]) -> Statements:
    return {report_id: stored_statement(raw) for report_id, raw in stored.items()}


def _incidents(tx: Transaction, scope: RejudgeScope) -> Incidents:
    reader = PageReader(scope)
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
