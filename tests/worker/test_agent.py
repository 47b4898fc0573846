"""The agent: batches are judged and committed in order, and what goes wrong ends the worker."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, NamedTuple, cast

import pytest

from streams.engine.agent import Agent, JudgedBatch, Work
from streams.kafka.progress import Progress
from streams.threads import Failure, SerialExecutor


class _Record(NamedTuple):
    offset: int


class _Batch(NamedTuple):
    partition: int
    position: int
    records: list[_Record]


class _Done:
    """What was judged and committed of some batches of one record each, and why the worker ended."""

    def __init__(self) -> None:
        self.judged: list[int] = []
        self.committed: list[int] = []
        self.reason: BaseException | None = None

    def judge(self, records: Any) -> Any:
        self.judged.append(records[0].offset)
        return records

    def commit(self, records: Any) -> Any:
        self.committed.append(records[0].offset)
        return records


async def _at_once(_: int, records: Any) -> Any:
    return records


def _work(
    count: int,
    *,
    read: Callable[[int, Any], Awaitable[Any]] = _at_once,
    after: Callable[[JudgedBatch], None] = lambda _: None,
) -> _Done:
    """An agent's work on so many batches, until all are committed or something has failed."""
    done = _Done()

    async def batches() -> AsyncIterator[Any]:
        for offset in range(count):
            yield _Batch(0, offset, [_Record(offset)])

    async def work() -> None:
        judging, committing = SerialExecutor("judging"), SerialExecutor("committing")
        failure = Failure(asyncio.get_running_loop())
        finished = asyncio.Event()

        def counted(judged: JudgedBatch) -> None:
            after(judged)
            if len(done.committed) == count:
                finished.set()

        work = Work(read, done.judge, done.commit, judging, committing)
        agent = Agent(work, Progress("log", {0: 0}), failure, counted)
        running = asyncio.create_task(agent.run(cast("Any", batches())))
        async with asyncio.timeout(5):
            over = [asyncio.create_task(one.wait()) for one in (failure.happened, finished)]
            await asyncio.wait(over, return_when=asyncio.FIRST_COMPLETED)
            await agent.drain()
        for task in (running, *over):
            task.cancel()
        judging.close()
        committing.close()
        done.reason = failure.reason

    asyncio.run(work())
    return done


def test_what_fails_after_a_commit_ends_the_worker_and_leaves_nothing_uncommitted() -> None:
    def after(judged: JudgedBatch) -> None:
        if judged.tally[0].offset == 0:
            raise ValueError("cannot count that")

    done = _work(2, after=after)
    assert isinstance(done.reason, ValueError)
    # What was judged by then is committed: what it builds on is in the ledger.
    assert done.committed in ([0], [0, 1])


@pytest.mark.parametrize("late", range(3))
def test_batches_are_judged_and_committed_in_the_order_of_the_log(late: int) -> None:
    """Whichever of them takes the longest to read."""

    async def read(_: int, records: Any) -> Any:
        await asyncio.sleep(0.05 if records[0].offset == late else 0)
        return records

    done = _work(3, read=read)
    assert done.reason is None
    assert done.judged == done.committed == [0, 1, 2]


def test_what_cannot_be_read_ends_the_worker_and_nothing_after_it_is_committed() -> None:
    async def read(_: int, records: Any) -> Any:
        if records[0].offset == 1:
            await asyncio.sleep(0.05)
            raise ValueError("cannot read that")
        return records

    done = _work(4, read=read)
    assert isinstance(done.reason, ValueError)
    assert done.committed == [0]
