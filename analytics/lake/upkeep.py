"""Keeps a lake small: compacts small files, and deletes what no reader can need.

It uses ordinary transactions of the lake, each of bounded size, so that readers of an earlier
snapshot can go on reading that.
"""

from __future__ import annotations

import time
from collections.abc import Iterable

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


def upkeep(lake: Session, names: Iterable[str], keep_seconds: float) -> None:
    """Do what is due. Snapshots stay for `keep_seconds` after they were superseded."""
    before = time.time_ns() // 1_000 - int(keep_seconds * MICROSECONDS)
    inlined = dict(lake.execute(queries("upkeep")["inlined"]))
    for table in names:
        _put_together(lake, table, inlined.get(table))
    _forget(lake, before, inlined.values())


def _put_together(lake: Session, table: str, inlined: str | None) -> None:
    pieces, rows, size = [], 0, 0
    if inlined is not None:
        [(rows,)] = lake.execute(of_table("upkeep", "count_inlined", inlined))
        pieces = [inlined] * (rows >= MANY_INLINED)
    files = lake.execute(of_table("upkeep", "small_files", table), rows=SMALL_FILE)
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
    lake.execute(of_table("upkeep", "drop_empty", table))


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
    lake.execute(sql["clean_orphans"], before=before)
