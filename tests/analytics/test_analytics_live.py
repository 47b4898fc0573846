"""The read-only door: answers keep their types, and no attack gets through or stops the writer."""

from __future__ import annotations

import ctypes
import datetime as dt
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from analytics import live
from analytics.ledger import Ledger, LedgerInUse
from analytics.queries import queries
from tests.analytics.written import Step, changed, claim, dump, judged, report, rows, write

T1 = "2026-02-01T00:00:01Z"
SECRET = "only-the-worker-may-know-this"  # noqa: S105 - it is one for the test


class Door:
    """An open door, and a writer that goes on behind it."""

    def __init__(self, ledger: Ledger, server: live.LiveServer) -> None:
        self.ledger, self.server, self._written = ledger, server, 0
        self.client = live.Client(server.uri, server.token)

    def ask(self, sql: str) -> list[tuple[object, ...]]:
        return list(self.client.query(sql))

    def write_on(self) -> None:
        incident = f"w{self._written}"
        write(
            self.ledger,
            Step(report(incident), T1, (changed(None, judged(), incident),)),
            first=self._written,
        )
        self._written += 1

    def everything(self) -> dict[str, list[object]]:
        tables = [
            name
            for (name,) in rows(
                self.ledger,
                "SELECT database_name || '.main.' || table_name FROM duckdb_tables()",
            )
        ]
        return dump(self.ledger, tables)


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    os.environ["TRUCE_TEST_SECRET"] = SECRET
    path = tmp_path_factory.mktemp("door") / "truce.duckdb"
    (path.parent / "secret.csv").write_text(f"a\n{SECRET}\n")
    with Ledger.open(path) as ledger:
        server = live.serve(ledger)
        try:
            write(ledger, Step(claim(), T1), first=100)
            door = Door(ledger, server)
            yield door
            door.client.close()
        finally:
            server.close()
            del os.environ["TRUCE_TEST_SECRET"]


def test_answers_keep_booleans_nulls_times_and_lists(door: Door) -> None:
    answer = live.query(
        door.server.uri,
        door.server.token,
        """SELECT TRUE AS yes, NULL::BOOLEAN AS unknown, TIMESTAMPTZ '2026-02-01T02:00:00+02' AS t,
           ['a', NULL] AS names, {'n': 1} AS s, 'Київ' AS word, NULL AS nothing""",
    )
    assert [(c.name, c.type) for c in answer.columns] == [
        ("yes", "BOOLEAN"),
        ("unknown", "BOOLEAN"),
        ("t", "TIMESTAMP WITH TIME ZONE"),
        ("names", "VARCHAR[]"),
        ("s", "STRUCT(n INTEGER)"),
        ("word", "VARCHAR"),
        ("nothing", "INTEGER"),
    ]
    [row] = answer
    assert row[:2] == (True, None)
    assert row[2] == dt.datetime(2026, 2, 1, tzinfo=dt.UTC)
    assert row[3:] == (["a", None], {"n": 1}, "Київ", None)


@pytest.mark.parametrize(
    "sql",
    [
        "FROM verdicts",
        "SELECT * FROM compliance ORDER BY ALL;  -- with a comment",
        "FROM verdicts_as_of('2026-01-31 12:00')",
        "DESCRIBE verdicts",
        "SUMMARIZE verdicts",
        "SHOW TABLES",
        "TABLE claims",
        "VALUES (1), (2)",
        "WITH v AS (FROM verdicts) SELECT count(*) FROM v",
        "SELECT comment FROM duckdb_columns() WHERE table_name = 'verdicts'",
        (
            "SELECT payload ->> '$.data.claim_id', list_transform(bound_parties, lambda p: lower(p)), "
            "unnest(acts), now() AT TIME ZONE 'Europe/Kyiv', extract(hour FROM recorded_at) FROM claims"
        ),
        (
            "SELECT row_number() OVER (PARTITION BY party ORDER BY recorded_at), verdict FROM verdicts "
            "QUALIFY rank() OVER (ORDER BY incident_id) = 1"
        ),
        "FROM verdicts PIVOT (count(*) FOR verdict IN ('violation', 'clear'))",
        "SELECT * FROM claims ASOF JOIN verdicts USING (conflict, recorded_at)",
        "SELECT conflict FROM claims UNION ALL BY NAME SELECT conflict FROM verdicts",
        "WITH RECURSIVE r AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM r WHERE i < 5) FROM r",
        "SELECT * FROM json_each('[1, 2]'), generate_series(1, 3) t(i) USING SAMPLE 2",
    ],
)
def test_what_analysts_ask_is_answered(door: Door, sql: str) -> None:
    door.ask(sql)


