"""A lake has what its ledger has, whatever became of either of them."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from analytics.lake.attached import attach
from analytics.lake.catalogue.place import DATA as FILES
from analytics.lake.catalogue.place import FILE as CATALOG
from analytics.lake.keeper import Keeper
from analytics.lake.subprocess_writer import SubprocessWriter
from analytics.lake.writer import LakeWriteError, LakeWriter
from analytics.ledger.ledger import Ledger
from analytics.notifications.notifications import Notifications, switch
from analytics.storage.database import Session
from tests.lake.compared import Fold, House, rows
from tests.support.given import coverage

# As a command writes it, and as a worker has it written.
BY_BOTH = pytest.mark.parametrize("house", [LakeWriter, SubprocessWriter], indirect=True)


@pytest.fixture
def house(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[House]:
    one = House(tmp_path, getattr(request, "param", LakeWriter))
    yield one
    one.close()


def mark_of(database: Path) -> Path:
    return database.with_name(f"{database.name}.mark")


def _elsewhere(house: House) -> None:
    """The ledger goes back to what it was, and on from there in another way."""
    house.ledger.close()
    database = house.ledger.path
    shutil.copy(database.with_name("before"), database)
    # As it is with a copy that is put back: it has no mark.
    mark_of(database).unlink()
    house.ledger = Ledger.open(database)
    house.open()
    house.fold(11, first=3_000)
    house.fold(7, first=4_000)


def _other_ledger(house: House) -> None:
    house.ledger.close()
    house.ledger.path.unlink()
    mark_of(house.ledger.path).unlink()
    house.ledger = Ledger.open(house.ledger.path)
    house.open()
    house.fold(20)


def _no_mark(house: House) -> None:
    with attach(house.path) as lake:
        lake.execute("DELETE FROM lake.lake_mark")


def _false_mark(house: House) -> None:
    with attach(house.path) as lake:
        lake.execute("UPDATE lake.contents SET row_count = row_count + 1")


def _no_table(house: House) -> None:
    with attach(house.path) as lake:
        lake.execute("DROP TABLE lake.verdict_versions")


def _no_catalogue(house: House) -> None:
    for suffix in ("", "-wal", "-shm"):
        (house.path / f"{CATALOG}{suffix}").unlink(missing_ok=True)


def _no_database(house: House) -> None:
    (house.path / CATALOG).write_bytes(b"no database" * 1_000)


def _no_files(house: House) -> None:
    shutil.rmtree(house.path / FILES)


def _short_file(house: House) -> None:
    next((house.path / FILES).rglob("*.parquet")).write_bytes(b"PAR1")


def _nothing(house: House) -> None:
    shutil.rmtree(house.path)


@pytest.mark.parametrize(
    "harm",
    [
        *(_elsewhere, _other_ledger, _no_mark, _false_mark, _no_table),
        *(_no_catalogue, _no_database, _no_files, _short_file, _nothing),
    ],
)
def test_what_does_not_lead_to_the_ledger_is_replaced(
    house: House,
    harm: Callable[[House], None],
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level("INFO", "analytics")
    # Many only where there must be files for them.
    house.fold(1_500 if harm in {_no_files, _short_file, _no_catalogue} else 30)
    house.keeper.close()
    house.ledger.close()
    shutil.copy(house.ledger.path, house.ledger.path.with_name("before"))
    house.ledger = Ledger.open(house.ledger.path)
    house.open()
    house.fold(10, first=1_500)
    house.keeper.update()
    house.keeper.close()
    house.open()
    harm(house)
    house.keeper.update()
    house.same()
    if harm not in {_nothing, _no_catalogue}:
        # The other process says it by itself.
        assert str(house.path) in caplog.text + capfd.readouterr().err


@BY_BOTH
def test_a_lake_that_is_taken_away_meanwhile_is_made_again(house: House) -> None:
    house.fold(10)
    house.keeper.update()
    shutil.rmtree(house.path)
    house.fold(10, first=10)
    house.keeper.update()
    house.same()


def test_a_ledger_that_cannot_be_read_is_said_of_the_lake(house: House) -> None:
    house.fold(3)
    house.keeper.update()
    ledger = house.ledger.cursor()
    keeper = Keeper(LakeWriter(house.path), ledger)
    ledger.close()
    with pytest.raises(LakeWriteError, match=r"^the lake is not up to date, since the ledger"):
        keeper.update()


def test_coverage_that_is_revised_after_an_update_is_in_the_next(house: House) -> None:
    for number, said in enumerate((coverage(), coverage(quality="denied"), coverage("other"))):
        Fold(house.ledger, [said], f"log-{number}").take(1)
        house.keeper.update()
        house.same()
    with attach(house.path, read_only=True) as lake:
        stands = "SELECT quality FROM lake.coverage_versions WHERE superseded_at IS NULL"
        assert sorted(lake.execute(stands).fetchall()) == [("denied",), ("full",)]


def test_an_update_with_nothing_new_leaves_no_snapshot(house: House) -> None:
    house.fold(3)
    mark = house.keeper.update()
    assert house.keeper.update() == mark
    with attach(house.path, read_only=True) as lake:
        before = lake.execute("SELECT count(*) FROM lake.snapshots()").fetchall()
    house.keeper.update()
    with attach(house.path, read_only=True) as lake:
        assert lake.execute("SELECT count(*) FROM lake.snapshots()").fetchall() == before


@BY_BOTH
def test_notices_are_in_the_lake_as_they_change(house: House) -> None:
    house.fold(4)
    with house.ledger.cursor() as cursor:
        switch(cursor, ["webhook"], 0)
    notices = Notifications(house.ledger.cursor())
    notices.look(["undetermined"], 0, 1, 1_000)
    house.keeper.update()
    house.same()
    [first, *_] = notices.next("webhook", notices.lanes("webhook"), 1)
    notices.trying({first.seq: '{"a": 1}'})
    house.keeper.update()
    house.same()
    notices.done([first.seq], "told", 5)
    house.keeper.update()
    house.same()
    house.fold(3, first=4)
    notices.look(["undetermined"], 0, 10, 1)
    house.keeper.update()
    house.same()
    [digest, *_] = notices.next_digests("webhook", notices.lanes("webhook"), 1)
    notices.trying_digest(digest, '{"a": 2}')
    house.keeper.update()
    house.same()
    notices.done_digest(digest.digest, "told", 20)
    house.keeper.update()
    house.same()
    with house.ledger.cursor() as cursor:
        switch(cursor, [], 7)
    house.keeper.update()
    house.same()
    notices.close()


@BY_BOTH
def test_readers_are_not_disturbed_and_disturb_nobody(house: House) -> None:
    house.fold(1_100)
    house.keeper.update()
    house.fold(40, first=1_100)
    house.keeper.update()
    with attach(house.path, read_only=True) as reader:
        reader.execute("BEGIN")
        before = rows(reader, "lake.")
        for first in range(2_000, 4_000, 1_000):
            house.fold(1_000, first=first)
            house.keeper.update()
        house.keeper.maintain()
        assert rows(reader, "lake.") == before
        house.keeper.update(anew=True)
        house.keeper.maintain()
        assert rows(reader, "lake.") == before
        reader.execute("COMMIT")
        assert rows(reader, "lake.") != before
    house.same()


def test_small_files_become_one_and_what_nobody_can_read_is_deleted(house: House) -> None:
    # A thousand rows or fewer would be in the catalogue, and in no file.
    for first in range(0, 8_800, 1_100):
        house.fold(1_100, first=first)
        house.keeper.update()
    files = house.path / FILES
    many = len([*files.rglob("*.parquet")])
    assert many >= 8 * 3
    house.keeper.maintain(keep_seconds=3_600)
    # They are there as long as a reader may need them.
    assert len([*files.rglob("*.parquet")]) > many
    with attach(house.path, read_only=True) as lake:
        for table in ("accepted", "verdict_versions", "claim_verdict_versions"):
            asked = "SELECT count(*) FROM ducklake_list_files('lake', $1)"
            assert lake.execute(asked, [table]).fetchall()[0][0] <= 2, table
    house.same()
    house.keeper.maintain(keep_seconds=0)
    assert len([*files.rglob("*.parquet")]) < many / 2
    with attach(house.path, read_only=True) as lake:
        [(snapshots,)] = lake.execute("SELECT count(*) FROM lake.snapshots()").fetchall()
    assert snapshots == 1
    house.same()


def test_what_led_up_to_the_mark_is_forgotten(house: House) -> None:
    house.fold(20)
    house.fold(20, first=20)
    house.keeper.update()
    with house.ledger.cursor() as cursor:
        session = Session(cursor)
        assert session.execute("SELECT count(DISTINCT seq) FROM transactions") == [(1,)]
        assert session.execute("SELECT count(*) FROM changed_rows") == [(0,)]
