"""Whatever the events hold, no output has a control, a bidi or a hidden character, or a forged line."""

from __future__ import annotations

import asyncio
import json
import logging
from pathlib import Path

import pytest
from rich.text import Text

from schemas.safe_text import for_terminal
from streams.commands import console
from streams.log_lines import LogLines
from tests.cli.commands import truce
from tests.cli.hostile import FORGED, HOSTILE, hostile_events, unfit
from tests.notify.notifying import World, server, until
from tests.support.given import CONFLICT, claim

LINES, FIELDS = hostile_events()
# No table is named so, and nothing is written before it: a forged line would begin with it.
FORGED_LINE = "strike-1: violation"


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database in which all is hostile: as a log has it that others may write to."""
    data_dir = tmp_path_factory.mktemp("hostile")
    world = World(data_dir)
    world.judge(*LINES)
    world.judge(*LINES[:1])
    world.ledger.close()
    return data_dir


def test_every_text_of_every_event_is_hostile() -> None:
    assert {
        *("id", "source", "dataschema", "subject"),
        *("data.conflict", "data.commitment_id", "data.claim_id", "data.bound_parties.*"),
        *("data.claimed_by.name", "data.claimed_by.party", "data.window.*.as_stated"),
        *("data.conditions.other", "data.evidence.*", "data.reason"),
        *("data.incident_id", "data.report_id", "data.reported_by.name"),
        *("data.reported_by.kind", "data.reported_by.party", "data.actor.party"),
        *("data.weapons.*.type", "data.effects.[key]", "data.impacts.*.effects.[key]"),
        *("data.coverage_id", "data.as_stated"),
    } == FIELDS


TABLES = (
    "verdicts",
    "claims",
    "reports",
    "events",
    "claim_verdicts",
    "compliance",
    "coverage",
    "disagreements",
    "warnings",
)
COMMANDS = [
    ("status",),
    ("status", "--json"),
    ("verify",),
    ("verify", "--json"),
    ("rebuild", "--from-events", "--dry-run"),
    ("rebuild", "--from-events", "--dry-run", "--json"),
    ("sql", "; ".join(map("from {}".format, TABLES))),
    ("sql", "--format", "json", "from claims; from events; select payload::varchar p, * from reports"),
    ("sql", "select error(max(payload)) from claims"),
    ("sql", f'select 1 as "{FORGED}"'),
    ("explain", FORGED),
    ("explain", "strike"),
    ("publish", "--dry-run", "/nowhere" + FORGED.replace("/", "")),
    ("nothing" + FORGED,),
    ("status", "--http" + FORGED),
]  # fmt: skip


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: for_terminal(" ".join(words))[:60])
def test_no_command_prints_it(hostile: Path, words: tuple[str, ...]) -> None:
    done = truce(*words, data_dir=hostile)
    assert done.stdout + done.stderr
    assert done.returncode == 0 or "; from " not in words[-1], "all of them are printed"
    assert unfit(done.stdout + done.stderr) == []
    assert not any(
        line.strip().startswith(FORGED_LINE) for line in (done.stdout + done.stderr).splitlines()
    )


@pytest.mark.parametrize("more", [(), ("--json",)])
def test_explain_prints_each_on_its_line(hostile: Path, more: tuple[str, ...]) -> None:
    report = json.loads(LINES[3])["data"]
    done = truce(
        *("explain", report["incident_id"], "--conflict", report["conflict"], *more),
        data_dir=hostile,
    )
    assert done.returncode == 0, done.stderr
    assert unfit(done.stdout) == []
    assert not any(line.strip().startswith(FORGED_LINE) for line in done.stdout.splitlines())
    if more:
        # Programs get what was said, in JSON's escapes.
        assert json.loads(done.stdout)["incident_id"] == report["incident_id"]
    else:
        assert (
            "It has a condition: if it rains\u23cestrike-1: violation\u23ce\\x9b31m" in done.stdout
        )


def test_what_the_log_has_accepted_is_folded_again_as_it_was(hostile: Path) -> None:
    done = truce("rebuild", "--from-events", "--dry-run", data_dir=hostile)
    assert "No row differs from the old database." in done.stdout
    assert f"{len(LINES)} events folded" in done.stdout


def test_csv_is_for_programs_and_has_what_was_said(hostile: Path) -> None:
    done = truce("sql", "--format", "csv", "select other_conditions from claims", data_dir=hostile)
    assert "\x9b31m" in done.stdout


def test_publish_and_demo_refuse_it_by_its_name_where_it_is_no_free_text(tmp_path: Path) -> None:
    name = "events\u202e\n.jsonl"
    (tmp_path / name).write_text("\n".join([*LINES, '{"\u202e": 1, "\u202e": 2}', "{\x9b"]))
    done = truce("publish", "--dry-run", tmp_path / name, data_dir=tmp_path)
    assert done.returncode == 1
    assert unfit(done.stdout + done.stderr) == []
    assert "data.conflict: U+200B ZERO WIDTH SPACE is refused" in done.stderr
    assert "data.evidence.0: U+202E RIGHT-TO-LEFT OVERRIDE is refused" in done.stderr
    assert "as_stated" not in done.stderr
    done = truce("demo", "--http", "127.0.0.1:0", tmp_path / name, data_dir=tmp_path / "demo")
    assert unfit(done.stdout + done.stderr) == []


@pytest.mark.parametrize("text", HOSTILE, ids=["forged", "backwards", "unseen"])
def test_alerts_events_and_logs_have_it_in_marks(
    tmp_path: Path, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def story() -> None:
        world = World(tmp_path)
        async with (
            server() as pager,
            server() as hook,
            world.notifying(
                alertmanager=pager.url, webhook=hook.url, notify_level="undetermined", notify_rate=1
            ),
        ):
            world.judge(claim(conflict=json.loads(LINES[0])["data"]["conflict"]), *LINES)
            more = [
                line.replace("strike-1", f"strike-{n}") for n in range(2, 6) for line in LINES[3:4]
            ]
            for n, line in enumerate(more):
                world.judge(line.replace('"id": "e3', f'"id": "more{n}'))
            await until(lambda: len(pager.taken) > 1 and len(hook.taken) > 1)
            await until(lambda: any(e["type"] == "verdict.burst" for e in hook.taken))
        for post in (*pager.posts, *hook.posts):
            assert unfit(post.body.decode()) == []
        for alerts in pager.taken:
            for alert in alerts:
                for shown in (*alert["labels"].values(), *alert["annotations"].values()):
                    assert unfit(shown) == []
                    assert not any(line.startswith(FORGED_LINE) for line in shown.split("\n"))
        for event in hook.taken:
            for shown in (event["data"]["summary"], event["data"]["why"], event["data"]["details"]):
                assert unfit(shown) == []
        world.ledger.close()

    asyncio.run(story())
    entry = logging.LogRecord("streams", 30, "f.py", 1, "refused: %s", (text,), None)
    assert unfit(LogLines("truce: %(message)s").format(entry)) == []
    assert "\n" not in LogLines("truce: %(message)s").format(entry)
    entry.exc_info = (ValueError, ValueError(text), None)
    lines = LogLines("truce: %(message)s").format(entry).split("\n")
    assert [line for line in lines[1:] if not line.startswith("  ")] == []
    assert unfit("\n".join(lines)) == []


def test_what_is_styled_is_made_fit_too(capsys: pytest.CaptureFixture[str]) -> None:
    console.say(Text.assemble(("a\u202eb", "bold"), ": ", ("c\nd", "red")))
    console.err("[bold]x\x1b[2J\u200b[/bold]\nFORGED")
    shown = capsys.readouterr()
    assert shown.out == "a\\u202eb: c\u23ced\n"
    assert shown.err == "[bold]x\\x1b[2J\\u200b[/bold]\u23ceFORGED\n"


def test_the_conflict_of_the_helpers_is_another() -> None:
    assert json.loads(LINES[0])["data"]["conflict"] != CONFLICT
