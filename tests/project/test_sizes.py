"""A file has one job and a folder can be taken in at a glance; what is larger says why."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("streams", "analytics", "schemas", "tests", "deploy")
MOST_LINES = 320
MOST_FILES = 16
# An exception stays until its file is clearly smaller, so that no line more or less decides.
LINES_WITHOUT_EXCEPTION = 300


class Larger(NamedTuple):
    """Something larger than others: how large it may be at most, and why it may."""

    path: str
    most: int
    reason: str


# fmt: off
FILES = (
    Larger("analytics/ledger/versions.py", 505, "judgements in columns: one set of arrays, many views of it"),
    Larger("analytics/ledger/ledger.py", 325, "the one open database: what it knows, commits and closes"),
    Larger("streams/cli.py", 710, "all that can be typed, with its help"),
    Larger("schemas/borders.py", 339, "geodesic geometry, of no use in parts"),
    Larger("analytics/ledger/staging.py", 346, "every kind of row that a transaction stages"),
    Larger("deploy/grafana/dashboards.py", 430, "three dashboards, panel by panel"),
    Larger("tests/analytics/test_analytics_ledger.py", 560, "one ledger, looked at from many sides"),
    Larger("tests/analytics/test_analytics_metrics.py", 495, "whole pages of metrics, as they are read"),
    Larger("tests/cli/test_cli_readme.py", 335, "one reader, who follows every page"),
    Larger("tests/schemas/test_schemas_events.py", 505, "a table of what is valid and what is not"),
    Larger("tests/schemas/test_schemas_time.py", 405, "tables of instants and windows"),
    Larger("tests/judging/test_judging_criteria.py", 460, "a table of cases for each rule"),
    Larger("tests/judging/test_judging_commitment.py", 345, "a table of cases for each rule"),
    Larger("tests/notify/test_notify_rules.py", 335, "one rule of who is notified after the other"),
    Larger("tests/kafka/test_kafka.py", 440, "one broker, started once for all of it"),
    Larger("tests/rebuild/test_rebuild.py", 426, "one fault of a rebuild after the other"),
    Larger("tests/faults/crash.py", 365, "one program, with its options and its report"),
    Larger("tests/bench/measuring.py", 338, "what every section of the benchmark shares"),
)
FOLDERS = (
    Larger("streams/engine", 17, "one file for each stage of a batch, and for each way of starting again"),
    Larger("schemas", 21, "the vocabulary of the log: one module for each kind of thing"),
    Larger("tests/cli", 17, "one command a file"),
    Larger("tests/bench", 19, "one section of the benchmark a file"),
    Larger("tests/worker", 20, "the worker, its broker and its transport: one file of tests for each part"),
)
# fmt: on


def lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def sources() -> list[Path]:
    return sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))


def size(folder: Path) -> int:
    """How many files stand in it, leaving out SQL and what marks a package."""
    kept = [path for path in folder.iterdir() if path.is_file() and path.suffix != ".sql"]
    return len([path for path in kept if path.name not in {"__init__.py", "py.typed"}])


def test_no_source_file_is_longer_than_it_may_be() -> None:
    most = {one.path: one.most for one in FILES}
    found = {str(path.relative_to(ROOT)): lines(path) for path in sources()}
    assert {
        path: count for path, count in found.items() if count > most.get(path, MOST_LINES)
    } == {}


def test_no_folder_holds_more_files_than_it_may() -> None:
    most = {one.path: one.most for one in FOLDERS}
    folders = {path.parent for path in sources()}
    found = {str(folder.relative_to(ROOT)): size(folder) for folder in folders}
    assert {
        path: count for path, count in found.items() if count > most.get(path, MOST_FILES)
    } == {}


@pytest.mark.parametrize("one", FILES, ids=lambda one: one.path)
def test_an_exception_is_a_file_that_needs_it(one: Larger) -> None:
    assert (ROOT / one.path).exists()
    assert lines(ROOT / one.path) >= LINES_WITHOUT_EXCEPTION


@pytest.mark.parametrize("one", FOLDERS, ids=lambda one: one.path)
def test_an_exception_is_a_folder_that_needs_it(one: Larger) -> None:
    assert size(ROOT / one.path) > MOST_FILES
