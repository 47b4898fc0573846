"""A lake whose data is on S3 is to its readers what one in a directory is."""

from __future__ import annotations

import os
import re
import signal
import time
from pathlib import Path
from threading import Timer

import duckdb
import pytest

from analytics.lake import upkeep
from analytics.lake.catalogue.place import DATA, DATA_POINTER, FILE
from analytics.lake.extensions import HTTPFS, SQLITE, load
from analytics.lake.s3.access import SETTINGS, give_access
from analytics.lake.session import LakeError, connect, open_lake
from analytics.lake.subprocess_writer import SubprocessWriter
from analytics.lake.writer import LakeWriteError, LakeWriter
from analytics.ledger.ledger import Ledger
from tests.cli.commands import BARRAGE, SCENARIO, as_json, truce, worker
from tests.lake.compared import Fold, House
from tests.scale.served_s3 import BUCKET, KEY_ID, SECRET, TOKEN, ServedS3, served_s3
from tests.worker.running import within

COUNT = "SELECT count(*) FROM reports"
ONE_AND_SEVERAL = pytest.mark.parametrize(
    ("catalogue", "writer"), [("file", LakeWriter), ("postgres", SubprocessWriter)]
)


@pytest.fixture
def postgres_or_file(catalogue: str, request: pytest.FixtureRequest) -> str:
    """Where the catalogue is."""
    return str(request.getfixturevalue("postgres")) if catalogue == "postgres" else ""


def files(data: str) -> set[str]:
    """All that is there."""
    with duckdb.connect() as connection:
        give_access(connection, data)
        return {file for (file,) in connection.execute(f"FROM glob('{data}/**')").fetchall()}


def scenario(folder: Path) -> Path:
    """A data directory with a ledger of the shipped scenario."""
    data_dir = folder / "data"
    data_dir.mkdir()
    with Ledger.open(data_dir / "truce.duckdb") as ledger:
        Fold(ledger, SCENARIO.read_text(encoding="utf-8").splitlines()).take(10**9)
    return data_dir


def attached_by_hand(said: str) -> duckdb.DuckDBPyConnection:
    """What somebody has who types what `truce lake` says into DuckDB's own shell."""
    # The wheel of DuckDB has no getenv, and its extensions are not fetched.
    typed = re.sub(r"getenv\('(\w+)'\)", lambda name: f"'{os.environ[name[1]]}'", said)
    typed = re.sub(r"\.read (.+)", lambda file: Path(file[1]).read_text("utf-8"), typed)
    connection = duckdb.connect()
    load(connection, SQLITE, "ducklake", HTTPFS)
    connection.execute(re.sub(r"(INSTALL|LOAD) httpfs;", "", typed))
    return connection


