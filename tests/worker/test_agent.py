"""The agent: batches are judged and committed in order, and what goes wrong ends the worker."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, NamedTuple, cast

import pytest

from streams.agents import Agent, Failure, OneThread, Progress, Work


class _Record(NamedTuple):
    offset: int


class _Batch(NamedTuple):
    partition: int
    position: int
    records: list[_Record]


def test_what_fails_after_a_commit_ends_the_worker_and_leaves_nothing_uncommitted() -> None:
    committed: list[int] = []

    async def read(_: int, records: Any) -> Any:
        return records

    def commit(judged: Any) -> Any:
        committed.append(judged[0].offset)
        return judged

    def after(judged: Any) -> None:
        if judged.tally[0].offset == 0:
            raise ValueError("cannot count that")

    async def batches() -> AsyncIterator[Any]:
        for offset in range(2):
            yield _Batch(0, offset, [_Record(offset)])

    async def work() -> BaseException | None:
        judging, committing = OneThread("judging"), OneThread("committing")
        failure = Failure(asyncio.get_running_loop())
        agent = Agent(
            Work(read, lambda read: read, commit, judging, committing),
            Progress("log", {0: 0}),
            failure,
            after,
        )
        running = asyncio.create_task(agent.run(cast("Any", batches())))
        async with asyncio.timeout(5):
            await failure.happened.wait()
            await agent.drain()
        running.cancel()
        judging.close()
        committing.close()
        return failure.reason

    assert isinstance(asyncio.run(work()), ValueError)
    # What was judged by then is committed: what it builds on is in the ledger.
    assert committed in ([0], [0, 1])


@pytest.mark.parametrize("late", range(3))
def test_batches_are_judged_and_committed_in_the_order_of_the_log(late: int) -> None:
    """Whichever of them takes the longest to read."""
    done: list[tuple[str, int]] = []

    async def read(_: int, records: Any) -> Any:
        await asyncio.sleep(0.05 if records[0].offset == late else 0)
        return records

    def judge(records: Any) -> Any:
        done.append(("judged", records[0].offset))
        return records

    def commit(judged: Any) -> Any:
        done.append(("committed", judged[0].offset))
        return judged

    async def batches() -> AsyncIterator[Any]:
        for offset in range(3):
            yield _Batch(0, offset, [_Record(offset)])

    async def work() -> None:
        judging, committing = OneThread("judging"), OneThread("committing")
        failure = Failure(asyncio.get_running_loop())
        progress = Progress("log", {0: 0})
        work = Work(read, judge, commit, judging, committing)
        agent = Agent(work, progress, failure, lambda _: None)
        running = asyncio.create_task(agent.run(cast("Any", batches())))
        async with asyncio.timeout(5):
            while progress.next_offset(0) < 3:
                await progress.changed.wait()
                progress.changed.clear()
        await agent.drain()
        running.cancel()
        judging.close()
        committing.close()
        assert failure.reason is None

    asyncio.run(work())
    for what in ("judged", "committed"):
        assert [offset for kind, offset in done if kind == what] == [0, 1, 2]


def test_what_cannot_be_read_ends_the_worker_and_nothing_after_it_is_committed() -> None:
    committed: list[int] = []

    async def read(_: int, records: Any) -> Any:
        if records[0].offset == 1:
            await asyncio.sleep(0.05)
            raise ValueError("cannot read that")
        return records

    def commit(judged: Any) -> Any:
        committed.append(judged[0].offset)
        return judged

    async def batches() -> AsyncIterator[Any]:
        for offset in range(4):
            yield _Batch(0, offset, [_Record(offset)])

    async def work() -> BaseException | None:
        judging, committing = OneThread("judging"), OneThread("committing")
        failure = Failure(asyncio.get_running_loop())
        agent = Agent(
            Work(read, lambda read: read, commit, judging, committing),
            Progress("log", {0: 0}),
            failure,
            lambda _: None,
        )
        running = asyncio.create_task(agent.run(cast("Any", batches())))
        async with asyncio.timeout(5):
            await failure.happened.wait()
            await agent.drain()
        running.cancel()
        judging.close()
        committing.close()
        return failure.reason

    assert isinstance(asyncio.run(work()), ValueError)
    assert committed == [0]