ACTING = r"""
DELETE FROM accepted
INSERT INTO verdict_versions SELECT * FROM verdict_versions
UPDATE accepted SET payload = '{}'
DROP TABLE accepted
DROP VIEW verdicts
ALTER TABLE accepted ADD COLUMN x INTEGER
TRUNCATE accepted
CREATE TABLE x AS SELECT 1
CREATE TEMP TABLE x AS SELECT 1
CREATE OR REPLACE MACRO truce_guard.main.read_only(a, b) AS TRUE
CREATE OR REPLACE VIEW verdicts AS SELECT 1
CREATE SECRET s (TYPE quack, TOKEN 'x')
INSERT INTO truce_guard.main.allowed VALUES ('quack_stop')
MERGE INTO accepted USING (SELECT 1 AS i) s ON TRUE WHEN MATCHED THEN DELETE
WITH x AS (SELECT 1) DELETE FROM accepted
WITH x AS (DELETE FROM accepted RETURNING *) SELECT * FROM x
WITH x AS (INSERT INTO outbox VALUES (1, 1, 0, '', 0) RETURNING bytes) FROM x
SELECT 1; DELETE FROM accepted
/* SELECT */ DELETE FROM accepted
-- SELECT\nDELETE FROM events
;;DELETE FROM accepted
SELECT 1;\n-- harmless\nDROP TABLE events
EXPLAIN ANALYZE DELETE FROM accepted
BEGIN
COMMIT
ROLLBACK
PREPARE p AS DELETE FROM accepted
EXECUTE p
DEALLOCATE p
COPY events TO '{folder}/out.csv'
COPY (SELECT 1) TO '{folder}/out.parquet'
COPY accepted FROM '{folder}/secret.csv'
COPY FROM DATABASE truce TO truce_guard
EXPORT DATABASE '{folder}/out'
IMPORT DATABASE '{folder}/out'
ATTACH '{folder}/other.duckdb'
ATTACH ':memory:' AS other
DETACH truce_guard
USE truce_guard
INSTALL httpfs
LOAD httpfs
SET GLOBAL quack_authorization_function = 'quack_nop_authorization'
SET memory_limit = '1MB'
SET lock_configuration = FALSE
RESET GLOBAL quack_authorization_function
SET VARIABLE x = 1
PRAGMA database_list
PRAGMA enable_profiling
PRAGMA memory_limit = '1MB'
CALL quack_stop('{uri}')
CALL pragma_version()
CHECKPOINT
FORCE CHECKPOINT
VACUUM
ANALYZE
COMMENT ON TABLE events IS 'x'
CREATE SEQUENCE s
UPDATE EXTENSIONS
FROM quack_stop('{uri}')
SELECT * FROM Quack_Stop('{uri}')
SELECT * FROM "quack_stop"('{uri}')
SELECT * FROM system.main.quack_stop('{uri}')
SELECT (SELECT count(*) FROM quack_stop('{uri}'))
WITH x AS MATERIALIZED (FROM quack_stop('{uri}')) SELECT * FROM verdicts, x
SELECT * FROM verdicts WHERE EXISTS (FROM quack_stop('{uri}'))
FROM verdicts, LATERAL (FROM quack_stop('{uri}'))
SELECT 1 ORDER BY (SELECT count(*) FROM quack_stop('{uri}'))
SELECT list_transform([1], lambda x: (SELECT count(*) FROM quack_stop('{uri}')))
DESCRIBE FROM quack_stop('{uri}')
SUMMARIZE FROM quack_stop('{uri}')
FROM quack_serve('quack:127.0.0.1:0', token := 'abcd')
FROM quack_query('{uri}', 'DELETE FROM accepted', token := 'x')
FROM quack_query_by_name('truce', 'DELETE FROM accepted')
FROM quack_identify(name := 'x')
FROM quack_clear_cache()
FROM quack_active_connections()
FROM quack_server_list()
FROM whoami()
SELECT quack_check_token('a', 'b', 'c')
FROM query('DELETE FROM accepted')
FROM query('FROM quack_stop(''{uri}'')')
FROM query_table('events')
FROM query_table(['events', 'events'])
FROM json_execute_serialized_sql(json_serialize_sql('FROM quack_stop(''{uri}'')'))
FROM histogram_values('events', conflict)
FROM checkpoint()
FROM force_checkpoint()
FROM enable_logging()
FROM disable_logging()
FROM truncate_duckdb_logs()
FROM enable_profiling()
FROM duckdb_logs()
FROM duckdb_logs
SELECT write_log('x')
SELECT nextval('s')
SELECT setseed(0.5)
SELECT sleep_ms(600000)
SELECT pg_sleep(600)
FROM arrow_scan(1, 2, 3)
FROM arrow_scan_dumb(1, 2, 3)
FROM pandas_scan(1)
FROM python_map_function(1)
FROM seq_scan(1)
""".strip().splitlines()

