"""A connection with a lake attached as `lake`, for what writes it or reads all of it."""

from __future__ import annotations

from pathlib import Path

import duckdb

from analytics.lake.catalogue.place import (
    attach_statement,
    data_of,
    extensions_of,
    in_time,
    postgres_of,
)
from analytics.lake.extensions import load
from analytics.lake.s3.access import give_access, is_on_s3

SPILL = "spill"
MOST_SPILL = "4GB"


def attach(
    path: Path,
    *,
    read_only: bool = False,
    memory_limit: str = "200MB",
    postgres: str = "",
    data: str = "",
    spill: str = SPILL,
) -> duckdb.DuckDBPyConnection:
    """Attach the lake at `path`, created if missing and writable. Raises duckdb.Error, OSError.

    In an in-memory database of its own, so that no failure there harms the ledger. `postgres`:
    where its catalogue is, and `data`: its data; empty: where the directory says. `spill`: the
    directory in it for what does not fit into memory.
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
            "temp_directory": "" if read_only else str(path.resolve() / spill),
            "max_temp_directory_size": MOST_SPILL,
        }
    )
    try:
        connection.execute("SET GLOBAL TimeZone = 'UTC'")
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("SET enable_progress_bar = false")
        parameters = postgres or postgres_of(path)
        load(connection, *extensions_of(parameters))
        where = parameters and in_time(parameters)
        data = data or data_of(path)
        if is_on_s3(data):
            give_access(connection, data)
        connection.execute(attach_statement(path, read_only=read_only, postgres=where, data=data))
    except BaseException:
        connection.close()
        raise
    return connection
