"""The agent: batches are judged and committed in order, and what goes wrong ends the worker."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, NamedTuple, cast

from streams.agents import Agent, Failure, OneThread, Progress, Work


class _Record(NamedTuple):
    offset: int


class _Batch(NamedTuple):
    partition: int
    position: int
    records: list[_Record]


def test_what_fails_after_a_commit_ends_the_worker_and_leaves_nothing_uncommitted() -> None:
    committed: list[int] = []

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
        reading, judging, committing = map(OneThread, ("reading", "judging", "committing"))
        failure = Failure(asyncio.get_running_loop())
        agent = Agent(
            Work(
                lambda _, records: records, lambda read: read, commit, reading, judging, committing
            ),
            Progress("log", {0: 0}),
            failure,
            after,
        )
        running = asyncio.create_task(agent.run(cast("Any", batches())))
        async with asyncio.timeout(5):
            await failure.happened.wait()
            await agent.drain()
        running.cancel()
        reading.close()
        judging.close()
        committing.close()
        return failure.reason

    assert isinstance(asyncio.run(work()), ValueError)
    # What was judged by then is committed: what it builds on is in the ledger.
    assert committed in ([0], [0, 1])