READING = r"""
SELECT getenv('TRUCE_TEST_SECRET')
SELECT GetEnv('TRUCE_TEST_SECRET')
SELECT "getenv"('TRUCE_TEST_SECRET')
SELECT main.getenv('TRUCE_TEST_SECRET')
SELECT current_setting('secret_directory')
SELECT getvariable('x')
SELECT current_query()
FROM duckdb_secrets()
FROM duckdb_settings()
FROM duckdb_variables()
FROM duckdb_prepared_statements()
FROM pg_settings
FROM pg_catalog.pg_settings
FROM which_secret('a', 'quack')
FROM read_csv('{folder}/secret.csv')
FROM read_csv_auto('{folder}/secret.csv')
FROM '{folder}/secret.csv'
FROM "{folder}/secret.csv"
FROM read_text('{folder}/secret.csv')
FROM read_blob('/proc/self/environ')
FROM read_json('{folder}/secret.csv')
FROM read_parquet('{folder}/secret.csv')
FROM parquet_metadata('{folder}/secret.csv')
FROM read_duckdb('{folder}/truce.duckdb')
FROM sniff_csv('{folder}/secret.csv')
FROM glob('{folder}/*')
FROM read_csv('http://127.0.0.1:1/x')
FROM 'https://127.0.0.1:1/x.parquet'
FROM SECRET
FROM os
FROM door
""".strip().splitlines()


@pytest.mark.parametrize("attack", [*ACTING, *READING])
def test_an_attack_is_refused_and_the_writer_goes_on(door: Door, attack: str) -> None:
    folder = door.ledger.path.parent
    door.write_on()
    before, files = door.everything(), sorted(folder.iterdir())
    sql = attack.replace("{uri}", door.server.uri).replace("{folder}", str(folder))
    with pytest.raises(live.LiveError) as refused:
        door.ask(sql.replace("\\n", "\n"))
    assert SECRET not in str(refused.value)
    assert door.server.token not in str(refused.value)
    assert door.everything() == before
    assert sorted(folder.iterdir()) == files
    door.write_on()
    assert door.ask("SELECT 1") == [(1,)]


@pytest.mark.parametrize(
    "sql", ["INSERT INTO {t} SELECT * FROM {t}", "DELETE FROM {t}", "DROP TABLE {t}"]
)
def test_an_attached_door_is_read_only_too(door: Door, sql: str) -> None:
    before = door.everything()
    with duckdb.connect() as client:
        live.load_quack(client)
        client.execute(f"ATTACH '{door.server.uri}' AS door (TOKEN '{door.server.token}')")
        assert client.execute("SELECT count(*) > 0 FROM door.main.events").fetchall() == [(True,)]
        with pytest.raises(duckdb.Error):
            client.execute(sql.replace("{t}", "door.main.rejected"))
    assert door.everything() == before


