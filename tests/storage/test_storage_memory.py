"""What becomes of a batch for which the database engine has not enough memory."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from analytics.ledger.ledger import Ledger
from analytics.storage import opening
from analytics.storage.failures import LedgerMemory
from tests.bench import load
from tests.cli.commands import SCENARIO, environment, truce
from tests.storage.conftest import Run

KILLED_AFTER_MANY_COMMITS = """
import os, pathlib, sys
from tests.rebuild.conftest import *

ledger = Ledger.open(pathlib.Path(sys.argv[1]))
standing = load_standing(ledger)
lines = [*load.claims(20, overlap=False), *load.incidents(2_980, claims=20)]
found = [RawRecord(0, n, 1_000 + n, b"bench", raw) for n, raw in enumerate(lines)]
for at in range(0, len(found), 500):
    process(ledger, standing, "log", read(found[at : at + 500]))
os._exit(9)
"""


@pytest.fixture
def long_wal(tmp_path: Path) -> Path:
    """A database nearly all of which is in its WAL, which takes more than 9 MB to be replayed."""
    path = tmp_path / "truce.duckdb"
    command = [sys.executable, "-c", KILLED_AFTER_MANY_COMMITS, str(path)]
    assert subprocess.run(command, env=environment(), check=False).returncode == 9
    return path


def test_a_wal_for_which_the_memory_is_not_enough_is_replayed_with_more(long_wal: Path) -> None:
    with Ledger.open(long_wal, memory_limit="9MB") as ledger:
        cursor = ledger.cursor()
        assert cursor.execute("SELECT count(*) FROM events").fetchall() == [(3_000,)]
        [(limit,)] = cursor.execute("SELECT current_setting('memory_limit')").fetchall()
    with duckdb.connect(config={"memory_limit": "9MB"}) as other:
        assert other.execute("SELECT current_setting('memory_limit')").fetchall() == [(limit,)]


def test_memory_that_is_missing_is_never_told_as_damage_of_the_wal(
    long_wal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "REPLAY_LIMIT", "9MB")
    wal = long_wal.with_name("truce.duckdb.wal")
    before = wal.read_bytes()
    with pytest.raises(LedgerMemory, match="set TRUCE_MEMORY higher") as failed:
        Ledger.open(long_wal, memory_limit="9MB")
    assert "while replaying WAL" in str(failed.value)
    assert wal.read_bytes() == before


@pytest.fixture(scope="session")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("many") / "events.jsonl"
    lines = [*load.claims(20, overlap=False), *load.incidents(40_000, claims=20)]
    path.write_bytes(b"\n".join(lines) + b"\n")
    return path


@pytest.mark.faults
def test_it_is_tried_again_once_with_less_and_goes_on(many: Path, tmp_path: Path, run: Run) -> None:
    one = run(tmp_path, TRUCE_MEMORY="20MB")
    one.ready()
    assert truce("publish", many, data_dir=tmp_path).returncode == 3
    assert one.popen.stderr is not None
    # The lake, which has less by then, may have failed before, and says so.
    while (said := one.popen.stderr.readline()).startswith("truce: the lake "):
        pass
    assert said.startswith("truce: the database engine ran out of memory (")
    assert said.endswith("; it is tried again, once, with TRUCE_MAX_BATCH=8\n")
    one.ready()
    # Of a batch all is there or nothing.
    assert truce("publish", SCENARIO, data_dir=tmp_path).returncode == 0
    assert one.end() == (0, "")
    with Ledger.open(tmp_path / "truce.duckdb", read_only=True) as ledger:
        [(events, different)] = (
            ledger.cursor()
            .execute("SELECT count(*), count(DISTINCT (source, event_id)) FROM events")
            .fetchall()
        )
    assert events == different >= 14


@pytest.mark.faults
def test_in_the_end_a_line_says_what_to_set(many: Path, tmp_path: Path, run: Run) -> None:
    one = run(tmp_path, TRUCE_MEMORY="9MB")
    while one.popen.poll() is None:
        truce("publish", many, data_dir=tmp_path)
    code, said = one.ended()
    assert code == 1
    last = said.splitlines()[-1]
    assert last.startswith("truce: the database engine ran out of memory (")
    assert "set TRUCE_MEMORY higher, or TRUCE_MAX_BATCH lower, and start again" in last
    assert last.endswith("(TRUCE_MEMORY=9MB)")
