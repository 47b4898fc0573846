"""What hinders a worker from using its database is said for what it is, with a way out that is one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from streams.settings import Settings
from tests.cli.commands import TRUCE, Done, environment, rows, truce
from tests.storage.conftest import Run

NOBODY = 65_534
BLOCKS_BEGIN, BLOCK = 3 * 4_096, 262_144
OPEN = "import sys, pathlib; from analytics.ledger.ledger import Ledger; Ledger.open(pathlib.Path(sys.argv[1]))"
is_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


def start(settings: Settings, *before: str, **environ: str) -> Done:
    """Start a worker that must not start; its exit code and its one line."""
    done = subprocess.run(
        [*before, *TRUCE, "run", "--http", "127.0.0.1:0"],
        env=environment(settings.data_dir, **environ),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    # Who is not let close the broker to others has a warning before.
    assert done.returncode == 1, done.stderr
    said = [line for line in done.stderr.splitlines(keepends=True) if "broker, and" not in line]
    assert len(said) == 1, done.stderr
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout, said[0])


def garbage(path: Path) -> None:
    path.write_bytes(b"no database" * 1_000)


def nothing(path: Path) -> None:
    path.write_bytes(b"")


def half(path: Path) -> None:
    # The header is whole; what it leads to is not there.
    os.truncate(path, BLOCKS_BEGIN + 100)


@pytest.mark.parametrize("damage", [garbage, nothing, half])
def test_damage_is_said_with_what_can_be_done_with_an_embedded_broker(
    judged: Settings, damage: Callable[[Path], None]
) -> None:
    damage(judged.database)
    before = judged.database.read_bytes()
    said = start(judged).stderr
    assert said.startswith(f"truce: {judged.database} is damaged (")
    assert "restore a backup" in said
    assert "with the embedded broker nothing else has them" in said
    assert "move it away" not in said
    assert judged.database.read_bytes() == before
    done = truce("rebuild", "--from-events", data_dir=judged.data_dir)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "cannot be opened (" in done.stderr
    assert "restore a backup; if a Kafka has its log, set TRUCE_BROKER" in done.stderr
    assert judged.database.read_bytes() == before


def test_damage_is_said_with_the_log_that_a_kafka_has(judged: Settings) -> None:
    from analytics.ledger.ledger import Ledger
    from analytics.storage.failures import LedgerDamaged

    garbage(judged.database)
    with pytest.raises(LedgerDamaged, match="`truce rebuild` makes a new one of Kafka's log"):
        Ledger.open(judged.database, kafka=True)


def damage_table(path: Path, table: str) -> None:
    """Change some bytes of a table that no other table has."""

    def blocks(connection: duckdb.DuckDBPyConnection, name: str) -> set[int]:
        found = connection.execute(
            "SELECT block_id FROM pragma_storage_info($name) WHERE block_id >= 0", {"name": name}
        )
        return {block for (block,) in found.fetchall()}

    with duckdb.connect(str(path), read_only=True) as connection:
        names = connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()
        others = {b for (name,) in names if name != table for b in blocks(connection, name)}
        mine = min(blocks(connection, table) - others)
    with path.open("r+b") as file:
        file.seek(BLOCKS_BEGIN + mine * BLOCK + 5_000)
        raw = file.read(64)
        file.seek(-64, os.SEEK_CUR)
        file.write(bytes(byte ^ 0xFF for byte in raw))


@pytest.mark.parametrize("table", ["verdict_versions", "claim_verdict_versions"])
def test_events_are_saved_though_what_was_judged_of_them_is_damaged(
    large: Path, tmp_path: Path, table: str
) -> None:
    settings = Settings(data_dir=tmp_path)
    shutil.copy(large, settings.database)
    before = rows("SELECT * FROM events ORDER BY ALL", tmp_path)
    verdicts = rows("SELECT * FROM verdicts ORDER BY ALL", tmp_path)
    damage_table(settings.database, table)
    done = truce("rebuild", "--from-events", data_dir=tmp_path)
    assert done.returncode == 0, done.stderr
    # What DuckDB reads without a word about it differs from what its events say.
    damaged = "The old one is damaged, and could not be compared with the new one.\n"
    assert done.stderr == damaged or "claim_verdict_versions  " in done.stdout
    assert "The old one is kept as" in done.stdout
    assert rows("SELECT * FROM events ORDER BY ALL", tmp_path) == before
    assert rows("SELECT * FROM verdicts ORDER BY ALL", tmp_path) == verdicts


def test_a_damaged_wal_is_said_to_be_the_matter(killed: Settings) -> None:
    wal = killed.database.with_name("truce.duckdb.wal")
    raw = bytearray(wal.read_bytes())
    raw[len(raw) // 2] ^= 0xFF
    wal.write_bytes(raw)
    said = start(killed).stderr
    assert "move truce.duckdb.wal away and keep it" in said
    wal.rename(killed.data_dir / "kept.wal")
    assert "but truce.duckdb.mark says that it held 34 records" in start(killed).stderr


def test_a_directory_a_link_and_a_pipe_in_its_place_are_named(
    judged: Settings, tmp_path: Path
) -> None:
    moved = tmp_path / "moved"
    judged.database.rename(moved)
    judged.database.mkdir()
    assert f"{judged.database} is a directory" in start(judged).stderr
    judged.database.rmdir()
    judged.database.symlink_to(moved)
    assert f"{judged.database} is a symbolic link, which is not" in start(judged).stderr
    judged.database.unlink()
    os.mkfifo(judged.database)
    assert f"{judged.database} is no regular file" in start(judged).stderr


def as_nobody() -> tuple[str, ...]:
    return ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")


@pytest.fixture
def of_others(judged_once: Path) -> Settings:
    """A database where another user may come: pytest's own directories are closed to others."""
    import tempfile

    folder = Path(tempfile.mkdtemp(prefix="truce-kept-"))
    folder.chmod(0o755)
    settings = Settings(data_dir=folder / "data")
    shutil.copytree(judged_once, settings.data_dir)
    return settings


