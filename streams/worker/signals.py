"""The signals that end a worker."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Iterator

from streams.worker.exits import FAILED


@contextlib.contextmanager
def stop_on_signals(stop: asyncio.Event) -> Iterator[None]:
    """Let the first SIGINT or SIGTERM set `stop`, and a second one end the process at once."""
    loop = asyncio.get_running_loop()
    handled = (signal.SIGINT, signal.SIGTERM)

    def stop_or_end() -> None:
        if stop.is_set():
            sys.stderr.write("truce: told twice to stop: ended before all was finished\n")
            sys.stderr.flush()
            # The ledger holds whole batches only, and the broker ends with its parent.
            os._exit(FAILED)
        stop.set()

    installed = []
    for number in handled:
        # Only the main thread may: elsewhere the caller has `stop`.
        with contextlib.suppress(ValueError, RuntimeError, NotImplementedError):
            loop.add_signal_handler(number, stop_or_end)
            installed.append(number)
    try:
        yield
    finally:
        for number in installed:
            loop.remove_signal_handler(number)
