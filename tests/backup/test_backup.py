"""A backup is whole whatever is written meanwhile; a restore leaves the old database or the new."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from analytics.backup import copying
from analytics.backup.copies import BackupError, back_up, restore
from analytics.backup.copying import TooBusy
from analytics.ledger.ledger import Ledger
from analytics.storage.failures import LedgerBehind, LedgerInUse
from analytics.storage.place import beside
from tests.cli.commands import ROOT, SCENARIO, environment, truce, worker
from tests.rebuild.conftest import judge
from tests.support.logged import records

MEMORY = "200MB"
ENDED = 9
TRIES = 6


@pytest.fixture(scope="session")
def scenario_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("scenario") / "truce.duckdb"
    judge(path, "log", records(SCENARIO.read_text(encoding="utf-8").splitlines()))
    return path


@pytest.fixture
def database(scenario_once: Path, tmp_path: Path) -> Path:
    """The shipped scenario, judged, in a directory of its own."""
    shutil.copytree(scenario_once.parent, tmp_path / "data")
    return tmp_path / "data" / "truce.duckdb"


@pytest.fixture
def backup(database: Path, tmp_path: Path) -> Path:
    file = tmp_path / "copy.duckdb"
    back_up(database, file, memory_limit=MEMORY)
    return file


@pytest.fixture
def other(database: Path) -> Path:
    """The database, with one event less than the backup has."""
    for one in database.parent.iterdir():
        one.unlink()
    judge(database, "log", records(SCENARIO.read_text(encoding="utf-8").splitlines()[:-1]))
    return database


def events(path: Path) -> int:
    with Ledger.open(path) as ledger:
        [(found,)] = ledger.cursor().execute("SELECT count(*) FROM accepted").fetchall()
    return int(found)


@pytest.fixture
def writing(database: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that commits and checkpoints all the while, and prints how often."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.backup.writing", str(database)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
        env=environment(),
        text=True,
    )
    yield process
    process.kill()
    process.communicate()


def test_each_of_many_beside_a_busy_writer_is_whole(
    writing: subprocess.Popen[str], database: Path, tmp_path: Path
) -> None:
    assert writing.stdout is not None
    made = 0
    for number in range(TRIES):
        acknowledged = int(writing.stdout.readline())
        os.set_blocking(writing.stdout.fileno(), False)
        while line := writing.stdout.readline():
            acknowledged = int(line)
        os.set_blocking(writing.stdout.fileno(), True)
        file = tmp_path / f"{number}.duckdb"
        try:
            back_up(database, file, memory_limit=MEMORY)
        except TooBusy:  # which says so, and leaves nothing
            assert not file.exists()
            continue
        made += 1
        with Ledger.open(file, is_marked=False) as ledger:
            [(kept,)] = ledger.cursor().execute("SELECT count(*) FROM rejected").fetchall()
        assert kept >= acknowledged
    assert made
    assert {one.name for one in tmp_path.iterdir()} == {"data"} | {
        f"{number}.duckdb" for number in range(TRIES) if (tmp_path / f"{number}.duckdb").exists()
    }
    writing.communicate()
    assert writing.returncode == 0


def test_beside_a_worker_it_holds_what_was_acknowledged_and_verify_agrees(tmp_path: Path) -> None:
    data_dir, restored, file = tmp_path / "data", tmp_path / "restored", tmp_path / "copy.duckdb"
    first, second = (tmp_path / name for name in ("first.jsonl", "second.jsonl"))
    lines = SCENARIO.read_text(encoding="utf-8").splitlines(keepends=True)
    first.write_text("".join(lines[:-1]), encoding="utf-8")
    second.write_text(lines[-1], encoding="utf-8")
    with worker(data_dir):
        assert truce("publish", first, data_dir=data_dir).returncode == 0
        done = truce("backup", file, data_dir=data_dir)
        assert (done.returncode, done.stderr) == (0, ""), done.stderr
        assert f"{len(lines) - 1} events" in done.stdout
        assert "posted-by.key" in done.stdout
        assert file.stat().st_mode & 0o777 == 0o600
        assert truce("publish", second, data_dir=data_dir).returncode == 0
        refused = truce("restore", file, "--replace", data_dir=data_dir)
        assert refused.returncode == 1
        assert "stop it first" in refused.stderr
    done = truce("restore", file, data_dir=restored)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    assert "No difference" in done.stdout
    # A lake that knows more than the database is given all again.
    done = truce("restore", file, "--replace", data_dir=data_dir)
    assert done.returncode == 0, done.stderr
    assert "is given all again" in done.stderr
    assert "before-restore" in done.stdout
    assert "No difference" in done.stdout
    with worker(restored) as process:
        done = truce("publish", second, data_dir=restored)
        assert (done.returncode, done.stderr) == (0, ""), done.stderr
        assert process.poll() is None
    assert truce("verify", data_dir=restored).returncode == 0
    assert events(restored / "truce.duckdb") == len(lines)


def test_while_a_checkpoint_goes_on_it_waits_and_says_so(
    database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copying, "SECONDS_BETWEEN_TRIES", 0)
    # Where commits go meanwhile.
    beside(database, ".wal.checkpoint").touch()
    with pytest.raises(TooBusy, match="try again when less comes in"):
        back_up(database, tmp_path / "copy.duckdb", memory_limit=MEMORY)
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_what_is_there_is_not_overwritten(database: Path, backup: Path, tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="is there already"):
        back_up(database, backup, memory_limit=MEMORY)
    with pytest.raises(BackupError, match="another directory"):
        restore(backup, database, replace=False, memory_limit=MEMORY)
    database.unlink()
    # The mark says that there was one.
    with pytest.raises(BackupError, match="another directory"):
        restore(backup, database, replace=False, memory_limit=MEMORY)
    restore(backup, database, replace=True, memory_limit=MEMORY)
    with pytest.raises(BackupError, match="the database itself"):
        restore(database, database, replace=True, memory_limit=MEMORY)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy.duckdb", "data"]


def test_what_lacks_something_is_no_backup(database: Path, tmp_path: Path) -> None:
    with Ledger.open(database, is_marked=False) as ledger:
        ledger.cursor().execute("DELETE FROM verdict_versions WHERE verdict = 'contested'")
    with pytest.raises(BackupError, match=r"does not hold what was written \(verdict_versions\)"):
        back_up(database, tmp_path / "copy.duckdb", memory_limit=MEMORY)
    with Ledger.open(database, is_marked=False) as ledger:
        ledger.cursor().execute("DELETE FROM log_offsets")
    with pytest.raises(LedgerBehind):
        back_up(database, tmp_path / "copy.duckdb", memory_limit=MEMORY)
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


@pytest.mark.parametrize("kept", [0, 5_000, 2_000_000])
def test_what_is_no_whole_backup_is_not_restored(other: Path, backup: Path, kept: int) -> None:
    backup.write_bytes(backup.read_bytes()[:kept])
    held = events(other)
    with pytest.raises(BackupError, match=r"copy\.duckdb"):
        restore(backup, other, replace=True, memory_limit=MEMORY)
    assert events(other) == held
    assert not list(other.parent.glob("*.restoring*"))


def test_while_another_process_has_it_nothing_is_replaced(
    writing: subprocess.Popen[str], backup: Path, database: Path
) -> None:
    assert writing.stdout is not None
    writing.stdout.readline()
    with pytest.raises(LedgerInUse):
        restore(backup, database, replace=True, memory_limit=MEMORY)


def ended_at(step: int, file: Path, path: Path) -> bool:
    """Restore in a process that ends before its step-th change of a file; whether it ended so."""
    child = os.fork()
    if child == 0:
        left = step

        def hook(event: str, args: tuple[object, ...]) -> None:
            nonlocal left
            changes = event in {"os.link", "os.rename", "os.remove"} or (
                event == "open" and isinstance(args[2], int) and args[2] & os.O_ACCMODE
            )
            if changes and str(path.parent) in f"{args}":
                left -= 1
                if not left:
                    os._exit(ENDED)

        sys.addaudithook(hook)
        restore(file, path, replace=True, memory_limit=MEMORY)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    assert code in {0, ENDED}
    return code == ENDED


def test_ended_anywhere_it_leaves_the_old_database_or_the_new(backup: Path, other: Path) -> None:
    old, new = events(other), events(backup)
    assert old != new
    found, step = [old], 1
    while ended_at(step, backup, other):
        found.append(events(other))
        step += 1
    assert step > 5
    # First all of the old, then all of the new.
    assert set(found) == {old, new}
    assert found == sorted(found)
    assert events(other) == new
    names = {path.name for path in other.parent.iterdir()}
    assert names == {"truce.duckdb", "truce.duckdb.mark", "truce.duckdb.before-restore"}


@pytest.mark.faults
def test_ended_anywhere_an_empty_directory_has_nothing_or_the_new(
    backup: Path, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    path, step, left = tmp_path / "empty" / "truce.duckdb", 1, set()
    while ended_at(step, backup, path):
        left.add(path.exists())
        if path.exists():
            assert events(path) == events(backup)
            path.unlink()
        step += 1
    assert left == {True, False}
    assert events(path) == events(backup)
