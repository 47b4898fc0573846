"""What `truce duplicates` costs: all pairs of a made world, in a process of its own.

Run by itself: `PYTHONPATH=. python tests/bench/duplicates.py`, or as a section of `make bench`.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
import time
from pathlib import Path

from analytics.queries import queries, views
from analytics.storage.database import connect, migrate
from tests.bench.measuring import HERE, ROOT, printed, reached, show

MEMORY = "850MB"
GOAL_SECONDS, GOAL_MIB = 60.0, 1_536.0
REPORTS_A_HAPPENING = 1.54
"""How many of the four sources report one, on average."""
WITHIN: dict[str, object] = {"since": None, "until": None, "conflict": None}


async def duplicates(folder: Path, *, incidents: int) -> None:
    """The table."""
    database = folder / "duplicates.duckdb"
    _make(database, incidents)
    command = (sys.executable, __file__, "--asked", str(database))
    found = json.loads(await printed(*command, given={"PYTHONPATH": str(ROOT)}))
    show(
        f"truce duplicates: {found['reports']:,} incidents, each with one report",
        ("what", "found", "goal", ""),
        [
            ("pairs with a score of 0.5 or more", f"{found['pairs']:,}", "", ""),
            ("days in one place that were divided", f"{found['crowded']:,}", "", ""),
            ("CPU s", f"{found['cpu']:.0f}", "", ""),
            (
                "s",
                f"{found['seconds']:.0f}",
                f"{GOAL_SECONDS:.0f}",
                reached(found["seconds"], GOAL_SECONDS, at_most=True),
            ),
            (
                "peak MiB",
                f"{found['mib']:,.0f}",
                f"{GOAL_MIB:,.0f}",
                reached(found["mib"], GOAL_MIB, at_most=True),
            ),
        ],
    )


def _make(database: Path, incidents: int) -> None:
    connection = connect(database)
    migrate(connection, database)
    happenings = int(incidents / REPORTS_A_HAPPENING)
    connection.execute("SET VARIABLE happenings = $1", [happenings])
    connection.execute((HERE / "incidents.sql").read_text("utf-8"))
    connection.close()


def _asked(database: Path) -> None:
    connection = connect(database, memory_limit=MEMORY, threads=2)
    connection.execute(views())
    [(reports,)] = connection.execute("SELECT count(*) FROM accepted").fetchall()
    began, cpu = time.perf_counter(), time.process_time()
    asked = WITHIN | {"min_score": 0.5, "commitment": None}
    pairs = connection.execute(queries("duplicates")["pairs"], asked).fetchall()
    crowded = connection.execute(queries("duplicates")["crowded"], WITHIN).fetchall()
    sys.stdout.write(
        json.dumps(
            {
                "reports": reports,
                "pairs": len(pairs),
                "crowded": len(crowded),
                "cpu": time.process_time() - cpu,
                "seconds": time.perf_counter() - began,
                "mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            }
        )
    )


if __name__ == "__main__":
    import asyncio

    parser = argparse.ArgumentParser()
    parser.add_argument("--asked", type=Path)
    parser.add_argument("--incidents", type=int, default=1_000_000)
    chosen = parser.parse_args()
    if chosen.asked is not None:
        _asked(chosen.asked)
    else:
        with tempfile.TemporaryDirectory(prefix="truce-bench-") as place:
            asyncio.run(duplicates(Path(place), incidents=chosen.incidents))
