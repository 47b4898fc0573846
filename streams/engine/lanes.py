"""What waits to be judged: a lane for each conflict, in which its records stay in their order."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from typing import NamedTuple

from streams.engine.batch import Batch, Rejection
from streams.engine.decoding import Record
from streams.kafka.progress import NOTHING_BEHIND, Behind

LogPosition = tuple[str, int]
"""(log_id, partition)"""
RecordPlace = tuple[int, int]
"""(partition, offset)"""
ConflictLane = tuple[str, int, bytes]
"""(log_id, partition, the key of its records: the conflict)"""


class Waiting(NamedTuple):
    """A record from its event `at` on; `clock`: when the record before it was recorded (us).

    `batch`: what it was read with. `refused`: what was rejected of it before `at`.
    """

    batch: Batch
    record: Record
    recorded_at: int
    clock: int
    at: int = 0
    refused: tuple[Rejection, ...] = ()

    @property
    def events(self) -> int:
        """How many of its events wait."""
        return len(self.record.found) - self.at


@dataclass(slots=True)
class _Lane:
    """The records of one conflict that wait, and how long it was judged since then.

    `events`: how many events these records have that wait.
    """

    waiting: deque[Waiting] = field(default_factory=deque)
    events: int = 0
    seconds: float = 0.0


class Lanes:
    """The lanes in which anything waits. What is asked once a turn costs no look at each record."""

    def __init__(self) -> None:
        self._lanes: dict[ConflictLane, _Lane] = {}
        self._at: Counter[LogPosition] = Counter()
        # By id(batch): how many of its records wait, for which all of it is held in memory.
        self._batches: Counter[int] = Counter()
        self._rows = 0
        self._left: list[RecordPlace] = []
        self._finished: list[RecordPlace] = []

    def __len__(self) -> int:
        """How many there are."""
        return len(self._lanes)

    def __contains__(self, name: ConflictLane) -> bool:
        """Whether anything waits there."""
        return name in self._lanes

    def any_at(self, place: LogPosition) -> bool:
        """Whether anything of this partition waits."""
        return self._at[place] > 0

    def first_at(self, place: LogPosition) -> Waiting | None:
        """The first record of this partition that waits."""
        firsts = (lane.waiting[0] for name, lane in self._lanes.items() if name[:2] == place)
        return min(firsts, key=lambda one: one.record.offset, default=None)

    def begin(self) -> None:
        """A turn begins: `behind` tells what has changed since then."""
        self._left, self._finished = [], []

    def wait(self, name: ConflictLane, one: Waiting) -> None:
        """Have a record wait behind those of its conflict."""
        lane = self._lanes.get(name)
        if lane is None:
            lane = self._lanes[name] = _Lane()
            self._at[name[:2]] += 1
        lane.waiting.append(one)
        lane.events += one.events
        self._left.append((name[1], one.record.offset))
        if not self._batches[id(one.batch)]:
            self._rows += len(one.batch.reading.simple.said)
        self._batches[id(one.batch)] += 1

    def judged(self, name: ConflictLane, rest: Waiting, seconds: float) -> None:
        """Of the first record of a lane only the `rest` waits, after so long."""
        lane = self._lanes[name]
        lane.seconds += seconds
        lane.events -= lane.waiting[0].events - rest.events
        lane.waiting[0] = rest
        if rest.events:
            return
        lane.waiting.popleft()
        self._finished.append((name[1], rest.record.offset))
        self._batches[id(rest.batch)] -= 1
        if not self._batches[id(rest.batch)]:
            del self._batches[id(rest.batch)]
            self._rows -= len(rest.batch.reading.simple.said)
        if not lane.waiting:
            del self._lanes[name]
            self._at[name[:2]] -= 1

    def together(self, events: int) -> list[tuple[ConflictLane, Waiting]]:
        """What is judged next, about so many events that were read together, lane by lane.

        First come the conflicts that had the least time.
        """
        found: list[tuple[ConflictLane, Waiting]] = []
        batch = None
        for name, lane in sorted(self._lanes.items(), key=lambda one: one[1].seconds):
            for one in lane.waiting:
                if batch is None:
                    batch = one.batch
                if one.batch is not batch:
                    break
                if events <= 0:
                    return found
                found.append((name, one))
                events -= one.events
        return found

    def behind(self) -> Behind:
        """What waits, and what of that is another since the turn began."""
        if not (self._lanes or self._finished):
            return NOTHING_BEHIND
        lows: dict[int, int] = {}
        conflicts = {}
        for (_, partition, key), lane in self._lanes.items():
            first = lane.waiting[0].record.offset
            lows[partition] = min(first, lows.get(partition, first))
            conflicts[partition, key.decode("utf-8", "replace")] = (first, lane.events)
        return Behind(lows, conflicts, self._rows, self._left, self._finished)


def lane_of(log_id: str, record: Record) -> ConflictLane:
    """The lane of a record. What has another key than its conflict is rejected anyway."""
    return log_id, record.partition, record.key or b""
