"""Publishes the outbox: the messages of the ledger, sent to Kafka in their order.

The ledger keeps the outbox, and removes what is published, in a thread of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from aiokafka.errors import KafkaError, MessageSizeTooLargeError

from streams.threads import SerialExecutor

if TYPE_CHECKING:
    from aiokafka import AIOKafkaProducer

    from streams.kafka.access import Access

logger = logging.getLogger("streams")

PUBLISH_AT_ONCE = 5_000
SECONDS_BETWEEN_TRIES = 1.0

PendingHeaders = Iterable[tuple[str, bytes]]
Pending = tuple[int, str, bytes | None, bytes | None, PendingHeaders]


class OutboxReader(Protocol):
    """What the publisher needs of the ledger: (seq, topic, key, value, headers) in their order."""

    def pending_outbox(self, limit: int) -> Sequence[Pending]:
        """The oldest messages that are not yet published."""

    def published(self, up_to_seq: int) -> None:
        """Record that all up to this one are published."""


class OutboxPublisher:
    """Sends what the outbox holds, in its order, and takes out what the broker has acknowledged.

    A message may be sent again after a fault; its id shows that.
    """

    def __init__(
        self, outbox: OutboxReader, thread: SerialExecutor, producer: AIOKafkaProducer
    ) -> None:
        self._outbox = outbox
        self._thread = thread
        self._producer = producer
        self._one_at_a_time = asyncio.Lock()
        self._woken = asyncio.Event()
        self._woken.set()  # something may have been left by the last run

    @classmethod
    @contextlib.asynccontextmanager
    async def connected(
        cls, outbox: OutboxReader, thread: SerialExecutor, access: Access
    ) -> AsyncIterator[OutboxPublisher]:
        """Connect to the broker, and disconnect afterwards."""
        from aiokafka import AIOKafkaProducer

        producer = AIOKafkaProducer(
            **access.for_aiokafka(),
            acks="all",
            max_batch_size=512 * 1024,
            max_request_size=32 * 2**20,
        )
        try:
            await producer.start()
            yield cls(outbox, thread, producer)
        finally:
            await producer.stop()

    def wake(self) -> None:
        """There may be something new in the outbox."""
        self._woken.set()

    async def run(self) -> None:
        """Publish for ever. Raises what the ledger raises; a broker that is away is waited for."""
        said = False
        while True:
            await self._woken.wait()
            self._woken.clear()
            try:
                await self.publish()
                said = False
            except KafkaError as error:
                if not said:
                    reason = str(error) or type(error).__name__
                    logger.warning("cannot publish verdicts yet: %s", reason)
                said = True
                await asyncio.sleep(SECONDS_BETWEEN_TRIES)
                self._woken.set()

    async def publish(self) -> None:
        """Publish all that is there now. Raises `KafkaError`; what was not sent stays."""
        async with self._one_at_a_time:
            while pending := await self._thread.do(self._outbox.pending_outbox, PUBLISH_AT_ONCE):
                await self._send(pending)
                await self._thread.do(self._outbox.published, pending[-1][0])

    async def _send(self, pending: Sequence[Pending]) -> None:
        by_topic: dict[tuple[str, int], list[Pending]] = defaultdict(list)
        partitions: dict[tuple[str, bytes | None], int] = {}
        for (topic, key), alike in groupby(pending, key=itemgetter(1, 2)):
            if (topic, key) not in partitions:
                partitions[topic, key] = await self._partition(topic, key)
            by_topic[topic, partitions[topic, key]] += alike
        await asyncio.gather(
            *(self._send_all(*place, messages) for place, messages in by_topic.items())
        )

    async def _partition(self, topic: str, key: bytes | None) -> int:
        producer = self._producer
        partitions = await producer.partitions_for(topic)
        # The same choice that Kafka's own clients make, so that a key has one partition.
        chosen = producer._partition(topic, None, None, None, key, None)
        return int(chosen) if chosen in partitions else min(partitions)

    async def _send_all(self, topic: str, partition: int, messages: Sequence[Pending]) -> None:
        """Send the messages of one partition in their order, as few large batches."""
        producer = self._producer
        for chunk in _packed(producer.create_batch, messages):
            future = await producer.send_batch(chunk.builder, topic, partition=partition)
            try:
                await future
            except MessageSizeTooLargeError:
                if chunk.last - chunk.first:
                    raise
                # The one thing that no later try can mend. The tables have what it says.
                logger.warning("message %d of the outbox is too large for %s", chunk.first, topic)


class _Chunk(NamedTuple):
    builder: Any
    first: int
    last: int


def _packed(create: Callable[[], Any], messages: Sequence[Pending]) -> Iterator[_Chunk]:
    """Messages in their order, in as few of Kafka's batches as can hold them."""
    builder, first, last = create(), messages[0][0], messages[0][0]
    given: PendingHeaders = ()
    listed: list[tuple[str, bytes]] = []
    for seq, _, key, value, headers in messages:
        if headers is not given:
            # Most messages share theirs.
            given, listed = headers, list(headers)
        if builder.append(timestamp=None, key=key, value=value, headers=listed) is None:
            yield _Chunk(builder, first, last)
            builder, first = create(), seq
            # An empty batch takes one message of any size.
            builder.append(timestamp=None, key=key, value=value, headers=listed)
        last = seq
    yield _Chunk(builder, first, last)
