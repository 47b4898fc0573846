"""The list of incidents: what is chosen, and how it fits where it is shown."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.commands import BARRAGE, truce


def listed(judged: Path, *options: str) -> list[dict[str, Any]]:
    done = truce("incidents", "--json", *options, data_dir=judged)
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    assert isinstance(found, list)
    return found


def test_every_incident_with_a_verdict_is_listed_in_the_order_of_time(judged: Path) -> None:
    found = listed(judged)
    starts = [one["occurred_start"] for one in found]

    assert starts == sorted(starts)
    (barrage,) = (one for one in found if one["incident_id"] == BARRAGE)
    assert (barrage["verdict"], barrage["party"]) == ("contested", "RUS")
    assert barrage["places"]
    assert (barrage["evidence"], barrage["admitted"]) == ("corroborated", False)
    assert barrage["denied_by"] == []


@pytest.mark.parametrize(
    ("options", "chosen"),
    [
        (("--verdict", "contested"), lambda one: one["verdict"] == "contested"),
        (("--commitment", "no-such"), lambda _: False),
        (("--since", "2026-02-03"), lambda one: one["occurred_end"] >= "2026-02-03"),
        (("--until", "2026-02-03"), lambda one: one["occurred_start"] < "2026-02-03"),
        # A report names it, however unsure.
        (("--party", "UKR"), lambda one: one["incident_id"] == "2026-02-03-belgorod"),
    ],
)
def test_only_what_is_chosen_is_listed(judged: Path, options: tuple[str, ...], chosen: Any) -> None:
    assert listed(judged, *options) == [one for one in listed(judged) if chosen(one)]


def test_open_ones_say_what_is_unknown_and_by_which_claim(judged: Path) -> None:
    found = listed(judged, "--open")

    assert found
    assert all(one["unknown"] for one in found)
    criteria = {name for one in found for claim in one["unknown"] for name in claim["criteria"]}
    assert criteria <= {
        *("in_window", "party_bound", "act_prohibited", "target_covered", "in_area", "still_bound")
    }


def test_a_time_that_is_none_says_what_is_missing(judged: Path) -> None:
    done = truce("incidents", "--since", "2026-02-01 23:40", data_dir=judged)

    assert done.returncode == 2
    assert "in UTC it would be 2026-02-01T23:40:00Z" in done.stderr


@pytest.mark.parametrize("command", [("incidents",), ("status",)])
def test_piped_output_obeys_columns_and_wraps_at_words(
    judged: Path, command: tuple[str, ...]
) -> None:
    wide = truce(*command, data_dir=judged)
    narrow = truce(*command, data_dir=judged, COLUMNS="80")

    assert max(map(len, wide.stdout.splitlines())) > 80
    assert max(map(len, narrow.stdout.splitlines())) <= 80
    words = {word for word in narrow.stdout.split() if word.isalpha()}
    assert words <= {*wide.stdout.split()}


@pytest.mark.parametrize("command", [("incidents",), ("status",), ("sql", "from verdicts")])
def test_a_terminal_that_has_only_ascii_is_enough(judged: Path, command: tuple[str, ...]) -> None:
    done = truce(*command, data_dir=judged, PYTHONIOENCODING="ascii", PYTHONUTF8="0")

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.isascii()
    assert "---" in done.stdout
