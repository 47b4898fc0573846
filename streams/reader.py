"""Who reads what the log holds: this process, or one beside it as soon as there is much to read.

Reading is a third of the work on an event, and needs nothing of the ledger. A small batch is read
where it is: nobody need wait for another process, and a quiet worker has none.
"""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import multiprocessing.connection
import os
import signal
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

from streams.agents import OneThread
from streams.reading import RawRecord, Reading, packed, read, read_packed, unpacked
from streams.tuning import tune_collector

logger = logging.getLogger("streams")

# So many bytes, some 400 events, are worth being read elsewhere: it takes some 15 ms here.
MUCH = 2**18


class Reader:
    """Reads batches of records, several at once; `close` ends what was started for it."""

    def __init__(self) -> None:
        self._thread = OneThread("read")
        self._beside: ProcessPoolExecutor | None = None
        self._started: Future[None] | None = None
        self._alone = False

    async def read(self, records: Callable[[], Sequence[RawRecord]]) -> Reading:
        """What the records hold; read here while the other process starts, and if it ends."""
        raw = await self._thread.do(records)
        much = sum(len(record.value or b"") for record in raw) >= MUCH
        beside = self._ready() if much else None
        if beside is not None:
            asked = await self._thread.do(packed, raw)
            try:
                sent = await asyncio.wrap_future(beside.submit(read_packed, asked))
            except BrokenProcessPool:
                if not self._alone:
                    logger.warning("the process that read the log has ended: this one reads it")
                self._alone = True
            else:
                return await self._thread.do(unpacked, sent)
        return await self._thread.do(read, raw)

    def _ready(self) -> ProcessPoolExecutor | None:
        """The other process, once it can read."""
        if self._alone:
            return None
        if self._started is None:
            # Not a fork: this process has threads, and a database open.
            self._beside = ProcessPoolExecutor(
                1, mp_context=multiprocessing.get_context("spawn"), initializer=_prepare
            )
            self._started = self._beside.submit(_nothing)
        return self._beside if self._started.done() else None

    def close(self) -> None:
        """End the other process, if there is one, once it has read what it was asked to."""
        if self._beside is not None:
            self._beside.shutdown()
        self._thread.close()


def _prepare() -> None:
    """In the other process: end with the one that it reads for, however that ends."""
    parent = multiprocessing.parent_process()
    if parent is None:
        raise RuntimeError("this is not a process beside another")
    threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()
    # A Ctrl-C is for the whole group; the worker drains first, and then ends this one.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    tune_collector()


def _end_with(sentinel: int) -> None:
    multiprocessing.connection.wait([sentinel])
    os._exit(1)


def _nothing() -> None:
    """What can be done as soon as the process has started."""