@pytest.mark.skipif(sys.platform != "linux", reason="asks the GNU C library")
def test_looking_at_a_statement_keeps_no_memory(door: Door) -> None:
    asked = "SELECT truce_guard.main.read_only('', $sql)"
    values = {"sql": "SELECT count(*), upper(a) FROM (SELECT lower(b) FROM t) JOIN range(3)"}
    for _ in range(50):
        door.ledger.cursor().execute(asked, values).fetchall()
    before = in_use()
    for _ in range(200):
        door.ledger.cursor().execute(asked, values).fetchall()
    # DuckDB keeps some 200 bytes of any query; with rows made of the statement it was 8,800.
    assert in_use() - before < 200 * 1_000


class _Mallinfo(ctypes.Structure):
    """`struct mallinfo2` of malloc.h."""

    _fields_ = tuple(
        (name, ctypes.c_size_t)
        for name in (
            *("arena", "ordblks", "smblks", "hblks", "hblkhd"),
            *("usmblks", "fsmblks", "uordblks", "fordblks", "keepcost"),
        )
    )


def in_use() -> int:
    """How many bytes of the C library's heap are in use."""
    mallinfo2 = ctypes.CDLL(None).mallinfo2
    mallinfo2.restype = _Mallinfo
    return int(mallinfo2().uordblks)


def test_every_function_with_effects_is_known_to_the_guard(door: Door) -> None:
    # What a later DuckDB adds must be looked at before it is allowed.
    let_through = {
        name
        for (name,) in rows(
            door.ledger,
            """SELECT DISTINCT lower(function_name) FROM duckdb_functions()
               WHERE lower(function_name) IN (FROM truce_guard.main.allowed)
               AND (has_side_effects OR function_type IN ('table', 'table_macro', 'pragma'))""",
        )
    }
    assert let_through == {
        *("random", "uuid", "uuidv4", "uuidv7", "gen_random_uuid", "error"),
        *("unnest", "range", "generate_series", "json_each", "json_tree"),
        *("verdicts_as_of", "reports_between", "icu_calendar_names", "pg_timezone_names"),
        *("duckdb_columns", "duckdb_constraints", "duckdb_databases", "duckdb_functions"),
        *("duckdb_indexes", "duckdb_keywords", "duckdb_schemas", "duckdb_tables", "duckdb_types"),
        *("duckdb_views", "pragma_database_size", "pragma_show", "pragma_storage_info"),
        *("pragma_table_info", "pragma_version"),
        # Tables, too, of the same names as functions that compute: of a table of ours, or of a value.
        *("histogram", "repeat", "version"),
    }


def test_nothing_that_can_be_asked_shows_the_token(door: Door) -> None:
    views = [
        name for (name,) in door.ask("SELECT DISTINCT view_name FROM duckdb_views() ORDER BY ALL")
    ]
    for name in views:
        try:
            answer = door.ask(f"FROM {name}")
        except live.LiveError:
            continue
        assert door.server.token not in repr(answer)
        assert SECRET not in repr(answer)


def test_answers_left_open_do_not_stop_the_writer(door: Door) -> None:
    left_open = [
        iter(door.client.query("SELECT payload, range FROM claims, range(2000000)"))
        for _ in range(8)
    ]
    for answer in left_open:
        next(answer)
    started = time.monotonic()
    for _ in range(20):
        door.write_on()
    assert time.monotonic() - started < 10
    assert door.ask("SELECT 1") == [(1,)]
    del left_open


ABANDONING = """
import os, sys
from analytics import live
client = live.Client(*sys.argv[1:])
answers = [
    iter(client.query("SELECT payload, range FROM claims, range(2000000)")) for _ in range(3)
]
for answer in answers:
    next(answer)
os.kill(os.getpid(), 9)
"""


def checkpoint_is_made(door: Door, within_seconds: float) -> bool:
    until = time.monotonic() + within_seconds
    while time.monotonic() < until:
        try:
            rows(door.ledger, "CHECKPOINT")
        except duckdb.TransactionException:
            time.sleep(0.05)
        else:
            return True
    return False


