"""How far the ledger is in the log, partition by partition, and what waits to be judged."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from typing import NamedTuple


class Behind(NamedTuple):
    """What was handed over to be judged and is not yet in the ledger.

    `lows`: of each partition of which records wait, the offset of the first. `conflicts`: of each
    partition and conflict, the offset of its first record that waits, and how many events do.
    `rows`: how many events are held in memory for that. `left` and `finished`: (partition, offset)
    of each record that waits since the last turn, and of each that waited before and is done.
    """

    lows: Mapping[int, int]
    conflicts: Mapping[tuple[int, str], tuple[int, int]]
    rows: int
    left: Collection[tuple[int, int]] = ()
    finished: Collection[tuple[int, int]] = ()


NOTHING_BEHIND = Behind({}, {}, 0)


def behind_by_conflict(behind: Behind) -> list[tuple[str, int]]:
    """Which conflicts have events that wait for their turn, and how many, the most first."""
    events: Counter[str] = Counter()
    for (_, conflict), (_, waiting) in behind.conflicts.items():
        events[conflict] += waiting
    return events.most_common()


class Progress:
    """How far the ledger is in each partition, against the log's end when it was assigned.

    Written by the event loop and read by the consumer's thread, too: single assignments only.
    """

    def __init__(self, log_id: str, next_offsets: Mapping[int, int]) -> None:
        self.log_id = log_id
        self.next_offsets = dict(next_offsets)
        self.log_ends: dict[int, int] = {}
        self.marks: dict[int, int] = {}
        self.to_catch_up: dict[int, int] | None = None
        self.changed = asyncio.Event()
        self.behind = NOTHING_BEHIND
        self._taken: dict[int, int] = {}
        self._empty: dict[int, tuple[int, int]] = {}

    def begin(self, log_id: str) -> None:
        """Note that all of the log is in the ledger, and that an empty one replaces it."""
        nothing = dict.fromkeys(self.log_ends, 0)
        self._empty = {}
        self.next_offsets = dict.fromkeys(self.next_offsets, 0)
        self.marks, self.log_ends = dict(nothing), dict(nothing)
        self._taken = {}
        self.log_id = log_id
        self.changed.set()

    def next_offset(self, partition: int) -> int:
        """The offset of the first record that is not in the ledger."""
        return self.next_offsets.get(partition, 0)

    def assigned(self, ends: Mapping[int, int]) -> None:
        """Note that only these partitions are assigned now, and where their logs ended then."""
        if self.to_catch_up is None:
            self.to_catch_up = dict(ends)
        # What was assigned before is caught up with already, or has a mark to reach.
        self.marks = {p: self.marks.get(p, end) for p, end in ends.items()}
        # Of those that went to another worker, that one shows how far behind it is.
        self.log_ends = dict(ends)
        self.changed.set()

    def speaks_for(self, partition: int) -> bool:
        """Is it assigned, and is all judged that was in it when it was?

        Until then the ledger may stand at what was corrected long ago.
        """
        mark = self.marks.get(partition)
        return mark is not None and self._up_to(partition) >= mark

    def fetched(self, partition: int, end: int) -> None:
        """Note the end of this partition's log when records were fetched."""
        ends = self.log_ends
        if partition in ends:
            ends[partition] = max(end, ends[partition])

    def passed(self, partition: int, following: int, position: int) -> None:
        """Note that there is no record between these two offsets, and never will be."""
        self._empty[partition] = (following, position)
        self.changed.set()

    def committed(self, partition: int, next_offset: int) -> None:
        """Note that the ledger has all before `next_offset`."""
        self.next_offsets[partition] = max(next_offset, self.next_offset(partition))
        self.changed.set()

    def judged(self, taken: Mapping[int, int], behind: Behind) -> None:
        """Note that the ledger has all before these offsets, but for what is behind."""
        self._taken.update(taken)
        self.behind = behind
        for partition, end in self._taken.items():
            self.committed(partition, behind.lows.get(partition, end))

    def handed_over(self, partition: int) -> int:
        """The offset of the first record that is neither in the ledger nor behind."""
        return max(self._taken.get(partition, 0), self.next_offset(partition))

    def lag(self) -> dict[int, int]:
        """How many offsets each assigned partition's log is ahead of the ledger."""
        return {p: max(0, end - self._up_to(p)) for p, end in sorted(self.log_ends.items())}

    def reached(self, ends: Mapping[int, int]) -> bool:
        """Whether the ledger has all before `ends`."""
        return all(self._up_to(p) >= end for p, end in ends.items())

    def _up_to(self, partition: int) -> int:
        """Up to where the ledger has all that there is."""
        following, position = self._empty.get(partition, (0, 0))
        reached = self.next_offset(partition)
        return max(reached, position) if reached >= following else reached

    async def until(self, reached: Callable[[], bool]) -> None:
        """Wait until that is so; looked at whenever something here has changed."""
        while not reached():
            self.changed.clear()
            await self.changed.wait()

    @property
    def caught_up(self) -> bool:
        """Whether all is in the ledger that was in the log when the worker started.

        What has gone to another worker since is for that one to catch up with.
        """
        if self.to_catch_up is None:
            return False
        return self.reached({p: end for p, end in self.to_catch_up.items() if p in self.log_ends})
