"""A connection with a lake attached as `lake`, for what writes it or reads all of it."""

from __future__ import annotations

from pathlib import Path

import duckdb

from analytics.lake.extensions import load
from analytics.queries import queries

CATALOG, FILES, SPILL = "catalog.sqlite", "data", "spill"
MOST_SPILL = "4GB"


def attach_statement(path: Path, *, read_only: bool = True) -> str:
    """What attaches the lake at `path`, for whoever has DuckLake and its SQLite catalogue."""
    sql = queries("lake")["attach_to_read" if read_only else "attach"]
    for name in (CATALOG, FILES):
        quoted = str(path.resolve() / name).replace("'", "''")
        sql = sql.replace(f"{{{name}}}", quoted)
    return sql


def attach(
    path: Path, *, read_only: bool = False, memory_limit: str = "200MB"
) -> duckdb.DuckDBPyConnection:
    """Attach the lake at `path`, made if it is not there and may be written. A duckdb.Error.

    In a database of its own, in memory: what goes wrong there harms no ledger.
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
            # Whoever only reads puts nothing aside there, where the writer clears it away.
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