def test_answers_of_killed_clients_are_swept_away(door: Door) -> None:
    command = [sys.executable, "-c", ABANDONING, door.server.uri, door.server.token]
    killed = subprocess.run(command, check=False, timeout=60, capture_output=True)
    assert killed.returncode == -9, killed.stderr
    door.write_on()
    left_open = rows(door.ledger, "SELECT state FROM quack_active_connections()")
    assert left_open.count(("active",)) == 3
    with pytest.raises(duckdb.TransactionException):
        rows(door.ledger, "CHECKPOINT")
    assert door.server.sweep(older_than_seconds=3_600) == 0
    assert door.server.sweep(older_than_seconds=0) >= 3
    assert checkpoint_is_made(door, within_seconds=10)
    assert door.server.sweep(older_than_seconds=0) == 0
    assert door.ask("SELECT 1") == [(1,)]
    with pytest.raises(live.Refused):
        door.ask("DELETE FROM accepted")


def test_many_readers_at_once_do_not_block_the_writer(door: Door) -> None:
    stop = threading.Event()
    failed: list[Exception] = []
    answered = []

    def read() -> None:
        while not stop.is_set():
            try:
                with door.client.query("SELECT count(*) FROM verdicts, range(100000)") as answer:
                    answered.append(list(answer))
            except live.LiveError as error:
                failed.append(error)

    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    try:
        for _ in range(25):
            door.write_on()
    finally:
        stop.set()
        for reader in readers:
            reader.join()
    assert not failed
    assert answered


def test_a_wrong_token_is_not_answered(door: Door) -> None:
    with pytest.raises(live.Unreachable, match="token"):
        live.query(door.server.uri, "wrong", "SELECT 1")


def test_nobody_at_the_address_is_said_so() -> None:
    with pytest.raises(live.Unreachable, match="does not answer"):
        live.query("quack:127.0.0.1:1", "token", "SELECT 1")


def test_a_mistake_is_told_in_the_databases_words(door: Door) -> None:
    with pytest.raises(live.BadQuery, match='syntax error at or near "verdicts"'):
        door.ask("SELECT 1 FORM verdicts")
    with pytest.raises(live.BadQuery, match="verdicks"):
        door.ask("FROM verdicks")


def test_a_closed_door_is_closed_and_the_file_is_free_again(path: Path) -> None:
    with Ledger.open(path) as ledger:
        server = live.serve(ledger)
        server.close()
        server.close()
        with pytest.raises(live.Unreachable):
            live.query(server.uri, server.token, "SELECT 1")
    with Ledger.open(path):
        pass


class TestTheFileItself:
    @pytest.fixture
    def closed(self, path: Path) -> Path:
        with Ledger.open(path) as ledger:
            write(ledger, Step(claim(), T1), Step(report(), T1, (changed(None, judged()),)))
        return path

    def test_answers(self, closed: Path) -> None:
        with live.query_file(closed, "SELECT verdict, recorded_at FROM verdicts") as answer:
            assert list(answer) == [("violation", dt.datetime(2026, 2, 1, 0, 0, 1, tzinfo=dt.UTC))]

    @pytest.mark.parametrize(
        "sql",
        [
            "DELETE FROM accepted",
            "FROM '{folder}/secret.csv'",
            "COPY events TO '{folder}/out.csv'",
            "SET enable_external_access = TRUE",
            "ATTACH '{folder}/other.duckdb'",
            "FROM closed",
        ],
    )
    def test_is_read_only(self, closed: Path, sql: str) -> None:
        (closed.parent / "secret.csv").write_text(SECRET)
        with pytest.raises(live.BadQuery):
            live.query_file(closed, sql.replace("{folder}", str(closed.parent)))
        assert sorted(p.name for p in closed.parent.iterdir()) == ["secret.csv", "truce.duckdb"]

    def test_is_in_use_while_a_worker_runs(self, closed: Path) -> None:
        with Ledger.open(closed), pytest.raises(LedgerInUse):
            live.query_file(closed, "SELECT 1")


def test_the_guard_has_a_statement_for_each_thing_it_does() -> None:
    assert {"attach", "allowed", "read_only", "authorize", "no_files", "lock"} <= set(
        queries("guard")
    )
