"""The errors of a rebuild, in one line for its user.

LedgerError
├── RebuildRuns     another rebuild of the same database runs
├── RebuildStale    what was rebuilt is not of this database
└── RebuildFailed   it could not be written, or the previous one not be read
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from analytics.storage.failing import explained as known_failure
from analytics.storage.failures import LedgerDamaged, LedgerError, LedgerFull, LedgerMemory
from analytics.storage.place import beside

KAFKAS_LOG = "Kafka's log, if one has it"
REBUILT = ".rebuilt"


class RebuildRuns(LedgerError):  # noqa: N818
    """Another rebuild of the same database runs."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"another rebuild of {path} runs: wait until it is done")


class RebuildStale(LedgerError):  # noqa: N818
    """What was rebuilt is not of this database."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{beside(path, REBUILT)} knows more of the log than {path} does, so it was made of "
            "another database: it is not taken; run `truce rebuild` again"
        )


class RebuildFailed(LedgerError):  # noqa: N818
    """It could not be written, or the previous one not be read, which is unchanged."""

    def __init__(self, path: Path, reason: str, way_out: str = "") -> None:
        super().__init__(
            f"no new database was made: {reason}; {path} is as it was"
            + (f": {way_out}" if way_out else "")
        )


@contextmanager
def explained(path: Path, *, kafka: bool) -> Iterator[None]:
    """Explain a failure of either database in one line: raises RebuildFailed.

    `kafka`: whether a configured Kafka has its log.
    """
    try:
        yield
    except (duckdb.Error, OSError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise RebuildFailed(path, reason.splitlines()[0], _way_out(path, error, kafka)) from error


def _way_out(path: Path, error: Exception, kafka: bool) -> str:
    found = known_failure(path, error, kafka=kafka)
    if isinstance(found, LedgerFull):
        return "make as much room as a second database takes"
    if isinstance(found, LedgerMemory):
        return "set TRUCE_MEMORY higher"
    if isinstance(found, LedgerDamaged):
        if kafka:
            return f"move it away, and `truce rebuild` without --from-events folds {KAFKAS_LOG}"
        return f"it is damaged: restore a backup, or set TRUCE_BROKER to fold {KAFKAS_LOG}"
    return str(found) if found is not None else ""
