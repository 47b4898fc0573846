"""Which verdicts people are notified of, and which not."""

from __future__ import annotations

import asyncio
import time

import pytest

from tests.notify.notifying import World, quiet, server, until
from tests.support.given import (
    claim,
    claim_retracted,
    denial,
    report,
    report_denied,
    report_retracted,
)

TOLD = "truce_notices_total"


def test_a_violation_is_told_with_its_reasons(world: World) -> None:
    async def story() -> None:
        async with server() as pager, world.notifying(alertmanager=f"{pager.url}/am/"):
            world.judge(claim(evidence=["https://desk.example/claim"]), claim("later", area=["RU"]))
            world.judge(report(evidence=["https://desk.example/report"]))
            world.judge(claim_retracted("later"))
            await until(lambda: pager.alerts() == [("i", "violation", True)])
        [alert] = pager.posts[0].content
        assert pager.posts[0].path == "/am/api/v2/alerts"
        assert alert["labels"] == {
            "alertname": "TruceVerdictChanged",
            "conflict": "testland",
            "commitment": "truce",
            "incident": "i",
            "party": "AAA",
            "verdict": "violation",
            "severity": "critical",
        }
        assert alert["startsAt"] == alert["annotations"]["recorded_at"]
        assert alert["endsAt"] == "9999-01-01T00:00:00Z"
        notes = alert["annotations"]
        assert notes["summary"] == "Violation: i under truce, by AAA (testland)"
        assert notes["claims_violated"] == "c"
        assert notes["evidence"] == "https://desk.example/report\nhttps://desk.example/claim"
        _, sources, claimed, *_ = notes["description"].splitlines()
        assert sources == "Evidence: reported by one independent source"
        assert claimed.startswith("c (Mediator): violation. Inside")
        assert notes["criteria"] == (
            "c, r, whole: yes (in window yes, party bound yes, act prohibited yes, "
            "target covered yes, in area yes, still bound yes)"
        )

    asyncio.run(story())


def test_no_two_messages_have_the_same_id_and_nobody_is_not_a_party_called_so(
    world: World,
) -> None:
    async def story() -> None:
        async with (
            server() as hook,
            server() as pager,
            world.notifying(webhook=hook.url, alertmanager=pager.url),
        ):
            parties = ["AAA", "unknown", "nobody known"]
            world.judge(
                claim(commitment_id="a", bound_parties=parties),
                claim(commitment_id="a/b", bound_parties=parties),
            )
            world.judge(report("r", "b/c"), report("r", "c"))
            world.judge(
                report("r", "named", actor={"party": "unknown", "confidence": "confirmed"}),
                report("r", "called", actor={"party": "nobody known", "confidence": "likely"}),
                report("r", "two"),
                report("s", "two", actor={"party": "unknown", "confidence": "confirmed"}),
            )
            await until(lambda: len(hook.taken) == len(pager.alerts()) == 10)
        ids = [event["id"] for event in hook.taken]
        assert len(set(ids)) == len(ids)
        labels = {
            alert["labels"]["incident"]: (alert["labels"]["party"], alert["annotations"]["summary"])
            for alerts in pager.taken
            for alert in alerts
            if alert["labels"]["commitment"] == "a"
        }
        assert labels["named"] == ('"unknown"', 'Violation: named under a, by "unknown" (testland)')
        assert labels["called"][1] == 'Violation: called under a, by "nobody known" (testland)'
        assert labels["two"] == ("unknown", "Violation: two under a, by nobody known (testland)")

    asyncio.run(story())


def test_a_contested_verdict_names_the_claims_on_both_sides(world: World) -> None:
    async def story() -> None:
        async with (
            server() as pager,
            world.notifying(alertmanager=pager.url, notify_level="contested"),
        ):
            world.judge(claim(), claim("there", area=["RU"]), denial(), report())
            await until(lambda: pager.alerts() == [("i", "contested", True)])
        notes = pager.taken[0][0]["annotations"]
        assert notes["claims_violated"] == "c"
        assert notes["claims_not_violated"] == "d (clear), there (clear)"
        assert pager.taken[0][0]["labels"]["severity"] == "warning"

    asyncio.run(story())


