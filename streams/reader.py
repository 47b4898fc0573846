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
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Self

from streams.agents import OneThread
from streams.reading import (
    KeptRecord,
    Packed,
    RawRecord,
    Reading,
    packed,
    read,
    read_kept,
    read_packed,
    read_packed_kept,
    unpacked,
)
from streams.tuning import tune_collector

logger = logging.getLogger("streams")

# So many bytes, some 400 events, are worth being read elsewhere: it takes some 15 ms here.
MUCH = 2**18
# Batches that are read while one is folded: one of them is being read, one waits to be taken.
AHEAD = 2


class Beside:
    """The process that reads beside this one. It is started when there is much to read."""

    def __init__(self) -> None:
        self._processes: ProcessPoolExecutor | None = None
        self._started: Future[None] | None = None
        self._gone = False

    def ask(self, reads: Callable[[bytes], Packed], records: bytes) -> Future[Packed] | None:
        """Have it read what `packed` gave; None: there is little to read, or it cannot.

        What is given raises BrokenProcessPool if it has ended: `gone` is to be told of that.
        """
        if len(records) < MUCH or not self._is_ready() or self._processes is None:
            return None
        try:
            return self._processes.submit(reads, records)
        except BrokenProcessPool:
            self.gone()
            return None

    def gone(self) -> None:
        """It has ended: ask it no more."""
        if not self._gone:
            logger.warning("the process that read the log has ended: this one reads it")
        self._gone = True

    def _is_ready(self) -> bool:
        if self._gone:
            return False
        if self._started is None:
            # Not a fork: this process has threads, and a database open.
            self._processes = ProcessPoolExecutor(
                1, mp_context=multiprocessing.get_context("spawn"), initializer=_prepare
            )
            self._started = self._processes.submit(_nothing)
        return self._started.done()

    def close(self) -> None:
        """End it, if it was started, once it has read what it was asked to."""
        if self._processes is not None:
            self._processes.shutdown()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Reader:
    """Reads batches of records, several at once; `close` ends what was started for it."""

    def __init__(self) -> None:
        self._thread = OneThread("read")
        self._beside = Beside()

    async def read(self, records: Callable[[], Sequence[RawRecord]]) -> Reading:
        """What the records hold; read here while the other process starts, and if it ends."""
        raw, to_ask = await self._thread.do(_and_packed, records)
        asked = self._beside.ask(read_packed, to_ask)
        if asked is not None:
            try:
                return await self._thread.do(unpacked, await asyncio.wrap_future(asked))
            except BrokenProcessPool:
                self._beside.gone()
        return await self._thread.do(read, raw)

    def close(self) -> None:
        """End the other process, if there is one, once it has read what it was asked to."""
        self._beside.close()
        self._thread.close()


def _and_packed(records: Callable[[], Sequence[RawRecord]]) -> tuple[Sequence[RawRecord], bytes]:
    raw = records()
    return raw, packed(raw)


def read_ahead(
    batches: Iterable[tuple[str, Sequence[KeptRecord]]],
) -> Iterator[tuple[str, Reading]]:
    """Read what a database keeps of each log, while what was read before is made use of."""
    with Beside() as beside:
        waiting: deque[tuple[str, Sequence[KeptRecord], Future[Packed] | None]] = deque()
        for log_id, batch in batches:
            waiting.append((log_id, batch, beside.ask(read_packed_kept, packed(batch))))
            if len(waiting) > AHEAD:
                yield _read_kept(beside, *waiting.popleft())
        while waiting:
            yield _read_kept(beside, *waiting.popleft())


def _read_kept(
    beside: Beside, log_id: str, batch: Sequence[KeptRecord], asked: Future[Packed] | None
) -> tuple[str, Reading]:
    if asked is not None:
        try:
            return log_id, unpacked(asked.result())
        except BrokenProcessPool:
            beside.gone()
    return log_id, read_kept(batch)


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
