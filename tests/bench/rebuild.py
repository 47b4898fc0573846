"""How fast a database is rebuilt from the events that it kept, and how much memory that takes.

`PYTHONPATH=. python tests/bench/rebuild.py [EVENTS]` prints one line; 100,000 events by default.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from itertools import chain, islice
from pathlib import Path

from analytics.ledger import Ledger
from streams.pipeline import RawRecord, load_standing, process, read
from streams.worker import tune_collector
from tests.bench import load

CLAIMS = 500
AT_ONCE = 5_000


def fill(path: Path, count: int) -> None:
    """Make a database of so many single-event records, as a worker would."""
    tune_collector()
    events = chain(
        load.claims(CLAIMS, overlap=False), load.incidents(count - CLAIMS, claims=CLAIMS)
    )
    with Ledger.open(path) as ledger:
        standing = load_standing(ledger)
        offset = 0
        while raws := list(islice(events, AT_ONCE)):
            now = time.time_ns() // 1_000_000
            found = [RawRecord(0, offset + n, now, b"bench", raw) for n, raw in enumerate(raws)]
            process(ledger, standing, "bench", read(found))
            ledger.published(ledger.pending_outbox(50_000)[-1].seq)
            offset += len(found)


def main() -> None:
    """Fill, rebuild, and tell events a second and the peak of memory of the command."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "truce.duckdb")
        fill(path, count)
        command = [sys.executable, "-m", "streams.cli", "rebuild", "--data-dir", folder]
        began = time.perf_counter()
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            said = process.stdout.read()
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.perf_counter() - began
        assert process.returncode == 0
        assert "No row differs" in said, said
        megabytes = path.stat().st_size / 2**20
        print(
            f"rebuild of {count:,} events: {seconds:.1f} s, {count / seconds:,.0f} events/s, "
            f"{usage.ru_utime + usage.ru_stime:.1f} s of processor time, peak {usage.ru_maxrss / 1024:.0f} MiB; "
            f"the database has {megabytes:.0f} MiB"
        )


if __name__ == "__main__":
    main()
