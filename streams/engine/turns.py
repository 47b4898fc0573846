"""Turns between conflicts: slow judging in one does not hold up the events of the others.

A conflict has one order, and conflicts share no state. So the records of one may be judged before
those of another that stand before them in a partition, and a record of many events in parts. What
is committed of a partition beyond its offset is known again by the keys of its events, should it
be read once more; what was rejected has none, and is written only once the offset has passed it.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from analytics.ledger.ledger import Ledger, Transaction
from streams.engine.batch import Batch, BatchTally, Rejection
from streams.engine.decoding import Reading
from streams.engine.lanes import ConflictLane, Lanes, LogPosition, Waiting, lane_of
from streams.engine.outputs import rejection
from streams.judging.standing import Standing
from streams.kafka.progress import Behind
from streams.kafka.receipts import Refusal

# A turn ends once its long events, each of which took at least so many seconds, have taken so long
# together; and with any event or record once it has lasted so many times as long. What is quick
# would only be written in more, smaller pieces.
SECONDS_A_TURN = 0.2
LONG = 0.005
QUICK = 5
# So many events are looked up at once where turns go on with what waits: twice as many whenever a
# turn was not over with them, and half as many when it was.
FEWEST_AT_ONCE = 500
MOST_AT_ONCE = 10_000


@dataclass(slots=True)
class _Held:
    """How far a partition was handed over, and what of it was rejected beyond its offset."""

    taken: int
    clock: int
    rejected: list[Rejection] = field(default_factory=list)


class _Turn:
    """How long a turn may last from now on. Once it is over it stays so."""

    def __init__(self, clock: Callable[[], float], seconds: float) -> None:
        self._clock = clock
        self._event_began = now = clock()
        self._left_for_long, self._latest = seconds, now + seconds * QUICK
        self.is_over = False

    def before_event(self) -> None:
        """An event is judged that may take long."""
        self._event_began = self._clock()

    def after_event(self) -> bool:
        """Whether it is over, now that this event was judged."""
        now = self._clock()
        took = now - self._event_began
        if took >= LONG:
            self._left_for_long -= took
        self.is_over = self.is_over or self._left_for_long <= 0 or now >= self._latest
        return self.is_over

    def after_record(self) -> bool:
        """Whether it is over after a record, of whatever events."""
        self.is_over = self.is_over or self._clock() >= self._latest
        return self.is_over


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
        self._lanes = Lanes()
        self._places: dict[LogPosition, _Held] = {}
        self._at_once = FEWEST_AT_ONCE
        self._last: Batch | None = None

    def take(
        self, log_id: str, reading: Reading, *, is_kept: bool = False
    ) -> tuple[Transaction, BatchTally]:
        """Judge what was read, in log order within each conflict, as far as one turn goes.

        Records that were handed over before, or are in the ledger, are passed over; not so what a
        database has kept (`is_kept`), in the order and with the times that it had there. The commit
        of what is given must follow; another thread may do that meanwhile.
        """
        turn = _Turn(self._clock, self._seconds)
        lanes = self._lanes
        lanes.begin()
        batch = Batch(self._standing, log_id, reading)
        tally = BatchTally()
        ones = list((self._kept if is_kept else self._new)(log_id, batch))
        # What stands behind what waits is looked up when that was judged.
        at_once = [one for one in ones if lane_of(log_id, one.record) not in lanes]
        with self._ledger.judging() as tx:
            if at_once:
                self._begin(batch, tx, tally, None if len(at_once) == len(ones) else _rows(at_once))
            for one in ones:
                record = one.record
                if turn.is_over or (lanes and lane_of(log_id, record) in lanes):
                    lanes.wait(lane_of(log_id, record), one)
                    continue
                at, rejected = batch.take(record, one.recorded_at, 0, turn)
                if at < len(record.found):
                    rest = one._replace(at=at, refused=tuple(rejected))
                    lanes.wait(lane_of(log_id, record), rest)
                elif rejected:
                    tally.refusals += map(_refusal, rejected)
                if rejected:
                    self._reject(tx, (log_id, record.partition), rejected)
                turn.after_record()
            self._settle(tx, {(log_id, record.partition) for record in reading.records})
        self._end()
        return tx, tally

    def more(self) -> tuple[Transaction, BatchTally]:
        """Go on with what waits: first with the conflicts that had the least time."""
        turn = _Turn(self._clock, self._seconds)
        self._lanes.begin()
        tally = BatchTally()
        places: set[LogPosition] = set()
        with self._ledger.judging() as tx:
            while self._lanes:
                together = self._lanes.together(self._at_once)
                places |= {lane[:2] for lane, _ in together}
                self._go_on(tx, together, turn, tally)
                if turn.is_over:
                    self._at_once = max(self._at_once // 2, FEWEST_AT_ONCE)
                    break
                self._at_once = min(self._at_once * 2, MOST_AT_ONCE)
            self._settle(tx, places)
        self._end()
        return tx, tally

    def behind(self) -> Behind:
        """What waits, and what the last turn changed about that."""
        return self._lanes.behind()

    def _new(self, log_id: str, batch: Batch) -> Iterator[Waiting]:
        """What is new of the records, each with its recorded time."""
        for record in batch.reading.records:
            held = self._place(log_id, record.partition)
            if record.offset < held.taken:
                continue
            clock = held.clock
            # An append time never runs backwards within a partition, whatever the broker's clock
            # did.
            held.clock = max(clock, record.timestamp_ms * 1000)
            held.taken = record.offset + 1
            yield Waiting(batch, record, held.clock, clock)

    def _kept(self, log_id: str, batch: Batch) -> Iterator[Waiting]:
        """All of the records. Turns may have changed their order, and that of their times."""
        for record in batch.reading.records:
            held = self._place(log_id, record.partition)
            recorded_at = record.timestamp_ms * 1000
            yield Waiting(batch, record, recorded_at, held.clock)
            held.clock = max(held.clock, recorded_at)
            held.taken = max(held.taken, record.offset + 1)

    def _place(self, log_id: str, partition: int) -> _Held:
        held = self._places.get((log_id, partition))
        if held is None:
            taken = self._ledger.offsets(log_id).get(partition, 0)
            held = _Held(taken, self._ledger.clock(log_id, partition))
            self._places[log_id, partition] = held
        return held

    def _go_on(
        self,
        tx: Transaction,
        together: Sequence[tuple[ConflictLane, Waiting]],
        turn: _Turn,
        tally: BatchTally,
    ) -> None:
        """Judge these, as far as the turn goes."""
        ones = [one for _, one in together]
        batch = ones[0].batch
        self._begin(batch, tx, tally, _rows(ones))
        began = self._clock()
        for name, one in together:
            at, rejected = batch.take(one.record, one.recorded_at, one.at, turn)
            rest = one._replace(at=at, refused=(*one.refused, *rejected))
            now = self._clock()
            self._lanes.judged(name, rest, now - began)
            began = now
            self._places[name[:2]].rejected += rejected
            if not rest.events:
                tally.refusals += map(_refusal, rest.refused)
            if turn.is_over or turn.after_record():
                return

    def _begin(
        self, batch: Batch, tx: Transaction, tally: BatchTally, rows: Sequence[int] | None
    ) -> None:
        """Have the batch judge from now on, first the events in these rows; None: all."""
        if batch is not self._last:
            # Another may have judged the same incidents, whose records came by another partition.
            self._end()
            batch.forget()
            self._last = batch
        batch.begin(tx, tally, rows)

    def _end(self) -> None:
        """The turn of the last batch is over."""
        if self._last is not None:
            self._last.end()
        if not self._lanes:
            self._last = None

    def _reject(self, tx: Transaction, place: LogPosition, rejected: Iterable[Rejection]) -> None:
        """Have what was rejected written, now or once the offset has passed it."""
        if self._lanes.any_at(place):
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
            first = self._lanes.first_at(place)
            if first is not None:
                low, clock = first.record.offset, first.clock
            passed = [one for one in held.rejected if one.position.offset < low]
            held.rejected = [one for one in held.rejected if one.position.offset >= low]
            for one in passed:
                tx.rejected(one.rejected, one.position, one.recorded_at)
                tx.outbox(*rejection(one.rejected, one.position, one.key))
            if low > self._ledger.offsets(place[0]).get(place[1], 0):
                tx.advance(*place, low, clock)


def _refusal(one: Rejection) -> Refusal:
    place = (one.position.partition, one.position.offset, one.rejected.index)
    return Refusal(*place, one.rejected)


def _rows(ones: Iterable[Waiting]) -> list[int]:
    """The rows of the events that wait in these records: what is no event has none."""
    events = (event for one in ones for event in one.record.found[one.at :])
    rows = (event if isinstance(event, int) else getattr(event, "row", None) for event in events)
    return [row for row in rows if row is not None]
