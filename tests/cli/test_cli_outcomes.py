"""What became of every line that was published, and which verdicts it changed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.cli.commands import truce
from tests.cli.test_cli_publish import claim, lines, report

RUS = {"party": "RUS", "confidence": "confirmed"}


def total(conflict: str) -> dict[str, Any]:
    """A claim that prohibits everything in Ukraine."""
    found = claim(conflict, "RUS", "UKR")
    found["data"] |= {"prohibits": {"acts": ["any"], "targets": ["any"]}, "area": ["UA"]}
    return found


def strike(conflict: str, number: int, **said: Any) -> dict[str, Any]:
    return report(conflict, number, actor=RUS, act="strike", **said)


def test_an_id_used_again_is_refused_by_file_line_and_id(running: Path, tmp_path: Path) -> None:
    killed = [strike("reused", 1, effects={"killed": count}) for count in (3, 5)]
    path = lines(tmp_path / "e.jsonl", total("reused"), *killed)

    done = truce("publish", path, data_dir=running)

    assert done.returncode == 1
    assert done.stdout.splitlines()[0] == (
        "3 events (1 claim, 2 reports) published and judged: 2 taken, 1 refused"
    )
    (refused,) = done.stderr.splitlines()
    assert refused == (
        f"{path}:3: refused: id: 'r-1' of source 'https://desk.example/' stands for other content"
    )


def test_the_identical_event_again_is_known_already(running: Path, tmp_path: Path) -> None:
    path = lines(tmp_path / "e.jsonl", total("again"), strike("again", 1), strike("again", 1))

    first = truce("publish", path, data_dir=running)
    again = truce("publish", path, data_dir=running)

    assert (first.returncode, again.returncode) == (0, 0)
    assert first.stdout.splitlines()[0].endswith("judged: 2 taken, 1 known already")
    assert f"known already: {path}:3" in first.stdout.splitlines()
    assert again.stdout.splitlines()[0].endswith("judged: 3 known already")
    assert len(again.stdout.splitlines()) == 2, "no verdict changed"


def test_a_line_that_revises_an_earlier_one_says_so(running: Path, tmp_path: Path) -> None:
    revised = {**strike("revised", 1, effects={"killed": 5}), "id": "r-1b"}
    path = lines(tmp_path / "e.jsonl", strike("revised", 1), revised)

    tried = truce("publish", "--dry-run", path, data_dir=running)
    done = truce("publish", path, data_dir=running)
    again = truce("publish", path, data_dir=running)

    says = f"{path}: line 2 revises line 1: report 'r' of incident 'i-1'"
    assert says in tried.stdout.splitlines()
    assert says in done.stdout.splitlines()
    assert says not in again.stdout, "it was known already"


def test_a_verdict_that_changes_is_told_with_both_sides(running: Path, tmp_path: Path) -> None:
    first = strike("bus", 1, incident_id="bus2")
    second = {**strike("bus", 1, incident_id="bus2", places=["UA-30"]), "id": "r-2"}
    back = {
        **report("bus", 3),
        "type": "incident.report_retracted",
        "data": {"conflict": "bus", "incident_id": "bus2", "report_id": "r"},
    }

    def told(*events: dict[str, Any]) -> list[str]:
        done = truce("publish", lines(tmp_path / "e.jsonl", *events), data_dir=running)
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()[1:]

    assert told(total("bus"), first) == ["bus2: undetermined (RUS) (under truce)"]
    assert told(second) == ["bus2: undetermined -> violation by RUS (under truce)"]
    assert told(back) == ["bus2: violation by RUS -> no verdict any more (under truce)"]


def test_many_lines_are_counted_and_only_the_first_are_named(running: Path, tmp_path: Path) -> None:
    many = [strike("many", n, places=["UA-30"]) for n in range(700)]
    path = lines(tmp_path / "e.jsonl", total("many"), *many)
    killed = [strike("many", n, places=["UA-30"], effects={"killed": n}) for n in range(30)]
    other = lines(tmp_path / "f.jsonl", *killed, *many[30:])

    done = truce("publish", path, data_dir=running)
    again = truce("publish", other, data_dir=running)

    verdicts = done.stdout.splitlines()[1:]
    assert len(verdicts) == 21
    assert verdicts[-1] == "680 more verdicts: violation by RUS"
    assert again.returncode == 1
    assert again.stdout.splitlines()[0].endswith(": 670 known already, 30 refused")
    assert again.stdout.splitlines()[1].endswith(" and 650 more")
    assert len(again.stderr.splitlines()) == 21
    assert again.stderr.splitlines()[-1].startswith("and 10 more were refused")
