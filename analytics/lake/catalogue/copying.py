"""A private copy of a lake's catalogue, always in a file of SQLite, as of one moment.

So whoever reads a lake whose catalogue is in PostgreSQL speaks to it for this moment only, and what
they run is confined as it is anywhere else.
"""

from __future__ import annotations

import contextlib
import sqlite3
from contextlib import closing
from pathlib import Path

import duckdb

from analytics.lake.catalogue.place import FILE, data_of, in_time, postgres_of
from analytics.lake.extensions import POSTGRES, SQLITE, load
from analytics.lake.s3.access import is_on_s3
from analytics.queries import of_table, queries, with_values

SECONDS_TO_WAIT = 10.0
# Files scheduled for deletion still serve other readers: a copy must not know of them.
_TO_BE_DELETED = "ducklake_files_scheduled_for_deletion"


def copy_of(lake: Path, folder: Path, *, memory_limit: str) -> bool:
    """Copy the catalogue of this lake to `catalog.sqlite` in `folder`, while others write it.

    Whether there is one. A copy that was there, even if it is open, becomes this one. Raises
    sqlite3.Error, duckdb.Error, ExtensionMissing, or OSError, as it does if it is another lake's.
    `memory_limit`: of DuckDB, which has some 2,000 rows of the catalogue in memory at a time.
    """
    postgres = postgres_of(lake)
    if postgres is None:
        source = lake / FILE
        if source.exists():
            _take(source, folder / FILE)
            return True
        return False
    fetched = folder / f"fetched-{FILE}"
    fetched.unlink(missing_ok=True)
    try:
        if not _fetch(lake, postgres, fetched, memory_limit):
            return False
        _take(fetched, folder / FILE)
    finally:
        fetched.unlink(missing_ok=True)
    return True


def _take(source: Path, target: Path) -> None:
    with (
        closing(
            sqlite3.connect(
                f"{source.resolve().as_uri()}?mode=ro", uri=True, timeout=SECONDS_TO_WAIT
            )
        ) as shared,
        closing(sqlite3.connect(target, timeout=SECONDS_TO_WAIT)) as private,
    ):
        shared.backup(private)
        # Then reading it needs no other file, and writes none.
        private.execute("PRAGMA journal_mode = DELETE")
        if private.execute(
            "SELECT 1 FROM sqlite_master WHERE name = ?", [_TO_BE_DELETED]
        ).fetchall():
            private.execute("DELETE FROM ducklake_files_scheduled_for_deletion")
        private.commit()


def _fetch(lake: Path, postgres: str, target: Path, memory_limit: str) -> bool:
    """Copy each table of the catalogue out of PostgreSQL, in one transaction there."""
    sql = queries("lake")
    with duckdb.connect(
        config={
            "memory_limit": memory_limit,
            "threads": 1,
            "temp_directory": "",
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        }
    ) as connection:
        load(connection, SQLITE, POSTGRES)
        connection.execute(with_values(sql["attach_shared"], {"pg": in_time(postgres)}))
        connection.execute(with_values(sql["attach_private"], {FILE: str(target)}))
        connection.execute("BEGIN")
        names = [name for (name,) in connection.execute(sql["catalogue_tables"]).fetchall()]
        if "ducklake_metadata" not in names:
            return False
        for (data,) in connection.execute(sql["catalogue_data"]).fetchall():
            if not _same_place(data_of(lake), data.removesuffix("/")):
                raise OSError(f"that database has the lake in {_holder(data)}, not this one")
        for name in names:
            connection.execute(of_table("lake", "copy_table", name))
        connection.execute("COMMIT")
    return True


def _same_place(one: str, other: str) -> bool:
    """Whether both are one directory, which may have several names, as under a bind mount."""
    if one == other or is_on_s3(one) or is_on_s3(other):
        return one == other
    with contextlib.suppress(FileNotFoundError):
        return Path(one).samefile(other)
    return False


def _holder(data: str) -> str:
    return data.removesuffix("/") if is_on_s3(data) else str(Path(data).parent)
