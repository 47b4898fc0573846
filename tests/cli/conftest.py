"""A scenario that has been judged once, and a worker that runs, for all tests of this room."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.commands import Done, truce, worker


@pytest.fixture(scope="session")
def shown(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Done]:
    """The data directory that a first demo left, and what it printed."""
    data_dir = tmp_path_factory.mktemp("shown") / "data"
    # Set, but a demo tells nobody.
    pager = "http://127.0.0.1:1"
    done = truce("demo", "--http", "127.0.0.1:0", data_dir=data_dir, TRUCE_ALERTMANAGER=pager)
    assert done.returncode == 0, done.stdout + done.stderr
    return data_dir, done


@pytest.fixture(scope="session")
def judged(shown: tuple[Path, Done]) -> Path:
    """A data directory with the shipped scenario, on which no worker runs. Read only."""
    return shown[0]


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The data directory of a worker that runs; tests publish conflicts of their own into it."""
    data_dir = tmp_path_factory.mktemp("running") / "data"
    with worker(data_dir):
        yield data_dir
