"""Turns between conflicts: slow judging in one does not hold up the events of the others.

A conflict has one order, and conflicts share no state. So the records of one may be judged before
those of another that stand before them in a partition, and a record of many events in parts. What
is committed of a partition beyond its offset is known again by the keys of its events, should it
be read once more; what was rejected has none, and is written only once the offset has passed it.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from analytics.ledger.ledger import Ledger, Transaction
from streams.engine.batch import Batch, BatchTally, Rejection
from streams.engine.decoding import Reading, Record
from streams.engine.outputs import rejection
from streams.judging.standing import Standing
from streams.kafka.progress import NOTHING_BEHIND, Behind
from streams.kafka.receipts import Refusal

# A turn ends with the event in which it has lasted so long.
SECONDS_A_TURN = 0.2
# So many events are looked up at once where a turn goes on with what waits.
MOST_AT_ONCE = 500

LogPosition = tuple[str, int]
"""(log_id, partition)"""
ConflictLane = tuple[str, int, bytes]
"""(log_id, partition, the key of its records: the conflict)"""


class _Waiting(NamedTuple):
    """A record from its event `at` on; `clock`: when the record before it was recorded (us).

    `refused`: what was rejected of it before `at`.
    """

    reading: Reading
    record: Record
    recorded_at: int
    clock: int
    at: int = 0
    refused: tuple[Rejection, ...] = ()

    @property
    def events(self) -> int:
        return len(self.record.found) - self.at


@dataclass(slots=True)
class _Lane:
    """The records of one conflict that wait, and how long its turns have taken since then."""

    waiting: deque[_Waiting] = field(default_factory=deque)
    seconds: float = 0.0


@dataclass(slots=True)
class _Held:
    """How far a partition was handed over, and what of it was rejected beyond its offset."""

    taken: int
    clock: int
    rejected: list[Rejection] = field(default_factory=list)


class Turns:
    """Judges what is handed over, a turn at a time. One thread's.

    If it raises, nothing of the turn is in the database, but what stands may have moved on: the
    caller must end, and start again from the ledger.
    """

    def __init__(
        self,
        ledger: Ledger,
        standing: Standing,
        seconds: float = math.inf,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`seconds`: how long a turn may take."""
        self._ledger = ledger
        self._standing = standing
        self._seconds = seconds
        self._clock = clock
        self._lanes: dict[ConflictLane, _Lane] = {}
        self._places: dict[LogPosition, _Held] = {}

    def take(
        self, log_id: str, reading: Reading, *, is_kept: bool = False
    ) -> tuple[Transaction, BatchTally]:
        """Judge what was read, in log order within each conflict, as far as one turn goes.

        Records that were handed over before, or are in the ledger, are passed over; not so what a
        database has kept (`is_kept`), in the order and with the times that it had there. The commit
        of what is given must follow; another thread may do that meanwhile.
        """
        is_over = self._end_of_turn()
        is_now_over = False
        lanes = self._lanes
        with self._ledger.judging() as tx:
            batch = Batch(tx, self._standing, log_id, reading)
            for one in self._kept(log_id, reading) if is_kept else self._new(log_id, reading):
                record = one.record
                if is_now_over or (lanes and _lane_of(log_id, one) in lanes):
                    self._wait(_lane_of(log_id, one), one)
                    continue
                at, rejected = batch.take(record, one.recorded_at, 0, is_over)
                is_whole = at == len(record.found)
                if not is_whole:
                    cut = one._replace(at=at, refused=tuple(rejected))
                    self._wait(_lane_of(log_id, one), cut)
                elif rejected:
                    batch.tally.refusals += map(_refusal, rejected)
                if rejected:
                    self._reject(tx, (log_id, record.partition), rejected)
                is_now_over = not is_whole or (is_over is not None and is_over())
            self._settle(tx, {(log_id, record.partition) for record in reading.records})
        return tx, batch.tally

    def more(self) -> tuple[Transaction, BatchTally]:
        """Go on with what waits: first with the conflict that had the least time."""
        is_over = self._end_of_turn()
        tally = BatchTally()
        places: set[LogPosition] = set()
        with self._ledger.judging() as tx:
            while self._lanes:
                lane = min(self._lanes, key=lambda one: self._lanes[one].seconds)
                places.add(lane[:2])
                began = self._clock()
                self._go_on(tx, lane, is_over, tally)
                if lane in self._lanes:
                    self._lanes[lane].seconds += self._clock() - began
                if is_over is not None and is_over():
                    break
            self._settle(tx, places)
        return tx, tally

    def behind(self) -> Behind:
        """What waits."""
        if not self._lanes:
            return NOTHING_BEHIND
        lows: dict[int, int] = {}
        conflicts = {}
        readings: dict[int, int] = {}
        for (_, partition, key), lane in self._lanes.items():
            first = lane.waiting[0].record.offset
            lows[partition] = min(first, lows.get(partition, first))
            events = sum(one.events for one in lane.waiting)
            conflicts[partition, key.decode("utf-8", "replace")] = (first, events)
            readings |= {id(one.reading): len(one.reading.simple.said) for one in lane.waiting}
        places = frozenset(
            (name[1], one.record.offset)
            for name, lane in self._lanes.items()
            for one in lane.waiting
        )
        return Behind(lows, conflicts, sum(readings.values()), places)

    def _end_of_turn(self) -> Callable[[], bool] | None:
        """What says whether the turn that begins now is over; None: it never is."""
        if math.isinf(self._seconds):
            return None
        clock, until = self._clock, self._clock() + self._seconds
        return lambda: clock() >= until

    def _new(self, log_id: str, reading: Reading) -> Iterator[_Waiting]:
        """What is new of the records, each with its recorded time."""
        for record in reading.records:
            held = self._place(log_id, record.partition)
            if record.offset < held.taken:
                continue
            clock = held.clock
            # An append time never runs backwards within a partition, whatever the broker's clock
            # did.
            held.clock = max(clock, record.timestamp_ms * 1000)
            held.taken = record.offset + 1
            yield _Waiting(reading, record, held.clock, clock)

    def _kept(self, log_id: str, reading: Reading) -> Iterator[_Waiting]:
        """All of the records. Turns may have changed their order, and that of their times."""
        for record in reading.records:
            held = self._place(log_id, record.partition)
            recorded_at = record.timestamp_ms * 1000
            yield _Waiting(reading, record, recorded_at, held.clock)
            held.clock = max(held.clock, recorded_at)
            held.taken = max(held.taken, record.offset + 1)

    def _place(self, log_id: str, partition: int) -> _Held:
        held = self._places.get((log_id, partition))
        if held is None:
            taken = self._ledger.offsets(log_id).get(partition, 0)
            held = _Held(taken, self._ledger.clock(log_id, partition))
            self._places[log_id, partition] = held
        return held

    def _wait(self, lane: ConflictLane, one: _Waiting) -> None:
        self._lanes.setdefault(lane, _Lane()).waiting.append(one)

    def _go_on(
        self,
        tx: Transaction,
        lane: ConflictLane,
        is_over: Callable[[], bool] | None,
        tally: BatchTally,
    ) -> None:
        """Judge what waits in a lane and was read together, as far as the turn goes."""
        waiting = self._lanes[lane].waiting
        together = list(_together(waiting))
        found = [one for each in together for one in each.record.found[each.at :]]
        rows = [row for row in map(_row, found) if row is not None]
        batch = Batch(tx, self._standing, lane[0], together[0].reading, rows, tally)
        for one in together:
            at, rejected = batch.take(one.record, one.recorded_at, one.at, is_over)
            self._places[lane[:2]].rejected += rejected
            refused = (*one.refused, *rejected)
            if at < len(one.record.found):
                waiting[0] = one._replace(at=at, refused=refused)
                return
            waiting.popleft()
            tally.refusals += map(_refusal, refused)
            if is_over is not None and is_over():
                break
        if not waiting:
            del self._lanes[lane]

    def _reject(self, tx: Transaction, place: LogPosition, rejected: Iterable[Rejection]) -> None:
        """Have what was rejected written, now or once the offset has passed it."""
        if any(lane[:2] == place for lane in self._lanes):
            self._places[place].rejected += rejected
            return
        for one in rejected:
            tx.rejected(one.rejected, one.position, one.recorded_at)
            tx.outbox(*rejection(one.rejected, one.position, one.key))

    def _settle(self, tx: Transaction, places: Iterable[LogPosition]) -> None:
        """Have the transaction take how far each partition is, and what was rejected before."""
        for place in sorted(places):
            held = self._places[place]
            low, clock = held.taken, held.clock
            waiting = [lane.waiting[0] for name, lane in self._lanes.items() if name[:2] == place]
            if waiting:
                first = min(waiting, key=lambda one: one.record.offset)
                low, clock = first.record.offset, first.clock
            passed = [one for one in held.rejected if one.position.offset < low]
            held.rejected = [one for one in held.rejected if one.position.offset >= low]
            for one in passed:
                tx.rejected(one.rejected, one.position, one.recorded_at)
                tx.outbox(*rejection(one.rejected, one.position, one.key))
            if low > self._ledger.offsets(place[0]).get(place[1], 0):
                tx.advance(*place, low, clock)


def _lane_of(log_id: str, one: _Waiting) -> ConflictLane:
    # What has another key than its conflict is rejected, whatever its lane.
    return log_id, one.record.partition, one.record.key or b""


def _refusal(one: Rejection) -> Refusal:
    place = (one.position.partition, one.position.offset, one.rejected.index)
    return Refusal(*place, one.rejected)


def _row(found: object) -> int | None:
    return found if isinstance(found, int) else getattr(found, "row", None)


def _together(waiting: Iterable[_Waiting]) -> Iterator[_Waiting]:
    """The first of them, and those after it that were read with it."""
    reading = None
    events = 0
    for one in waiting:
        if (reading is not None and one.reading is not reading) or events >= MOST_AT_ONCE:
            return
        reading = one.reading
        events += one.events
        yield one
