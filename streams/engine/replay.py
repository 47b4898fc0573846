"""Where a rebuild reads the log: the events that a database kept, or Kafka from its beginning.

Reads and decodes only: the caller folds what is read.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, Any, Protocol

from analytics.ledger.rows import Reached
from streams.engine.decoder import Decoder
from streams.engine.decoding import KeptEvent, KeptRecord, RawRecord, Reading
from streams.engine.engine import raw_records
from streams.errors import BadInput, Unreachable
from streams.kafka.access import access_to
from streams.kafka.attribution import Attribution, attribution_of

if TYPE_CHECKING:
    from aiokafka import AIOKafkaConsumer

    from streams.settings import Settings

ROWS_AT_ONCE = 2_000
REJECTED_AT_ONCE = 200
SECONDS_OF_SILENCE = 60.0
OTHERWISE = "Fold the events that the database kept with --from-events, or this log with --new-log"

NextOffsets = dict[tuple[str, int], int]
"""(log_id, partition) -> the first offset that is not ingested"""

Begin = Callable[[int], None]
TakeReading = Callable[[Reading], None]


class Past(Protocol):
    """A database that answers the statements of `queries/rebuild.sql`."""

    def rows(self, name: str, **values: int) -> list[tuple[Any, ...]]:
        """What it answers."""


def reached_by(past: Past) -> dict[tuple[str, int], Reached]:
    """How far it has ingested each partition of each log."""
    return {(log, partition): Reached(*to) for log, partition, *to in past.rows("offsets_reached")}


def offsets(past: Past) -> NextOffsets:
    """The same, without times."""
    return {place: to.next_offset for place, to in reached_by(past).items()}


def kept_records(
    past: Past, first: int, below: NextOffsets | None = None
) -> Iterator[tuple[str, KeptRecord]]:
    """The id of the log and the record of every event from the row `first` on, as they came in.

    `below`: only what is before these offsets.
    """
    # All events of a record came in together: a page may end within them, but not what is known.
    for (log_id, partition, offset), events in groupby(_kept_events(past, first), lambda e: e[:3]):
        if below is not None and offset >= below.get((log_id, partition), 0):
            continue
        of_record = list(events)
        # Its time was the log's, which counts in milliseconds, and never ran backwards.
        milliseconds = of_record[0][4] // 1_000
        kept = [KeptEvent(index, *what) for _, _, _, index, _, _, *what in of_record]
        yield log_id, KeptRecord(partition, offset, milliseconds, kept, of_record[0][5])


def _kept_events(past: Past, first: int) -> Iterator[tuple[Any, ...]]:
    [(end,)] = past.rows("end_of_events")
    for start in range(first, end, ROWS_AT_ONCE):
        until = min(start + ROWS_AT_ONCE, end)
        yield from past.rows("events_between", first=start, until=until)


def kept_rejected(past: Past, below: NextOffsets) -> Iterator[list[tuple[Any, ...]]]:
    """What was rejected before these offsets, in pieces."""
    [(end,)] = past.rows("end_of_rejected")
    for start in range(0, end, REJECTED_AT_ONCE):
        until = min(start + REJECTED_AT_ONCE, end)
        rows = past.rows("rejected_between", first=start, until=until)
        yield [row for row in rows if row[7] < below.get((row[5], row[6]), 0)]


class Kafka:
    """A Kafka's log of events, from its first record on."""

    def __init__(self, settings: Settings) -> None:
        self._access = access_to(settings)
        self._attribution = attribution_of(settings)
        self._bootstrap = self._access.bootstrap
        self._most = settings.max_batch
        self.log_id = ""

    def ask_id(self) -> None:
        """Query the broker for `log_id`. Raises Unreachable."""
        from streams.kafka.broker import ask_cluster_id

        found = asyncio.run(ask_cluster_id(self._access))
        if found is None:
            raise Unreachable(f"no Kafka answers at {self._bootstrap}")
        self.log_id = found

    def fold(self, reached: Mapping[int, Reached] | None, begin: Begin, take: TakeReading) -> None:
        """Have `take` fold all that was `reached` (None: all that are there now), in batches.

        `begin` is given how many records there are. Raises BadInput if the log does not have them
        all, and Unreachable if it falls silent.
        """
        from aiokafka.errors import KafkaError

        try:
            asyncio.run(self._fold(reached, begin, take))
        except KafkaError as error:
            raise Unreachable(f"the Kafka at {self._bootstrap} failed: {error!r}") from error

    async def _fold(
        self, reached: Mapping[int, Reached] | None, begin: Begin, take: TakeReading
    ) -> None:
        from aiokafka import AIOKafkaConsumer

        from streams.kafka import codecs
        from streams.kafka.consumer.feed import MAX_BATCH_BYTES

        codecs.bound()
        partitions = await self._partitions()
        async with AIOKafkaConsumer(
            **self._access.for_aiokafka(),
            enable_auto_commit=False,
            auto_offset_reset="none",
            max_partition_fetch_bytes=MAX_BATCH_BYTES,
            # As the worker reads it: a transaction that was taken back never happened.
            isolation_level="read_committed",
        ) as consumer:
            wanted = await self._whole(consumer, partitions, reached)
            begin(sum(wanted.values()))
            fetcher = _Fetcher(consumer, wanted, self._most, self._attribution)
            await fold_all(fetcher.batches(), take)

    async def _partitions(self) -> list[int]:
        from aiokafka.admin import AIOKafkaAdminClient

        from streams.kafka.topics import EVENTS

        admin = AIOKafkaAdminClient(**self._access.for_aiokafka())
        await admin.start()
        try:
            # A query for a topic that does not exist would make some brokers create it.
            if EVENTS not in await admin.list_topics():
                raise BadInput(f"the Kafka at {self._bootstrap} has no topic {EVENTS}")
            [found] = await admin.describe_topics([EVENTS])
            return [partition["partition"] for partition in found["partitions"]]
        finally:
            await admin.close()

    async def _whole(
        self,
        consumer: AIOKafkaConsumer,
        partitions: Sequence[int],
        reached: Mapping[int, Reached] | None,
    ) -> dict[Any, int]:
        """Where to end in each partition, if the log has all from its first record to there."""
        from aiokafka import TopicPartition

        from streams.kafka.log_identity import why_replaced
        from streams.kafka.topics import EVENTS

        known = {TopicPartition(EVENTS, p): to for p, to in sorted((reached or {}).items())}
        tps = [TopicPartition(EVENTS, partition) for partition in partitions]
        consumer.assign(tps)
        begins, there = await consumer.beginning_offsets(tps), await consumer.end_offsets(tps)
        wanted = dict(there)
        if reached is not None:
            wanted = {tp: known[tp].next_offset if tp in known else 0 for tp in tps}
        gone = [
            f"offsets 0 to {begins[tp] - 1} of partition {tp.partition}" for tp in tps if begins[tp]
        ]
        if gone:
            raise BadInput(
                f"the log no longer has {', '.join(gone)}: it was cut, so it cannot be folded from "
                "its beginning; fold the events that the database kept: truce rebuild --from-events"
            )
        if why := await why_replaced(consumer, known):
            raise BadInput(f"{why}. {OTHERWISE}")
        consumer.assign(tps)
        for tp in tps:
            consumer.seek(tp, 0)
        return wanted


