"""How Python and DuckDB are set up for a process that reads or judges many events."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
import sys

ARENAS = 2
_M_ARENA_MAX = -8
"""The name of the number of arenas in glibc's `malloc.h`."""


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
    """Have the allocators keep little of what is freed. Must come before DuckDB and Arrow.

    Each thread that judges, commits, publishes, notifies or scrapes would keep what it can of what
    it once used; and Arrow's own pool what each batch took. Subprocesses do the same. What the
    environment says already is left as it is.
    """
    os.environ.setdefault("DUCKDB_JE_MALLOC_CONF", "narenas:1,tcache_max:4096")
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    if "MALLOC_ARENA_MAX" not in os.environ:
        os.environ["MALLOC_ARENA_MAX"] = str(ARENAS)
        # The C library has read the environment of this process already; not every one has arenas.
        with contextlib.suppress(AttributeError, OSError):
            ctypes.CDLL(None).mallopt(_M_ARENA_MAX, ARENAS)
