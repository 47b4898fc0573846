"""The worker as a process: its setup, its retries with smaller batches, and how it ends."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import sys
import threading
import traceback
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any

from analytics.storage.failures import LedgerError, LedgerMemory, LedgerVanished
from schemas.safe_text import for_log, for_log_lines
from streams import limits
from streams.directory import prepare
from streams.engine.engine import Core, LedgerCore
from streams.settings import Settings
from streams.tuning import tune_allocator, tune_collector, tune_threads
from streams.worker.composition import OnReady, Worker
from streams.worker.exits import DONE, FAILED, Ended, explained, what_is_left
from streams.worker.log_setup import configure_logging

SECONDS_TO_END = 3.0

# How many records a batch has in the retries after the engine ran out of memory: those that
# `truce publish` and POST /events pack have up to 256 KB each.
RECORDS_AFTER_THAT = 8

logger = logging.getLogger("streams")


def main(settings: Settings, *, on_ready: OnReady | None = None) -> int:
    """Run a worker until a signal ends it; the exit code of the process."""
    configure_logging(settings)
    if (why := prepared(settings)) is not None:
        sys.stderr.write(f"truce: {for_log(why)}\n")
        return FAILED
    tune_collector()
    tune_threads()
    tune_allocator()
    work = _ended_soon(run(settings, on_ready=on_ready))
    with contextlib.suppress(ImportError):
        import uvloop

        return uvloop.run(work)
    return asyncio.run(work)


async def _ended_soon(work: Coroutine[Any, Any, int]) -> int:
    """Do the work, and make sure that the process ends soon afterwards."""
    code = await work
    timer = threading.Timer(SECONDS_TO_END, _end, (code,))
    timer.daemon = True
    timer.start()
    return code


def _end(code: int) -> None:
    """End the process that a task or a thread of a library keeps: all of ours is closed by now.

    Where a topic was deleted, the Kafka client waits for it for ever.
    """
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def prepared(settings: Settings) -> str | None:
    """Have a directory to work in, and enough of the system; None, or why that cannot be."""
    if (found := limits.what_is_wrong(settings)) is not None:
        said, is_too_low = found
        if is_too_low:
            return said
        logger.warning("%s", said)
    try:
        prepare(settings.data_dir)
    except LedgerError as error:
        return str(error)
    return None


async def run(
    settings: Settings,
    *,
    on_ready: OnReady | None = None,
    stop: asyncio.Event | None = None,
    core: Core | None = None,
) -> int:
    """Run a worker until `stop` is set or a signal comes; the exit code.

    `on_ready` is called once, when all is judged that was in the log at the start. What goes wrong
    is one line on stderr.
    """
    stop = stop or asyncio.Event()
    try:
        if core is None:
            await _run_with_less(settings, on_ready, stop)
        else:
            await Worker(settings, core, stop).run(on_ready)
    except Exception as error:  # noqa: BLE001 - whatever it was, the user gets one line
        if settings.debug:
            sys.stderr.write(for_log_lines(traceback.format_exc()) + "\n")
        ended = explained(error, settings)
        sys.stderr.write(f"truce: {for_log(str(ended))}\n")
        return ended.code
    return DONE


async def _run_with_less(settings: Settings, on_ready: OnReady | None, stop: asyncio.Event) -> None:
    """Run a worker; if its engine runs out of memory, run another with smaller batches.

    Nothing of a batch that failed was kept, and the ledger knows where to go on in the log; that of
    an embedded broker ends, and what was in it and not acknowledged is to be published again.
    """
    try:
        await _run_ledger(settings, on_ready, stop)
    except LedgerMemory as error:
        most = RECORDS_AFTER_THAT
        if settings.max_batch <= most or stop.is_set():
            raise
        logger.warning("%s; it is tried again, once, with TRUCE_MAX_BATCH=%d", error.reason, most)
    else:
        return
    # What the error has led through holds connections, and these the database, open.
    gc.collect()
    await _run_ledger(replace(settings, max_batch=most), on_ready, stop)


async def _run_ledger(settings: Settings, on_ready: OnReady | None, stop: asyncio.Event) -> None:
    """Run a worker on the ledger. What is known to go wrong with that is a LedgerError."""
    from analytics.storage import failing

    core = LedgerCore(settings)
    try:
        await Worker(settings, core, stop).run(on_ready)
    except LedgerVanished as error:
        raise Ended(FAILED, f"{error}{what_is_left(error, settings, core.saved())}") from error
    except Exception as error:
        known = failing.explained(settings.database, error, kafka=bool(settings.broker))
        if known is None:
            raise
        raise known from error
