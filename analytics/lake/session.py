"""A reader's connection to the lake: its own copy of the catalogue, with every view and macro.

Readers share nothing with the worker but Parquet files, which never change: whatever a reader runs,
keeps open or breaks affects its own process only.
"""

from __future__ import annotations

import sqlite3
import threading
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import duckdb

from analytics.lake.catalogue.copying import copy_of
from analytics.lake.catalogue.place import FILE as CATALOG
from analytics.lake.catalogue.place import data_of
from analytics.lake.extensions import load
from analytics.lake.folders import PrivateFolder
from analytics.lake.parts import has_begun, lake_views, ownership, schema_of, workers_of
from analytics.lake.prepared_views import VIEWS_FILE, prepare_views
from analytics.lake.s3.access import give_access, is_on_s3
from analytics.lake.s3.files import named_files
from analytics.queries import of_table
from analytics.storage.database import quoted

NAME = "lake"
MOST_SPILL = "4GB"
"""How much may be spilled to disk of what does not fit into memory."""


class LakeError(Exception):
    """The lake cannot be read, or a query failed; the message says why."""


class LakeMissing(LakeError):  # noqa: N818 - named as what is the case
    """There is no lake at this place yet."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"there is no lake in {path}: `truce lake` makes it")
        self.path = path


class TookTooLong(LakeError):  # noqa: N818
    """The query exceeded its time limit."""

    def __init__(self, seconds: float) -> None:
        super().__init__(
            f"not answered in {seconds:g} s, and ended: see TRUCE_QUERY_SECONDS and --timeout"
        )


class LakeSession:
    """An open lake: `ask`, or use `connection`. Close it, or use it in a `with`.

    Queries see the state at the last `refresh`. `folder` is private to it, and removed with it.
    `as_of`: before this moment (us since 1970) nothing was acknowledged that it does not hold, if
    its opener knows. `workers`: who writes it, if several do; None: it has no views.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        lake: Path,
        folder: PrivateFolder,
        seconds: float | None,
        memory_limit: str,
        workers: tuple[str, ...] | None = (),
    ) -> None:
        self.connection, self.lake, self.folder = connection, lake, folder
        self.as_of: int | None = None
        self.workers = workers
        self._seconds, self._memory_limit = seconds, memory_limit
        self._lock = threading.Lock()

    def ask(self, sql: str, values: Mapping[str, object] | None = None) -> list[tuple[Any, ...]]:
        """The rows of a statement with these parameters. Raises LakeError, e.g. TookTooLong."""
        try:
            with self._lock, within(self.connection, self._seconds):
                return self.connection.execute(sql, values or None).fetchall()
        except duckdb.Error as error:
            raise LakeError(f"{self.lake} did not answer: {str(error).splitlines()[0]}") from error

    def refresh(self) -> None:
        """See the state as of now: copy the catalogue again. Raises LakeError."""
        with self._lock:
            copy_catalogue(self.lake, self.folder.path, memory_limit=self._memory_limit)
            try:
                self._own()
            except (sqlite3.Error, duckdb.Error) as error:
                raise _not_opened(self.lake, error) from error

    def _own(self) -> None:
        """See whose rows are shown, and who is new, of several that write it."""
        if self.workers is None:
            return
        workers = workers_of(self.folder.path / CATALOG)
        if not workers and not self.workers:
            return
        self.connection.begin()
        try:
            if workers != self.workers:
                self.connection.execute(lake_views(workers))
            if workers:
                self.connection.execute(ownership(workers))
            self.connection.commit()
        except BaseException:
            self.connection.rollback()
            raise
        self.workers = workers

    def close(self) -> None:
        """Close the lake, and remove the copy of its catalogue."""
        self.connection.close()
        self.folder.remove()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@contextmanager
def within(connection: duckdb.DuckDBPyConnection, seconds: float | None) -> Iterator[None]:
    """Interrupt what the connection runs in the block after so many seconds: TookTooLong."""
    if seconds is None:
        yield
        return
    over = threading.Event()

    def interrupt() -> None:
        over.set()
        connection.interrupt()

    timer = threading.Timer(seconds, interrupt)
    timer.daemon = True
    timer.start()
    try:
        yield
    except duckdb.InterruptException as error:
        if over.is_set():
            raise TookTooLong(seconds) from error
        raise
    finally:
        timer.cancel()


def copy_catalogue(
    lake: Path, folder: Path, *, memory_limit: str, with_views: bool = False
) -> None:
    """Copy the catalogue as it is at one moment, while others write it. Raises LakeError.

    `with_views`: the views and macros are put beside it.
    """
    try:
        found = copy_of(lake, folder, memory_limit=memory_limit)
    except (sqlite3.Error, duckdb.Error, OSError) as error:
        reason = str(error).splitlines()[0]
        raise LakeError(f"the catalogue of {lake} cannot be read: {reason}") from error
    if not found:
        raise LakeMissing(lake)
    if with_views:
        try:
            if not has_begun(folder / CATALOG):
                raise LakeMissing(lake)
            prepare_views(folder, folder / CATALOG, lambda one: _attach(one, lake, folder))
        except (sqlite3.Error, duckdb.Error, OSError) as error:
            raise _not_opened(lake, error) from error


