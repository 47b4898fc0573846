"""Whether the lake holds what the ledger wrote: each table counted and hashed, and compared."""

from __future__ import annotations

from typing import NamedTuple

from analytics.lake.session import LakeSession
from analytics.queries import of_table, queries


class TableDifference(NamedTuple):
    """A table of the lake that is not as the ledger wrote it, at the mark of the lake.

    `written` and `found` are row counts; where they are equal, the rows themselves differ.
    """

    table: str
    written: int
    found: int


def differing_tables(lake: LakeSession) -> list[TableDifference]:
    """The tables that differ, ordered by name. Raises LakeError."""
    differing = []
    for table, written, digest in lake.ask(queries("lake")["contents"]):
        [(found, found_digest)] = lake.ask(of_table("contents", table, f"lake.{table}"))
        if (written, digest) != (found, found_digest):
            differing.append(TableDifference(table, written, found))
    return differing
