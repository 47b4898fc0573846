"""A connection with a lake attached as `lake`, for what writes it or reads all of it."""

from __future__ import annotations

from pathlib import Path

import duckdb

from analytics.lake.extensions import load
from analytics.queries import queries

CATALOG, FILES, SPILL = "catalog.sqlite", "data", "spill"
MOST_SPILL = "4GB"


def attach_statement(path: Path, *, read_only: bool = True) -> str:
    """The ATTACH statement for the lake at `path`; it needs DuckLake and its SQLite catalogue."""
    sql = queries("lake")["attach_to_read" if read_only else "attach"]
    for name in (CATALOG, FILES):
        quoted = str(path.resolve() / name).replace("'", "''")
        sql = sql.replace(f"{{{name}}}", quoted)
    return sql


def attach(
    path: Path, *, read_only: bool = False, memory_limit: str = "200MB"
) -> duckdb.DuckDBPyConnection:
    """Attach the lake at `path`, created if missing and writable. Raises duckdb.Error.

    In an in-memory database of its own, so that no failure there harms the ledger.
    """
    connection = duckdb.connect(
        config={
            "memory_limit": memory_limit,
            "threads": 1,
            "preserve_insertion_order": False,
            # As in the ledger, so that rows of both can be compared.
            "arrow_lossless_conversion": True,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            # Readers do not spill there, where the writer would delete their files.
            "temp_directory": "" if read_only else str(path.resolve() / SPILL),
            "max_temp_directory_size": MOST_SPILL,
        }
    )
    try:
        connection.execute("SET GLOBAL TimeZone = 'UTC'")
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("SET enable_progress_bar = false")
        load(connection)
        connection.execute(attach_statement(path, read_only=read_only))
    except BaseException:
        connection.close()
        raise
    return connection