def open_lake(
    lake: Path,
    *,
    memory_limit: str = "400MB",
    threads: int = 2,
    seconds: float | None = None,
    as_ledger: bool = False,
    worker: str = "",
    once: bool = False,
) -> LakeSession:
    """Open the lake in the directory `lake`: read-only, with all tables, views and macros.

    `seconds` bounds each `ask`. What does not fit into memory is spilled to a private folder.
    `as_ledger`: the tables themselves, with their rows' numbers, and no views: those of `worker`,
    if several write it. `once`: it is never refreshed, and somebody's own SQL is run on it. Raises
    LakeMissing, another LakeError, or ExtensionMissing.
    """
    folder = PrivateFolder()
    try:
        copy_catalogue(lake, folder.path, memory_limit=memory_limit, with_views=not as_ledger)
        connection = open_copy(
            lake,
            folder.path,
            memory_limit=memory_limit,
            threads=threads,
            as_ledger=schema_of(worker) if as_ledger else "",
            once=once,
        )
        workers = None if as_ledger else workers_of(folder.path / CATALOG)
    except BaseException:
        folder.remove()
        raise
    return LakeSession(connection, lake, folder, seconds, memory_limit, workers)


def open_copy(
    lake: Path,
    folder: Path,
    *,
    memory_limit: str,
    threads: int,
    spill: bool = True,
    as_ledger: str = "",
    once: bool = False,
) -> duckdb.DuckDBPyConnection:
    """A connection over the copy of the lake's catalogue that is in `folder`: see `open_lake`.

    `spill`: whether DuckDB may spill there, and write at all. `as_ledger`: in which schema the
    tables are that are asked themselves. `once`: no other copy will come.
    """
    connection = duckdb.connect(
        ":memory:" if as_ledger else folder / VIEWS_FILE,
        read_only=not spill,
        config={
            "memory_limit": memory_limit,
            "threads": threads,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "python_enable_replacements": False,
            "temp_directory": str(folder / "spill") if spill else "",
        },
    )
    try:
        connection.execute("SET GLOBAL TimeZone = 'UTC'")
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("SET enable_progress_bar = false")
        # DuckDB ignores it as an option of `connect`.
        connection.execute("SET max_temp_directory_size = $most", {"most": MOST_SPILL})
        data = _attach(connection, lake, folder)
        if as_ledger:
            connection.execute(of_table("lake", "use_part", as_ledger, "some_schema"))
        directories = [f"{folder}/"]
        if once and is_on_s3(data):
            # A directory there would be one in name only: `data/../` leads out of it.
            connection.execute(
                "SET allowed_paths = $files", {"files": named_files(connection, data)}
            )
        else:
            directories.append(f"{data}/")
        connection.execute("SET allowed_directories = $paths", {"paths": directories})
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
    except (duckdb.Error, OSError) as error:
        connection.close()
        raise _not_opened(lake, error) from error
    except BaseException:
        connection.close()
        raise
    return connection


def _attach(connection: duckdb.DuckDBPyConnection, lake: Path, folder: Path) -> str:
    """Attach the copy of its catalogue; where its data is."""
    load(connection)
    # A lake that was moved is found where it is now.
    data = data_of(lake)
    if is_on_s3(data):
        give_access(connection, data)
    attach = f"{quoted(f'ducklake:sqlite:{folder / CATALOG}')} AS {NAME}"
    options = f"READ_ONLY, DATA_PATH {quoted(f'{data}/')}, OVERRIDE_DATA_PATH true"
    connection.execute(f"ATTACH {attach} ({options})")
    return data


def _not_opened(lake: Path, error: Exception) -> LakeError:
    return LakeError(f"{lake} cannot be opened: {str(error).splitlines()[0]}")


def connect(
    lake: Path | str = "truce-data/lake", *, memory_limit: str = "1GB", threads: int = 2
) -> duckdb.DuckDBPyConnection:
    """A DuckDB connection for notebooks and scripts: `analytics.connect("truce-data/lake")`.

    The lake as of this moment, read-only, with the tables, views and macros that `truce sql` has;
    connect again for what came later. It blocks nobody, however long it stays open. Other files
    cannot be reached over it, nor its settings changed.
    """
    session = open_lake(Path(lake), memory_limit=memory_limit, threads=threads, once=True)
    # The copy of the catalogue is needed while the connection exists, and no longer.
    weakref.finalize(session.connection, session.folder.remove)
    return session.connection
