"""A ledger that commits and checkpoints until it is told to end, and says what it acknowledged."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

from analytics.ledger.ledger import Ledger
from streams.engine.decoding import RawRecord, read
from streams.engine.loading import load_standing, process

SECONDS_BETWEEN_COMMITS = 0.02
"""Each checkpoint adds three blocks to the file: without a pause it soon has hundreds of megabytes."""


def main(path: Path) -> None:
    """Commit one rejected record after the other; each third is followed by a checkpoint."""
    over = threading.Event()

    def wait() -> None:
        sys.stdin.read()
        over.set()

    threading.Thread(target=wait, daemon=True).start()
    with Ledger.open(path, memory_limit="1GB") as ledger:
        standing, connection, number = load_standing(ledger), ledger.cursor(), 0
        while not over.wait(SECONDS_BETWEEN_COMMITS):
            raw = b"?" * 2_000
            record = RawRecord(1, number, 1_800_000_000_000 + number, b"c", raw, ())
            process(ledger, standing, "next", read([record]))
            number += 1
            print(number, flush=True)  # noqa: T201 - what is acknowledged
            if number % 3 == 0:
                connection.execute("CHECKPOINT")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
