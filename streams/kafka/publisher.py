"""Writes events to the log for a command: a thin blocking interface to `LogWriter`.

The loop of the writer runs in a thread of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import wait
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple, Self, TypeVar

from streams.errors import BadInput, Unreachable
from streams.kafka.access import Access
from streams.kafka.producer import LogWriter, Packing, Written
from streams.kafka.topics import TopicError, declared, ensure

if TYPE_CHECKING:
    from streams.settings import Settings

# How long an event waits for company when more is slow to come.
LINGER_SECONDS = 0.2
SECONDS_TO_CONNECT = 10.0
SECONDS_TO_ANSWER = 15.0
SECONDS_TO_DISCONNECT = 2.0
SECONDS_BETWEEN_LOOKS = 0.3

T = TypeVar("T")


class SentRecord:
    """A record that was handed over: events of one conflict, in the order in which they were added.

    Where it is in which log ("": its id is not known) is said once the broker has it.
    """

    __slots__ = ("conflict", "events", "log_id", "offset", "partition")

    def __init__(self, conflict: str, events: int) -> None:
        self.conflict, self.events = conflict, events
        self.log_id, self.partition, self.offset = "", -1, -1


class Delivered(NamedTuple):
    """What the broker has acknowledged: events, and the offset after the last by partition.

    The offsets are of the log that was written to last, if its id is known: all that went to one
    before it is in the ledger. `records` has all that was sent, in its order.
    """

    events: int
    ends: dict[int, int]
    log_id: str = ""
    records: Sequence[SentRecord] = ()


class EventPublisher:
    """A context manager round one connection; `add` and `finish` block, and raise `Unreachable`."""

    def __init__(
        self,
        access: Access,
        declare: Settings | None = None,
        alive: Callable[[], bool] = lambda: True,
        log_id: Callable[[], str] = lambda: "",
    ) -> None:
        """`declare`: create the topics as these settings say, where they are missing.

        `log_id` says to which log the connection leads that was made last; "": not known.
        `alive` says whether the broker may still answer; once it does not, nothing is waited for.
        """
        self._access = access
        self._bootstrap = access.bootstrap
        self._declare = declare
        self._alive = alive
        self._log_id = log_id
        self._of_log = ""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._writer: LogWriter | None = None
        self._packing = Packing()
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._lingering = threading.Thread(target=self._linger, daemon=True)
        self._sent: list[tuple[int, Written]] = []
        self._events = 0
        self._ends: dict[int, int] = {}
        self._records: list[SentRecord] = []
        self._failed: Exception | None = None

    def __enter__(self) -> Self:
        # What it has to say is said by the exception.
        logging.getLogger("aiokafka").addHandler(logging.NullHandler())
        logging.getLogger("aiokafka").propagate = False
        self._thread.start()
        try:
            self._do(self._connect())
        except TopicError as error:
            self._close()
            raise BadInput(str(error)) from error
        except Exception as error:
            try:
                refused = self._do(self._access.why_refused())
            finally:
                self._close()
            if refused is not None:
                raise Unreachable(refused) from error
            reason = str(error) or type(error).__name__
            raise Unreachable(f"no broker answers at {self._bootstrap}: {reason}") from error
        self._lingering.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self._over.set()
        self._lingering.join()
        self._close()

    def add(self, conflict: str, raw: bytes) -> None:
        """Send the event whose JSON text is `raw`, soon."""
        with self._lock:
            full = self._packing.add(conflict, raw)
            if full is not None:
                self._flush(conflict, full)

    def finish(self) -> Delivered:
        """Wait until the broker has acknowledged all that was added."""
        with self._lock:
            for conflict, raws in self._packing.rest():
                self._flush(conflict, raws)
            self._try(self._settle(0))
        return Delivered(self._events, dict(self._ends), self._of_log, self._records)

    def _linger(self) -> None:
        while not self._over.wait(LINGER_SECONDS):
            with self._lock:
                before = time.monotonic() - LINGER_SECONDS
                for conflict, raws in self._packing.rest(waiting_since=before):
                    try:
                        self._flush(conflict, raws)
                    except Unreachable as error:
                        self._failed = error

    def _flush(self, conflict: str, raws: list[bytes]) -> None:
        """Hand over a record. One at a time, so that order is kept."""
        if self._failed is not None:
            raise self._failed
        if not self._alive():
            raise Unreachable(f"the broker at {self._bootstrap} has ended")
        self._try(self._send(conflict, raws))

    def _try(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            self._do(work)
        except Unreachable:
            raise
        except Exception as error:
            reason = str(error) or type(error).__name__
            raise Unreachable(
                f"the broker at {self._bootstrap} took {self._events:,} events and then no more "
                f"({reason}); publish again when it answers: what is known is passed over"
            ) from error

    async def _connect(self) -> None:
        async with asyncio.timeout(SECONDS_TO_CONNECT):
            if self._declare is not None:
                topics = declared(self._declare.partitions, self._declare.replication)
                await ensure(self._access, topics)
            self._writer = LogWriter(self._access, seconds_to_answer=SECONDS_TO_ANSWER)
            await self._writer.start()

    async def _send(self, conflict: str, raws: list[bytes]) -> None:
        if self._writer is None:
            raise RuntimeError("not connected")
        record = SentRecord(conflict, len(raws))
        self._records.append(record)
        written = await self._writer.write(conflict, raws)
        written.add_done_callback(partial(self._note, record))
        self._sent.append((len(raws), written))
        await self._settle(64)

    def _note(self, record: SentRecord, written: Written) -> None:
        """Note where a record is, at once: the next connection may lead to a new log."""
        if written.cancelled() or written.exception() is not None:
            return
        if self._of_log != self._log_id():
            self._of_log = self._log_id()
            self._ends.clear()
        where = written.result()
        record.log_id, record.partition, record.offset = self._of_log, where.partition, where.offset
        self._ends[where.partition] = max(where.offset + 1, self._ends.get(where.partition, 0))

    async def _settle(self, at_most: int) -> None:
        """Wait until no more than so many records are without an answer, oldest first."""
        while len(self._sent) > at_most or (self._sent and self._sent[0][1].done()):
            events, future = self._sent.pop(0)
            await future
            self._events += events

    def _do(self, work: Coroutine[Any, Any, T]) -> T:
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        while True:
            done, _ = wait({future}, SECONDS_BETWEEN_LOOKS)
            if done:
                return future.result()
            if not self._alive():
                future.cancel()
                raise Unreachable(f"the broker at {self._bootstrap} has ended")

    def _close(self) -> None:
        # An exception has said what is left undone: asyncio need not log it again.
        self._loop.set_exception_handler(lambda *_: None)
        asyncio.run_coroutine_threadsafe(self._disconnect(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _disconnect(self) -> None:
        if self._writer is not None:
            with contextlib.suppress(Exception):
                await asyncio.wait_for(self._writer.stop(), SECONDS_TO_DISCONNECT)
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
