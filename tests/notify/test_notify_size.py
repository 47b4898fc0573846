"""A message is bounded, whatever the reports hold, and what a target finds too large is shortened."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from streams.notify.bounded import MOST_BYTES, cut, listed, size
from tests.notify.notifying import Server, World, quiet, server, until
from tests.support.given import claim, report

LINK = "https://desk.example/" + "x" * 3_900
MANY = [f"https://desk.example/{number}/" + "y" * 80 for number in range(1_000)]


def long_story(world: World) -> None:
    """15 reports with long links, many claims with long names, and a condition of 20,000 signs."""
    world.judge(
        claim(evidence=[f"{LINK}{number}" for number in range(20)]),
        *(
            claim(f"{number}-" + "c" * 190, claimed_by={"name": "\U0001f54a" * 500})
            for number in range(30)
        ),
        claim("open", conditions={"other": "if " * 6_000}),
    )
    world.judge(
        *(
            report(f"{number}-" + "r" * 190, "i", evidence=[f"{LINK}{number}", *MANY[:500]])
            for number in range(15)
        )
    )


def test_no_message_is_larger_than_8_kb_and_each_says_what_it_leaves_out(world: World) -> None:
    async def story() -> None:
        async with (
            server() as pager,
            server() as hook,
            world.notifying(alertmanager=pager.url, webhook=hook.url, notify_level="undetermined"),
        ):
            long_story(world)
            await until(lambda: pager.taken and hook.taken)
        [alert] = pager.taken[-1]
        assert len(json.dumps(alert, ensure_ascii=False).encode()) <= MOST_BYTES
        assert len(hook.posts[-1].body) <= MOST_BYTES
        notes = alert["annotations"]
        for name in ("description", "evidence", "criteria"):
            assert "more" in notes[name], name
        # A link is there as a whole, or not at all.
        assert all(link in MANY for link in notes["evidence"].splitlines()[:-1])
        left_out = hook.taken[-1]["data"]["left_out"]
        assert left_out["evidence"] > 0
        assert left_out["claims"] > 0
        assert notes["details"] == "truce explain i --conflict testland"

    asyncio.run(story())


@pytest.mark.parametrize("of", ["alertmanager", "webhook"])
def test_after_413_a_shorter_one_goes(world: World, of: str) -> None:
    async def story() -> None:
        async with server() as target:
            target.of_body = lambda body: 413 if len(body) > 2_000 else None
            async with world.notifying(**{of: target.url, "notify_level": "undetermined"}):
                long_story(world)
                await until(lambda: target.taken)
                await quiet(target.posts)
                assert world.counted("truce_notices_total", target=of, outcome="shortened") == 1
                assert world.states()[-1][-1] == "told"
        assert "i under truce" in _summary(target)

    asyncio.run(story())


def _summary(target: Server) -> str:
    content: Any = target.taken[0]
    found: str = (
        content[0]["annotations"]["summary"]
        if isinstance(content, list)
        else content["data"]["summary"]
    )
    return found


def test_what_is_too_large_in_its_least_words_waits_and_is_not_lost(world: World) -> None:
    async def story() -> None:
        async with server() as pager, world.notifying(alertmanager=pager.url):
            pager.always = 413
            world.judge(claim(), report())
            await until(lambda: len(pager.posts) > 3)
            pager.always = 200
            await until(pager.alerts)

    asyncio.run(story())


def test_an_array_that_is_too_large_is_sent_in_parts_as_it_was(world: World) -> None:
    async def story() -> None:
        async with server() as pager:
            pager.of_body = lambda body: 413 if body.count(b"startsAt") > 1 else None
            async with world.notifying(alertmanager=pager.url):
                world.judge(claim(), *(report("r", f"i{n}") for n in range(5)))
                await until(lambda: len(pager.alerts()) == 5)
                count = world.counted(
                    "truce_notices_total", target="alertmanager", outcome="shortened"
                )
                assert count == 0

    asyncio.run(story())


@pytest.mark.parametrize("text", ["a" * 500, "\u00e9" * 500, '"\\' * 250, "\U0001f54a" * 300])
@pytest.mark.parametrize("most", [60, 100, 300])
def test_what_is_cut_fits_and_says_how_much_is_left_out(text: str, most: int) -> None:
    found = cut(text, most)
    assert size(found) <= most
    kept, _, mark = found.partition("\u2026")
    assert mark == f" (+{len(text) - len(kept):,} characters)"
    assert text.startswith(kept)


@pytest.mark.parametrize("most", range(2, 200, 7))
def test_a_list_fits_and_every_item_is_there_or_counted(most: int) -> None:
    items = [f"item-{number}" for number in range(20)]
    text, left = listed(items, ", ", most)
    assert size(text) <= most
    whole = [item for item in items if item in text.split(", ")]
    if text and left:
        assert f"{left:,} more" in text or "characters" in text
    if text:
        assert len(whole) + left in {20, 21 - ("characters" in text)}