async def fold_all(batches: AsyncIterator[list[RawRecord]], take: TakeReading) -> None:
    """Have all batches read and taken: one is read while the one before it is taken."""
    with contextlib.closing(Decoder()) as reader:
        taking: asyncio.Future[None] | None = None
        try:
            async for batch in batches:
                reading = await reader.read(partial(list, batch))
                if taking is not None:
                    await taking
                taking = asyncio.ensure_future(asyncio.to_thread(take, reading))
        finally:
            if taking is not None:
                await taking


class _Fetcher:
    """Fetches partitions from their beginning to where they are wanted, in their order."""

    def __init__(
        self,
        consumer: AIOKafkaConsumer,
        wanted: Mapping[Any, int],
        most: int,
        attribution: Attribution,
    ) -> None:
        self._consumer, self._wanted, self._most = consumer, wanted, most
        self._attribution = attribution
        self._following = dict.fromkeys(wanted, 0)
        self._stop_at_ends()

    async def batches(self) -> AsyncIterator[list[RawRecord]]:
        """All records. Raises Unreachable if there should be more, and none come."""
        until = time.monotonic() + SECONDS_OF_SILENCE
        while any(self._following[tp] < end for tp, end in self._wanted.items()):
            fetched = await self._fetch()
            now = time.time_ns() // 1_000_000
            found = []
            for tp in self._wanted:
                # Not the last record's: a log may have gaps, at its end, too.
                self._following[tp] = await self._consumer.position(tp)
            for tp, records in fetched.items():
                wanted = (r for r in records if r.offset < self._wanted[tp])
                found += raw_records(tp.partition, wanted, now, self._attribution)
            self._stop_at_ends()
            if found:
                yield found
            if fetched:
                until = time.monotonic() + SECONDS_OF_SILENCE
            elif time.monotonic() > until:
                raise Unreachable("the log has fallen silent before its end; try again")

    async def _fetch(self) -> dict[Any, list[Any]]:
        from aiokafka.errors import CorruptRecordException, KafkaError, UnsupportedCodecError

        from streams.kafka.consumer.unreadable import fetch_unreadable

        try:
            fetched = await self._consumer.getmany(timeout_ms=500, max_records=self._most)
        except (CorruptRecordException, UnsupportedCodecError):
            fetched = None
        except KafkaError:
            raise
        except Exception:  # noqa: BLE001 - as in the transport: bytes from anywhere
            fetched = None
        if fetched is None:
            fetched = {}
            for tp, position in self._following.items():
                self._consumer.seek(tp, position)
                if position < self._wanted[tp]:
                    fetched[tp] = await fetch_unreadable(self._consumer, tp, position)
                    self._consumer.seek(tp, fetched[tp][-1].offset + 1 if fetched[tp] else position)
        return {tp: records for tp, records in fetched.items() if records}

    def _stop_at_ends(self) -> None:
        over = [tp for tp, end in self._wanted.items() if self._following[tp] >= end]
        self._consumer.pause(*over)
