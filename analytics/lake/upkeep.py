"""Keeps a lake small: compacts small files, and deletes what no reader can need.

It uses ordinary transactions of the lake, each of bounded size, so that readers of an earlier
snapshot can go on reading that.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

from analytics.queries import of_table, queries
from analytics.storage.database import Session

# This many small files, or inlined rows, are worth compacting.
MANY_FILES = 8
MANY_INLINED = 2_000
SMALL_FILE = 25_000
"""A small file has fewer rows than this."""
MOST_ROWS_AT_ONCE = 100_000
MOST_BYTES_AT_ONCE = 32 * 2**20
MOST_SNAPSHOTS_AT_ONCE = 2_000
MICROSECONDS = 1_000_000


def compact(lake: Session, schema: str, names: Iterable[str]) -> None:
    """Put together what is small of the tables of this schema, which the session uses."""
    inlined = {table: name for one, table, name in _inlined(lake) if one == schema}
    for table in names:
        _put_together(lake, schema, table, inlined.get(table))


def forget(lake: Session, keep_seconds: float, *, orphans_seconds: float) -> None:
    """Delete what no reader can need. Snapshots stay so long after they were superseded.

    In any schema: one process at a time. `orphans_seconds`: files that no snapshot has stay so
    long after they were written, as a transaction of another process may still be about to commit.
    """
    now = time.time_ns() // 1_000
    _forget(lake, now - int(keep_seconds * MICROSECONDS), [name for *_, name in _inlined(lake)])
    before = now - int(orphans_seconds * MICROSECONDS)
    lake.execute(queries("upkeep")["clean_orphans"], before=before)


def _inlined(lake: Session) -> list[tuple[Any, ...]]:
    """The schema and the name of each table that can have inlined rows, and where these are."""
    return lake.execute(queries("upkeep")["inlined"])


def _put_together(lake: Session, schema: str, table: str, inlined: str | None) -> None:
    pieces, rows, size = [], 0, 0
    if inlined is not None:
        [(rows,)] = lake.execute(of_table("upkeep", "count_inlined", inlined))
        pieces = [inlined] * (rows >= MANY_INLINED)
    sql = of_table("upkeep", "small_files", table)
    files = lake.execute(sql, rows=SMALL_FILE, schema=schema)
    if len(files) >= MANY_FILES:
        for file, count, length in files:
            rows, size = rows + count, size + length
            if pieces and (rows > MOST_ROWS_AT_ONCE or size > MOST_BYTES_AT_ONCE):
                break
            pieces.append(file)
    if not pieces:
        return
    lake.execute("BEGIN")
    lake.execute(of_table("upkeep", "move_out", table), pieces=pieces)
    lake.execute(of_table("upkeep", "delete_pieces", table), pieces=pieces)
    lake.execute(of_table("upkeep", "move_in", table))
    lake.execute("COMMIT")
    lake.execute(queries("upkeep")["drop_moved"])
    lake.execute(of_table("upkeep", "drop_empty", table), schema=schema)


def _forget(lake: Session, before: int, inlined: Iterable[str]) -> None:
    """Delete what only snapshots superseded `before` contain."""
    sql = queries("upkeep")
    found = lake.execute(sql["superseded"], before=before, most=MOST_SNAPSHOTS_AT_ONCE)
    if found:
        lake.execute(sql["expire"], snapshots=[snapshot for (snapshot,) in found])
        for table in inlined:
            lake.execute(of_table("upkeep", "forget_inlined", table))
        for (table,) in lake.execute(sql["inlined_deletes"]):
            lake.execute(of_table("upkeep", "forget_inlined_deletes", table))
    lake.execute(sql["clean_up"])