@is_root
def test_a_missing_permission_is_said_for_what_it_is(of_others: Settings) -> None:
    try:
        if subprocess.run([*as_nobody(), sys.executable, "-c", ""], check=False).returncode:
            pytest.skip("another user cannot run this Python here")
        of_others.data_dir.chmod(0o755)
        of_others.database.chmod(0o644)
        said = start(of_others, *as_nobody()).stderr
        assert f"user {NOBODY} may not " in said
        assert f" {of_others.data_dir}" in said
        with pytest.raises(subprocess.CalledProcessError) as refused:
            subprocess.run(
                [*as_nobody(), sys.executable, "-c", OPEN, str(of_others.database)],
                env=environment(),
                check=True,
                capture_output=True,
                text=True,
            )
        assert f"user {NOBODY} may not read {of_others.database}.mark (user 0 owns it, mode" in (
            refused.value.stderr
        )
        of_others.data_dir.chmod(0o700)
        said = start(of_others, *as_nobody()).stderr
        assert f"user {NOBODY} may not write {of_others.data_dir} (user 0 owns it" in said
        assert "run this as the user who owns it" in said
        nowhere = Settings(data_dir=of_others.data_dir.parent / "new" / "data")
        said = start(nowhere, *as_nobody()).stderr
        assert f"may not make a directory in {of_others.data_dir.parent} (" in said
    finally:
        shutil.rmtree(of_others.data_dir.parent)


@is_root
def test_a_read_only_file_system_is_said_for_what_it_is(judged: Settings) -> None:
    script = (
        f'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec {TRUCE[0]} -m '
        "streams.cli run --http 127.0.0.1:0"
    )
    before = ("unshare", "-m", "sh", "-c", script, str(judged.data_dir))
    if subprocess.run([*before[:2], "true"], check=False, capture_output=True).returncode:
        pytest.skip("no mount namespace can be had here")
    done = subprocess.run(
        before, env=environment(judged.data_dir), capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr.count("\n")) == (1, 1), done.stderr
    # Of the directory or of the database, whichever that is noticed at first.
    assert done.stderr.startswith(f"truce: {judged.data_dir}")
    assert "is on a file system that is mounted read-only" in done.stderr
    assert "nothing in it was changed" in done.stderr


def test_one_in_use_and_one_of_a_newer_version_are_told_apart(judged: Settings, run: Run) -> None:
    one = run(judged.data_dir)
    one.ready()
    assert f"is in use by process {one.popen.pid}" in start(judged).stderr
    assert one.end() == (0, "")
    with duckdb.connect(str(judged.database)) as connection:
        connection.execute("INSERT INTO schema_migrations VALUES (999, 'later')")
    said = start(judged).stderr
    assert "was written by a newer version: upgrade this one; nothing else has its events" in said


def test_a_low_limit_of_what_may_be_mapped_is_said_at_the_start(judged: Settings) -> None:
    script = f"ulimit -v 1500000; exec {TRUCE[0]} -m streams.cli run"
    said = start(judged, "sh", "-c", script).stderr
    assert said.startswith("truce: `ulimit -v` lets a worker map 1,464 MiB only, and it does not")
    assert "set `ulimit -v unlimited`" in said
