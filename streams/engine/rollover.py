"""A fresh log for the embedded broker once the one before is large, so that its memory is bounded.

By then all that the broker holds is in the ledger, and the outbox is published. The broker would
otherwise keep everything in memory for ever; it frees the topics that are deleted.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from streams.kafka.dialling import Handing, can_hand, plain_dial

if TYPE_CHECKING:
    from pathlib import Path

    from streams.engine.agent import Agent
    from streams.kafka.consumer.stalls import Watch
    from streams.kafka.consumer.transport import LogConsumer
    from streams.kafka.embedded_broker import EmbeddedBroker
    from streams.kafka.outbox_publisher import OutboxPublisher
    from streams.kafka.producer import LogWriter
    from streams.kafka.progress import Progress
    from streams.kafka.receipts import Receipts
    from streams.kafka.topics import Topic

logger = logging.getLogger("streams")

# Of the broker's memory. From the first on a fresh log is begun when hardly anything waits to be
# judged, which takes a moment; from the second on whatever waits.
LARGE_BYTES = 192 * 2**20
TOO_LARGE_BYTES = 512 * 2**20
# How many records may wait then: a moment's worth, if each holds a few hundred events.
FEW = 20
SECONDS_BETWEEN_LOOKS = 1.0
SECONDS_FOR_POSTS = 10.0
SECONDS_TO_JUDGE = 60.0


def handing_of(broker: EmbeddedBroker, data_dir: Path, progress: Progress) -> Handing | None:
    """Hand out connections to an embedded broker; None where the kernel cannot see to whom."""
    if not can_hand():
        return None
    dial = broker.connect or plain_dial(broker.bootstrap)
    return Handing(data_dir, dial, lambda: progress.log_id)


class Rolling(NamedTuple):
    """The parts that read, write and publish a log."""

    broker: EmbeddedBroker
    topics: Sequence[Topic]
    progress: Progress
    agent: Agent
    publisher: OutboxPublisher
    writer: LogWriter
    receipts: Receipts
    consumer: LogConsumer
    watch: Watch
    handing: Handing | None


class Rollover:
    """Replaces the topics of an embedded broker by empty ones when they have grown large."""

    def __init__(self, rolling: Rolling) -> None:
        self._with = rolling
        self._first_log = rolling.progress.log_id
        self._logs = 1
        self._writing = 0
        self._none_writes = asyncio.Event()
        self._none_writes.set()
        self._open = asyncio.Event()
        self._open.set()

    @contextlib.asynccontextmanager
    async def writing(self) -> AsyncIterator[None]:
        """Write to the log, and wait for what comes of it, while it is not being replaced."""
        while not self._open.is_set():
            await self._open.wait()
        self._writing += 1
        self._none_writes.clear()
        try:
            yield
        finally:
            self._writing -= 1
            if not self._writing:
                self._none_writes.set()

    async def run(self) -> None:
        """Look every second, for ever. Raises what the broker or the ledger raises."""
        while True:
            await asyncio.sleep(SECONDS_BETWEEN_LOOKS)
            memory = self._with.broker.memory()
            waiting = sum(self._with.progress.lag().values())
            if memory > TOO_LARGE_BYTES or (memory > LARGE_BYTES and waiting <= FEW):
                await self.roll()

    async def roll(self) -> bool:
        """Begin a fresh log; False: not now, since work in progress would not end.

        Whoever writes waits meanwhile. Records that the broker had not acknowledged to a program
        that was handed a connection are sent again by it, and known again by their events' ids.
        """
        began = time.perf_counter()
        handing = self._with.handing
        self._open.clear()
        try:
            if not await _within(SECONDS_FOR_POSTS, self._none_writes.wait):
                return False
            if handing is not None:
                # From here on nobody but this worker writes.
                handing.shut()
            if not await _within(SECONDS_TO_JUDGE, self._judge_all):
                return False
            await self._replace()
        finally:
            if handing is not None:
                handing.reopen()
            self._open.set()
        took = (time.perf_counter() - began) * 1_000
        logger.info("log %s is begun: %d ms without writing", self._with.progress.log_id, took)
        return True

    async def _judge_all(self) -> None:
        """Wait until all that is in the log is in the ledger, and all that was to be published is.

        The broker's word for where its log ends may be late. So each partition gets a last record,
        without an event: with that one in the ledger, all before it is.
        """
        committed = []
        try:
            for partition in range(self._with.topics[0].partitions):
                mark, last = self._with.receipts.expect()
                committed.append(last)
                await (await self._with.writer.write_last(partition, mark))
            await asyncio.gather(*committed)
            # Conflicts take turns: what came before a record may be judged after it.
            progress = self._with.progress
            await progress.until(lambda: not progress.behind.rows)
        finally:
            for last in committed:
                last.cancel()
        await self._with.publisher.publish()

    async def _replace(self) -> None:
        from streams.kafka import topics

        parts = self._with
        await parts.consumer.hold()
        await parts.agent.begin()
        parts.watch.forget()
        await topics.replace(parts.broker.access, parts.topics)
        self._logs += 1
        # The broker is the same one, and its id names its first log.
        parts.progress.begin(f"{self._first_log}.{self._logs}")
        await parts.watch.renew()
        await parts.consumer.begin_log()


async def _within(seconds: float, work: Callable[[], Awaitable[object]]) -> bool:
    try:
        async with asyncio.timeout(seconds):
            await work()
    except TimeoutError:
        return False
    return True
