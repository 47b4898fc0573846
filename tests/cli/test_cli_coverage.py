"""Who watched, and who was kept from it, as `truce status` tells it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from analytics.ledger.ledger import Ledger
from streams.engine.decoding import RawRecord, read
from streams.engine.loading import load_standing, process
from streams.settings import Settings
from tests.cli.commands import rows, truce
from tests.support.given import CONFLICT, claim, coverage, report

RECORDED_MS = 1_769_990_400_000  # 2026-02-02T00:00:00Z


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A conflict that observers watched on the 10th, and were kept from on the 11th and the 13th."""
    data_dir = tmp_path_factory.mktemp("watched")
    lines = [
        claim(),
        report(),
        coverage(),
        coverage("gone", start="2026-01-20T00:00:00Z", end="2026-01-21T00:00:00Z", quality="none"),
        *(
            coverage(f"d{day}", start=f"2026-01-{day}T00:00:00Z", end=f"2026-01-{day + 1}T00:00:00Z",
                     quality="denied")
            for day in (11, 13)
        ),
    ]  # fmt: skip
    records = [
        RawRecord(0, offset, RECORDED_MS, CONFLICT.encode(), line.encode())
        for offset, line in enumerate(lines)
    ]
    with Ledger.open(Settings(data_dir=data_dir).database) as ledger:
        process(ledger, load_standing(ledger), "log", read(records))
    return data_dir


def test_status_says_up_to_when_it_was_watched_and_who_was_denied_access(watched: Path) -> None:
    done = truce("status", data_dir=watched, COLUMNS="120")
    assert (done.returncode, done.stderr) == (0, "")
    assert (
        "Watched, wholly or in part, up to 2026-01-11 00:00Z; last said 2026-02-02 00:00Z."
        in done.stdout
    )
    assert (
        "Access denied to Mission: 2026-01-13 00:00Z to 2026-01-14 00:00Z, the last of 2 times."
        in done.stdout
    )


def test_status_as_json_has_the_coverage_of_a_conflict(watched: Path) -> None:
    [told] = json.loads(truce("status", "--json", data_dir=watched).stdout)["coverage"]
    assert told["last_coverage"] == "2026-02-02T00:00:00Z"
    assert told["watched_until"] == "2026-01-11T00:00:00Z"
    assert told["denied"] == [
        {
            "reported_by": "Mission",
            "times": 2,
            "last_start": "2026-01-13T00:00:00Z",
            "last_end": "2026-01-14T00:00:00Z",
        }
    ]


def test_status_says_nothing_of_coverage_that_nobody_speaks_of(judged: Path) -> None:
    done = truce("status", data_dir=judged)
    assert "atched" not in done.stdout
    assert "Access denied" not in done.stdout


def test_what_is_published_of_who_watched_is_counted_and_kept(running: Path) -> None:
    lines = [coverage(), coverage(quality="denied"), coverage("other", quality="ful")]
    done = truce("publish", "-", data_dir=running, given="\n".join(lines).encode())
    assert done.returncode == 1
    assert (
        done.stdout
        == "2 events (2 coverage reports) published and judged; 1 line could not be read\n"
    )
    assert done.stderr.startswith("stdin:3: data.quality: 'ful' is not a quality of coverage")
    asked = f"SELECT coverage_id, quality FROM coverage WHERE conflict = '{CONFLICT}'"  # noqa: S608
    assert rows(asked, running) == [("w", "denied")]
