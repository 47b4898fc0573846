"""A lake whose catalogue is in PostgreSQL is to its readers what one with a file is."""

from __future__ import annotations

import os
import random
import re
import shutil
import socket
import threading
from pathlib import Path

import pytest

from analytics.lake import upkeep
from analytics.lake.attached import attach
from analytics.lake.catalogue import place
from analytics.lake.catalogue.place import FILE, POINTER, keep_in_postgres, last_change
from analytics.lake.keeper import Keeper
from analytics.lake.session import LakeError, LakeMissing, connect, open_lake
from analytics.lake.subprocess_writer import SubprocessWriter
from analytics.lake.writer import LakeWriteError, LakeWriter
from analytics.ledger.ledger import Ledger
from tests.cli.commands import BARRAGE, SCENARIO, as_json, truce, worker
from tests.lake.compared import Fold, House, revised, same
from tests.lake.test_lake_killed import INCIDENTS, _kill_one
from tests.scale.conftest import PASSWORD
from tests.support.logged import LOG_ID

COUNT = "SELECT count(*) FROM reports"
KILLS = 5


def _gone(postgres: str) -> str:
    return re.sub(r"port=\d+", "port=1", postgres)


@pytest.mark.parametrize("writer", [LakeWriter, SubprocessWriter])
def test_it_has_what_its_ledger_has_and_so_do_its_readers(
    tmp_path: Path,
    postgres: str,
    writer: type[LakeWriter | SubprocessWriter],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(upkeep, "MANY_INLINED", 50)
    monkeypatch.setattr(upkeep, "MANY_FILES", 2)
    keep_in_postgres(tmp_path / "lake", postgres)
    house = House(tmp_path, writer)
    house.fold(30)
    house.keeper.update()
    with open_lake(house.path) as reader:
        assert reader.ask(COUNT) == [(30,)]
        for number in range(1, 5):
            house.fold(400 if number == 2 else 30, first=1_000 * number)
            looked_at = last_change(house.path)
            house.keeper.update()
            assert last_change(house.path) != looked_at
            house.same()
            looked_at = last_change(house.path)
            house.keeper.maintain(keep_seconds=0)
            assert last_change(house.path) != looked_at
            house.same()
        # It sees what it has seen, until it looks again.
        assert reader.ask(COUNT) == [(30,)]
        reader.refresh()
        assert reader.ask(COUNT) == [(30 + 3 * 30 + 400,)]
    house.keeper.update(anew=True)
    house.same()
    house.close()
    assert not (house.path / FILE).exists()


def test_a_lake_moves_from_its_file_into_postgresql(tmp_path: Path, postgres: str) -> None:
    house = House(tmp_path)
    house.fold(10)
    house.keeper.update()
    assert (house.path / FILE).exists()
    house.keeper.close()
    house.keeper = Keeper(LakeWriter(house.path, postgres), house.ledger.cursor())
    house.keeper.update()
    house.same()
    assert not (house.path / FILE).exists()
    assert (house.path / POINTER).read_text() == f"{postgres}\n"
    # Whoever opens it next needs no setting.
    house.keeper.close()
    house.open()
    house.fold(10, first=100)
    house.keeper.update()
    house.same()
    # And back, with the directory deleted.
    house.keeper.close()
    shutil.rmtree(house.path)
    house.open()
    house.keeper.update()
    house.same()
    assert (house.path / FILE).exists()
    house.close()


def test_without_its_server_it_is_an_error_that_names_no_password(
    tmp_path: Path, postgres: str
) -> None:
    house = House(tmp_path)
    house.fold(10)
    keep_in_postgres(house.path, _gone(postgres))
    with pytest.raises(LakeWriteError, match="was not written") as refused:
        house.keeper.update()
    assert PASSWORD not in str(refused.value)
    with pytest.raises(LakeError, match=r"catalogue of .* cannot be read") as unread:
        connect(house.path)
    assert PASSWORD not in str(unread.value)
    keep_in_postgres(house.path, postgres)
    with pytest.raises(LakeMissing):
        connect(house.path)
    house.keeper.update()
    house.same()
    house.close()


def test_a_server_that_never_answers_is_an_error_soon(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(place._BOUNDS, "connect_timeout", 2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        # Where nothing bounds it, this ends it, with another message.
        limit = threading.Timer(60.0, lambda: silent.shutdown(socket.SHUT_RDWR))
        limit.start()
        hanging = f"host=127.0.0.1 port={silent.getsockname()[1]} dbname=d user=u"
        lake = tmp_path / "lake"
        lake.mkdir()
        with pytest.raises(LakeWriteError, match="timeout expired"):
            LakeWriter(lake, hanging).held()
        keep_in_postgres(lake, hanging)
        with pytest.raises(LakeError, match="timeout expired"):
            connect(lake)
        limit.cancel()


def test_a_lake_stays_what_it_was_until_postgresql_has_taken_it(
    tmp_path: Path, postgres: str
) -> None:
    house = House(tmp_path)
    house.fold(10)
    house.keeper.update()
    house.keeper.close()
    for mistyped in (_gone(postgres), f"{postgres}0"):
        house.keeper = Keeper(LakeWriter(house.path, mistyped), house.ledger.cursor())
        with pytest.raises(LakeWriteError, match="was not written"):
            house.keeper.update()
        with open_lake(house.path) as reader:
            assert reader.ask(COUNT) == [(10,)]
    house.open()
    house.keeper.update()
    house.same()
    house.close()


def test_another_directory_can_neither_write_nor_read_what_is_in_the_same_database(
    tmp_path: Path, postgres: str
) -> None:
    one = House(tmp_path)
    one.fold(10)
    Keeper(LakeWriter(one.path, postgres), one.ledger.cursor()).update()
    (tmp_path / "other").mkdir()
    other = House(tmp_path / "other")
    other.fold(5)
    other.keeper.update()
    other.keeper.close()
    other.keeper = Keeper(LakeWriter(other.path, postgres), other.ledger.cursor())
    with pytest.raises(LakeWriteError, match="DATA_PATH"):
        other.keeper.update()
    one.same()
    with open_lake(other.path) as reader:
        assert reader.ask(COUNT) == [(5,)]
        # As in a copy of the directory of the first.
        keep_in_postgres(other.path, postgres)
        with pytest.raises(LakeError, match=f"has the lake in {one.path}, not this one"):
            reader.refresh()
        assert reader.ask(COUNT) == [(5,)]
    with pytest.raises(LakeError, match="not this one"):
        connect(other.path)
    one.close()
    other.close()


def test_readers_know_the_file_of_the_password_that_the_setting_names(
    tmp_path: Path, postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    passwords = Path(os.environ["PGPASSFILE"])
    monkeypatch.delenv("PGPASSFILE")
    named = f"{postgres} passfile={passwords}"
    house = House(tmp_path)
    house.fold(10)
    passwords.chmod(0o644)
    with pytest.raises(LakeWriteError, match="no password supplied"):
        Keeper(LakeWriter(house.path, named), house.ledger.cursor()).update()
    passwords.chmod(0o600)
    Keeper(LakeWriter(house.path, named), house.ledger.cursor()).update()
    with open_lake(house.path) as reader:
        assert reader.ask(COUNT) == [(10,)]
    house.close()


def test_a_lake_is_read_under_another_name_of_its_directory(tmp_path: Path, postgres: str) -> None:
    house = House(tmp_path)
    house.fold(10)
    Keeper(LakeWriter(house.path, postgres), house.ledger.cursor()).update()
    house.close()
    moved = house.path.rename(tmp_path / "moved")
    with pytest.raises(LakeError, match="not this one"):
        connect(moved)
    house.path.symlink_to(moved)
    with open_lake(moved) as reader:
        assert reader.ask(COUNT) == [(10,)]


def test_killed_anywhere_nothing_is_missing_or_double(tmp_path: Path, postgres: str) -> None:
    keep_in_postgres(tmp_path / "lake", postgres)
    rng = random.Random()
    for _ in range(KILLS):
        _kill_one(tmp_path, rng)
    with Ledger.open(tmp_path / "truce.duckdb") as ledger:
        keeper = Keeper(LakeWriter(tmp_path / "lake"), ledger.cursor())
        Fold(ledger, [*revised(INCIDENTS)], at=ledger.offsets(LOG_ID).get(0, 0)).take(10)
        keeper.update()
        with ledger.cursor() as cursor:
            same(cursor, tmp_path / "lake")
        keeper.close()


def test_commands_and_a_worker_need_the_setting_once(tmp_path: Path, postgres: str) -> None:
    data_dir = tmp_path / "data"
    data_dir.mkdir()
    with Ledger.open(data_dir / "truce.duckdb") as ledger:
        Fold(ledger, SCENARIO.read_text(encoding="utf-8").splitlines()).take(10**9)
    done = truce("lake", data_dir=data_dir, TRUCE_LAKE_CATALOG=f"postgres:{postgres}")
    assert done.returncode == 0, done.stderr
    assert f"ATTACH 'ducklake:postgres:{postgres}' AS lake (READ_ONLY);" in done.stdout
    assert as_json("SELECT count(*) AS many FROM verdicts", data_dir) == [{"many": 4}]
    for command in (("status",), ("explain", BARRAGE), ("verify",)):
        done = truce(*command, data_dir=data_dir)
        assert done.returncode == 0, done.stderr
        assert PASSWORD not in done.stdout + done.stderr
    with worker(data_dir):
        assert as_json("SELECT count(*) AS many FROM verdicts", data_dir) == [{"many": 4}]
    with attach(data_dir / "lake", read_only=True) as lake:
        assert lake.execute("SELECT count(*) FROM lake.lake_mark").fetchall() == [(1,)]


@pytest.mark.parametrize(
    "given",
    ["postgres:dbname=x password=very-secret", "postgres://u:very-secret@h/db?sslmode=require"],
)
def test_a_password_in_the_setting_is_refused_and_not_repeated(given: str, tmp_path: Path) -> None:
    done = truce("lake", data_dir=tmp_path, TRUCE_LAKE_CATALOG=given)
    assert done.returncode != 0
    assert "TRUCE_LAKE_CATALOG" in done.stderr
    assert "very-secret" not in done.stderr + done.stdout
