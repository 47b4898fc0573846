"""Opens a DuckDB file, also one whose WAL takes more memory than is given."""

from __future__ import annotations

from pathlib import Path

import duckdb

# With how much a WAL is replayed for which a smaller limit was not enough.
REPLAY_LIMIT = "1GB"
# How an error of another type, that of a commit or of a replay, says that memory was not enough.
_NO_MEMORY = (
    "Out of Memory",
    "failed to pin block",
    "could not allocate block",
    "bad allocation",
    "(SET memory_limit=",
)


def open_file(
    path: Path, *, read_only: bool, settings: dict[str, str | bool | int | float | list[str]]
) -> duckdb.DuckDBPyConnection:
    """A connection with these settings; a WAL for which they give too little memory has more.

    A replay takes more than the commits did. How much more, `checkpoint_threshold` bounds.
    """
    try:
        return duckdb.connect(str(path), read_only=read_only, config=settings)
    except duckdb.Error as error:
        if not is_memory(error):
            raise
        failed = error
    limit = {"memory_limit": REPLAY_LIMIT}
    try:
        connection = duckdb.connect(str(path), read_only=read_only, config=settings | limit)
    except duckdb.Error as error:
        raise failed from error
    try:
        if not read_only:
            # Frees what was replayed; the next start has nothing to replay.
            connection.execute("CHECKPOINT")
        connection.execute("SET memory_limit = $limit", {"limit": settings["memory_limit"]})
    except duckdb.Error:
        connection.close()
        raise
    return connection


def is_memory(error: duckdb.Error) -> bool:
    """Does the error report that the engine had not enough memory?"""
    return isinstance(error, duckdb.OutOfMemoryException) or any(
        word in str(error) for word in _NO_MEMORY
    )
