"""Who waits for news of the lake gets them, whatever becomes of updates meanwhile."""

from __future__ import annotations

import asyncio
import threading

import pytest

from analytics.lake.mark import LakeMark
from streams.engine.lake import LakeService


class Held:
    """A keeper whose next update waits until it is let go, and fails if it is to."""

    def __init__(self) -> None:
        self.updates = 0
        self.fails = False
        self.begun, self.may_end = threading.Event(), threading.Event()
        self.may_end.set()

    def update(self, *, anew: bool = False) -> LakeMark:
        del anew
        self.updates += 1
        self.begun.set()
        self.may_end.wait(10)
        if self.fails:
            raise OSError("no room")
        return LakeMark(self.updates, 0, "ledger", "basis")

    def maintain(self) -> None:
        raise AssertionError

    def abandon(self) -> None:
        self.may_end.set()

    def close(self) -> None:
        pass


async def begun(keeper: Held, lake: LakeService) -> asyncio.Task[LakeMark]:
    """An update that runs until `may_end` is set."""
    keeper.begun.clear()
    keeper.may_end.clear()
    updating = asyncio.create_task(lake.fresh())
    await asyncio.to_thread(keeper.begun.wait, 10)
    return updating


def test_nothing_new_is_the_mark_that_was_without_another_update() -> None:
    async def scene() -> None:
        keeper = Held()
        lake = LakeService(keeper)
        first = await lake.news(0)
        assert await lake.news(0.05) == first
        assert keeper.updates == 1
        await lake.stop()

    asyncio.run(scene())


def test_what_is_committed_while_one_waits_is_brought_and_the_wait_ends() -> None:
    async def scene() -> None:
        keeper = Held()
        lake = LakeService(keeper)
        first = await lake.news(0)
        waiting = asyncio.create_task(lake.news(1_000))
        await asyncio.sleep(0.05)
        lake.wake()
        assert (await asyncio.wait_for(waiting, 20)).seq == first.seq + 1
        await lake.stop()

    asyncio.run(scene())


def test_what_a_running_update_brings_is_news() -> None:
    async def scene() -> None:
        keeper = Held()
        lake = LakeService(keeper)
        first = await lake.news(0)
        lake.wake()
        updating = await begun(keeper, lake)
        waiting = asyncio.create_task(lake.news(1_000))
        await asyncio.sleep(0.05)
        keeper.may_end.set()
        assert (await asyncio.wait_for(waiting, 20)).seq == first.seq + 1
        await updating
        await lake.stop()

    asyncio.run(scene())


def test_after_an_update_that_failed_no_old_mark_is_an_answer() -> None:
    async def scene() -> None:
        keeper = Held()
        lake = LakeService(keeper)
        await lake.news(0)
        lake.wake()
        keeper.fails = True
        with pytest.raises(OSError, match="no room"):
            await lake.fresh()
        with pytest.raises(OSError, match="no room"):
            await lake.news(0)
        keeper.fails = False
        assert (await lake.news(0)).seq == keeper.updates == 4
        await lake.stop()

    asyncio.run(scene())


def test_a_stop_lets_go_of_who_waits() -> None:
    async def scene() -> None:
        lake = LakeService(Held())
        await lake.news(0)
        waiting = asyncio.create_task(lake.news(1_000))
        await asyncio.sleep(0.05)
        await lake.stop()
        with pytest.raises(RuntimeError, match="the worker stops"):
            await asyncio.wait_for(waiting, 20)

    asyncio.run(scene())
