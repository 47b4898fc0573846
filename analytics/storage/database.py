"""The DuckDB file: its one owner, its schema, its limits. Its contents are not known here."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from concurrent.futures import Future
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from analytics.queries import ledger_views, migrations, queries
from analytics.storage.failures import (
    LedgerDamaged,
    LedgerError,
    LedgerFull,
    LedgerInUse,
    LedgerMemory,
    LedgerOutdated,
    LedgerTooNew,
)
from analytics.storage.opening import is_memory, open_file
from analytics.storage.place import (
    NO_ROOM,
    check_place,
    clear_spill,
    of_the_system,
    spill_limit,
    spill_of,
)

if TYPE_CHECKING:
    # Not at run time: a reader's process does not need it, and starts faster without it.
    import pyarrow as pa

# Fewer starts than this are not worth compacting, however small the database.
MOST_SMALL_PIECES = 16
ROWS_AT_ONCE = 20_000
# How much may be spilled to disk by default.
SPILL_LIMIT = "4GB"
_PID = re.compile(r"PID (\d+)")


class Session:
    """A connection, and how statements are run over it."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def use(self) -> duckdb.DuckDBPyConnection:
        """The connection, ready for a statement."""
        return self._connection

    def over(
        self,
        sql: str,
        staged: pa.Table | pa.RecordBatchReader,  # noqa: ARG002 - DuckDB looks for it
        **values: object,
    ) -> list[tuple[Any, ...]]:
        """Run a statement over Arrow rows, which it calls `staged`; returns its rows.

        DuckDB finds them by the name of the parameter. To register and unregister them would
        change its catalogue twice: nearly half the time of a small statement.
        """
        return self.use().execute(sql, values or None).fetchall()

    def table_over(
        self,
        sql: str,
        staged: pa.Table,  # noqa: ARG002 - DuckDB looks for it
        **values: object,
    ) -> pa.Table:
        """The same, with the result as an Arrow table."""
        return self.use().execute(sql, values or None).to_arrow_table()

    def table(self, sql: str, **values: object) -> pa.Table:
        """Run a statement; returns its rows as an Arrow table."""
        return self.use().execute(sql, values or None).to_arrow_table()

    def stream(self, sql: str, **values: object) -> pa.RecordBatchReader:
        """The same, some thousand rows at a time. Run no other statement until it is exhausted."""
        return self.use().execute(sql, values or None).to_arrow_reader(ROWS_AT_ONCE)

    def execute(self, sql: str, **values: object) -> list[tuple[Any, ...]]:
        """Run a statement; returns its rows."""
        return self.use().execute(sql, values or None).fetchall()


class ReadOnlySession:
    """A read-only connection: what it runs cannot write, whatever its text says."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    @contextlib.contextmanager
    def moment(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """All queries in the block see one snapshot, and nothing is written."""
        self._connection.execute("BEGIN TRANSACTION READ ONLY")
        try:
            yield self._connection
        finally:
            # Nothing was written; and a failed statement leaves a transaction to end.
            self._connection.execute("ROLLBACK")

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


class Turn(Session):
    """A connection for one transaction, which begins when it is first used.

    Not before that of the previous turn has ended: the first use waits for that, and raises what
    that one raised.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, before: Turn | None) -> None:
        super().__init__(connection)
        self._before = before
        self._begun = False
        self.ended: Future[None] = Future()

    def use(self) -> duckdb.DuckDBPyConnection:
        """The connection, within the transaction."""
        if not self._begun:
            if self._before is not None:
                self._before.ended.result()
                self._before = None
            self._connection.execute("BEGIN")
            self._begun = True
        return self._connection

    def commit(self) -> None:
        """Commit the transaction."""
        self.use().execute("COMMIT")
        self.ended.set_result(None)

    def give_up(self, reason: BaseException) -> None:
        """Roll it back; the turn that waits for it raises `reason`, too."""
        try:
            if self._begun:
                # A COMMIT that failed has ended the transaction already: its error counts.
                with contextlib.suppress(duckdb.Error):
                    self._connection.execute("ROLLBACK")
        finally:
            self.ended.set_exception(reason)


def quoted(path: Path | str) -> str:
    """A path as an SQL literal, only for ATTACH and LOAD: they take no parameters."""
    return "'" + str(path).replace("'", "''") + "'"


