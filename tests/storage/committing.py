"""A ledger that commits until it is killed, in a process that wants no more than that."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

from analytics.ledger.ledger import Ledger

T1 = 1_800_000_000_000_000


def commit_until_killed(path: Path, seconds: float) -> None:
    """Commit one record after the other, and be killed after so many seconds of that."""
    with Ledger.open(path) as ledger:
        first = ledger.offsets("l").get(0, 0)
        threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGKILL)).start()
        for number in range(first, first + 1_000_000):
            with ledger.transaction() as transaction:
                transaction.advance("l", 0, number + 1, T1 + number)
            ledger.look()
