"""A judged database of a worker with an embedded broker, and workers that are asked to go on."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from streams.settings import Settings
from tests.cli.commands import SCENARIO, environment
from tests.rebuild.conftest import judge, large
from tests.support.logged import records

__all__ = ["large"]
Run = Callable[..., "Running"]


class Running:
    """`truce run` as a process of its own."""

    def __init__(self, data_dir: Path, *before: str, **environ: str) -> None:
        self.popen = subprocess.Popen(
            [*before, sys.executable, "-m", "streams.cli", "run", "--http", "127.0.0.1:0"],
            env=environment(data_dir, **environ),
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
        )

    def ready(self) -> None:
        """Wait until it says so; no line comes before."""
        assert self.popen.stderr is not None
        lines = [self.popen.stderr.readline() for _ in range(3)]
        assert lines[0].startswith("Worker ready"), [*lines, self.popen.communicate()[1]]

    def ended(self) -> tuple[int, str]:
        """Wait until it has; the exit code, and what it said since it was ready."""
        _, said = self.popen.communicate(timeout=60)
        return self.popen.returncode, said

    def end(self) -> tuple[int, str]:
        self.popen.terminate()
        return self.ended()


@pytest.fixture
def run() -> Iterator[Run]:
    """Start a worker; what still runs at the end is killed."""
    started: list[Running] = []

    def start(data_dir: Path, *before: str, **environ: str) -> Running:
        started.append(Running(data_dir, *before, **environ))
        return started[-1]

    yield start
    for one in started:
        if one.popen.poll() is None:
            one.popen.kill()
            one.popen.communicate()


@pytest.fixture(scope="session")
def judged_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data_dir = tmp_path_factory.mktemp("kept") / "data"
    data_dir.mkdir()
    judge(
        data_dir / "truce.duckdb",
        "log",
        records(SCENARIO.read_text(encoding="utf-8").splitlines()),
    )
    return data_dir


@pytest.fixture
def judged(judged_once: Path, tmp_path: Path) -> Settings:
    """The shipped scenario, judged: a copy of its own for each test."""
    settings = Settings(data_dir=tmp_path / "data")
    shutil.copytree(judged_once, settings.data_dir)
    return settings


@pytest.fixture(scope="session")
def killed_once(judged_once: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    data_dir = tmp_path_factory.mktemp("killed") / "data"
    shutil.copytree(judged_once, data_dir)
    database = Settings(data_dir=data_dir).database
    crash = (
        "import os, sys, pathlib; from tests.rebuild.conftest import *; "
        "ledger = Ledger.open(pathlib.Path(sys.argv[1])); "
        "standing = load_standing(ledger); "
        "[process(ledger, standing, 'next', read([RawRecord(1, n, 1_800_000_000_000, b'c', b'?', "
        "())])) for n in range(20)]; os._exit(9)"
    )
    command = [sys.executable, "-c", crash, str(database)]
    assert subprocess.run(command, env=environment(), check=False).returncode == 9
    assert database.with_name("truce.duckdb.wal").stat().st_size
    return data_dir


@pytest.fixture
def killed(killed_once: Path, tmp_path: Path) -> Settings:
    """One whose worker was killed after a few more commits: these are in its WAL only."""
    settings = Settings(data_dir=tmp_path / "data")
    shutil.copytree(killed_once, settings.data_dir)
    return settings
