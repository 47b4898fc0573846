"""A file of the database that vanishes while it is open, and what is done to save what was in it."""

from __future__ import annotations

import os
import shutil
import stat
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from analytics.ledger.ledger import Ledger
from analytics.storage.failures import LedgerVanished
from streams.settings import Settings
from tests.cli.commands import SCENARIO, rows, truce
from tests.storage.conftest import Run

NAMES = ("truce.duckdb", "truce.duckdb.wal")


def unlink(path: Path) -> None:
    path.unlink()


def empty(path: Path) -> None:
    os.truncate(path, 0)


def replace(path: Path) -> None:
    other = path.with_name("other")
    shutil.copy(path, other)
    other.replace(path)


@pytest.mark.parametrize(
    ("name", "harm", "what"),
    [
        ("truce.duckdb", unlink, "was deleted or moved away"),
        ("truce.duckdb", replace, "was replaced by another file"),
        ("truce.duckdb.wal", unlink, "was deleted or moved away"),
        ("truce.duckdb.wal", replace, "was deleted or moved away"),
        ("truce.duckdb.wal", empty, "was cut"),
    ],
)
def test_a_worker_ends_within_seconds_with_one_line_and_nothing_is_lost(
    tmp_path: Path, run: Run, name: str, harm: Callable[[Path], None], what: str
) -> None:
    data_dir = tmp_path / "data"
    one = run(data_dir)
    one.ready()
    assert truce("publish", SCENARIO, data_dir=data_dir).returncode == 0
    # A log that is cut before it was looked at with these events in it looks whole once the next
    # commit is longer than what was there at the last look: the mark says so at the next start.
    time.sleep(3)
    harm(data_dir / name)
    code, said = one.ended()
    assert (code, said.count("\n")) == (1, 1), said
    assert said.startswith(f"truce: {data_dir / name} {what} while the worker ran: it ends; all ")
    if name == NAMES[0]:
        rescued = data_dir / "truce.duckdb.rescued"
        assert f"is in {rescued}: move it to {data_dir / name}, and start again" in said
        assert stat.S_IMODE(rescued.stat().st_mode) == 0o600
        rescued.replace(data_dir / name)
        (data_dir / NAMES[1]).unlink(missing_ok=True)
    again = run(data_dir)
    again.ready()
    assert again.end() == (0, "")
    assert rows("SELECT count(*) FROM events", data_dir) == [(14,)]


def test_a_directory_that_vanished_ends_it_too(tmp_path: Path, run: Run) -> None:
    data_dir = tmp_path / "data"
    one = run(data_dir)
    one.ready()
    assert truce("publish", SCENARIO, data_dir=data_dir).returncode == 0
    moved = tmp_path / "moved"
    data_dir.rename(moved)
    code, said = one.ended()
    assert (code, said.count("\n")) == (1, 1), said
    assert said.startswith(f"truce: {data_dir} was deleted, moved or replaced while")
    assert f"all that was committed is in {moved / 'truce.duckdb'}" in said
    assert rows("SELECT count(*) FROM events", moved) == [(14,)]


def test_where_it_all_is_deleted_that_is_said(tmp_path: Path, run: Run) -> None:
    data_dir = tmp_path / "data"
    one = run(data_dir)
    one.ready()
    shutil.rmtree(data_dir)
    code, said = one.ended()
    assert (code, said.count("\n")) == (1, 1), said
    assert "could not be saved" in said


def test_what_duckdb_does_itself_is_no_alarm(judged: Settings) -> None:
    with Ledger.open(judged.database) as ledger:
        for number in range(15, 40):
            with ledger.transaction() as transaction:
                transaction.advance("log", 0, number, number)
            ledger.look()
            if number % 3 == 0:
                ledger.cursor().execute("CHECKPOINT")
            ledger.look()


def test_a_log_that_became_shorter_and_grew_again_is_noticed(judged: Settings) -> None:
    with Ledger.open(judged.database) as ledger:
        for number in range(15, 115):
            with ledger.transaction() as transaction:
                transaction.advance("log", 0, number, number)
        ledger.look()
        ledger.look()
        os.truncate(judged.database.with_name(NAMES[1]), 100)
        with ledger.transaction() as transaction:
            transaction.advance("log", 0, 200, 200)
        with pytest.raises(LedgerVanished, match=r"truce\.duckdb\.wal was cut"):
            ledger.look()
