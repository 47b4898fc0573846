"""Writes events to the log: packed into CloudEvents batches, in order within each conflict.

What an event is, and whether it may be written, was decided before.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from streams.kafka.access import Access
from streams.kafka.attribution import Attribution
from streams.kafka.receipts import HEADER as RECEIPT
from streams.kafka.receipts import Outcomes, Receipts, outcome_of

if TYPE_CHECKING:
    from aiokafka import AIOKafkaProducer

    from schemas.wire import Rejected

# Well below what a broker takes by default (1 MB), and small enough to show progress by.
MAX_BATCH_BYTES = 256 * 1024
MAX_BATCH_EVENTS = 500

Written = asyncio.Future[Any]
"""Done once the broker has a record, with its `partition` and `offset`; or a `KafkaError`."""


class JudgedEvents(NamedTuple):
    """Events that are in the ledger: why each was refused when it was read; None: it was not.

    `records`: the partition and the offset of each record, and which of the events it holds.
    """

    refused: list[Rejected | None]
    records: list[tuple[int, int, list[int]]]


class _Waiting:
    def __init__(self) -> None:
        self.raws: list[bytes] = []
        self.size = 0
        self.since = time.monotonic()


class Packing:
    """Events that wait for company, so that a record holds many of one conflict."""

    def __init__(self) -> None:
        self._waiting: dict[str, _Waiting] = {}

    def add(self, conflict: str, raw: bytes) -> list[bytes] | None:
        """Take an event. Returns the events before it, if the record is full without this one."""
        waiting = self._waiting.get(conflict)
        full = None
        if waiting is not None and (
            len(waiting.raws) >= MAX_BATCH_EVENTS or waiting.size + len(raw) > MAX_BATCH_BYTES
        ):
            full, waiting = waiting.raws, None
        if waiting is None:
            waiting = self._waiting[conflict] = _Waiting()
        waiting.raws.append(raw)
        waiting.size += len(raw)
        return full

    def rest(self, *, waiting_since: float | None = None) -> Iterator[tuple[str, list[bytes]]]:
        """Give up the records that are not full: all, or those begun before (monotonic clock)."""
        for conflict, waiting in list(self._waiting.items()):
            if waiting_since is None or waiting.since < waiting_since:
                del self._waiting[conflict]
                yield conflict, waiting.raws


class LogWriter:
    """A producer of records of events. One loop's; `start` first."""

    def __init__(
        self, access: Access, *, seconds_to_answer: float, attribution: Attribution | None = None
    ) -> None:
        """`seconds_to_answer`: how long the broker may take for a record before it is given up.

        `attribution`: signs who posted what is written, if anybody did.
        """
        self._access = access
        self._attribution = attribution
        self._seconds = seconds_to_answer
        self._producer: AIOKafkaProducer | None = None

    @classmethod
    @contextlib.asynccontextmanager
    async def connected(
        cls, access: Access, *, seconds_to_answer: float, attribution: Attribution | None = None
    ) -> AsyncIterator[LogWriter]:
        """Connect one, and disconnect it afterwards. Raises `KafkaError`."""
        writer = cls(access, seconds_to_answer=seconds_to_answer, attribution=attribution)
        try:
            await writer.start()
            yield writer
        finally:
            await writer.stop()

    async def start(self) -> None:
        """Connect. Raises `KafkaError`."""
        from aiokafka import AIOKafkaProducer

        self._producer = AIOKafkaProducer(
            **self._access.for_aiokafka(),
            acks="all",
            max_request_size=16 * 2**20,
            request_timeout_ms=int(self._seconds * 1000),
        )
        await self._producer.start()

    async def write(
        self,
        conflict: str,
        raws: Sequence[bytes],
        posted_by: str | None = None,
        *,
        receipt: bytes | None = None,
    ) -> Written:
        """Hand over one record with the events whose JSON texts are `raws`. Keep the order.

        `posted_by`: who posted all of them, if anybody did; `receipt`: the mark by which `Receipts`
        knows it again.
        """
        # What is in them is for the ledger's thread to load, while the broker starts.
        from schemas.wire import CONTENT_TYPE_BATCH, CONTENT_TYPE_EVENT, encode_batch, headers
        from streams.kafka.topics import EVENTS

        kind = CONTENT_TYPE_EVENT if len(raws) == 1 else CONTENT_TYPE_BATCH
        value = raws[0] if len(raws) == 1 else encode_batch(raws)
        key, head = conflict.encode(), list(headers(kind))
        if posted_by is not None and self._attribution is not None:
            head.append(self._attribution.header(posted_by, key, value))
        if receipt is not None:
            head.append((RECEIPT, receipt))
        written: Written = await self._connected().send(EVENTS, value=value, key=key, headers=head)
        return written

    async def write_last(self, partition: int, receipt: bytes) -> Written:
        """Hand over a record without an event: once it is judged, all before it is."""
        from schemas.wire import CONTENT_TYPE_BATCH, encode_batch, headers
        from streams.kafka.topics import EVENTS

        head = [*headers(CONTENT_TYPE_BATCH), (RECEIPT, receipt)]
        written: Written = await self._connected().send(
            EVENTS, value=encode_batch([]), partition=partition, headers=head
        )
        return written

    async def write_all(
        self, events: Sequence[tuple[str, bytes]], posted_by: str | None = None
    ) -> None:
        """Write events, each with its conflict, and wait until the broker has all of them.

        Raises `KafkaError`: some may be written.
        """
        await asyncio.gather(
            *[await self.write(conflict, raws, posted_by) for conflict, raws, _ in _packed(events)]
        )

    async def write_until_judged(
        self,
        events: Sequence[tuple[str, bytes]],
        receipts: Receipts,
        posted_by: str | None = None,
    ) -> JudgedEvents:
        """Write events, each with its conflict, and wait until all of them are in the ledger.

        What was not refused the ledger has, now or from before. Raises `KafkaError`: some may be
        written.
        """
        sent: list[tuple[list[int], asyncio.Future[Outcomes]]] = []
        found: list[Rejected | None] = [None] * len(events)
        try:
            written = []
            for conflict, raws, places in _packed(events):
                mark, committed = receipts.expect()
                sent.append((places, committed))
                written.append(await self.write(conflict, raws, posted_by, receipt=mark))
            places_of = [places for places, _ in sent]
            logged = await asyncio.gather(*written)
            for places, committed in sent:
                outcomes = await committed
                for index, place in enumerate(places):
                    found[place] = outcome_of(outcomes, index)
        finally:
            for _, committed in sent:
                committed.cancel()
        where = zip(logged, places_of, strict=True)
        return JudgedEvents(found, [(one.partition, one.offset, places) for one, places in where])

    def _connected(self) -> AIOKafkaProducer:
        if self._producer is None:
            raise RuntimeError("not connected")
        return self._producer

    async def stop(self) -> None:
        """Disconnect."""
        if self._producer is not None:
            await self._producer.stop()


def _packed(
    events: Sequence[tuple[str, bytes]],
) -> Iterator[tuple[str, list[bytes], list[int]]]:
    """Events in as few records as can hold them: conflict, JSON texts, and their places here."""
    packing = Packing()
    places: defaultdict[str, deque[int]] = defaultdict(deque)

    def record(conflict: str, raws: list[bytes]) -> tuple[str, list[bytes], list[int]]:
        return conflict, raws, [places[conflict].popleft() for _ in raws]

    for place, (conflict, raw) in enumerate(events):
        full = packing.add(conflict, raw)
        if full is not None:
            yield record(conflict, full)
        places[conflict].append(place)
    for conflict, raws in packing.rest():
        yield record(conflict, raws)
