"""A judged database, for the tests of this room to rebuild."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from analytics.ledger.ledger import Ledger
from streams.engine.decoding import RawRecord, read
from streams.engine.loading import load_standing, process
from streams.settings import Settings
from tests.bench import load
from tests.cli.commands import SCENARIO
from tests.support.logged import records


def judge(path: Path, log_id: str, found: list[RawRecord]) -> None:
    """Have the records judged by a worker of that log."""
    with Ledger.open(path) as ledger:
        process(ledger, load_standing(ledger), log_id, read(found))


@pytest.fixture
def scenario(tmp_path: Path) -> Settings:
    """The shipped scenario; some of it is published, and something came that cannot be read."""
    settings = Settings(data_dir=tmp_path / "data")
    settings.data_dir.mkdir()
    found = records(SCENARIO.read_text(encoding="utf-8").splitlines())
    bad = [RawRecord(0, len(found), found[-1].timestamp_ms, b"x", b"{", ())]
    judge(settings.database, "log", found + bad)
    with Ledger.open(settings.database) as ledger:
        ledger.published(ledger.pending_outbox()[2].seq)
    return settings


@pytest.fixture(scope="session")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database that takes a moment to rebuild."""
    path = tmp_path_factory.mktemp("large") / "truce.duckdb"
    lines = [*load.claims(20, overlap=False), *load.incidents(3_000, claims=20)]
    judge(path, "log", [RawRecord(0, n, 1_000 + n, b"bench", raw) for n, raw in enumerate(lines)])
    return path


@pytest.fixture
def several(large: Path, tmp_path: Path) -> Settings:
    """A copy of that database."""
    settings = Settings(data_dir=tmp_path)
    shutil.copy(large, settings.database)
    return settings
