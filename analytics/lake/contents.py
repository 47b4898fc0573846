"""Whether the lake holds what the ledger wrote: each table counted and hashed, and compared."""

from __future__ import annotations

from typing import NamedTuple

from analytics.lake.parts import schema_of
from analytics.lake.session import LakeSession
from analytics.queries import of_table, queries


class TableDifference(NamedTuple):
    """A table of the lake that is not as the ledger wrote it, at the mark of the lake.

    `written` and `found` are row counts; where they are equal, the rows themselves differ.
    `worker`: whose part of the lake it is in, if several write it.
    """

    table: str
    written: int
    found: int
    worker: str | None = None


def differing_tables(lake: LakeSession) -> list[TableDifference]:
    """The tables that differ, of each worker, ordered by name. Raises LakeError."""
    differing = []
    for worker, table, written, digest in lake.ask(queries("asking")["contents"]):
        place = f"lake.{schema_of(worker or '')}.{table}"
        [(found, found_digest)] = lake.ask(of_table("contents", table, place))
        if (written, digest) != (found, found_digest):
            differing.append(TableDifference(table, written, found, worker))
    return differing
