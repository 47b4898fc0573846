"""The DuckDB file: its one owner, its schema, its limits. What is in it is not known here."""

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

from analytics.queries import migrations, queries, views
from analytics.storage.failures import (
    LedgerDamaged,
    LedgerError,
    LedgerFull,
    LedgerInUse,
    LedgerMemory,
    LedgerOutdated,
    LedgerTooNew,
)
from analytics.storage.place import (
    NO_ROOM,
    check_place,
    clear_spill,
    of_the_system,
    spill_limit,
    spill_of,
)

if TYPE_CHECKING:
    # Not when it runs: a reader's process wants none of it, and is there sooner.
    import pyarrow as pa

# So many starts are worth no tidying, however small the database.
MOST_SMALL_PIECES = 16
ROWS_AT_ONCE = 20_000
# How much may be put aside on the disk, if nothing else is said.
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
        self, sql: str, staged: pa.Table | pa.RecordBatchReader, **values: object
    ) -> list[tuple[Any, ...]]:
        """Run a statement over Arrow's rows, which it calls `staged`; the rows that it gives."""
        connection = self.use()
        connection.register("staged", staged)
        try:
            return connection.execute(sql, values or None).fetchall()
        finally:
            connection.unregister("staged")

    def table_over(self, sql: str, staged: pa.Table, **values: object) -> pa.Table:
        """The same, with the rows that it gives as an Arrow table."""
        connection = self.use()
        connection.register("staged", staged)
        try:
            return connection.execute(sql, values or None).to_arrow_table()
        finally:
            connection.unregister("staged")

    def table(self, sql: str, **values: object) -> pa.Table:
        """Run a statement; the rows that it gives, as an Arrow table."""
        return self.use().execute(sql, values or None).to_arrow_table()

    def stream(self, sql: str, **values: object) -> pa.RecordBatchReader:
        """The same, some thousand rows at a time. Nothing else may be asked until it has ended."""
        return self.use().execute(sql, values or None).to_arrow_reader(ROWS_AT_ONCE)

    def execute(self, sql: str, **values: object) -> list[tuple[Any, ...]]:
        """Run a statement; the rows that it gives."""
        return self.use().execute(sql, values or None).fetchall()


class ReadOnlySession:
    """A connection that only asks: what it runs cannot write, whatever the text of it says."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    @contextlib.contextmanager
    def moment(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """All that is asked within is as of one moment, and writes nothing."""
        self._connection.execute("BEGIN TRANSACTION READ ONLY")
        try:
            yield self._connection
        finally:
            # Nothing was written; and a statement that failed has left a transaction to end.
            self._connection.execute("ROLLBACK")

    def close(self) -> None:
        """Let go of the connection."""
        self._connection.close()


class Turn(Session):
    """A connection for one transaction, which begins when it is first used.

    Not before the one of the turn before it has ended: whoever uses it first waits for that, and
    raises what that one raised.
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
        """End it; all that was done is kept."""
        self.use().execute("COMMIT")
        self.ended.set_result(None)

    def give_up(self, reason: BaseException) -> None:
        """End it; nothing that was done is kept, and whoever waits for it hears why."""
        try:
            if self._begun:
                # A COMMIT that failed has ended the transaction already: its error is the one.
                with contextlib.suppress(duckdb.Error):
                    self._connection.execute("ROLLBACK")
        finally:
            self.ended.set_exception(reason)


def quoted(path: Path | str) -> str:
    """A path as a literal: ATTACH and LOAD take no parameters. For nothing else."""
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
    """A connection to the database at `path`, made if it is not there; times are in UTC.

    `spill`: how much may be put aside on the disk, at most half of what is free. `kafka`: whether a
    Kafka has its log; None: not known. Raises a LedgerError. One thread writes small batches in
    half the time that two take, and keeps out of the way of the rest of the worker.
    """
    check_place(path, read_only=read_only)
    settings: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": memory_limit,
        "threads": threads,
        "preserve_insertion_order": False,
        # Its own would be one for all, and used while what is in the WAL is read, as it opens.
        "temp_directory": str(spill_of(path)),
        # JSON is still JSON in a lake.
        "arrow_lossless_conversion": True,
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        # Each checkpoint stops all else for most of a second, and writes what was superseded again.
        "checkpoint_threshold": "64MB",
        # None to put pieces of tables together: that would stop it for seconds. See `tidy`.
        "max_vacuum_tasks": 0,
    }
    was_there = path.exists()
    try:
        connection = duckdb.connect(str(path), read_only=read_only, config=settings)
    except duckdb.Error as error:
        explained = explain(path, error, kafka)
        if isinstance(explained, LedgerFull) and not was_there:
            # A file that was only begun would be taken for a damaged one.
            path.unlink(missing_ok=True)
        raise explained from error
    if not read_only:
        # No other process has it open now, so nobody uses what is not this one's.
        clear_spill(path)
    # Only so: DuckDB 1.5 takes it, but does not heed it, where it is given as it opens the file.
    limit = f"{spill_limit(path.parent, spill):d}B"
    connection.execute("SET max_temp_directory_size = $limit", {"limit": limit})
    connection.execute("SET GLOBAL TimeZone = 'UTC'")
    connection.execute("SET TimeZone = 'UTC'")
    # What takes more than two seconds would draw a bar on stdout.
    connection.execute("SET enable_progress_bar = false")
    return connection


def explain(path: Path, error: duckdb.Error, kafka: bool | None = None) -> LedgerError:
    """What it means that DuckDB could not open the database at `path`, or not go on with it."""
    said = str(error)
    if "lock" in said and "Conflicting" in said:
        found = _PID.search(said)
        return LedgerInUse(path, int(found[1]) if found else None)
    if (refused := of_the_system(path, said)) is not None:
        return refused
    if isinstance(error, duckdb.OutOfMemoryException):
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

    Raises LedgerTooNew, LedgerFull or LedgerOutdated.
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
            with _change(connection, path):
                connection.execute(statements)
                connection.execute(sql["applied_now"], {"version": version, "name": name})
    # Views are of no version: all are made again when their file is another one.
    digest = f"views {sha256(views().encode()).hexdigest()}"
    if connection.execute(sql["views_made"]).fetchall() != [(digest,)]:
        with _change(connection, path):
            connection.execute(views())
            connection.execute(sql["forget_views_made"])
            connection.execute(sql["applied_now"], {"version": 0, "name": digest})


@contextlib.contextmanager
def _change(connection: duckdb.DuckDBPyConnection, path: Path) -> Iterator[None]:
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
            raise LedgerOutdated(path, str(error).splitlines()[0]) from error
        raise


def tidy(connection: duckdb.DuckDBPyConnection) -> None:
    """Put the pieces of tables together if starts have left too many small ones. A duckdb.Error.

    Every checkpoint leaves a piece, of 50,000 events and more while much is taken in, but of a few
    where a worker is only started again and again. The work grows with the database, and so does
    how many small ones there must be before it is done.
    """
    sql = queries("reading")
    [(small, others)] = connection.execute(sql["pieces"]).fetchall()
    if small > max(others, MOST_SMALL_PIECES):
        connection.execute(sql["tidy"])
