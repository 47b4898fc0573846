"""Decodes batches of the log: small ones in this process, large ones in a subprocess.

Decoding is a third of the work on an event, and needs nothing from the ledger. A small batch is
decoded in place: it need not wait for a subprocess, and a quiet worker has none.
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
from typing import NamedTuple, Self

from streams.engine.decoding import KeptRecord, RawRecord, Reading, read, read_kept
from streams.engine.packing import Packed, packed, read_packed, read_packed_kept, unpacked
from streams.threads import SerialExecutor
from streams.tuning import tune_collector

logger = logging.getLogger("streams")

# So many bytes, some 400 events, are worth being read elsewhere: it takes some 15 ms here.
MUCH = 2**18
# Batches that are read while one is folded: one of them is being read, one waits to be taken.
AHEAD = 2


class ReadingProcess:
    """The subprocess that decodes. It is started when there is much to decode."""

    def __init__(self) -> None:
        self._pool: ProcessPoolExecutor | None = None
        self._started: Future[None] | None = None
        self._gone = False

    def takes(self, size: int) -> bool:
        """Should the subprocess read so many bytes? If there are many, it is started meanwhile."""
        if size < MUCH or self._gone:
            return False
        if self._started is None:
            # Not a fork: this process has threads, and a database open.
            self._pool = ProcessPoolExecutor(
                1, mp_context=multiprocessing.get_context("spawn"), initializer=_prepare
            )
            self._started = self._pool.submit(_nothing)
        return self._started.done()

    def submit(self, reads: Callable[[bytes], Packed], records: bytes) -> Future[Packed]:
        """Have it read what `packed` gave.

        If it has ended, what is given raises BrokenProcessPool; `gone` is to be called then.
        """
        if self._pool is None:
            raise RuntimeError("it has not been started")
        try:
            return self._pool.submit(reads, records)
        except BrokenProcessPool as error:
            failed: Future[Packed] = Future()
            failed.set_exception(error)
            return failed

    def gone(self) -> None:
        """It has ended: send it nothing more."""
        if not self._gone:
            logger.warning("the process that read the log has ended: this one reads it")
        self._gone = True

    def close(self) -> None:
        """End it, if it was started, once it has finished what it was given."""
        if self._pool is not None:
            self._pool.shutdown()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Decoder:
    """Reads batches of records, several at once; `close` ends what was started for it."""

    def __init__(self) -> None:
        self._thread = SerialExecutor("read")
        self._process = ReadingProcess()

    async def read(self, records: Callable[[], Sequence[RawRecord]]) -> Reading:
        """The records, decoded; in this process while the subprocess starts, and if it ends."""
        raw = await self._thread.do(records)
        if self._process.takes(sum(len(record.value or b"") for record in raw)):
            future = self._process.submit(read_packed, await self._thread.do(packed, raw))
            try:
                return await self._thread.do(unpacked, await asyncio.wrap_future(future))
            except BrokenProcessPool:
                self._process.gone()
        return await self._thread.do(read, raw)

    def close(self) -> None:
        """End the subprocess, if there is one, once it has finished what it was given."""
        self._process.close()
        self._thread.close()


class KeptBatch(NamedTuple):
    """What a database keeps of a log; `size`: the texts of its events, in characters."""

    log_id: str
    records: Sequence[KeptRecord]
    size: int


def read_ahead(
    process: ReadingProcess, batches: Iterable[KeptBatch]
) -> Iterator[tuple[str, Reading]]:
    """What batches hold, in their order: some are read while the one before is made use of."""
    waiting: deque[tuple[KeptBatch, Future[Packed] | None]] = deque()
    for number, batch in enumerate(batches):
        # Of one batch alone this process has read more than another has by its start.
        if number and process.takes(batch.size):
            waiting.append((batch, process.submit(read_packed_kept, packed(batch.records))))
        else:
            waiting.append((batch, None))
        if len(waiting) > AHEAD:
            yield _read_kept(process, *waiting.popleft())
    while waiting:
        yield _read_kept(process, *waiting.popleft())


def _read_kept(
    process: ReadingProcess, batch: KeptBatch, future: Future[Packed] | None
) -> tuple[str, Reading]:
    if future is not None:
        try:
            return batch.log_id, unpacked(future.result())
        except BrokenProcessPool:
            process.gone()
    return batch.log_id, read_kept(batch.records)


def _prepare() -> None:
    """In the subprocess: end together with its parent, however that ends."""
    parent = multiprocessing.parent_process()
    if parent is None:
        raise RuntimeError("this is not a subprocess")
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
