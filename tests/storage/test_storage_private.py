"""The data directory is its user's alone, and what was put aside in it does not stay."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from analytics.storage.database import connect
from analytics.storage.failures import LedgerNoFile
from analytics.storage.place import bytes_of, spill_limit
from streams.directory import DirectoryError, prepare
from streams.settings import Settings
from tests.cli.commands import SCENARIO, truce
from tests.storage.conftest import Run


def modes(data_dir: Path) -> dict[str, int]:
    files = [path for path in data_dir.iterdir() if path.is_file()]
    found = {path.name: stat.S_IMODE(path.stat().st_mode) for path in files}
    return found | {"": stat.S_IMODE(data_dir.stat().st_mode)}


def test_all_that_a_worker_makes_is_private(tmp_path: Path, run: Run) -> None:
    data_dir = tmp_path / "new" / "data"
    one = run(data_dir, "sh", "-c", 'umask 000; exec "$0" "$@"')
    one.ready()
    assert truce("publish", SCENARIO, data_dir=data_dir).returncode == 0
    found = modes(data_dir)
    assert found.pop("") == 0o700
    assert {"truce.duckdb", "truce.duckdb.wal", "truce.duckdb.mark", "broker.log"} <= set(found)
    assert set(found.values()) == {0o600}
    assert one.end() == (0, "")


@pytest.fixture
def umask() -> Iterator[None]:
    """What `prepare` sets, taken back."""
    before = os.umask(0)
    os.umask(before)
    yield
    os.umask(before)


@pytest.mark.usefixtures("umask")
def test_what_an_earlier_version_left_open_is_closed(judged: Settings) -> None:
    judged.data_dir.chmod(0o755)
    judged.database.chmod(0o644)
    prepare(judged.data_dir)
    assert set(modes(judged.data_dir).values()) == {0o700, 0o600}


@pytest.mark.usefixtures("umask")
def test_a_directory_with_other_files_stays_as_it_is_and_that_is_said_where_it_matters(
    judged: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    # Whatever the umask is by now: a worker in this process has made it stricter.
    (judged.data_dir / "mine.txt").touch()
    (judged.data_dir / "mine.txt").chmod(0o644)
    judged.data_dir.chmod(0o755)
    prepare(judged.data_dir)
    assert modes(judged.data_dir)[""] == 0o755
    assert not caplog.text
    judged.data_dir.chmod(0o777)
    prepare(judged.data_dir)
    assert "others may write to" in caplog.text
    assert modes(judged.data_dir)["mine.txt"] == 0o644


@pytest.mark.usefixtures("umask")
@pytest.mark.parametrize(
    "name",
    [
        *("truce.duckdb", "truce.duckdb.wal", "truce.duckdb.mark", "truce.duckdb.tmp"),
        *("truce.duckdb.rebuilt", "truce.duckdb.rescued", "worker.json", "worker.log"),
        *("broker.log", "webhook.secret"),
    ],
)
def test_a_link_in_the_place_of_one_of_our_files_is_an_error(tmp_path: Path, name: str) -> None:
    data_dir, target = tmp_path / "data", tmp_path / "target"
    data_dir.mkdir()
    target.write_text("of somebody else")
    (data_dir / name).symlink_to(target)
    with pytest.raises(LedgerNoFile, match=f"{name} is a symbolic link, which is not followed"):
        prepare(data_dir)
    assert target.read_text() == "of somebody else"


@pytest.mark.usefixtures("umask")
def test_the_directory_itself_may_be_a_link_but_no_file(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "there")
    prepare(tmp_path / "link")
    (tmp_path / "file").touch()
    with pytest.raises(DirectoryError, match="is a file"):
        prepare(tmp_path / "file")


@pytest.mark.parametrize("name", ["truce.duckdb.tmp", "truce.duckdb.tmp.17-0a0b0c0d"])
def test_what_a_killed_process_had_put_aside_is_removed_at_the_next_start(
    judged: Settings, name: str
) -> None:
    spill = judged.database.with_name(name)
    spill.mkdir()
    (spill / "duckdb_temp_storage_DEFAULT-0.tmp").write_bytes(bytes(1_000_000))
    # Who only reads may be one of several.
    connect(judged.database, read_only=True).close()
    assert spill.exists()
    connect(judged.database).close()
    assert not spill.exists()


def test_what_is_put_aside_is_bounded(judged: Settings) -> None:
    with connect(judged.database, memory_limit="50MB", spill="20MB") as connection:
        limit = connection.execute("SELECT current_setting('max_temp_directory_size')").fetchall()
        assert limit == [("19.0 MiB",)]
        with pytest.raises(Exception, match="max_temp_directory_size"):
            connection.execute(
                "CREATE TEMP TABLE large AS "
                "SELECT md5(n::VARCHAR) || md5((n + 1)::VARCHAR) AS text FROM range(3000000) t(n)"
            )
    free = os.statvfs(judged.data_dir)
    half = free.f_bavail * free.f_frsize // 2
    assert spill_limit(judged.data_dir, "1000TB") <= half * 1.1


def test_sizes_are_read_as_duckdb_reads_them() -> None:
    assert bytes_of("400MB") == 400_000_000
    assert bytes_of("1.5 GiB") == 3 * 2**29
    assert bytes_of("7b") == 7
