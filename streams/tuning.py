"""How Python and DuckDB are set up for a process that reads or judges many events."""

from __future__ import annotations

import gc
import os
import sys


def tune_collector() -> None:
    """Have Python look for cycles of garbage rarely: events make many objects, and no cycles.

    Looking as often as it does by itself takes twice as long as all the judging.
    """
    gc.freeze()
    gc.set_threshold(500_000, 20, 100)


def tune_threads() -> None:
    """Have a thread that computes let another one in after a millisecond.

    DuckDB gives the interpreter back and takes it again several times for each statement, and a
    commit has ten of these: at Python's own 5 ms they wait longer for their turn than they run.
    """
    sys.setswitchinterval(0.001)


def tune_allocator() -> None:
    """Have DuckDB's allocator keep little for each thread. Must come before DuckDB is loaded.

    Each thread that judges, commits, publishes, notifies or scrapes would keep what it can of what
    it once used. What the environment says already is left as it is.
    """
    os.environ.setdefault("DUCKDB_JE_MALLOC_CONF", "narenas:1,tcache_max:4096")
