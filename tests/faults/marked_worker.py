"""`truce run` on a Tansu that is a process of its own, noting in a shared file what it is at.

Whoever kills it reads there in what it was interrupted. The worker itself is the real one: only its
group's sessions are as short as for the embedded broker. `MARKS`: the file; `CHECKPOINT`: after how
much of a write-ahead log the database makes a checkpoint, where it should be sooner than usual.
"""

from __future__ import annotations

import ctypes
import functools
import mmap
import os
import signal
import struct
import sys
from collections.abc import Callable
from enum import IntEnum
from pathlib import Path
from typing import Any, NamedTuple

from streams.kafka.embedded_broker import PR_SET_PDEATHSIG

# What a process imports from which workers are forked.
PRELOADED = (
    "analytics.metrics.families",
    "schemas.wire",
    "streams.cli",
    "streams.engine.loading",
    "streams.engine.decoder",
    "streams.kafka.topics",
    "streams.kafka.consumer.log_app",
    "streams.worker",
    "tests.faults.marked_worker",
)
SIZE = 16
SENDING, NOTING = 1, 2


class Life(IntEnum):
    """The part of its life that a worker is in."""

    STARTING = 0
    OPENING = 1
    JOINING = 2
    WORKING = 3
    DRAINING = 4
    CLOSING = 5


class Ledger(IntEnum):
    """What its ledger is busy with."""

    WAITING = 0
    JUDGING = 1
    COMMITTING = 2
    NOTING = 3


class Marks(NamedTuple):
    """What a worker was at: `sending` while messages that are committed are being published."""

    life: Life
    ledger: Ledger
    sending: bool
    judged: int

    def __str__(self) -> str:
        if self.life is not Life.WORKING:
            return LIVES[self.life]
        if self.ledger is Ledger.WAITING and self.sending:
            return BETWEEN
        return LEDGERS[self.ledger]


LIVES = {
    Life.STARTING: "starting: before the database",
    Life.OPENING: "starting: opening the database",
    Life.JOINING: "starting: joining the group",
    Life.DRAINING: "draining after SIGTERM",
    Life.CLOSING: "closing, with a checkpoint",
}
LEDGERS = {
    Ledger.WAITING: "reading the log",
    Ledger.JUDGING: "judging and writing",
    Ledger.COMMITTING: "in the middle of a commit",
    Ledger.NOTING: "noting what is published",
}
BETWEEN = "between commit and publish"
PHASES = (*LIVES.values(), *LEDGERS.values(), BETWEEN)


def blank(path: Path) -> None:
    """Make the file of marks for a worker that is about to start."""
    path.write_bytes(bytes(SIZE))


def read_marks(path: Path) -> Marks:
    """What the worker was at when it last said so."""
    life, writing, publishing, judging, judged = struct.unpack("<BBBBI8x", path.read_bytes())
    # Several things are done at once: a commit is what a kill is most wanted in.
    ledger = Ledger(writing)
    if ledger is Ledger.WAITING:
        ledger = Ledger.NOTING if publishing == NOTING else Ledger(judging)
    return Marks(Life(life), ledger, publishing == SENDING, judged)


class Marking:
    """Wraps the worker's functions so that each says when it begins and ends."""

    def __init__(self, path: Path) -> None:
        with path.open("r+b") as file:
            self._shared = mmap.mmap(file.fileno(), SIZE)

    def life(self, now: Life) -> None:
        self._shared[0] = now

    def during(self, owner: Any, name: str, place: int, value: int, after: int = 0) -> None:
        """While the function runs, `value` stands at `place`, and then `after`."""
        whole = getattr(owner, name)

        @functools.wraps(whole)
        def marked(*args: Any, **kwargs: Any) -> Any:
            self._shared[place] = value
            try:
                return whole(*args, **kwargs)
            finally:
                self._shared[place] = after

        setattr(owner, name, marked)

    def awaiting(self, owner: Any, name: str, place: int, value: int, after: int = 0) -> None:
        """The same for a coroutine."""
        whole = getattr(owner, name)

        @functools.wraps(whole)
        async def marked(*args: Any, **kwargs: Any) -> Any:
            self._shared[place] = value
            try:
                return await whole(*args, **kwargs)
            finally:
                self._shared[place] = after

        setattr(owner, name, marked)

    def counting(self, owner: Any, name: str) -> None:
        """Count the records of the batches that the function has judged."""
        whole: Callable[..., Any] = getattr(owner, name)

        @functools.wraps(whole)
        def counted(core: Any, log_id: str, reading: Any) -> Any:
            self._shared[0] = Life.WORKING
            done = whole(core, log_id, reading)
            (judged,) = struct.unpack_from("<I", self._shared, 4)
            struct.pack_into("<I", self._shared, 4, judged + len(reading.records))
            return done

        setattr(owner, name, counted)


def mark(path: Path, checkpoint: str | None) -> None:
    """Have all that this process does be noted in the file."""
    from analytics.ledger import ledger, transaction
    from streams.engine import engine
    from streams.kafka import outbox_publisher
    from streams.worker import composition

    marking = Marking(path)
    if checkpoint:
        whole_open = ledger.Ledger.open

        def opened(*args: Any, **kwargs: Any) -> ledger.Ledger:
            found = whole_open(*args, **kwargs)
            found._connection.execute(f"SET checkpoint_threshold = '{checkpoint}'")
            return found

        ledger.Ledger.open = opened  # type: ignore[method-assign]
    marking.during(engine.LedgerCore, "open", 0, Life.OPENING, Life.JOINING)
    marking.during(engine.LedgerCore, "judge", 3, Ledger.JUDGING)
    marking.during(engine.LedgerCore, "commit", 1, Ledger.JUDGING)
    # What follows it is the commit.
    marking.during(transaction.Transaction, "finish", 1, Ledger.JUDGING, Ledger.COMMITTING)
    marking.counting(engine.LedgerCore, "judge")
    marking.during(ledger.Ledger, "published", 2, NOTING)
    marking.awaiting(outbox_publisher.OutboxPublisher, "_send", 2, SENDING)
    marking.awaiting(composition.Worker, "_drain", 0, Life.DRAINING, Life.CLOSING)


def live(environ: dict[str, str], said: str) -> None:
    """Be a worker with these settings; for a process forked from one that has imported it all."""
    with open(said, "wb") as file:  # noqa: PTH123
        os.dup2(file.fileno(), sys.stderr.fileno())
    os.environ.update(environ)
    main()


def main() -> None:
    """Run the worker."""
    from streams import cli
    from streams.engine import decoder
    from streams.kafka.consumer import feed, log_app

    if sys.platform == "linux":
        # It is not to outlive who started it to kill it.
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    log_app.KAFKA.update(broker_session_timeout=1.0, broker_heartbeat_interval=0.3)
    feed.FETCH_WAIT_KAFKA = feed.FETCH_WAIT_TANSU
    if os.environ.pop("BESIDE", ""):
        decoder.MUCH = 1
    if marks := os.environ.pop("MARKS", ""):
        mark(Path(marks), os.environ.pop("CHECKPOINT", None))
    sys.argv = ["truce", "run"]
    cli.main()


if __name__ == "__main__":
    main()