@pytest.mark.parametrize(
    ("level", "told"),
    [
        ("violation", ["violation"]),
        ("contested", ["contested", "violation"]),
        ("undetermined", ["contested", "undetermined", "violation"]),
    ],
)
def test_what_is_below_the_level_is_not_notified(world: World, level: str, told: list[str]) -> None:
    async def story() -> None:
        async with server() as pager, world.notifying(alertmanager=pager.url, notify_level=level):
            world.judge(
                claim(),
                claim("c2", commitment_id="other", targets=None),
                claim("c3", commitment_id="other", area=["RU"]),
                claim("c4", commitment_id="unsaid", prohibits={"acts": ["strike"]}),
                report("clear", "clear", targets=["residential"]),
                report(),
            )

            def found() -> list[str]:
                return sorted(verdict for incident, verdict, _ in pager.alerts() if incident == "i")

            await until(lambda: len(found()) == len(told))
            await asyncio.sleep(0.3)
            assert found() == told

    asyncio.run(story())


def test_a_correction_that_leaves_the_verdict_is_not_told(world: World) -> None:
    async def story() -> None:
        async with server() as pager, world.notifying(alertmanager=pager.url):
            world.judge(claim(), report(effects={"killed": 12}))
            await until(pager.alerts)
            for killed in (15, 12):
                world.judge(report(effects={"killed": killed}))
                await quiet(pager.posts, 0.2)

    asyncio.run(story())


def test_what_is_taken_back_is_told_once_by_the_same_labels_and_an_end(world: World) -> None:
    async def story() -> None:
        async with (
            server() as pager,
            server() as hook,
            world.notifying(alertmanager=pager.url, webhook=hook.url),
        ):
            world.judge(claim(), report())
            await until(lambda: pager.alerts() and hook.events())
            world.judge(report_retracted())
            await until(lambda: len(pager.alerts()) == len(hook.events()) == 2)
            await quiet(pager.posts)
        (first,), (second,) = pager.taken
        assert first["labels"] == second["labels"]
        assert second["endsAt"] == second["startsAt"] == first["startsAt"]
        assert second["annotations"]["summary"] == (
            "Withdrawn: i under truce, by AAA (testland) is no violation any more; "
            "nothing is reported of it any more"
        )
        stands, withdrawn = hook.taken
        assert [stands["type"], withdrawn["type"]] == ["verdict.stands", "verdict.withdrawn"]
        assert withdrawn["id"] == f"{stands['id']}/withdrawn"
        assert withdrawn["data"]["withdrawn_at"] == withdrawn["time"]

    asyncio.run(story())


def test_a_change_of_level_withdraws_the_one_and_tells_the_other(world: World) -> None:
    async def story() -> None:
        async with (
            server() as pager,
            world.notifying(alertmanager=pager.url, notify_level="contested"),
        ):
            world.judge(claim(), report())
            await until(pager.alerts)
            world.judge(claim("there", area=["RU"]))
            await until(lambda: len(pager.alerts()) == 3)
            assert pager.alerts()[1:] == [("i", "violation", False), ("i", "contested", True)]
            assert "now contested" in pager.taken[1][0]["annotations"]["summary"]

    asyncio.run(story())


def test_what_is_taken_back_before_it_is_told_is_never_told(world: World) -> None:
    async def story() -> None:
        async with server() as pager:
            async with world.notifying(alertmanager=pager.url):
                world.judge(claim())
                world.judge(report(), report_retracted())
                await quiet(pager.posts)
                pager.always = 503
                world.judge(report("r", "first"))
                await until(lambda: pager.posts)
                world.judge(report("r", "second"))
                await until(lambda: ("stands", "second", "waiting") in world.states())
                world.judge(report_retracted("r", "second"))
                pager.always = 200
                await until(lambda: ("stands", "second", "passed") in world.states())
                await until(lambda: ("stands", "first", "told") in world.states())
            assert pager.alerts() == [("first", "violation", True)]

    asyncio.run(story())


