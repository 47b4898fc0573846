"""Explains failures of DuckDB, or of the system beneath it, while the ledger is in use."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import duckdb

from analytics.storage.database import explain
from analytics.storage.failures import LedgerError
from analytics.storage.opening import is_memory
from analytics.storage.place import of_the_system

# Messages with which DuckDB reports that it read something other than it had written.
DAMAGE = ("Corrupt", "corrupt", "checksum", "Could not read enough bytes", "deserialize")
OF_THE_DISK = os.strerror(errno.EIO)


def explained(path: Path, error: BaseException, *, kafka: bool | None) -> LedgerError | None:
    """The LedgerError that explains `error` and says what to do; None: it is something else."""
    said = str(error)
    if isinstance(error, OSError):
        # It may be another file of ours, or a missing one: then its directory is meant.
        where = Path(error.filename) if isinstance(error.filename, str) else path
        return of_the_system(where if where.exists() else where.parent, said)
    if not isinstance(error, duckdb.Error):
        return None
    if (refused := of_the_system(path, said)) is not None:
        return refused
    return explain(path, error, kafka) if is_memory(error) or is_damage(error) else None


def is_damage(error: duckdb.Error) -> bool:
    """Does the error report that what was read is not what was written?"""
    return any(word in str(error) for word in (*DAMAGE, OF_THE_DISK))
