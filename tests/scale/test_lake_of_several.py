"""One lake that several workers write: readers see each partition once, as its owner has it."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import duckdb
import pytest

from analytics.lake.catalogue import changes
from analytics.lake.catalogue.moving import read_from
from analytics.lake.catalogue.place import POINTER
from analytics.lake.contents import differing_tables
from analytics.lake.extensions import POSTGRES, load
from analytics.lake.keeper import Keeper
from analytics.lake.session import LakeMissing, LakeSession, open_lake
from analytics.lake.subprocess_writer import SubprocessWriter
from analytics.lake.writer import LakeWriteError, LakeWriter
from analytics.ledger.ledger import Ledger
from tests.cli.commands import as_json, truce
from tests.scale.shared import (
    INCIDENTS,
    PARTITIONS,
    Rows,
    SharedFold,
    doubles,
    of_ledger,
    partition_of_log,
    union,
)

PROGRAM = Path(__file__).with_name("sharing.py")
ROUNDS = {"disk": 5, "s3": 2}
SEEN = "SELECT partition, next_offset FROM log_offsets ORDER BY ALL"


class Places(NamedTuple):
    """Where a lake is: on a disk that all share, or with nothing in any of their directories."""

    folder: Path
    postgres: str
    data: str
    rounds: int

    def lake(self, name: str) -> Path:
        """The directory of the lake of whoever has this name."""
        return self.folder / (f"lake-of-{name}" if self.data else "lake")

    def reader(self) -> LakeSession | None:
        """A reader on a machine of its own; None: there is no lake yet."""
        try:
            if self.data:
                read_from(self.lake("reader"), self.postgres)
            return open_lake(self.lake("reader"))
        except (LakeMissing, OSError):
            return None

    def start(self, name: str, partitions: list[int]) -> subprocess.Popen[str]:
        """A worker of these partitions that has begun."""
        given = ",".join(map(str, partitions))
        arguments = (str(self.folder / name), str(self.lake(name)), self.postgres, self.data, name)
        process = subprocess.Popen(
            [sys.executable, str(PROGRAM), *arguments, given], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        return process


@pytest.fixture(params=["disk", "s3"])
def places(request: pytest.FixtureRequest, tmp_path: Path, postgres: str) -> Places:
    data = str(request.getfixturevalue("s3")) if request.param == "s3" else ""
    return Places(tmp_path, postgres, data, ROUNDS[request.param])


class Sharer:
    """A worker of several, in this process."""

    def __init__(
        self, folder: Path, postgres: str, name: str, writer: type = LakeWriter, **more: str
    ) -> None:
        self.folder, self.name = folder / name, name
        self.folder.mkdir(exist_ok=True)
        self.ledger = Ledger.open(self.folder / "truce.duckdb")
        self.keeper = Keeper(writer(folder / "lake", postgres, name, **more), self.ledger.cursor())

    def fold(self, *partitions: int, size: int = 10**9, incidents: int = 10) -> None:
        SharedFold(self.ledger, partitions, incidents=incidents).take(size)
        self.keeper.update()

    def close(self) -> None:
        self.keeper.close()
        self.ledger.close()


def one_ledger(folder: Path, incidents: dict[int, int]) -> Rows:
    """What one worker's ledger has of the log, so many incidents of each conflict by partition."""
    folder.mkdir()
    with Ledger.open(folder / "truce.duckdb") as ledger:
        for partition, many in incidents.items():
            SharedFold(ledger, [partition], incidents=many).take()
        with ledger.cursor() as cursor:
            return of_ledger(cursor)


