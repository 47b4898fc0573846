"""`truce new`: an event from options, and what it would change."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.commands import BARRAGE, rows, truce
from tests.cli.test_cli_publish import report

DESK = ("--by", "Desk", "--source", "https://desk.example/")


def made(*args: str, data_dir: Path) -> tuple[dict[str, Any], list[str]]:
    """The event that is printed, and what is said beside it."""
    done = truce("new", *args, data_dir=data_dir)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\n") == 1, "one event a line"
    event = json.loads(done.stdout)
    assert isinstance(event, dict)
    return event, done.stderr.splitlines()


def test_options_make_a_report(judged: Path) -> None:
    # fmt: off
    event, _ = made(
        "report", "--conflict", "c", "--incident", "i", "--report", "r", *DESK, "--kind", "media",
        "--party", "UKR", "--start", "2026-02-02T18:00:00+02:00", "--end", "2026-02-03T08:00:00+02:00",
        "--of", "impact", "--flight", "PT2M", "--as-stated", "in the night", "--actor", "RUS",
        "--confidence", "likely", "--act", "strike", "--target", "energy", "--target", "others",
        "--place", "UA-63", "--place", "50.45,30.52,10@UA-30", "--place", "UA-12|48.5,35",
        "--weapon", "missile:70..71:38", "--weapon", "drone", "--effect", "killed=3",
        "--effect", "injured=5..", "--impact", '{"place": "UA-63"}', "--evidence", "https://desk.example/1",
        "--id", "n-1", "--time", "2026-02-04T08:00:00Z", data_dir=judged,
    )
    # fmt: on

    assert event == {
        "specversion": "1.0",
        "id": "n-1",
        "source": "https://desk.example/",
        "type": "incident.reported",
        "time": "2026-02-04T08:00:00Z",
        "data": {
            "conflict": "c",
            "incident_id": "i",
            "report_id": "r",
            "reported_by": {"name": "Desk", "kind": "media", "party": "UKR"},
            "stance": "asserts",
            "occurred": {
                "start": "2026-02-02T18:00:00+02:00",
                "end": "2026-02-03T08:00:00+02:00",
                "of": "impact",
                "flight": "PT2M",
                "as_stated": "in the night",
            },
            "actor": {"party": "RUS", "confidence": "likely"},
            "act": "strike",
            "targets": ["energy", None],
            "places": [
                "UA-63",
                {"lat": 50.45, "lon": 30.52, "radius_km": 10, "codes": ["UA-30"]},
                {"one_of": ["UA-12", {"lat": 48.5, "lon": 35}]},
            ],
            "weapons": [
                {"type": "missile", "launched": {"min": 70, "max": 71}, "intercepted": 38},
                {"type": "drone"},
            ],
            "effects": {"killed": 3, "injured": {"min": 5}},
            "impacts": [{"place": "UA-63"}],
            "evidence": ["https://desk.example/1"],
        },
    }


# What is typed for the bounds of a window, and the window.
BOUNDS: tuple[tuple[tuple[str, str], dict[str, Any]], ...] = (
    (("2026-01-25T00:00:00Z", "open"), {"start": "2026-01-25T00:00:00Z", "end": None}),
    (("unknown", "unknown"), {}),
    (
        ("2026-01-25T00:00:00Z..2026-01-26T00:00:00Z", "..2026-02-01T00:00:00Z"),
        {
            "start": {"earliest": "2026-01-25T00:00:00Z", "latest": "2026-01-26T00:00:00Z"},
            "end": {"latest": "2026-02-01T00:00:00Z"},
        },
    ),
)


@pytest.mark.parametrize(("bounds", "window"), BOUNDS, ids=lambda one: str(one)[:40])
def test_options_make_a_claim(
    bounds: tuple[str, str], window: dict[str, Any], tmp_path: Path
) -> None:
    # fmt: off
    event, _ = made(
        "claim", "--conflict", "c", "--commitment", "t", "--claim", "k", *DESK, "--role", "media",
        "--binds", "RUS", "--binds", "UKR", "--act", "strike", "--area", "UA-30", "--area", "others",
        "--from", bounds[0], "--until", bounds[1], "--reciprocal", "--condition", "as long as they talk",
        data_dir=tmp_path,
    )
    # fmt: on

    assert event["data"] == {
        "conflict": "c",
        "commitment_id": "t",
        "claim_id": "k",
        "claimed_by": {"name": "Desk", "role": "media"},
        "stance": "asserts",
        "bound_parties": ["RUS", "UKR"],
        "prohibits": {"acts": ["strike"]},
        "area": ["UA-30", None],
        "window": [window],
        "conditions": {"reciprocal": True, "other": "as long as they talk"},
    }


def test_a_denial_needs_less(tmp_path: Path) -> None:
    names = ("--conflict", "c", "--incident", "i", "--report", "r")
    event, told = made("report", *names, *DESK, "--stance", "denies", data_dir=tmp_path)

    assert "occurred" not in event["data"]
    assert event["data"]["stance"] == "denies"
    assert told[0].startswith("No preview: nothing stands here to compare with (")


def test_the_same_content_has_the_same_id(tmp_path: Path) -> None:
    names = ("--conflict", "c", "--coverage", "w", *DESK, "--quality", "full")
    times = ("--start", "2026-01-01T00:00:00Z", "--end", "2026-01-02T00:00:00Z")
    said = ("--time", "2026-01-02T00:00:00Z")
    one, _ = made("coverage", *names, *times, *said, data_dir=tmp_path)
    again, _ = made("coverage", *names, *times, *said, data_dir=tmp_path)
    other, _ = made("coverage", *names, *times, *said, "--area", "UA-14", data_dir=tmp_path)

    assert one == again
    assert one["id"] != other["id"]


WRONG = (
    (("--start", "2026-02-02 18:00"), "--start: expected a T between date and time"),
    (("--start", "2026-02-02T18:00:00Z", "--act", "misile"), "--act: 'misile' is not an act"),
    (
        ("--start", "2026-02-02T18:00:00Z", "--end", "2026-02-01T00:00:00Z"),
        "--end: expected the end",
    ),
    (("--start", "2026-02-02T18:00:00Z", "--weapon", "a:b"), "--weapon: 'b' is not a number"),
    (("--start", "2026-02-02T18:00:00Z", "--effect", "3"), "--effect: expected NAME=COUNT"),
    (
        ("--start", "2026-02-02T18:00:00Z", "--evidence", "javascript:x"),
        "--evidence: expected a web",
    ),
    ((), "needs --start; on a terminal they are asked for"),
)


@pytest.mark.parametrize(("options", "says"), WRONG, ids=[says[:30] for _, says in WRONG])
def test_what_is_wrong_is_named_by_its_option(
    options: tuple[str, ...], says: str, tmp_path: Path
) -> None:
    names = ("--conflict", "c", "--incident", "i", "--report", "r")
    done = truce("new", "report", *names, *DESK, *options, data_dir=tmp_path)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"truce: {says}"), done.stderr


def test_a_report_of_what_is_known_says_which_verdict_would_be_and_why(judged: Path) -> None:
    names = ("--conflict", "russia-ukraine", "--incident", BARRAGE, "--report", "denial")
    _, told = made("report", *names, *DESK, "--stance", "denies", data_dir=judged)

    # One independent denial leaves the claim open that was violated: nothing is outvoted.
    assert told[:2] == [
        "1 verdict would change:",
        f"  {BARRAGE}: contested -> undetermined (RUS) (under energy-truce-2026)",
    ]
    assert "energy-truce-2026: undetermined (by RUS)" in told
    assert any(
        line.startswith("  E26-5 (Volodymyr Zelenskyy, party): undetermined") for line in told
    )


def test_a_preview_is_what_publishing_then_says(running: Path) -> None:
    # fmt: off
    truce_of = ("--conflict", "new", "--commitment", "t", "--claim", "k", *DESK, "--binds", "RUS",
                "--act", "any", "--target", "any", "--area", "UA", "--from", "2026-01-01T00:00:00Z")
    strike = ("--conflict", "new", "--incident", "bus", "--report", "r", *DESK, "--actor", "RUS",
              "--confidence", "confirmed", "--act", "strike", "--target", "transport", "--place", "UA-12",
              "--start", "2026-01-10T00:00:00Z")
    # fmt: on
    until = ("--until", "2026-02-01T00:00:00Z")

    first = truce("new", "claim", *truce_of, *until, "--publish", data_dir=running)
    assert first.returncode == 0, first.stderr
    assert "No verdict would change: no incident of conflict 'new' is reported yet." in first.stderr
    assert first.stdout == "1 event (1 claim) published and judged\n"

    second = truce("new", "report", *strike, "--publish", data_dir=running)
    line = "bus: violation by RUS (under t)"
    assert second.stderr.splitlines()[:2] == ["1 verdict would change:", f"  {line}"]
    assert second.stdout.splitlines() == ["1 event (1 report) published and judged", line]
    assert rows("select verdict, party from verdicts where conflict = 'new'", running) == [
        ("violation", "RUS")
    ]

    # The truce ended before: only asked about, so nothing changes.
    earlier = ("--until", "2026-01-05T00:00:00Z")
    _, told = made("claim", *truce_of, *earlier, data_dir=running)
    assert told == [
        "It revises the claim 'k' of this commitment that stands.",
        "1 verdict would change:",
        "  bus: violation by RUS -> no verdict any more (under t)",
    ]
    assert rows("select count(*) from claims where conflict = 'new'", running) == [(1,)]


def test_what_is_odd_is_warned_of_once(running: Path) -> None:
    event = report("odd-new", 1)["data"]
    names = ("--conflict", "odd-new", "--incident", event["incident_id"], "--report", "r", *DESK)
    said = ("--start", "2026-01-10T12:00:00Z", "--place", "0,0")
    done = truce("new", "report", *names, *said, "--publish", data_dir=running)

    assert done.returncode == 0, done.stderr
    assert done.stderr.count("Gulf of Guinea") == 1
    assert "warning: data.places.0: 0,0 lies in the Gulf of Guinea" in done.stderr


def test_coverage_moves_no_verdict(judged: Path) -> None:
    names = ("--conflict", "russia-ukraine", "--coverage", "w", *DESK, "--quality", "full")
    times = ("--start", "2026-02-01T00:00:00Z", "--end", "2026-02-02T00:00:00Z")
    event, told = made("coverage", *names, *times, "--area", "UA-14", data_dir=judged)

    assert event["data"]["area"] == ["UA-14"]
    assert told[0].startswith("No verdict would change")


def test_without_a_worker_nothing_is_published(judged: Path) -> None:
    names = ("--conflict", "russia-ukraine", "--coverage", "w", *DESK, "--quality", "full")
    times = ("--start", "2026-02-01T00:00:00Z", "--end", "2026-02-02T00:00:00Z")
    done = truce("new", "coverage", *names, *times, "--publish", data_dir=judged)

    assert done.returncode == 3
    assert "no worker runs on" in done.stderr