@ONE_AND_SEVERAL
def test_it_has_what_its_ledger_has_and_so_do_its_readers(
    tmp_path: Path,
    s3: str,
    postgres_or_file: str,
    writer: type[LakeWriter | SubprocessWriter],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(upkeep, "MANY_INLINED", 50)
    monkeypatch.setattr(upkeep, "MANY_FILES", 2)
    house = House(tmp_path, writer, postgres=postgres_or_file, data=s3)
    house.fold(30)
    house.keeper.update()
    assert (house.path / DATA_POINTER).read_text() == f"{s3}\n"
    with open_lake(house.path) as reader:
        assert reader.ask(COUNT) == [(30,)]
        for number, incidents in enumerate((1_200, 30), 1):
            house.fold(incidents, first=10_000 * number)
            house.keeper.update()
            house.keeper.maintain(keep_seconds=0)
            house.same()
        # It sees what it has seen, until it looks again.
        assert reader.ask(COUNT) == [(30,)]
        reader.refresh()
        assert reader.ask(COUNT) == [(30 + 1_200 + 30,)]
    before = files(s3)
    assert before
    house.keeper.update(anew=True)
    house.keeper.maintain(keep_seconds=0)
    house.same()
    assert before.isdisjoint(files(s3))
    # Whoever opens it next needs no setting.
    house.keeper.close()
    house.open()
    house.fold(10, first=90_000)
    house.keeper.update()
    house.same()
    assert connect(house.path).sql(COUNT).fetchall() == [(30 + 1_200 + 30 + 10,)]
    house.close()
    assert not (house.path / DATA).exists()
    assert (house.path / FILE).exists() == (not postgres_or_file)


def test_commands_and_a_worker_need_the_setting_once_and_show_no_key(
    tmp_path: Path, s3: str
) -> None:
    data_dir = scenario(tmp_path)
    done = truce("lake", data_dir=data_dir, TRUCE_LAKE_DATA=s3)
    assert done.returncode == 0, done.stderr
    said = done.stdout + done.stderr
    with attached_by_hand(done.stdout) as connection:
        assert connection.sql("SELECT count(*) FROM verdicts").fetchall() == [(4,)]
    published = tmp_path / "published"
    for command in (
        ("status",),
        ("explain", BARRAGE),
        ("verify",),
        ("report", str(tmp_path / "report.html")),
        ("sql", "SELECT count(*) AS many FROM verdicts"),
        ("lake", "--anew", "--parquet", str(published)),
        ("backup", str(tmp_path / "backup.duckdb")),
        ("restore", str(tmp_path / "backup.duckdb"), "--replace"),
        ("sql", "FROM accepted"),
    ):
        done = truce(*command, data_dir=data_dir)
        assert done.returncode == 0, (command, done.stderr)
        said += done.stdout + done.stderr
    assert {path.name for path in published.glob("*.parquet")} > {"accepted.parquet"}
    with worker(data_dir):
        assert as_json("SELECT count(*) AS many FROM verdicts", data_dir) == [{"many": 4}]
    # Without the keys it is an error of one line.
    done = truce("sql", "FROM verdicts", data_dir=data_dir, AWS_ACCESS_KEY_ID="")
    assert "the environment has no AWS_ACCESS_KEY_ID" in done.stderr
    said += done.stdout + done.stderr
    for path in (path for path in tmp_path.rglob("*") if path.is_file()):
        said += path.read_text(encoding="utf-8", errors="replace")
    for secret in (KEY_ID, SECRET, TOKEN):
        assert secret not in said


@pytest.mark.parametrize("writer", [LakeWriter, SubprocessWriter])
def test_an_s3_that_hangs_is_an_error_and_once_it_is_back_the_lake_catches_up(
    tmp_path: Path,
    s3: str,
    s3_server: ServedS3,
    writer: type[LakeWriter | SubprocessWriter],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(SETTINGS, "http_timeout", 1)
    house = House(tmp_path, writer, data=s3)
    house.fold(1_200)
    house.keeper.update()
    with s3_server.hanging():
        house.fold(1_200, first=10_000)
        began = time.monotonic()
        if writer is SubprocessWriter:
            # Nobody waits for it: a worker that ends aborts it.
            Timer(1.0, house.keeper.abandon).start()
        with pytest.raises(LakeWriteError, match="was not written") as refused:
            house.keeper.update()
        assert time.monotonic() - began < 20
        assert SECRET not in str(refused.value)
        # What a reader has of the catalogue it has; what is in files it cannot reach.
        with open_lake(house.path) as reader, pytest.raises(LakeError, match="Timeout"):
            reader.ask("SELECT sum(length(payload)) FROM accepted")
    house.keeper.update()
    house.same()
    house.close()


def test_without_an_s3_it_is_an_error_at_once(
    tmp_path: Path, s3: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = House(tmp_path, data=s3)
    house.fold(10)
    with monkeypatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1")
        with pytest.raises(LakeWriteError, match="Could not connect") as refused:
            house.keeper.update()
        assert SECRET not in str(refused.value)
        patch.setenv("AWS_ENDPOINT_URL_S3", f"http://{SECRET}@127.0.0.1")
        with pytest.raises(LakeWriteError, match="AWS_ENDPOINT_URL_S3: expected") as refused:
            house.keeper.update()
        assert SECRET not in str(refused.value)
        patch.delenv("AWS_SECRET_ACCESS_KEY")
        with pytest.raises(LakeWriteError, match="environment has no AWS_SECRET_ACCESS_KEY"):
            house.keeper.update()
    house.keeper.update()
    house.same()
    house.close()


def test_a_lake_begins_where_nothing_is_and_does_not_move(
    tmp_path: Path, s3: str, postgres: str
) -> None:
    one = House(tmp_path, data=s3)
    one.fold(1_200)
    one.keeper.update()
    # Each would delete the files of the other.
    (tmp_path / "other").mkdir()
    other = House(tmp_path / "other", data=s3)
    with pytest.raises(LakeWriteError, match="is another lake's"):
        other.keeper.update()
    other.open(postgres, s3)
    with pytest.raises(LakeWriteError, match="is another lake's"):
        other.keeper.update()
    assert not (other.path / DATA_POINTER).exists()
    one.same()
    # A lake on a disk, and one that is elsewhere on S3.
    other.open()
    other.keeper.update()
    for house in (one, other):
        house.keeper.close()
        house.open("", f"{s3}-2")
        with pytest.raises(LakeWriteError, match=f"not in {s3}-2: delete {house.path}"):
            house.keeper.update()
        house.open()
        house.keeper.update()
        house.same()
    one.close()
    other.close()


def test_a_worker_starts_and_ends_while_s3_hangs(
    tmp_path: Path, s3: str, s3_server: ServedS3
) -> None:
    data_dir = scenario(tmp_path)
    with s3_server.hanging():
        with worker(data_dir, TRUCE_LAKE_DATA=s3) as process:
            # Its lake is being written.
            assert within(20, (data_dir / "lake").exists)
            began = time.monotonic()
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=30)
        assert time.monotonic() - began < 15
    assert truce("lake", data_dir=data_dir, TRUCE_LAKE_DATA=s3).returncode == 0
    assert as_json("SELECT count(*) AS many FROM verdicts", data_dir) == [{"many": 4}]


def test_no_process_has_a_key_among_its_arguments(tmp_path: Path, s3: str) -> None:
    house = House(tmp_path, SubprocessWriter, data=s3)
    house.keeper.update()
    arguments = [
        path.read_text(errors="replace")
        for path in Path("/proc").glob("[0-9]*/cmdline")
        if path.exists()
    ]
    assert any(s3 in said for said in arguments)
    assert not any(secret in said for said in arguments for secret in (KEY_ID, SECRET, TOKEN))
    house.close()


def test_over_tls_the_authority_is_checked_also_where_somebodys_own_sql_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data_dir = scenario(tmp_path)
    with served_s3(tmp_path, encrypted=True) as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        done = truce("lake", data_dir=data_dir, TRUCE_LAKE_DATA=f"s3://{BUCKET}/encrypted")
        assert done.returncode == 0, done.stderr
        assert as_json("SELECT count(*) AS many FROM verdicts", data_dir) == [{"many": 4}]
        monkeypatch.delenv("AWS_CA_BUNDLE")
        done = truce("lake", "--anew", data_dir=data_dir)
        assert done.returncode != 0
        assert "certificate" in done.stderr
