"""Keeps a lake small: many small pieces become one, and what no reader can need is deleted.

All of it by transactions of the lake like any other, each of bounded size, so that whoever reads an
earlier snapshot goes on reading that.
"""

from __future__ import annotations

import time
from collections.abc import Iterable

from analytics.queries import of_table, queries
from analytics.storage.database import Session

# So many small files, or inlined rows, are worth being put together.
MANY_FILES = 8
MANY_INLINED = 2_000
SMALL_FILE = 25_000
"""Fewer rows than that."""
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
    """Forget what only snapshots had that were superseded `before`."""
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
