"""What is odd about events that are published all the same, beside what is known already."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.cli.commands import truce
from tests.cli.test_cli_publish import claim, lines, report


def warned(*events: dict[str, Any], path: Path, data_dir: Path, dry: bool = False) -> list[str]:
    """The warnings of publishing these events, without their beginning."""
    options = ("--dry-run",) if dry else ()
    done = truce("publish", *options, lines(path, *events), data_dir=data_dir)
    assert done.returncode == 0, done.stderr
    said = done.stderr.splitlines()
    assert all(line.startswith("warning: ") for line in said), said
    return [line.removeprefix("warning: ") for line in said]


def test_a_town_with_another_apostrophe_is_another_incident_than_the_first(
    running: Path, tmp_path: Path
) -> None:
    path = tmp_path / "e.jsonl"
    towns = [f"Kup{char}iansk" for char in "'\u2019\u02bc"]
    first, *others = [report("town", n, incident_id=town) for n, town in enumerate(towns)]
    known = claim("town", "RUS")

    assert warned(known, first, path=path, data_dir=running) == []
    tried = warned(*others, path=path, data_dir=running, dry=True)
    told = warned(*others, path=path, data_dir=running)

    assert tried == told
    assert [line.split("; ")[1] for line in told] == ['did you mean "Kup\'iansk"?'] * 2
    assert told[0].startswith(f"{path}:1: data.incident_id: 'Kup\u2019iansk' is another incident")
    assert "U+02BC MODIFIER LETTER APOSTROPHE" in told[1]


def test_a_retraction_of_what_does_not_stand_asks_what_was_meant(
    running: Path, tmp_path: Path
) -> None:
    path = tmp_path / "e.jsonl"
    gone = {"conflict": "back", "incident_id": "bus-terminal-2", "report_id": "r"}
    back = {**report("back", 2), "type": "incident.report_retracted", "data": gone}
    right = {**back, "id": "r-3", "data": {**gone, "incident_id": "bus-terminal"}}

    first = report("back", 1, incident_id="bus-terminal")
    warned(claim("back", "RUS"), first, path=path, data_dir=running)
    (told,) = warned(back, path=path, data_dir=running)

    assert told == (
        f"{path}:1: report 'r' of incident 'bus-terminal-2' does not stand in conflict 'back': its "
        "retraction changes nothing; did you mean 'r' of incident 'bus-terminal'?"
    )
    assert warned(right, path=path, data_dir=running) == []


def test_a_city_with_exchanged_coordinates_is_told_the_right_way_round(
    running: Path, tmp_path: Path
) -> None:
    path = tmp_path / "e.jsonl"
    known = claim("city", "RUS")
    known["data"]["area"] = ["UA"]
    there, kyiv = {"lat": 30.52, "lon": 50.45}, {"lat": 50.45, "lon": 30.52}

    assert warned(known, report("city", 1, places=[kyiv]), path=path, data_dir=running) == []
    (told,) = warned(report("city", 2, places=[there]), path=path, data_dir=running)

    assert told == (
        f"{path}:1: data.places.0: lat 30.52, lon 50.45 is far from all else of the conflict; did "
        "you mean lat 50.45, lon 30.52?"
    )


def test_each_cause_is_warned_of_once_with_how_often(running: Path, tmp_path: Path) -> None:
    path = tmp_path / "e.jsonl"
    unsure = [report("sure", n, actor={"party": "RUS"}) for n in range(5)]

    (told,) = warned(claim("sure", "RUS"), *unsure, path=path, data_dir=running)

    assert told.startswith(f"{path}:2: data.actor: an actor without 'confidence'")
    assert told.endswith("(5 times, first here)")


def test_one_event_over_many_lines_is_one_mistake(tmp_path: Path) -> None:
    import json

    pretty = json.dumps(report("pretty"), indent=1).encode()
    path = lines(tmp_path / "e.jsonl", report("pretty", 2), pretty, report("pretty", 3))

    done = truce("publish", "--dry-run", path, data_dir=tmp_path / "none")

    last = len(pretty.splitlines()) + 1
    says = f"one event a line; this looks like one event over lines 2-{last}"
    assert done.returncode == 1
    assert done.stderr.splitlines()[0] == f"{path}:2: event: {says}"
    assert done.stdout.startswith("2 events (2 reports) would be published; 1 line could not")
