"""A real worker keeps its lake, and commands have it brought up to date, with a worker or without."""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple
from urllib.error import HTTPError

import duckdb
import pytest

from analytics.lake.attached import attach
from analytics.lake.catalogue.place import FILE as CATALOG
from analytics.storage.database import connect
from streams.commands.lake_update import bring_up_to_date
from streams.endpoint import Endpoint, read_endpoint
from streams.settings import Settings
from tests.cli.commands import truce, worker
from tests.lake.compared import revised, same


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "data"


class Kept(NamedTuple):
    """A worker that runs, and its data directory."""

    data_dir: Path
    endpoint: Endpoint


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    """For all tests to which it does not matter what others published."""
    data_dir = tmp_path_factory.mktemp("kept") / "data"
    with worker(data_dir):
        endpoint = read_endpoint(data_dir)
        assert endpoint is not None
        # So that there is one.
        bring_up_to_date(Settings(data_dir=data_dir))
        yield Kept(data_dir, endpoint)


@pytest.fixture(scope="module")
def left_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data_dir = tmp_path_factory.mktemp("left") / "data"
    with worker(data_dir):
        publish(data_dir, 30)
    return data_dir


@pytest.fixture
def left(left_once: Path, data_dir: Path) -> Path:
    """What a worker left in order, with 38 events: a copy of its own for each test."""
    return shutil.copytree(left_once, data_dir)


def publish(data_dir: Path, incidents: int, *, first: int = 0) -> None:
    lines = "\n".join(revised(incidents, first=first)).encode()
    done = truce("publish", "-", data_dir=data_dir, given=lines)
    assert done.returncode == 0, done.stderr


def in_lake(data_dir: Path) -> int:
    with attach(data_dir / "lake", read_only=True) as lake:
        [(events,)] = lake.execute("SELECT count(*) FROM lake.accepted").fetchall()
        return int(events)


def post(endpoint: Endpoint, query: str = "", **headers: str) -> tuple[int, dict[str, object]]:
    request = urllib.request.Request(  # noqa: S310 - the worker's own address
        f"{endpoint.http}/lake{query}", method="POST", headers=headers
    )
    try:
        with urllib.request.urlopen(request, timeout=40) as answer:  # noqa: S310
            return answer.status, json.load(answer)
    except HTTPError as error:
        return error.code, json.load(error)


def test_what_was_acknowledged_is_in_the_lake_once_it_is_asked_for(
    kept: Kept,
) -> None:
    data_dir = kept.data_dir
    before = in_lake(data_dir)
    for first in (10, 20, 30):
        publish(data_dir, 10, first=first)
        mark = bring_up_to_date(Settings(data_dir=data_dir))
        assert in_lake(data_dir) == before + 12 * first // 10
        with attach(data_dir / "lake", read_only=True) as lake:
            assert lake.execute("SELECT seq FROM lake.lake_mark").fetchall() == [(mark.seq,)]


def test_a_worker_keeps_it_by_itself_and_says_how_far_it_lags(kept: Kept) -> None:
    data_dir, endpoint = kept
    before = in_lake(data_dir)
    publish(data_dir, 10, first=100)
    until = time.monotonic() + 30
    while in_lake(data_dir) < before + 12:
        assert time.monotonic() < until
        time.sleep(0.1)
    with urllib.request.urlopen(f"{endpoint.http}/metrics") as page:  # noqa: S310
        lines = page.read().decode().splitlines()
    assert [line for line in lines if line.startswith("truce_lake_lag_seconds ")]


def test_only_commands_on_this_machine_that_know_the_token_may_ask(kept: Kept) -> None:
    endpoint = kept.endpoint
    token = {"Authorization": f"Bearer {endpoint.lake_token}"}
    assert post(endpoint)[0] == 401
    assert post(endpoint, Authorization="Bearer x")[0] == 401
    assert post(endpoint, Host="attacker.example", **token)[0] == 421
    assert post(endpoint, Origin="http://127.0.0.1", **token)[0] == 403
    status, mark = post(endpoint, **token)
    assert status == 200
    assert mark["seq"]


def test_who_waits_for_news_has_them_once_they_are_committed_or_after_the_wait(kept: Kept) -> None:
    data_dir, endpoint = kept
    token = {"Authorization": f"Bearer {endpoint.lake_token}"}
    _, before = post(endpoint, **token)
    began = time.monotonic()
    assert post(endpoint, "?wait=1.5", **token) == (200, before)
    assert time.monotonic() - began >= 1.5
    until = time.monotonic() + 60
    with ThreadPoolExecutor() as threads:
        publishing = threads.submit(publish, data_dir, 10, first=200)
        while (found := post(endpoint, "?wait=5", **token)) == (200, before):
            assert time.monotonic() < until
        publishing.result()
    assert found[0] == 200
    assert int(str(found[1]["seq"])) > int(str(before["seq"]))
    for wrong in ("-1", "5.1", "nan", "inf", "soon", ""):
        assert post(endpoint, f"?wait={wrong}", **token)[0] == 400


