"""The DuckDB file: its one owner, its schema, its limits. What is in it is not known here."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from analytics.queries import migrations, queries

# The system's words, in which DuckDB passes its reason on.
NO_ROOM = "No space left on device"
# So many starts are worth no tidying, however small the database.
MOST_SMALL_PIECES = 16
_PID = re.compile(r"PID (\d+)")


# Named as what is the case, and only ever raised: an Error at the end would say nothing more.
class LedgerError(Exception):
    """The database cannot be used as it is: the message says what to do."""


class LedgerInUse(LedgerError):  # noqa: N818
    """Another process owns the file; `pid` is its id, if it is known."""

    def __init__(self, path: Path, pid: int | None) -> None:
        owner = "another process" if pid is None else f"process {pid}"
        super().__init__(f"{path} is in use by {owner}: stop it, or use another data directory")
        self.path, self.pid = path, pid


class LedgerTooNew(LedgerError):  # noqa: N818
    """A newer version of this program, or of DuckDB, wrote the file."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} was written by a newer version: upgrade, or rebuild it")
        self.path = path


class LedgerOutdated(LedgerError):  # noqa: N818
    """An earlier version wrote the file, and what is in it cannot be brought up to date."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(
            f"{path} is of an earlier version, and cannot be changed to this one ({reason}): it is "
            "as it was; `truce rebuild` makes it anew"
        )


class LedgerMissing(LedgerError):  # noqa: N818
    """There is nothing to read."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"there is no {path}: start a worker first, or give its data directory")
        self.path = path


class LedgerDamaged(LedgerError):  # noqa: N818
    """The file is not a database, or not a whole one."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path} cannot be read ({reason}): move it away, the log has all of it")
        self.path = path


class LedgerFull(LedgerError):  # noqa: N818
    """The disk has no room for the database; what is in it is whole."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"there is no room left for {path}: make some, and start again")
        self.path = path


class Session:
    """A connection, and how statements are run over it."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def use(self) -> duckdb.DuckDBPyConnection:
        """The connection, ready for a statement."""
        return self._connection

    def over(self, sql: str, staged: pa.Table, **values: object) -> list[tuple[Any, ...]]:
        """Run a statement over an Arrow table that it calls `staged`; the rows that it gives."""
        connection = self.use()
        connection.register("staged", staged)
        try:
            return connection.execute(sql, values or None).fetchall()
        finally:
            connection.unregister("staged")

    def table_over(self, sql: str, staged: pa.Table, **values: object) -> pa.Table:
        """The same, as an Arrow table."""
        connection = self.use()
        connection.register("staged", staged)
        try:
            return connection.execute(sql, values or None).to_arrow_table()
        finally:
            connection.unregister("staged")

    def execute(self, sql: str, **values: object) -> list[tuple[Any, ...]]:
        """Run a statement; the rows that it gives."""
        return self.use().execute(sql, values or None).fetchall()


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


def connect(
    path: Path, *, read_only: bool = False, memory_limit: str = "400MB", threads: int = 1
) -> duckdb.DuckDBPyConnection:
    """A connection to the database at `path`, made if it is not there; times are in UTC.

    Raises a LedgerError. One thread writes small batches in half the time that two take, and keeps
    out of the way of the rest of the worker.
    """
    if read_only and not path.exists():
        raise LedgerMissing(path)
    settings: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": memory_limit,
        "threads": threads,
        "preserve_insertion_order": False,
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
        explained = _explained(path, error)
        if isinstance(explained, LedgerFull) and not was_there:
            # A file that was only begun would be taken for a damaged one.
            path.unlink(missing_ok=True)
        raise explained from error
    connection.execute("SET GLOBAL TimeZone = 'UTC'")
    connection.execute("SET TimeZone = 'UTC'")
    # What takes more than two seconds would draw a bar on stdout.
    connection.execute("SET enable_progress_bar = false")
    return connection


def _explained(path: Path, error: duckdb.Error) -> LedgerError:
    said = str(error)
    if "lock" in said and "Conflicting" in said:
        found = _PID.search(said)
        return LedgerInUse(path, int(found[1]) if found else None)
    if NO_ROOM in said:
        return LedgerFull(path)
    if isinstance(error, duckdb.ConnectionException):
        return LedgerInUse(path, os.getpid())
    if "newer" in said or "version number" in said:
        return LedgerTooNew(path)
    return LedgerDamaged(path, said.splitlines()[0])


def migrate(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    after: Mapping[int, Callable[[Session], None]],
) -> None:
    """Bring the schema up to date, each change in a transaction of its own.

    `after`: what else is to be done, in the same transaction, after the change of this number.
    Raises LedgerTooNew, LedgerFull or LedgerOutdated.
    """
    sql = queries("reading")
    known = migrations()
    if connection.execute(sql["has_migrations"]).fetchall() == [(0,)]:
        connection.execute(sql["migrations_table"])
    applied: int = connection.execute(sql["applied"]).fetchall()[0][0]
    if applied > known[-1][0]:
        raise LedgerTooNew(path)
    for version, name, statements in known:
        if version > applied:
            connection.execute("BEGIN")
            try:
                connection.execute(statements)
                if version in after:
                    after[version](Session(connection))
                connection.execute(sql["applied_now"], {"version": version, "name": name})
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