def end_sessions(postgres: str) -> None:
    """End all that are open in this database, as a server does that is restarted."""
    with duckdb.connect() as connection:
        load(connection, POSTGRES)
        connection.execute(f"ATTACH '{postgres}' AS server (TYPE postgres)")
        ended = (
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        connection.execute("FROM postgres_query('server', $sql)", {"sql": ended})


def owners(lake: LakeSession) -> dict[int, str]:
    return dict(lake.ask("SELECT partition, worker FROM owned_partitions ORDER BY ALL"))


@pytest.mark.parametrize("writer", [LakeWriter, SubprocessWriter])
def test_a_partition_that_moves_is_the_new_owners_once_that_has_caught_up(
    tmp_path: Path, postgres: str, writer: type
) -> None:
    one = Sharer(tmp_path, postgres, "one", writer)
    one.fold(0, 1)
    with open_lake(tmp_path / "lake") as reader:
        assert owners(reader) == {0: "one", 1: "one"}
        two = Sharer(tmp_path, postgres, "two-2", writer)
        two.fold(2)
        before = reader.ask("FROM reports ORDER BY ALL")
        reader.refresh()
        assert owners(reader) == {0: "one", 1: "one", 2: "two-2"}
        assert len(reader.ask("FROM reports")) > len(before)
        # It takes over, and has little of it yet.
        two.fold(1, size=5)
        reader.refresh()
        assert owners(reader)[1] == "one"
        assert doubles(reader.ask) == []
        two.fold(1, incidents=12)
        reader.refresh()
        assert owners(reader) == {0: "one", 1: "two-2", 2: "two-2"}
        assert doubles(reader.ask) == []
        # And back, with the offsets that each had.
        one.fold(1, incidents=14)
        reader.refresh()
        assert owners(reader) == {0: "one", 1: "one", 2: "two-2"}
        for worker in (one, two):
            worker.keeper.maintain(keep_seconds=60)
        reader.refresh()
        assert differing_tables(reader) == []
        assert union(reader.ask) == one_ledger(tmp_path / "expected", {0: 10, 1: 14, 2: 10})
    one.close()
    two.close()


def test_killed_and_rebalanced_at_once_beside_a_reader_the_union_is_one_workers_ledger(
    tmp_path: Path, places: Places
) -> None:
    rng = random.Random()
    names = ("a", "b", "c")
    for name in names:
        (tmp_path / name).mkdir()
    reader: LakeSession | None = None
    looks, seen = 0, dict.fromkeys(range(PARTITIONS), 0)
    for number in range(places.rounds + 1):
        shares: dict[str, list[int]] = {name: [] for name in names}
        for partition in rng.sample(range(PARTITIONS), PARTITIONS):
            shares[rng.choice(names) if number < places.rounds else names[partition % 3]].append(
                partition
            )
        running = [
            places.start(name, partitions) for name, partitions in shares.items() if partitions
        ]
        doomed = rng.sample(running, rng.randint(0, len(running))) if number < places.rounds else []
        while any(process.poll() is None for process in running):
            reader = reader or places.reader()
            if reader is None:
                continue
            reader.refresh()
            looks += 1
            now = seen | dict(reader.ask(SEEN))
            assert all(now[partition] >= seen[partition] for partition in seen), (seen, now)
            seen = now
            assert doubles(reader.ask) == []
            if doomed and rng.random() < 0.5:
                doomed.pop().send_signal(signal.SIGKILL)
        for process in running:
            process.communicate()
            assert process.returncode in {0, -signal.SIGKILL}
    assert reader is not None
    assert looks > places.rounds
    assert seen == {p: len(partition_of_log(p)) for p in range(PARTITIONS)}
    reader.refresh()
    expected = one_ledger(tmp_path / "expected", dict.fromkeys(range(PARTITIONS), INCIDENTS))
    assert union(reader.ask) == expected
    assert differing_tables(reader) == []
    reader.close()


def test_a_name_takes_a_catalogue_in_postgresql(tmp_path: Path) -> None:
    one = Sharer(tmp_path, "", "one")
    with pytest.raises(LakeWriteError, match="set TRUCE_LAKE_CATALOG"):
        one.keeper.update()
    one.close()


def test_one_process_has_a_name_and_all_have_one_catalogue(tmp_path: Path, postgres: str) -> None:
    one = Sharer(tmp_path, postgres, "one")
    one.fold(0)
    (tmp_path / "again").mkdir()
    with Ledger.open(tmp_path / "again" / "truce.duckdb") as ledger:
        same_name = Keeper(LakeWriter(tmp_path / "lake", postgres, "one"), ledger.cursor())
        with pytest.raises(LakeWriteError, match="another process keeps it"):
            same_name.update()
        elsewhere = Keeper(LakeWriter(tmp_path / "lake", f"{postgres}x", "two"), ledger.cursor())
        with pytest.raises(LakeWriteError, match="another TRUCE_LAKE_CATALOG"):
            elsewhere.update()
        unnamed = Keeper(LakeWriter(tmp_path / "lake"), ledger.cursor())
        with pytest.raises(LakeWriteError, match="set TRUCE_WORKER"):
            unnamed.update()
    assert (tmp_path / "lake" / POINTER).read_text() == f"{postgres}\n"
    one.close()


def test_who_wrote_a_lake_alone_is_the_first_to_get_a_name(tmp_path: Path, postgres: str) -> None:
    one = Sharer(tmp_path, postgres, "one")
    alone = Keeper(LakeWriter(tmp_path / "lake", postgres), one.ledger.cursor())
    SharedFold(one.ledger, [0], incidents=10).take()
    alone.update()
    alone.close()
    with open_lake(tmp_path / "lake") as reader:
        before = union(reader.ask)
        two = Sharer(tmp_path, postgres, "two")
        with pytest.raises(LakeWriteError, match="needs a name first"):
            two.keeper.update()
        reader.refresh()
        assert union(reader.ask) == before
        one.keeper.update()
        two.keeper.update()
        reader.refresh()
        assert reader.workers == ("one", "two")
        assert union(reader.ask) == before
    one.close()
    two.close()


def test_what_another_machine_writes_is_seen_to_have_changed(
    tmp_path: Path, postgres: str, s3: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "SECONDS_BETWEEN_QUESTIONS", 0.0)
    one = Sharer(tmp_path, postgres, "one", data=s3)
    one.fold(0)
    read_from(tmp_path / "elsewhere", postgres)
    there = changes.LakeChanges(tmp_path / "elsewhere")
    seen = there.last()
    assert there.last() == seen
    one.fold(1)
    assert there.last() != seen
    seen = there.last()
    one.keeper.maintain(keep_seconds=0)
    assert there.last() != seen
    one.close()


def test_machines_that_share_no_disk_exclude_each_other(
    tmp_path: Path, postgres: str, s3: str
) -> None:
    (tmp_path / "there").mkdir()
    one = Sharer(tmp_path, postgres, "one", data=s3)
    one.fold(0)
    same = Sharer(tmp_path / "there", postgres, "one", data=s3)
    with pytest.raises(LakeWriteError, match="another process keeps it"):
        same.keeper.update()
    alone = Keeper(LakeWriter(tmp_path / "alone", postgres, "", s3), one.ledger.cursor())
    with pytest.raises(LakeWriteError, match="set TRUCE_WORKER"):
        alone.update()
    elsewhere = Keeper(LakeWriter(tmp_path / "x", postgres, "two", f"{s3}2"), one.ledger.cursor())
    with pytest.raises(LakeWriteError, match=f"is in {s3}, not in {s3}2"):
        elsewhere.update()
    # Whose session ends has nothing any more, and says so before it writes.
    end_sessions(postgres)
    same.keeper.update()
    SharedFold(one.ledger, [1], incidents=10).take()
    with pytest.raises(LakeWriteError, match="another process keeps it"):
        one.keeper.update()
    same.close()
    one.keeper.update()
    one.close()


def test_one_command_makes_the_directory_that_another_machine_reads_by(
    tmp_path: Path, postgres: str, s3: str
) -> None:
    catalogue = f"postgres:{postgres}"
    early = truce("lake", data_dir=tmp_path / "there", TRUCE_LAKE_CATALOG=catalogue)
    assert "that database has no lake yet" in early.stderr
    one = Sharer(tmp_path, postgres, "one", data=s3)
    one.fold(0)
    one.close()
    done = truce("lake", data_dir=tmp_path / "there", TRUCE_LAKE_CATALOG=catalogue)
    assert done.returncode == 0, done.stderr
    assert "has what its workers wrote" in done.stderr
    asked = "SELECT count(*) AS many FROM reports"
    assert as_json(asked, tmp_path / "there") == [{"many": 20}]
    assert truce("status", data_dir=tmp_path / "there").returncode == 0