def test_without_a_worker_the_command_does_it_itself(left: Path) -> None:
    data_dir = left
    before = in_lake(data_dir)
    # It was brought up to date when the worker stopped.
    assert before == 2 + 36
    shutil.rmtree(data_dir / "lake")
    done = truce("lake", data_dir=data_dir)
    assert done.returncode == 0, done.stderr
    with connect(data_dir / "truce.duckdb") as ledger:
        same(ledger, data_dir / "lake")
    # What it prints is what attaches it.
    with duckdb.connect() as mine:
        from analytics.lake.extensions import load

        load(mine)
        attach, search, reads = done.stdout.splitlines()
        mine.execute(attach)
        mine.execute(search)
        mine.execute(Path(reads.removeprefix(".read ")).read_text("utf-8"))
        assert mine.execute("SELECT count(*) FROM events").fetchall() == [(before,)]
        assert mine.execute("SELECT count(*) FROM lake.accepted").fetchall() == [(before,)]
        assert mine.execute("SELECT sum(reports) FROM sources").fetchall() == [(30,)]


def test_it_is_given_all_again_and_written_as_parquet(
    kept: Kept, left: Path, tmp_path: Path
) -> None:
    data_dir = left
    assert truce("lake", "--anew", data_dir=kept.data_dir).returncode == 1
    done = truce("lake", "--anew", "--parquet", tmp_path / "out", data_dir=data_dir)
    assert done.returncode == 0, done.stderr
    # These are few, so that they are in no file of the lake's own.
    assert len(duckdb.read_parquet(str(tmp_path / "out" / "accepted.parquet"))) == 38
    with connect(data_dir / "truce.duckdb") as ledger:
        same(ledger, data_dir / "lake")


def test_the_lake_can_be_elsewhere(left: Path, tmp_path: Path) -> None:
    done = truce("lake", "--lake", tmp_path / "elsewhere", data_dir=left)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "elsewhere" / CATALOG).exists()


def test_a_lake_that_cannot_be_written_holds_up_nobody(data_dir: Path) -> None:
    with worker(data_dir):
        assert truce("lake", data_dir=data_dir).returncode == 0
        # At once, so that nothing is written into it while it goes.
        (data_dir / "lake").rename(data_dir / "away")
        (data_dir / "lake").write_text("in the way")
        publish(data_dir, 10)
        done = truce("lake", data_dir=data_dir)
        assert done.returncode == 1
        assert done.stderr.startswith("truce: the worker answers 503: the lake ")
        (data_dir / "lake").unlink()
        done = truce("lake", data_dir=data_dir)
        assert done.returncode == 0, done.stderr
    assert in_lake(data_dir) == 14


def test_there_must_be_a_database(data_dir: Path) -> None:
    done = truce("lake", data_dir=data_dir)
    assert done.returncode == 1
    assert done.stderr.startswith(f"truce: there is no {data_dir / 'truce.duckdb'} yet: ")
    assert not data_dir.exists()


@pytest.mark.slow
def test_a_stopped_reader_holds_up_no_commit_no_merge_and_no_expiry(data_dir: Path) -> None:
    from analytics.lake.keeper import Keeper
    from analytics.lake.writer import LakeWriter
    from analytics.ledger.ledger import Ledger
    from tests.lake.compared import Fold

    data_dir.mkdir()
    with Ledger.open(data_dir / "truce.duckdb") as ledger:
        keeper = Keeper(LakeWriter(data_dir / "lake"), ledger.cursor())
        Fold(ledger, [*revised(1_100)], "log-0").take(10**9)
        keeper.update()
        reader = _Reader(data_dir / "lake")
        try:
            os.kill(reader.pid, signal.SIGSTOP)
            # More than a thousand rows each, so that each makes files.
            for first in range(1_100, 9_900, 1_100):
                Fold(ledger, [*revised(1_100, first=first)], f"log-{first}").take(10**9)
                keeper.update()
            keeper.maintain(keep_seconds=0)
            with ledger.cursor() as cursor:
                same(cursor, data_dir / "lake")
        finally:
            reader.end()
        keeper.close()


class _Reader:
    """A process that holds a transaction of the lake open, and is in the middle of a long query."""

    def __init__(self, path: Path) -> None:
        import subprocess
        import sys

        program = (
            "import sys; from analytics.lake.attached import attach; from pathlib import Path\n"
            "lake = attach(Path(sys.argv[1]), read_only=True)\n"
            "lake.execute('BEGIN'); lake.execute('FROM lake.accepted').fetchone()\n"
            "print('reading', flush=True)\n"
            "lake.execute('SELECT count(*) FROM lake.accepted a, lake.accepted b, range(10000)')\n"
        )
        self._process = subprocess.Popen(
            [sys.executable, "-c", program, str(path)], stdout=subprocess.PIPE, text=True
        )
        self.pid = self._process.pid
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "reading\n"

    def end(self) -> None:
        self._process.kill()
        self._process.communicate()