def test_what_stood_before_it_was_switched_on_is_not_told(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    async def story() -> None:
        world.judge(claim(), report("r", "old"))
        await asyncio.sleep(0.01)
        async with server() as pager, world.notifying(alertmanager=pager.url):
            await until(lambda: "1 verdicts were recorded before" in caplog.text)
            world.judge(report("r", "new"))
            await until(pager.alerts)
            assert pager.alerts() == [("new", "violation", True)]
            assert world.counted("truce_notices_total", target="alertmanager", outcome="old") == 1

    asyncio.run(story())


def test_what_was_judged_while_no_worker_told_is_told_by_the_next(world: World) -> None:
    async def story() -> None:
        async with server() as pager:
            async with world.notifying(webhook=pager.url):
                pass
            world.judge(claim(), report())
            async with world.notifying(webhook=pager.url):
                await until(lambda: world.states() == [("stands", "i", "told")])
            async with world.notifying(webhook=pager.url):
                await quiet(pager.posts)
            assert pager.events() == [("verdict.stands", "i")]

    asyncio.run(story())


def test_what_was_recorded_too_long_ago_is_counted_and_not_told(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    async def story() -> None:
        now = time.time()
        world.switch_on("alertmanager", now - 1_000)
        world.judge(claim(), report("r", "old"), recorded=now - 600)
        async with server() as pager, world.notifying(alertmanager=pager.url, notify_within=300):
            await until(lambda: ("stands", "old", "old") in world.states())
            world.judge(report("r", "new"), report_retracted("r", "old"))
            await until(pager.alerts)
            await quiet(pager.posts)
            assert pager.alerts() == [("new", "violation", True)]
            assert world.counted("truce_notices_total", target="alertmanager", outcome="old") == 1
        assert "recorded too long ago" in caplog.text

    asyncio.run(story())


def test_a_log_of_long_ago_in_a_new_database_is_not_told(world: World) -> None:
    async def story() -> None:
        async with server() as pager, world.notifying(alertmanager=pager.url):
            world.judge(claim(), report(), recorded=time.time() - 100)
            await quiet(pager.posts)
            assert world.states() == []

    asyncio.run(story())


def test_what_was_judged_while_it_was_switched_off_is_not_told(world: World) -> None:
    async def story() -> None:
        async with server() as pager:
            pager.always = 503
            async with world.notifying(alertmanager=pager.url):
                world.judge(claim(), report("r", "waits"))
                await until(lambda: pager.posts)
            async with world.notifying():
                world.judge(report("r", "meanwhile"))
            pager.always = 200
            await asyncio.sleep(0.01)
            async with world.notifying(alertmanager=pager.url):
                await quiet(pager.posts)
                world.judge(report("r", "after"))
                await until(pager.alerts)
            assert pager.alerts() == [("after", "violation", True)]

    asyncio.run(story())


def test_what_else_changes_renews_the_text_for_alertmanager_and_notifies_nobody(
    world: World,
) -> None:
    async def story() -> None:
        async with (
            server() as pager,
            server() as hook,
            world.notifying(alertmanager=pager.url, webhook=hook.url),
        ):
            world.judge(claim(), report())
            await until(lambda: hook.taken and pager.alerts_of("i"))
            world.judge(report("s", reported_by={"name": "Agency"}))
            await until(lambda: len(pager.alerts_of("i")) == 2)
            world.judge(report_denied(reported_by={"name": "Ministry", "party": "AAA"}))
            await until(lambda: len(pager.alerts_of("i")) == 3)
            first, *others = pager.alerts_of("i")
            texts = [one["annotations"]["description"] for one in (first, *others)]
            assert "Evidence: reported by one independent source" in texts[0]
            assert "Evidence: corroborated by two or more independent sources" in texts[1]
            assert "Denied by Ministry" in texts[2]
            for one in others:
                assert (one["labels"], one["startsAt"]) == (first["labels"], first["startsAt"])
            assert world.counted(TOLD, target="alertmanager", outcome="told") == 1
            revised = {"target": "alertmanager", "outcome": "revised"}
            await until(lambda: world.counted(TOLD, **revised) == 2)
            assert hook.events() == [("verdict.stands", "i")]
            world.judge(report_retracted("s"), report_retracted())
            await until(lambda: hook.events()[-1] == ("verdict.withdrawn", "i"))
            await until(lambda: pager.alerts()[-1] == ("i", "violation", False))
            assert len(hook.events()) == 2
        kinds = [kind for kind, _, _ in world.states()]
        assert sorted(kinds) == ["revised", "revised", "stands", "stands", "withdrawn", "withdrawn"]

    asyncio.run(story())
