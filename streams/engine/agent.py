"""The agent on `truce.events`: it moves batches to the ledger, in their order, and decides nothing.

Judging and committing have a thread each; the event loop only waits for them.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Mapping,
    Sequence,
)
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from streams.kafka.progress import NOTHING_BEHIND, Behind, Progress
from streams.threads import Failure, SerialExecutor

if TYPE_CHECKING:
    from streams.kafka.consumer.feed import FetchedBatch

# One is committed, one judged, one read, and one about to be: nobody waits for the next.
IN_FLIGHT = 4
# While so many events are held for what is behind, no further batch is taken.
MOST_ROWS_BEHIND = 50_000


class Work(NamedTuple):
    """What is done with batches, and where.

    `read(partition, records)` wherever it wants, `judge(read)` in `judging`, `commit(judged)` in
    `committing`, these two in the order of the log. `judge` may leave some of it `behind()`, with
    which `more()` goes on in its place.
    """

    read: Callable[[int, Sequence[Any]], Awaitable[Any]]
    judge: Callable[[Any], Any]
    commit: Callable[[Any], Any]
    judging: SerialExecutor
    committing: SerialExecutor
    more: Callable[[], Any] = lambda: None
    behind: Callable[[], Behind] = lambda: NOTHING_BEHIND


class JudgedBatch(NamedTuple):
    """A batch that is in the ledger: what `pipeline.process` counted, and how long it took.

    `records` are those of each partition, as they were read, that are whole in it by that.
    """

    tally: Any
    seconds: float
    records: Mapping[int, Sequence[Any]] = MappingProxyType({})


class _Stages:
    """How far a batch is: set too when it was given up, so that nobody waits for ever."""

    def __init__(self) -> None:
        self.judged = asyncio.Event()
        self.committed = asyncio.Event()


class Agent:
    """Has batches judged and committed one after the other.

    While one is committed the next is judged and those after it are read: the database leaves the
    interpreter to others while it writes, and so does a large batch, which another process reads.
    """

    def __init__(
        self,
        work: Work,
        progress: Progress,
        failure: Failure,
        after: Callable[[JudgedBatch], None],
    ) -> None:
        self._work = work
        self._progress = progress
        self._failure = failure
        self._after = after
        self._taken: dict[int, int] = {}
        self._room = asyncio.Semaphore(IN_FLIGHT)
        self._in_flight: set[asyncio.Task[None]] = set()
        self._last = _Stages()
        self._last.judged.set()
        self._last.committed.set()
        self._idle = asyncio.Event()
        self._idle.set()
        self._draining = False
        self._going_on = False
        self._went_on = asyncio.Event()
        self._unfinished: dict[tuple[int, int], Any] = {}

    async def run(self, batches: AsyncIterator[FetchedBatch]) -> None:
        """Faust's agent function. It never returns and never raises by itself.

        Faust acknowledges a message and starts an agent again even when it raised. So what goes
        wrong is caught here; it ends the worker, which goes on from the ledger's offsets later.
        """
        async for batch in batches:
            if self._draining or self._failure.reason is not None:
                break
            self._idle.clear()
            try:
                await self._take(batch)
            except Exception as error:  # noqa: BLE001 - Faust would go on without a word
                self._failure.set(error)
                break
            finally:
                self._idle.set()
        await asyncio.Event().wait()

    async def _take(self, batch: FetchedBatch) -> None:
        partition = batch.partition
        following = max(self._taken.get(partition, 0), self._progress.next_offset(partition))
        if batch.position > following:
            raise RuntimeError(
                f"records {following} to {batch.position - 1} of partition {partition} "
                "were passed over; start the worker again"
            )
        records = batch.records
        if records[0].offset < following:
            records = [record for record in records if record.offset >= following]
        if not records:
            return
        # Whoever is cancelled while it waits has taken nothing.
        while self._progress.behind.rows > MOST_ROWS_BEHIND and not self._draining:
            self._went_on.clear()
            await self._went_on.wait()
        if self._draining or self._failure.reason is not None:
            return
        await self._room.acquire()
        self._taken[partition] = records[-1].offset + 1
        before, self._last = self._last, _Stages()
        through = asyncio.create_task(self._through(partition, records, before, self._last))
        self._in_flight.add(through)
        through.add_done_callback(self._over)

    def _over(self, through: asyncio.Task[None]) -> None:
        self._in_flight.discard(through)
        self._room.release()

    async def _through(
        self, partition: int, records: Sequence[Any], before: _Stages, stages: _Stages
    ) -> None:
        """Have a batch read, judged after the one before it, and committed after that one."""
        began = time.perf_counter()
        try:
            read = await self._work.read(partition, records)
            await before.judged.wait()
            if self._failure.reason is not None:
                return
            turn = await self._work.judging.do(self._turn, self._work.judge, read)
            await self._commit(turn, (partition, records), began, (before, stages))
        except Exception as error:  # noqa: BLE001 - ends the worker, with this reason
            self._failure.set(error)
        finally:
            await before.committed.wait()
            stages.judged.set()
            stages.committed.set()

    def _turn(self, judge: Callable[..., Any], *read: Any) -> tuple[Any, Behind]:
        """Judge, and see what is left behind by it."""
        judged = judge(*read)
        return judged, self._work.behind()

    async def _commit(
        self,
        turn: tuple[Any, Behind],
        batch: tuple[int, Sequence[Any]] | None,
        began: float,
        chain: tuple[_Stages, _Stages],
    ) -> None:
        """Have a turn committed after those before it; `batch`: what was handed over for it."""
        (judged, behind), (before, stages) = turn, chain
        stages.judged.set()
        if behind.rows:
            self._go_on()
        await before.committed.wait()
        # Also after a failure: it must be reported to those who wait for the ledger.
        tally = await self._work.committing.do(self._work.commit, judged)
        partition, records = batch or (0, ())
        taken = {partition: records[-1].offset + 1} if records else {}
        self._progress.judged(taken, behind)
        whole = self._whole(partition, records, behind)
        self._after(JudgedBatch(tally, time.perf_counter() - began, whole))

    def _whole(
        self, partition: int, records: Sequence[Any], behind: Behind
    ) -> Mapping[int, Sequence[Any]]:
        """The records that are in the ledger by now, of these and of those that were behind."""
        if not behind.left and not behind.finished:
            return {partition: records}
        whole: defaultdict[int, list[Any]] = defaultdict(list)
        for place in behind.finished:
            whole[place[0]].append(self._unfinished.pop(place))
        left = frozenset(behind.left)
        for one in records:
            place = (partition, one.offset)
            if place in left:
                self._unfinished[place] = one
            else:
                whole[partition].append(one)
        return whole

    def _go_on(self) -> None:
        """Have what is behind get its turn, after all batches that have come by now."""
        if self._going_on or self._draining or self._failure.reason is not None:
            return
        self._going_on = True
        before, self._last = self._last, _Stages()
        more = asyncio.create_task(self._more(before, self._last))
        self._in_flight.add(more)
        more.add_done_callback(self._in_flight.discard)

    async def _more(self, before: _Stages, stages: _Stages) -> None:
        began = time.perf_counter()
        try:
            await before.judged.wait()
            self._going_on = False
            if self._failure.reason is not None or self._draining:
                return
            began = time.perf_counter()
            turn = await self._work.judging.do(self._turn, self._work.more)
            await self._commit(turn, None, began, (before, stages))
        except Exception as error:  # noqa: BLE001 - ends the worker, with this reason
            self._failure.set(error)
        finally:
            await before.committed.wait()
            stages.judged.set()
            stages.committed.set()
            self._went_on.set()

    async def begin(self) -> None:
        """Wait until all that was taken is committed; what comes next is of another log."""
        while self._in_flight:
            await asyncio.wait(self._in_flight)
        self._taken.clear()

    async def drain(self) -> None:
        """Take no further batch, and wait until those in flight are committed or have failed.

        What is behind stays: it is read again from where the ledger is, or was never acknowledged.
        """
        self._draining = True
        self._went_on.set()
        await self._idle.wait()
        if self._in_flight:
            await asyncio.wait(self._in_flight)
