"""What comes faster than people read: bursts, flapping, and who waits for whom meanwhile."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from analytics.notifications import notifications
from tests.notify.notifying import DROP, Server, World, quiet, server, until
from tests.support.given import claim, report, report_retracted

OTHER = claim("there", commitment_id="other", area=["RU"])


def real(incident: str = "real", **said: Any) -> str:
    """A report that breaks the other commitment."""
    return report("r", incident, places=["RU-BEL"], **said)


def flood(count: int) -> list[str]:
    return [report("r", f"false-{number:05}") for number in range(count)]


def bursts(pager: Server) -> list[dict[str, Any]]:
    return [alert for alerts in pager.taken for alert in alerts if "burst" in alert["labels"]]


def flapping(pager: Server) -> list[dict[str, Any]]:
    return [alert for alerts in pager.taken for alert in alerts if "flapping" in alert["labels"]]


def test_a_burst_is_one_alert_with_its_count_and_where_to_read_on(world: World) -> None:
    async def story() -> None:
        async with server() as pager, world.notifying(alertmanager=pager.url, notify_rate=5):
            world.judge(claim(), *flood(300))
            await until(lambda: bursts(pager))
            await quiet(pager.posts)
        alerts = [alert for alerts in pager.taken for alert in alerts]
        assert len(alerts) == 6
        [burst] = bursts(pager)
        assert burst["labels"] == {
            "alertname": "TruceVerdictChanged",
            "conflict": "testland",
            "commitment": "truce",
            "verdict": "violation",
            "severity": "critical",
            "burst": burst["startsAt"],
        }
        notes = burst["annotations"]
        assert notes["summary"].startswith("Burst: 295 incidents under truce (testland) became")
        assert "Parties: AAA 295" in notes["description"]
        assert notes["details"] == "truce sql 'from notices where digest = 1'"
        assert notes["runbook_url"] == "deploy/runbooks/TruceViolated.md"
        assert world.counted("truce_notices_total", target="alertmanager", outcome="burst") == 1

    asyncio.run(story())


def test_the_rate_is_that_of_a_commitment_and_verdict(world: World) -> None:
    async def story() -> None:
        async with (
            server() as pager,
            world.notifying(alertmanager=pager.url, notify_rate=5, notify_level="undetermined"),
        ):
            unsaid = [report("r", f"unsaid-{n}", targets=None) for n in range(50)]
            world.judge(claim(), OTHER, *unsaid)
            world.judge(report("r", "sure"), real())
            await until(lambda: {"sure", "real"} <= {one for one, *_ in incidents(pager)})
            assert {burst["labels"]["verdict"] for burst in bursts(pager)} == {"undetermined"}

    asyncio.run(story())


def incidents(pager: Server) -> list[tuple[str, str]]:
    return [
        (alert["labels"]["incident"], alert["labels"]["verdict"])
        for alerts in pager.taken
        for alert in alerts
        if "incident" in alert["labels"]
    ]


@pytest.mark.parametrize("count", [4_000])
def test_a_flood_on_one_commitment_delays_no_other(world: World, count: int) -> None:
    async def story() -> None:
        async with (
            server() as pager,
            server() as hook,
            world.notifying(alertmanager=pager.url, webhook=hook.url),
        ):
            world.judge(claim(), OTHER)
            for first in range(0, count, 1_000):
                world.judge(*flood(count)[first : first + 1_000])
            began = time.monotonic()
            world.judge(real())
            await until(lambda: any(b'"real"' in post.body for post in pager.posts))
            await until(lambda: any(b'"real"' in post.body for post in hook.posts))
            # About a second; before, it was 52 s.
            assert time.monotonic() - began < 10
            assert len(pager.posts) < 10
            assert max(len(post.body) for post in hook.posts) <= 8_192

    asyncio.run(story())


def test_a_slow_receiver_hears_of_another_commitment_before_it_has_heard_all_of_one(
    world: World,
) -> None:
    async def story() -> None:
        async with server() as hook, world.notifying(webhook=hook.url, notify_rate=1_000):
            hook.seconds = 0.1
            world.judge(claim(), OTHER)
            world.judge(*flood(60))
            world.judge(real())
            await until(lambda: ("verdict.stands", "real") in hook.events())
            assert len(hook.posts) < 30
            await until(lambda: len({*hook.events()}) == 61)
            told = [incident for _, incident in hook.events() if incident != "real"]
            # One that a receiver answers too late is sent again.
            assert [*dict.fromkeys(told)] == [f"false-{number:05}" for number in range(60)]

    asyncio.run(story())


def test_what_a_receiver_never_takes_holds_up_its_commitment_alone(world: World) -> None:
    async def story() -> None:
        async with server() as hook, server() as pager:
            for one in (hook, pager):
                one.of_body = lambda body: 500 if b'"poison"' in body else None
            async with world.notifying(webhook=hook.url, alertmanager=pager.url):
                world.judge(claim(), OTHER, report("r", "poison"))
                await until(lambda: hook.posts and pager.posts)
                world.judge(real("a"), real("b"), real("c"))
                await until(lambda: len(hook.taken) == 3)
                await until(lambda: len(incidents(pager)) == 3)

    asyncio.run(story())


def test_a_refused_array_loses_only_what_is_refused_by_itself(world: World) -> None:
    async def story() -> None:
        async with server() as pager:
            pager.of_body = lambda body: 400 if b'"bad"' in body else None
            async with world.notifying(alertmanager=pager.url):
                world.judge(claim(), *(report("r", one) for one in ("a", "bad", "b")))
                await until(lambda: len(world.states()) == 3)
                await until(lambda: [state for *_, state in world.states()].count("told") == 2)
                assert ("stands", "bad", "refused") in world.states()
        assert sorted(incidents(pager)) == [("a", "violation"), ("b", "violation")]

    asyncio.run(story())


def test_a_burst_says_its_last_count_and_ends_when_all_is_taken_back(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notifications, "RATE_SECONDS", 1)
    monkeypatch.setattr(notifications, "SECONDS_PER_TEXT", 0)

    async def story() -> None:
        async with (
            server() as pager,
            server() as hook,
            world.notifying(alertmanager=pager.url, webhook=hook.url, notify_rate=2),
        ):
            world.judge(claim(), *flood(10))
            await until(lambda: bursts(pager))
            world.judge(report("r", "late"))
            await until(lambda: bursts(pager)[-1]["annotations"]["count"] == "9")
            world.judge(*(report_retracted("r", f"false-{number:05}") for number in range(9)))
            await until(lambda: bursts(pager)[-1]["annotations"]["standing"] == "2")
            assert bursts(pager)[-1]["endsAt"] > "9"
            world.judge(report_retracted("r", "false-00009"), report_retracted("r", "late"))
            await until(lambda: bursts(pager)[-1]["endsAt"] < "9")
            assert len({str(burst["labels"]) for burst in bursts(pager)}) == 1
            last = [event for event in hook.taken if event["type"] == "verdict.burst"]
            await until(lambda: last[-1] and hook.taken[-1]["data"].get("is_final"))
            ids = [event["id"] for event in hook.taken]
            assert len(set(ids)) == len(ids)
            # Those that were notified one by one are withdrawn one by one.
            assert [i for kind, i in hook.events() if kind == "verdict.withdrawn"] == [
                "false-00000",
                "false-00001",
            ]
            # And the next verdict is notified by itself again.
            world.judge(report("r", "new"))
            await until(lambda: ("new", "violation") in incidents(pager))

    asyncio.run(story())


def test_what_flaps_is_one_alert_that_says_how_often_and_since_when(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Its text is written anew while it goes on: not here, however long this takes.
    monkeypatch.setattr(notifications, "SECONDS_PER_TEXT", 1_000)
    monkeypatch.setattr(notifications, "SECONDS_PER_EVENT", 1_000)

    async def story() -> None:
        async with (
            server() as pager,
            server() as hook,
            world.notifying(alertmanager=pager.url, webhook=hook.url),
        ):
            world.judge(claim())
            for number in range(40):
                world.judge(report("r", "i", effects={"killed": number}))
                await asyncio.sleep(0.05)
                world.judge(report_retracted("r", "i"))
                await asyncio.sleep(0.05)
            await until(lambda: flapping(pager))
            await quiet(pager.posts, 0.5)
            labels = {str(one["labels"]) for one in flapping(pager)}
            assert len(labels) == 1
            [first, *_] = flapping(pager)
            assert first["labels"]["incident"] == "i"
            assert first["annotations"]["summary"].startswith("Flapping: i under truce (testland)")
            assert f"times since {first['labels']['flapping']}" in first["annotations"]["summary"]
            assert int(first["annotations"]["count"]) >= 4
            # At most three were notified by themselves, and withdrawn; then nothing but the one.
            assert len(pager.alerts_of("i")) <= 3 * 2 + len(flapping(pager))
            assert len(flapping(pager)) == 1
            assert [event["type"] for event in hook.taken].count("verdict.flapping") == 1

    asyncio.run(story())


def test_what_flapped_ends_when_it_was_quiet_for_long(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notifications, "FLAPPING_SECONDS", 3)
    monkeypatch.setattr(notifications, "SECONDS_PER_TEXT", 0)

    async def story() -> None:
        async with server() as pager, world.notifying(alertmanager=pager.url):
            world.judge(claim())
            while not flapping(pager):
                world.judge(report("r", "i"))
                await asyncio.sleep(0.1)
                world.judge(report_retracted("r", "i"))
                await asyncio.sleep(0.1)
            await until(lambda: flapping(pager)[-1]["endsAt"] < "9")
            assert flapping(pager)[-1]["annotations"]["standing"] == "0"
            world.judge(report("r", "i"))
            await until(lambda: pager.alerts()[-1] == ("i", "violation", True))
            assert "flapping" not in pager.taken[-1][-1]["labels"]

    asyncio.run(story())


def test_a_burst_that_may_have_arrived_is_posted_again_by_its_id(world: World) -> None:
    async def story() -> None:
        async with server() as hook:
            hook.of_body = lambda body: DROP if b"verdict.burst" in body else None
            async with world.notifying(webhook=hook.url, notify_rate=1):
                world.judge(claim(), *flood(20))
                await until(lambda: any(b"verdict.burst" in post.body for post in hook.posts))
            hook.of_body = lambda _: None
            async with world.notifying(webhook=hook.url, notify_rate=1):
                # It, and the one that is notified by itself.
                await until(lambda: len(hook.taken) == 2)
                await quiet(hook.posts)
        told = {post.body for post in hook.posts if b"verdict.burst" in post.body}
        assert len(told) == 1
        assert [e["type"] for e in hook.taken].count("verdict.burst") == 1

    asyncio.run(story())
