"""Notifications go to their target, whatever proxy the environment names."""

from __future__ import annotations

import asyncio

import pytest

from tests.notify.notifying import World, server, until
from tests.support.given import claim, report
from tests.support.trap import trap


def test_a_proxy_of_the_environment_hears_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        async with (
            server() as hook,
            server() as pager,
            world.notifying(webhook=hook.url, alertmanager=pager.url),
        ):
            world.judge(claim(), report("r", "a"))
            await until(lambda: hook.taken and pager.taken)

    with trap() as proxy:
        for name, value in proxy.environ.items():
            monkeypatch.setenv(name, value)
        asyncio.run(story())
        assert proxy.heard == []


def test_a_proxy_that_is_set_is_gone_through(world: World) -> None:
    async def story() -> None:
        async with server() as proxy:
            away = {"webhook": "http://hook.example/told", "alertmanager": "http://pager.example"}
            async with world.notifying(**away, notify_proxy=proxy.url):
                world.judge(claim(), report("r", "a"))
                await until(lambda: len(proxy.taken) >= 2)
            assert {post.headers["Host"] for post in proxy.posts} == {
                "hook.example",
                "pager.example",
            }

    asyncio.run(story())
