"""A database as a worker leaves it, made without a broker: `world.py FOLDER EVENTS CLAIMS`.

With a fourth argument, all of it in so many conflicts; each has its share of both.
"""

from __future__ import annotations

import sys
from itertools import islice
from pathlib import Path

from analytics.ledger.ledger import Ledger
from streams.engine.decoding import RawRecord, read
from streams.engine.loading import load_standing, process
from streams.settings import Settings
from tests.bench.load import of_conflicts

AT_ONCE = 2_000
EPOCH_MS = 1_767_225_600_000  # 2026-01-01T00:00:00Z


def main(folder: Path, events: int, claims: int, conflicts: int = 1) -> None:
    """Fold so many events, claims among them, into the database of a data directory."""
    folder.mkdir(parents=True, exist_ok=True)
    with Ledger.open(Settings(data_dir=folder).database) as ledger:
        standing = load_standing(ledger)
        log = enumerate(of_conflicts(events, claims, conflicts))
        while batch := [
            RawRecord(0, offset, EPOCH_MS + offset, conflict.encode(), event)
            for offset, (conflict, event) in islice(log, AT_ONCE)
        ]:
            process(ledger, standing, "log", read(batch))
            # As if a worker had published the verdicts.
            while pending := ledger.pending_outbox(100_000):
                ledger.published(pending[-1].seq)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *map(int, sys.argv[2:]))
