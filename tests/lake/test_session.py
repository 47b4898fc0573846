"""A reader's session: as of one moment, private, bounded, and removed with its process."""

from __future__ import annotations

import gc
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import duckdb
import pytest

import analytics
from analytics.lake.attached import attach
from analytics.lake.folders import PREFIX, PrivateFolder
from analytics.lake.keeper import Keeper
from analytics.lake.session import LakeMissing, TookTooLong, open_lake
from analytics.lake.writer import LakeWriter
from analytics.ledger.ledger import Ledger
from tests.analytics.written import Step, changed, claim, judged, report, rows, write
from tests.support.readable import with_views

T1 = "2026-02-01T00:00:01Z"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where private folders are made, in this test."""
    found = tmp_path / "place"
    found.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(found))
    return found


def judge(ledger: Ledger, lake: Path, incident: str, first: int) -> None:
    write(ledger, Step(report(incident), T1, (changed(None, judged(), incident),)), first=first)
    keep(ledger, lake)


def keep(ledger: Ledger, lake: Path) -> None:
    keeper = Keeper(LakeWriter(lake), ledger.cursor())
    keeper.update()
    keeper.close()


def test_it_answers_what_the_ledger_would_with_every_view_and_comment(tmp_path: Path) -> None:
    with Ledger.open(tmp_path / "truce.duckdb") as ledger:
        write(ledger, Step(claim(), T1))
        judge(ledger, tmp_path / "lake", "i", 1)
        views = "SELECT view_name, comment FROM duckdb_views() WHERE NOT internal"
        made = set(rows(with_views(ledger), views))
        assert made
        with open_lake(tmp_path / "lake") as lake:
            assert made <= set(lake.ask(views))
            for name, _ in made:
                same = f"FROM {name} ORDER BY ALL"
                assert lake.ask(same) == rows(ledger, same)
            columns = (
                "SELECT column_name, comment FROM duckdb_columns() WHERE table_name = 'verdicts'"
            )
            assert lake.ask(columns) == rows(ledger, columns)
            assert lake.ask("FROM verdicts_as_of($ts::TIMESTAMPTZ)", {"ts": T1}) == rows(
                ledger, f"FROM verdicts_as_of(TIMESTAMPTZ '{T1}')"
            )


def test_it_is_as_of_one_moment_until_it_is_refreshed(tmp_path: Path) -> None:
    count = "SELECT count(*) FROM verdicts"
    with Ledger.open(tmp_path / "truce.duckdb") as ledger:
        write(ledger, Step(claim(), T1))
        judge(ledger, tmp_path / "lake", "i", 1)
        with open_lake(tmp_path / "lake") as lake:
            assert lake.ask(count) == [(1,)]
            judge(ledger, tmp_path / "lake", "j", 2)
            assert lake.ask(count) == [(1,)]
            lake.refresh()
            assert lake.ask(count) == [(2,)]


def test_a_notebook_has_a_connection_whose_folder_goes_with_it(tmp_path: Path, place: Path) -> None:
    with Ledger.open(tmp_path / "truce.duckdb") as ledger:
        write(ledger, Step(claim(), T1))
        keep(ledger, tmp_path / "lake")
    connection = analytics.connect(tmp_path / "lake")
    assert connection.sql("FROM claims").fetchall()
    assert connection.cursor().sql("FROM compliance").fetchall()
    for attack in (
        "DELETE FROM lake.accepted",
        "FROM read_text('/etc/hostname')",
        "SET memory_limit = '1TB'",
        f"COPY (SELECT 1) TO '{tmp_path / 'out.csv'}'",
    ):
        with pytest.raises(duckdb.Error):
            connection.execute(attack)
    [folder] = place.iterdir()
    assert folder.stat().st_mode & 0o777 == 0o700
    del connection
    gc.collect()
    assert not list(place.iterdir())


def test_what_takes_too_long_is_interrupted(tmp_path: Path) -> None:
    with Ledger.open(tmp_path / "truce.duckdb") as ledger:
        keep(ledger, tmp_path / "lake")
    with open_lake(tmp_path / "lake", seconds=0.2) as lake:
        with pytest.raises(TookTooLong, match=r"not answered in 0\.2 s"):
            lake.ask("SELECT count(*) FROM range(1000000000000)")
        assert lake.ask("SELECT 1") == [(1,)]


def test_where_no_lake_is_that_is_said(tmp_path: Path, place: Path) -> None:
    with pytest.raises(LakeMissing, match="there is no lake in"):
        open_lake(tmp_path)
    assert not list(place.iterdir())


KILLED = """
import os, signal, tempfile, sys
tempfile.tempdir = sys.argv[1]
from analytics.lake.folders import PrivateFolder
folder = PrivateFolder()
(folder.path / "spill").write_bytes(b"much")
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_reader_left_is_removed_and_what_is_in_use_is_not(place: Path) -> None:
    used = PrivateFolder()
    ended = subprocess.run([sys.executable, "-c", KILLED, str(place)], check=False)
    assert ended.returncode == -signal.SIGKILL
    elsewhere = place / "elsewhere"
    elsewhere.mkdir()
    (place / f"{PREFIX}link").symlink_to(elsewhere)
    assert len(list(place.glob(f"{PREFIX}*"))) == 3
    another = PrivateFolder()
    left = {path.name for path in place.glob(f"{PREFIX}*")}
    assert left == {used.path.name, another.path.name, f"{PREFIX}link"}
    assert elsewhere.exists()
    (place / f"{PREFIX}link").unlink()
    used.remove()
    another.remove()
    assert list(place.iterdir()) == [elsewhere]


def test_a_lake_that_nobody_has_written_yet_is_told_as_missing(tmp_path: Path) -> None:
    (tmp_path / "lake").mkdir()
    with attach(tmp_path / "lake"), pytest.raises(LakeMissing, match="there is no lake in"):
        open_lake(tmp_path / "lake")