def connect(
    path: Path,
    *,
    read_only: bool = False,
    memory_limit: str = "400MB",
    threads: int = 1,
    spill: str = SPILL_LIMIT,
    kafka: bool | None = None,
) -> duckdb.DuckDBPyConnection:
    """A connection to the database at `path`, created if missing; times are in UTC.

    `spill`: how much may be spilled to disk, at most half of what is free. `kafka`: whether a
    Kafka has its log; None: not known. Raises a LedgerError. One thread writes small batches in
    half the time that two take, and keeps out of the way of the rest of the worker.
    """
    check_place(path, read_only=read_only)
    settings: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": memory_limit,
        "threads": threads,
        "preserve_insertion_order": False,
        # DuckDB's default is shared by all, and used while the WAL is replayed on opening.
        "temp_directory": str(spill_of(path)),
        # JSON is still JSON in a lake.
        "arrow_lossless_conversion": True,
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        # Each checkpoint stops everything for most of a second, and rewrites superseded rows.
        "checkpoint_threshold": "64MB",
        # No compaction in checkpoints: that would stop the worker for seconds. See `compact`.
        "max_vacuum_tasks": 0,
    }
    was_there = path.exists()
    try:
        connection = open_file(path, read_only=read_only, settings=settings)
    except duckdb.Error as error:
        explained = explain(path, error, kafka)
        if isinstance(explained, LedgerFull) and not was_there:
            # A file that was only started would be taken for a damaged one.
            path.unlink(missing_ok=True)
        raise explained from error
    if not read_only:
        # No other process has it open now, so files that are not this one's are unused.
        clear_spill(path)
    # Only by SET: DuckDB 1.5 accepts it as an option on opening the file, but ignores it.
    limit = f"{spill_limit(path.parent, spill):d}B"
    connection.execute("SET max_temp_directory_size = $limit", {"limit": limit})
    connection.execute("SET GLOBAL TimeZone = 'UTC'")
    connection.execute("SET TimeZone = 'UTC'")
    # Statements of more than two seconds would draw a progress bar on stdout.
    connection.execute("SET enable_progress_bar = false")
    return connection


def explain(path: Path, error: duckdb.Error, kafka: bool | None = None) -> LedgerError:
    """Why DuckDB could not open the database at `path`, or could not continue."""
    said = str(error)
    if "lock" in said and "Conflicting" in said:
        found = _PID.search(said)
        return LedgerInUse(path, int(found[1]) if found else None)
    if (refused := of_the_system(path, said)) is not None:
        return refused
    if is_memory(error):
        return LedgerMemory(said)
    if isinstance(error, duckdb.ConnectionException):
        return LedgerInUse(path, os.getpid())
    if "newer" in said or "version number" in said:
        return LedgerTooNew(path, kafka)
    return LedgerDamaged(path, said.splitlines()[0], kafka)


def migrate(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    kafka: bool | None = None,
) -> None:
    """Bring the schema up to date, each change in a transaction of its own.

    Raises LedgerTooNew, LedgerFull or LedgerOutdated; of a new database a duckdb.Error.
    """
    sql = queries("reading")
    known = migrations()
    if connection.execute(sql["has_migrations"]).fetchall() == [(0,)]:
        connection.execute(sql["migrations_table"])
    applied: int = connection.execute(sql["applied"]).fetchall()[0][0]
    if applied > known[-1][0]:
        raise LedgerTooNew(path, kafka)
    for version, name, statements in known:
        if version > applied:
            with _change(connection, path, is_new=not applied):
                connection.execute(statements)
                connection.execute(sql["applied_now"], {"version": version, "name": name})
    # Views have no version: all are recreated when their file has changed.
    digest = f"views {sha256(ledger_views().encode()).hexdigest()}"
    if connection.execute(sql["views_made"]).fetchall() != [(digest,)]:
        with _change(connection, path, is_new=not applied):
            connection.execute(ledger_views())
            connection.execute(sql["forget_views_made"])
            connection.execute(sql["applied_now"], {"version": 0, "name": digest})


@contextlib.contextmanager
def _change(connection: duckdb.DuckDBPyConnection, path: Path, *, is_new: bool) -> Iterator[None]:
    connection.execute("BEGIN")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException as error:
        # A COMMIT that failed has ended the transaction already.
        with contextlib.suppress(duckdb.Error):
            connection.execute("ROLLBACK")
        if isinstance(error, duckdb.Error):
            if NO_ROOM in str(error):
                raise LedgerFull(path) from error
            if not is_new:
                raise LedgerOutdated(path, str(error).splitlines()[0]) from error
        raise


def compact(connection: duckdb.DuckDBPyConnection) -> None:
    """Merge the row groups of tables if starts have left too many small ones. A duckdb.Error.

    Every checkpoint leaves a row group, of 50,000 events and more under load, but of a few where a
    worker is only restarted again and again. The work grows with the database, and so does the
    number of small ones at which it is done.
    """
    sql = queries("reading")
    [(small, others)] = connection.execute(sql["pieces"]).fetchall()
    if small > max(others, MOST_SMALL_PIECES):
        connection.execute(sql["tidy"])
