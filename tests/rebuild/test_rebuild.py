"""`truce rebuild` without a broker: what it makes, what it says, and what it leaves when it fails."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import random
import resource
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import duckdb
import pytest

from analytics.ledger.ledger import LedgerInUse
from analytics.ledger.replacement import (
    CARRIED,
    FOLDED,
    TAKEN_OVER,
    NewDatabase,
    alone,
)
from analytics.queries import queries as sql
from analytics.storage.database import connect
from analytics.storage.rebuild_failures import RebuildRuns
from streams.commands.lake_reader import opened
from streams.commands.rebuild import _Lake
from streams.endpoint import read_endpoint
from streams.engine import decoder
from streams.engine.decoding import RawRecord, Reading
from streams.engine.engine import LedgerCore, OtherLog
from streams.engine.rebuild import take_over
from streams.engine.replay import fold_all
from streams.settings import Address, Settings
from tests.cli.commands import SCENARIO, TRUCE, Done, environment, rows, truce, worker
from tests.rebuild.conftest import judge
from tests.support.logged import HISTORY, Dump, dump, records

DATABASE = {"truce.duckdb", "truce.duckdb.mark"}
ALL = HISTORY | {"outbox": "FROM outbox"}
CHANGE = """
    UPDATE verdict_versions SET verdict = 'clear'
    WHERE incident_id = '2026-02-03-barrage' AND superseded_at IS NULL"""
NOBODY_POSTED = "UPDATE accepted SET posted_by = NULL"
FOLDED_14 = "14 events folded from the events that the database kept in "


def state(settings: Settings) -> Dump:
    return dump(settings.database, ALL)


def files(settings: Settings) -> set[str]:
    return {path.name for path in settings.data_dir.iterdir()}


def change(settings: Settings, sql: str = CHANGE) -> None:
    with duckdb.connect(str(settings.database)) as connection:
        connection.execute(sql)


def rebuild(settings: Settings, *options: str) -> Done:
    return truce("rebuild", *options, data_dir=settings.data_dir)


def test_every_table_is_folded_or_copied() -> None:
    with duckdb.connect() as connection:
        for path in sorted(Path("analytics/schema").glob("[0-9]*.sql")):
            connection.execute(path.read_text(encoding="utf-8"))
        tables = connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()
    # Both are views of one table, in which an event and the report that it makes are one row.
    of_accepted = {"events", "report_versions"}
    # What a database says of itself, and each new one anew.
    own = {"identity", "transactions", "changed_rows", "provenance"}
    copied = {*FOLDED, *TAKEN_OVER, *CARRIED}
    assert copied - of_accepted | {"accepted"} == {name for (name,) in tables} - own
    assert of_accepted <= copied


def test_the_rebuilt_database_is_the_old_one_to_the_row(scenario: Settings) -> None:
    before = state(scenario)
    assert len(before["rejected"]) == 1
    assert before["outbox"]
    done = rebuild(scenario)
    assert (done.returncode, done.stderr) == (0, "")
    first, *rest = done.stdout.splitlines()
    assert first.startswith(FOLDED_14)
    assert first.endswith(": 6 verdict versions, 14 claim verdict versions, 1 rejected")
    assert rest == [
        "No row differs from the old database.",
        f"{scenario.database} is the new one.",
    ]
    assert state(scenario) == before
    assert files(scenario) == DATABASE


def test_the_lake_answers_a_rebuild_what_the_database_would(scenario: Settings) -> None:
    asked: list[tuple[str, dict[str, int]]] = [
        ("end_of_events", {}),
        ("events_between", {"first": 0, "until": 14}),
        ("events_between", {"first": 3, "until": 5}),
        ("end_of_rejected", {}),
        ("offsets_reached", {}),
    ]
    with opened(scenario, as_ledger=True) as lake:
        answered = [_Lake(lake).rows(name, **values) for name, values in asked]
    with connect(scenario.database, read_only=True) as database:
        for (name, values), found in zip(asked, answered, strict=True):
            assert database.execute(sql("rebuild")[name], values or None).fetchall() == found
    assert len(answered[1]) == 14


def test_rows_that_differ_are_told_and_the_old_database_is_kept(scenario: Settings) -> None:
    right = state(scenario)
    change(scenario)
    wrong = state(scenario)
    done = rebuild(scenario)
    assert done.returncode == 0
    told = [line.split() for line in done.stdout.splitlines()]
    assert ["verdict_versions", "1", "1"] in told
    assert ["energy-truce-2026", "russia-ukraine", "clear", "contested", "1"] in told
    assert state(scenario) == right
    kept = scenario.data_dir / "truce.duckdb.before-rebuild"
    assert dump(kept, ALL) == wrong


def test_a_table_that_the_old_database_has_not_is_not_compared(scenario: Settings) -> None:
    change(scenario, "DROP TABLE coverage_versions")
    done = rebuild(scenario)
    assert (done.returncode, done.stderr) == (0, "")
    assert "No row differs from the old database." in done.stdout
    assert state(scenario)["coverage_versions"] == []


def test_a_dry_run_compares_and_replaces_nothing(scenario: Settings) -> None:
    change(scenario)
    before = state(scenario)
    told = json.loads(rebuild(scenario, "--dry-run", "--json").stdout)
    assert (told["state"], told["kept"]) == ("compared", None)
    assert told["compared"]["differing"] == 2
    assert told["compared"]["verdicts"] == [
        {
            "conflict": "russia-ukraine",
            "commitment_id": "energy-truce-2026",
            "before": "clear",
            "after": "contested",
            "incidents": 1,
        }
    ]
    assert state(scenario) == before
    assert files(scenario) == DATABASE


def test_the_old_one_can_be_kept_though_nothing_differs(scenario: Settings) -> None:
    before = state(scenario)
    told = json.loads(rebuild(scenario, "--keep-old", "--json").stdout)
    assert told["compared"]["differing"] == 0
    assert dump(Path(told["kept"]), ALL) == before


def test_what_a_killed_worker_left_beside_the_database_is_rebuilt_too(scenario: Settings) -> None:
    crash = (
        "import os, sys, pathlib; from tests.rebuild.conftest import *; "
        "ledger = Ledger.open(pathlib.Path(sys.argv[1])); "
        "found = [RawRecord(1, 0, 1_800_000_000_000, b'c', b'?', ())]; "
        "process(ledger, load_standing(ledger), 'log', read(found)); os._exit(9)"
    )
    command = [sys.executable, "-c", crash, str(scenario.database)]
    assert subprocess.run(command, env=environment(), check=False).returncode == 9
    assert "truce.duckdb.wal" in files(scenario)
    assert rebuild(scenario).returncode == 0
    assert files(scenario) == DATABASE
    assert len(state(scenario)["rejected"]) == 2


def test_while_it_is_rebuilt_others_can_read_it_but_no_worker_opens_it(scenario: Settings) -> None:
    assert truce("sql", "from verdicts", data_dir=scenario.data_dir).returncode == 0
    with NewDatabase(scenario.database) as new:
        new.attach()
        found = truce("sql", "--format", "csv", "from verdicts", data_dir=scenario.data_dir)
        assert (found.returncode, found.stdout.count("\n")) == (0, 5), found.stderr
        assert "this is what the lake has" in found.stderr
        code = (
            "import sys, pathlib; from analytics.ledger.ledger import Ledger; "
            "Ledger.open(pathlib.Path(sys.argv[1]))"
        )
        command = [sys.executable, "-c", code, str(scenario.database)]
        opened = subprocess.run(
            command, env=environment(), capture_output=True, text=True, check=False
        )
        assert LedgerInUse.__name__ in opened.stderr
    assert files(scenario) == DATABASE | {"lake"}


def test_two_at_once_are_refused(scenario: Settings) -> None:
    with alone(scenario.database):
        done = rebuild(scenario)
        with pytest.raises(RebuildRuns), alone(scenario.database):
            pass
    assert done.returncode == 1
    assert done.stderr == (
        f"truce: another rebuild of {scenario.database} runs: wait until it is done\n"
    )


@pytest.mark.faults
def test_killed_at_any_moment_it_leaves_the_old_database_or_the_new_one(several: Settings) -> None:
    change(several, "UPDATE verdict_versions SET verdict = 'contested'")
    before = state(several)
    rng = random.Random(4)
    command = [*TRUCE, "rebuild", "--data-dir", str(several.data_dir)]
    began = time.monotonic()
    subprocess.run([*command, "--dry-run"], env=environment(), check=True, capture_output=True)
    whole = time.monotonic() - began
    left = set()
    for number in range(20):
        started = subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE)
        # The first half at any moment, the second in the last part, where the files change.
        time.sleep(whole * (rng.random() if number % 2 else 0.7 + 0.3 * rng.random()))
        started.send_signal(signal.SIGKILL)
        started.communicate()
        left |= files(several)
        found = state(several)
        if found != before:
            assert not any("contested" in row for row in found["verdict_versions"])
            change(several, "UPDATE verdict_versions SET verdict = 'contested'")
            before = state(several)
    assert "truce.duckdb.rebuilding" in left  # or else none was killed in the middle
    done = rebuild(several)
    assert done.returncode == 0, done.stderr
    assert files(several) <= {*DATABASE, "truce.duckdb.before-rebuild"}
    assert state(several) != before


@pytest.mark.parametrize("left", ["before-rebuild", "before-rebuild.draft"])
@pytest.mark.parametrize("differs", [True, False])
def test_what_a_killed_one_had_put_aside_is_gone_after_the_next(
    scenario: Settings, left: str, differs: bool
) -> None:
    if differs:
        change(scenario, "UPDATE verdict_versions SET verdict = 'contested'")
    os.link(scenario.database, f"{scenario.database}.{left}")

    assert rebuild(scenario).returncode == 0
    kept = {"truce.duckdb.before-rebuild"} if differs or left == "before-rebuild" else set()
    assert files(scenario) == {*DATABASE} | kept


@pytest.mark.parametrize("size", [100_000, 1_500_000, 3_000_000])
def test_where_the_disk_is_full_the_old_database_stays(several: Settings, size: int) -> None:
    before = several.database.read_bytes()

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    done = subprocess.run(
        [*TRUCE, "rebuild"],
        env=environment(several.data_dir),
        preexec_fn=limit,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stdout
    assert done.stderr.startswith("truce: no new database was made: ")
    assert done.stderr.count("\n") == 1
    assert several.database.read_bytes() == before
    assert files(several) == {"truce.duckdb"}


def test_a_damaged_database_is_not_folded_from_its_events(scenario: Settings) -> None:
    scenario.database.write_bytes(b"no database")
    done = rebuild(scenario)
    assert done.returncode == 1
    assert "set TRUCE_BROKER and run `truce rebuild` again" in done.stderr
    assert done.stderr.count("\n") == 1
    assert scenario.database.read_bytes() == b"no database"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--new-log",), "set TRUCE_BROKER"),
        (("--new-log", "--from-events"), "set TRUCE_BROKER"),
        (("--data-dir", "/nowhere"), "there is no /nowhere"),
    ],
)
def test_what_cannot_be_done_is_said(
    scenario: Settings, options: tuple[str, ...], said: str
) -> None:
    done = rebuild(scenario, *options)
    assert done.returncode == 1
    assert said in done.stderr


@pytest.mark.faults
def test_a_worker_goes_on_beside_it_and_takes_it_with_all_that_came_meanwhile(
    tmp_path: Path,
) -> None:
    settings = Settings(data_dir=tmp_path / "data")
    lines = SCENARIO.read_text(encoding="utf-8").splitlines(keepends=True)

    def publish(some: list[str], code: int = 0) -> None:
        done = truce("publish", "-", data_dir=settings.data_dir, given="".join(some).encode())
        assert done.returncode == code, done.stderr

    with worker(settings.data_dir):
        publish(lines[:9])
        done = rebuild(settings)
        assert done.returncode == 0, done.stderr
        assert done.stdout.splitlines()[1].startswith("The worker serves the old database until")
        assert "truce.duckdb.rebuilt" in files(settings)
        refused = rebuild(settings, "--dry-run")
        assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)
        publish(lines[9:])
        assert rows("SELECT count(*) FROM events", settings.data_dir) == [(14,)]
    before = state(settings)
    inode = settings.database.stat().st_ino
    started = subprocess.Popen(
        [*TRUCE, "run", "--http", "127.0.0.1:0"],
        env=environment(settings.data_dir),
        stderr=subprocess.PIPE,
        text=True,
    )
    assert started.stderr is not None
    taken = started.stderr.readline()
    assert taken == ("truce: the rebuilt database is taken: 0 rows differ from the old one\n"), (
        taken + started.stderr.read()
    )
    assert started.stderr.readline().startswith("Worker ready")
    assert read_endpoint(settings.data_dir) is not None
    started.send_signal(signal.SIGTERM)
    started.communicate()
    assert settings.database.stat().st_ino != inode
    assert state(settings) == before
    assert "truce.duckdb.rebuilt" not in files(settings)


def test_what_was_rebuilt_of_another_database_is_not_taken(
    scenario: Settings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    other = Settings(data_dir=tmp_path / "other")
    other.data_dir.mkdir()
    judge(other.database, "log", records(SCENARIO.read_text(encoding="utf-8").splitlines()[:3]))
    before = state(other)
    with NewDatabase(scenario.database) as new:
        new.reach([("log", 0, 14, 0)])
        new.leave()
    (scenario.data_dir / "truce.duckdb.rebuilt").replace(other.data_dir / "truce.duckdb.rebuilt")
    take_over(other)
    assert "made of another database" in caplog.text
    assert state(other) == before
    assert files(other) == DATABASE


def test_a_kafka_with_another_log_is_refused(scenario: Settings) -> None:
    core = LedgerCore(Settings(data_dir=scenario.data_dir, broker=(Address("kafka-1", 9092),)))
    core.open()
    try:
        assert core.reached("log")
        with pytest.raises(OtherLog) as refused:
            core.reached("another")
    finally:
        core.close()
    assert str(refused.value) == (
        f"{scenario.database} is of the log log, but kafka://kafka-1:9092 has the log another: set "
        "TRUCE_BROKER to the one that it is of (unset: an embedded one), choose another "
        "TRUCE_DATA_DIR, or fold this log in its place with `truce rebuild --new-log`"
    )


def test_an_embedded_broker_goes_on_with_a_new_log(scenario: Settings) -> None:
    core = LedgerCore(scenario)
    core.open()
    try:
        assert core.reached("another") == {}
    finally:
        core.close()


def test_a_new_database_belongs_to_any_log(tmp_path: Path) -> None:
    core = LedgerCore(Settings(data_dir=tmp_path, broker=(Address("kafka-1", 9092),)))
    core.open()
    try:
        assert core.reached("any") == {}
    finally:
        core.close()


def test_what_is_folded_while_more_is_read_comes_in_order_and_its_failure_ends_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(decoder, "MUCH", 1)
    line = SCENARIO.read_bytes().splitlines()[0]
    taken: list[int] = []

    async def batches() -> AsyncIterator[list[RawRecord]]:
        for offset in range(40):
            yield [RawRecord(0, offset, 1_000, None, line)]

    def take(reading: Reading) -> None:
        time.sleep(0.05)  # until another process reads
        if len(taken) == 30:
            raise OSError("no room")
        taken.append(reading.records[0].offset)

    with pytest.raises(OSError, match="no room"):
        asyncio.run(fold_all(batches(), take))
    assert taken == list(range(30))
    assert not multiprocessing.active_children()
