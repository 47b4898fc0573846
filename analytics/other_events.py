"""Whether a database has other events than those that are about to be published into it."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from analytics.ledger.old_database import settle
from analytics.queries import queries
from analytics.storage.database import connect

EventName = tuple[str, str, str]
"""Conflict, source and id."""


def other_events(path: Path, names: Collection[EventName]) -> int:
    """How many events of the database at `path`, which nobody else uses, have none of the names.

    Raises a LedgerError.
    """
    settle(path)
    conflicts, sources, ids = zip(*names, strict=True) if names else ((), (), ())
    with connect(path, read_only=True) as connection:
        values = {"conflicts": list(conflicts), "sources": list(sources), "ids": list(ids)}
        found = connection.execute(queries("contents")["other_events"], values).fetchall()
    count: int = found[0][0]
    return count
