"""The files of a lake, in its directory or on S3: whether all are there, and which it names."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import duckdb

from analytics.lake.s3.access import is_on_s3
from analytics.queries import queries
from analytics.storage.database import Session


def has_files(lake: Session, schema: str, tables: Iterable[str], data: str) -> bool:
    """Whether all files of these tables are there, as large as they were written.

    `data`: where they are. duckdb.Error, OSError: it cannot be known.
    """
    named = dict(
        row
        for table in tables
        for row in lake.execute(queries("lake")["files"], table=table, schema=schema)
        if row[0] is not None
    )
    if not is_on_s3(data):
        return all(_size(Path(file)) == size for file, size in named.items())
    # A list of all takes a request for every 1,000, and not one for each.
    there = dict(lake.execute(queries("s3")["sizes"], all=f"{data}/**")) if named else {}
    return all(there.get(file) == size for file, size in named.items())


def is_empty(connection: duckdb.DuckDBPyConnection, data: str) -> bool:
    """Whether nothing is below this place on S3. duckdb.Error: it cannot be known."""
    return not connection.execute(queries("s3")["any_file"], {"all": f"{data}/**"}).fetchall()


def reach(lake: Session, data: str) -> None:
    """See that S3 answers: what is written meanwhile waits for it many times. duckdb.Error."""
    lake.execute(queries("s3")["any_file"], all=f"{data}/none/*")


def named_files(connection: duckdb.DuckDBPyConnection, data: str) -> list[str]:
    """The files that the catalogue names which is attached as `lake`, of any snapshot."""
    found = connection.execute(queries("s3")["named_files"], {"data": f"{data}/"}).fetchall()
    return [file for (file,) in found]


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
