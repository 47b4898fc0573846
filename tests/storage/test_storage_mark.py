"""What was acknowledged and is not there any more is noticed at the next start, and said."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from analytics.ledger.ledger import Ledger
from analytics.ledger.rows import Reached
from analytics.storage.failures import LedgerBehind, LedgerNoFile, LedgerVanished
from analytics.storage.mark import SLOT, LedgerMark, mark_of, read_mark
from streams.settings import Settings
from tests.cli.commands import SCENARIO, truce, worker
from tests.storage.committing import T1, commit_until_killed
from tests.storage.conftest import Run


def wal(settings: Settings) -> Path:
    return settings.database.with_name("truce.duckdb.wal")


def unlink(path: Path) -> None:
    path.unlink()


def empty(path: Path) -> None:
    os.truncate(path, 0)


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def without_its_beginning(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(bytes(200))


LOSSES = (unlink, empty, cut, without_its_beginning)


@pytest.mark.parametrize("lose", LOSSES)
def test_a_wal_that_was_lost_is_an_error_that_names_both_and_the_way_out(
    killed: Settings, lose: Callable[[Path], None]
) -> None:
    lose(wal(killed))
    before = {path.name: path.read_bytes() for path in killed.data_dir.iterdir()}
    with pytest.raises(LedgerBehind) as refused:
        Ledger.open(killed.database, kafka=False)
    said = str(refused.value)
    assert said.startswith(f"{killed.database} holds ")
    assert " records of the log, the last recorded at " in said
    assert "but truce.duckdb.mark says that it held 34 records of the log" in said
    assert "the last recorded at 2027-01-15T08:00:00Z" in said
    assert "Put truce.duckdb.wal or a newer backup back" in said
    assert said.endswith("truce run --accept-loss 34")
    assert "\n" not in said
    # What is left is left as it is, for whoever can mend it.
    kept = {path.name: path.read_bytes() for path in killed.data_dir.iterdir()}
    assert {name: kept[name] for name in before if before[name]} == {
        name: raw for name, raw in before.items() if raw
    }


def test_a_worker_ends_with_that_line(killed: Settings, run: Run) -> None:
    cut(wal(killed))
    with pytest.raises(LedgerBehind) as refused:
        Ledger.open(killed.database, kafka=False)
    assert run(killed.data_dir).ended() == (1, f"truce: {refused.value}\n")


def test_with_kafka_it_is_said_that_the_log_has_it(killed: Settings) -> None:
    unlink(wal(killed))
    with pytest.raises(LedgerBehind, match="Kafka's log still has what is missing"):
        Ledger.open(killed.database, kafka=True)


def test_a_loss_is_accepted_by_its_number_and_only_that_one(killed: Settings, run: Run) -> None:
    unlink(wal(killed))
    assert run(killed.data_dir, TRUCE_ACCEPT_LOSS="33").ended()[0] == 1
    accepting = run(killed.data_dir, TRUCE_ACCEPT_LOSS="34")
    accepting.ready()
    assert accepting.end() == (0, "")
    _is_whole(killed.database)


def test_a_database_that_is_gone_is_an_error_though_a_new_one_could_be_made(
    killed: Settings,
) -> None:
    killed.database.unlink()
    with pytest.raises(LedgerBehind) as refused:
        Ledger.open(killed.database, kafka=False)
    said = f"{killed.database} is not there, but truce.duckdb.mark says that it held 34 "
    assert said in str(refused.value)
    # DuckDB would have removed what the last changes are in.
    assert wal(killed).stat().st_size
    mark_of(killed.database).unlink()
    with pytest.raises(LedgerBehind, match=r"changes: truce\.duckdb\.wal is there"):
        Ledger.open(killed.database, kafka=False)
    assert wal(killed).stat().st_size


def test_an_older_copy_and_another_database_are_noticed(judged: Settings, tmp_path: Path) -> None:
    older = tmp_path / "older"
    shutil.copy(judged.database, older)
    with Ledger.open(judged.database) as ledger, ledger.transaction() as transaction:
        transaction.advance("log", 0, 99, T1)
    shutil.copy(older, judged.database)
    with pytest.raises(LedgerBehind, match="says that it held 99 records"):
        Ledger.open(judged.database)
    judged.database.unlink()
    with (
        Ledger.open(judged.database, accepts=99) as ledger,
        ledger.transaction() as transaction,
    ):
        transaction.advance("another", 0, 500, T1)
    shutil.copy(mark_of(judged.database), tmp_path / "mark")
    judged.database.unlink()
    mark_of(judged.database).unlink()
    with Ledger.open(judged.database) as ledger, ledger.transaction() as transaction:
        transaction.advance("a third", 0, 1_000, T1)
    shutil.copy(tmp_path / "mark", mark_of(judged.database))
    with pytest.raises(LedgerBehind, match="or it is another database"):
        Ledger.open(judged.database)


def test_a_database_that_has_more_than_its_mark_is_opened(killed: Settings) -> None:
    # Killed between a commit and its mark.
    found = read_mark(killed.database)
    assert found is not None
    earlier = {("log", 0): Reached(14, 1), ("next", 1): Reached(19, T1)}
    mark_of(killed.database).unlink()
    LedgerMark(killed.database, earlier).close()
    with Ledger.open(killed.database) as ledger:
        assert ledger.offsets("next") == {1: 20}
    after = read_mark(killed.database)
    assert after is not None
    assert (after.records, after.next_offset) == (found.records, found.next_offset) == (34, 20)


def test_a_moved_directory_and_a_copy_of_both_files_are_whole(
    killed: Settings, tmp_path: Path
) -> None:
    moved = tmp_path / "moved"
    killed.data_dir.rename(moved)
    _is_whole(moved / "truce.duckdb")
    backup = tmp_path / "backup"
    backup.mkdir()
    for name in ("truce.duckdb", "truce.duckdb.mark"):
        shutil.copy(moved / name, backup / name)
    _is_whole(backup / "truce.duckdb")


def _is_whole(database: Path) -> None:
    """It opens, and has what its mark says."""
    marked = read_mark(database)
    assert marked is not None
    with Ledger.open(database, kafka=False) as ledger:
        assert sum(sum(ledger.offsets(log).values()) for log in ledger.logs()) == marked.records


def test_a_copy_without_a_mark_is_taken_as_it_is_and_that_is_said(
    judged: Settings, run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    mark_of(judged.database).unlink()
    code, said = one_line(run, judged.data_dir)
    assert code == 0
    assert said.startswith(f"truce: {judged.database} has no mark that can be read")
    assert "it is taken as it is, with 14 records of the log" in said
    _is_whole(judged.database)
    assert caplog.text == ""


def one_line(run: Run, data_dir: Path) -> tuple[int, str]:
    """What a worker says beside that it is ready, until it is ended."""
    one = run(data_dir)
    assert one.popen.stderr is not None
    said = ""
    while not (line := one.popen.stderr.readline()).startswith("Publish events"):
        assert line, said
        said += "" if line.startswith(("Worker ready", "Metrics")) else line
    code, rest = one.end()
    return code, said + rest


def test_of_two_places_in_it_one_is_always_whole(judged: Settings) -> None:
    with Ledger.open(judged.database) as ledger:
        for number in range(15, 20):
            with ledger.transaction() as transaction:
                transaction.advance("log", 0, number, T1)
    file = mark_of(judged.database)
    assert file.stat().st_size == 2 * SLOT
    assert file.stat().st_mode & 0o777 == 0o600
    raw = file.read_bytes()
    whole = read_mark(judged.database)
    assert whole is not None
    assert whole.records == 19
    for place in range(2 * SLOT):
        damaged = bytearray(raw)
        damaged[place] ^= 0x55
        file.write_bytes(damaged)
        found = read_mark(judged.database)
        assert found is not None
        assert found.records in {18, 19}
    file.write_bytes(b"")
    assert read_mark(judged.database) is None


def test_it_is_no_link(judged: Settings, tmp_path: Path) -> None:
    target = tmp_path / "elsewhere"
    mark_of(judged.database).rename(target)
    mark_of(judged.database).symlink_to(target)
    with pytest.raises(LedgerNoFile, match=r"truce\.duckdb\.mark is a symbolic link"):
        Ledger.open(judged.database)


def test_what_is_rebuilt_has_a_mark_of_its_own(killed: Settings) -> None:
    done = truce("rebuild", "--keep-old", data_dir=killed.data_dir)
    assert done.returncode == 0, done.stderr
    found = read_mark(killed.database)
    assert found is not None
    assert found.records == 34
    _is_whole(killed.database)


def test_nothing_is_rebuilt_of_one_that_has_less_and_that_is_said(killed: Settings) -> None:
    cut(wal(killed))
    before = wal(killed).read_bytes()
    done = truce("rebuild", data_dir=killed.data_dir)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "truce.duckdb.mark says that it held 34 records" in done.stderr
    assert wal(killed).read_bytes() == before


def test_no_commit_is_acknowledged_in_a_file_that_is_not_there(judged: Settings) -> None:
    ledger = Ledger.open(judged.database)
    judged.database.unlink()
    with pytest.raises(LedgerVanished, match="was deleted"), ledger.transaction() as transaction:
        transaction.advance("log", 0, 15, T1)
    ledger.close()
    assert ledger.saved == judged.database.with_name("truce.duckdb.rescued")


@pytest.mark.faults
def test_two_hundred_kills_with_a_wal_are_no_false_alarm(judged: Settings) -> None:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.storage.committing"])
    last = 0
    for number in range(200):
        seconds = 0.002 + 0.0041 * (number % 50)
        one = context.Process(target=commit_until_killed, args=(judged.database, seconds))
        one.start()
        one.join()
        # Not 1: it was opened, and nothing was amiss.
        assert one.exitcode == -signal.SIGKILL
        found = read_mark(judged.database)
        assert found is not None
        assert found.records >= last
        last = found.records
    assert last > 200
    with Ledger.open(judged.database) as ledger:
        assert ledger.offsets("l")[0] >= last - 14


def test_what_a_worker_was_given_is_all_there_after_it_was_killed(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    with worker(data_dir) as process:
        assert truce("publish", SCENARIO, data_dir=data_dir).returncode == 0
        process.kill()
        process.wait()
    _is_whole(data_dir / "truce.duckdb")
    with Ledger.open(data_dir / "truce.duckdb", read_only=True) as ledger:
        found = ledger.cursor().execute("SELECT count(*) FROM events").fetchall()
    assert found == [(14,)]
