"""What it means that DuckDB, or the system beneath it, fails while the ledger is in use."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import duckdb

from analytics.storage.database import explain
from analytics.storage.failures import LedgerError, LedgerMemory
from analytics.storage.place import of_the_system

# With what DuckDB says that what it has read is not what it had written.
DAMAGE = ("Corrupt", "corrupt", "checksum", "Could not read enough bytes", "deserialize")
OF_THE_DISK = os.strerror(errno.EIO)
# A commit says it in an error of another kind.
NO_MEMORY = ("Out of Memory", "failed to pin block", "could not allocate block", "memory_limit")


def explained(path: Path, error: BaseException, *, kafka: bool | None) -> LedgerError | None:
    """The LedgerError that says what `error` means and what to do; None: it is something else."""
    said = str(error)
    if isinstance(error, OSError):
        # It may be another file of ours, and one that is not there: then its directory is meant.
        where = Path(error.filename) if isinstance(error.filename, str) else path
        return of_the_system(where if where.exists() else where.parent, said)
    if not isinstance(error, duckdb.Error):
        return None
    if (refused := of_the_system(path, said)) is not None:
        return refused
    if isinstance(error, duckdb.OutOfMemoryException) or any(word in said for word in NO_MEMORY):
        return LedgerMemory(said)
    return explain(path, error, kafka) if is_damage(error) else None


def is_damage(error: duckdb.Error) -> bool:
    """Does it say that what is read is not what was written?"""
    return any(word in str(error) for word in (*DAMAGE, OF_THE_DISK))
