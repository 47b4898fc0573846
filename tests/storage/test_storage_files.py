"""A file of the database that vanishes while it is open, and what is done to save what was in it."""

from __future__ import annotations

import os
import shutil
import stat
import threading
from collections.abc import Callable
from itertools import pairwise
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
    if harm is unlink:
        # The next worker finds nothing amiss.
        again = run(data_dir)
        again.ready()
        assert again.end() == (0, "")
    with Ledger.open(data_dir / "truce.duckdb", kafka=False) as ledger:
        assert ledger.cursor().execute("SELECT count(*) FROM accepted").fetchall() == [(14,)]


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
    # The lake is missed too, if it was about to be written.
    [line] = [line for line in said.splitlines() if f"the lake {data_dir}" not in line]
    assert code == 1
    assert "could not be saved" in line


def test_what_duckdb_does_itself_is_no_alarm(judged: Settings) -> None:
    with Ledger.open(judged.database) as ledger:
        for number in range(15, 40):
            with ledger.transaction() as transaction:
                transaction.advance("log", 0, number, number)
            ledger.look()
            if number % 3 == 0:
                ledger.cursor().execute("CHECKPOINT")
            ledger.look()


def test_many_commits_with_checkpoints_of_their_own_are_no_alarm(judged: Settings) -> None:
    wal = judged.database.with_name(NAMES[1])
    sizes = [0]
    over = threading.Event()
    alarms: list[Exception] = []

    def meanwhile(work: Callable[[], object]) -> threading.Thread:
        def again() -> None:
            try:
                while not over.is_set():
                    work()
            except Exception as error:  # noqa: BLE001 - whatever it is
                alarms.append(error)

        thread = threading.Thread(target=again)
        thread.start()
        return thread

    with Ledger.open(judged.database) as ledger:
        other = ledger.cursor()
        other.execute("SET GLOBAL checkpoint_threshold = '8KB'")
        other.execute("CREATE TABLE other (n INTEGER)")

        def write() -> None:
            other.execute("INSERT INTO other FROM range(20)")
            other.execute("DELETE FROM other")

        threads = [meanwhile(ledger.look), meanwhile(write)]
        try:
            for number in range(15, 165):
                with ledger.transaction() as transaction:
                    transaction.advance("log", 0, number, number)
                sizes.append(wal.stat().st_size if wal.exists() else 0)
        finally:
            over.set()
            for thread in threads:
                thread.join()
    assert not alarms
    # DuckDB began a new one now and then.
    assert sum(after < before for before, after in pairwise(sizes)) > 5


def _commit(ledger: Ledger, number: int, count: int = 1) -> None:
    """A commit, the longer the more partitions it advances."""
    with ledger.transaction() as transaction:
        for partition in range(count):
            transaction.advance("log", partition, number, number)


@pytest.mark.parametrize("left", [0, 100, -1])
def test_a_log_that_is_cut_right_after_a_commit_is_noticed_before_the_next(
    judged: Settings, left: int
) -> None:
    wal = judged.database.with_name(NAMES[1])
    with Ledger.open(judged.database) as ledger:
        _commit(ledger, 15)
        size = left if left >= 0 else wal.stat().st_size - 1
        os.truncate(wal, size)
        # One that is longer than all before.
        with pytest.raises(LedgerVanished, match=r"truce\.duckdb\.wal was cut"):
            _commit(ledger, 16, 2_000)
        assert wal.stat().st_size == size
    # It was closed: all that was acknowledged is in the file.
    with Ledger.open(judged.database) as ledger:
        assert ledger.offsets("log") == {0: 15}


def test_a_log_that_duckdb_shortened_itself_was_not_cut(judged: Settings) -> None:
    with Ledger.open(judged.database) as ledger:
        _commit(ledger, 15)
        # As if a commit of another thread had been noted half written, and was taken away again.
        ledger._files.wal._size += 100
        _commit(ledger, 16)
        ledger.look()


def test_a_log_that_is_cut_is_noticed_at_the_next_look_though_another_wrote_to_it(
    judged: Settings,
) -> None:
    with Ledger.open(judged.database) as ledger:
        for number in range(15, 115):
            _commit(ledger, number)
        ledger.look()
        os.truncate(judged.database.with_name(NAMES[1]), 100)
        # As messages are removed that were published.
        ledger.cursor().execute("CREATE TABLE other (n INTEGER)")
        with pytest.raises(LedgerVanished, match=r"truce\.duckdb\.wal was cut"):
            ledger.look()
