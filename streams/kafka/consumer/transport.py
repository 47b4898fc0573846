"""Faust's consumer, adapted to the ledger, whose checkpoints say where to resume.

The records fetched of a partition are handed to the agent as one message: Faust waits for several
futures per message, a ceiling of some thousand a second. Nothing here looks into a record.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any, cast

import aiokafka
from aiokafka.errors import (
    CorruptRecordException,
    KafkaError,
    NoOffsetForPartitionError,
    OffsetOutOfRangeError,
    UnsupportedCodecError,
)
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, AppT, ConsumerMessage, Message
from faust.types.transports import ConsumerT

from streams.kafka.consumer.feed import Feed, FetchedBatch, LogMismatchError, bounded
from streams.kafka.consumer.fetcher_patch import ask_after, give_as_read
from streams.kafka.consumer.pacing import Pacing
from streams.kafka.consumer.unreadable import fetch_unreadable

SECONDS_TO_FETCH = 5.0


class _Thread(driver.AIOKafkaConsumerThread):
    consumer: LogConsumer

    def __post_init__(self) -> None:
        super().__post_init__()
        # The offset that follows what was handed over of each partition, since the last seek.
        self._following: dict[TP, int] = {}
        self._reporting_ends: asyncio.Task[None] | None = None
        self._pacing = Pacing(self._in_flight)

    def _create_worker_consumer(self, transport: driver.Transport) -> aiokafka.AIOKafkaConsumer:
        consumer = super()._create_worker_consumer(transport)
        # Faust does not let them be set.
        consumer._fetch_max_wait_ms = self.consumer.feed.fetch_wait_ms
        consumer._isolation_level = "read_committed"
        return consumer

    async def on_start(self) -> None:
        await super().on_start()
        fetcher = self._ensure_consumer()._fetcher
        give_as_read(fetcher)
        ask_after(fetcher, self._pacing.gather, self._pacing.count)

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        # From here to the next seek the client reads where the Kafka group says: not for us.
        self._following.clear()
        await super().on_partitions_revoked(revoked)

    async def seek_to_committed(self) -> Mapping[TP, int]:
        offsets: Mapping[TP, int] = await self.call_thread(self._seek_to_ledger)
        return offsets

    async def hold(self) -> None:
        """Fetch no more records, and wait for the answers that are due."""
        await self._pacing.hold()

    async def begin_log(self) -> Mapping[TP, int]:
        """Resume at the ledger's offsets in the log that has replaced another one."""
        offsets = await self._seek_to_ledger(ask_ends=False)
        self._pacing.resume()
        return offsets

    async def _seek_to_ledger(self, *, ask_ends: bool = True) -> Mapping[TP, int]:
        """Go to where the ledger goes on, whatever offsets the Kafka group has committed.

        `ask_ends`: where the log ends is of interest.
        """
        feed = self.consumer.feed
        consumer = self._ensure_consumer()
        offsets = {
            tp: feed.next_offset(tp.partition)
            for tp in consumer.assignment()
            if tp.topic == feed.topic
        }
        for tp, offset in offsets.items():
            consumer.seek(tp, offset)
        self._following = dict(offsets)
        if self._reporting_ends is not None:
            self._reporting_ends.cancel()
        if ask_ends:
            self._reporting_ends = asyncio.create_task(self._report_ends(list(offsets)))
        return offsets

    async def _report_ends(self, tps: list[TP]) -> None:
        """Report where the log ended when these partitions were assigned.

        Tansu's answer to that query can leave out the last records; what it says along with the
        first records that it gives is right.
        """
        consumer, feed = self._ensure_consumer(), self.consumer.feed
        try:
            ends = await consumer.end_offsets(tps) if tps else {}
            by = self.thread_loop.time() + SECONDS_TO_FETCH
            while any(consumer.highwater(tp) is None for tp in tps):
                if self.thread_loop.time() > by:
                    break
                await asyncio.sleep(0.01)
            marks = {tp: _end(consumer, tp) for tp in tps}
        except (KafkaError, AssertionError) as error:
            # Reassigned meanwhile: then another seek tries again.
            driver.logger.warning("cannot tell where the log ends: %r", error)
            return
        feed.assigned({tp.partition: max(ends[tp], marks[tp]) for tp in tps})

    async def _fetch_records(
        self, consumer: aiokafka.AIOKafkaConsumer, *args: Any, **kwargs: Any
    ) -> Any:
        """Fetch records, and with those of each partition the offset at which they follow on."""
        try:
            fetched = await super()._fetch_records(consumer, *args, **kwargs)
        except OffsetOutOfRangeError as error:
            raise LogMismatchError(_mismatch(error)) from error
        except NoOffsetForPartitionError:
            # Assigned a moment ago: the client queries the offset of the group; it may have none.
            # The seek to where the ledger goes on is still to come.
            return {}
        except (CorruptRecordException, UnsupportedCodecError):
            fetched = await self._fetch_unreadable(consumer)
        except (KafkaError, asyncio.CancelledError):
            raise
        except Exception:  # noqa: BLE001 - what bytes from anywhere may raise is not to be listed
            fetched = await self._fetch_unreadable(consumer)
        found = {}
        for tp, records in fetched.items():
            if tp in self._following:
                found[tp] = (self._following[tp], records)
                self._following[tp] = records[-1].offset + 1
                self.consumer.feed.fetched(tp.partition, _end(consumer, tp))
        if found:
            self._pacing.came(found)
        self._report_passed(consumer)
        return found

    def _in_flight(self) -> int:
        """How many offsets were handed over and not yet judged, or left behind."""
        following, feed = self._following, self.consumer.feed
        up_to = feed.handed_over or feed.next_offset
        return sum(max(0, end - up_to(tp.partition)) for tp, end in following.items())

    def _report_passed(self, consumer: aiokafka.AIOKafkaConsumer) -> None:
        """Report offsets that the client has passed over, for there was nothing to hand over."""
        assignment = consumer._subscription.subscription.assignment
        for tp, following in self._following.items():
            state = assignment.state_value(tp) if assignment is not None else None
            if state is None or not state.has_valid_position or state.position <= following:
                continue
            self.consumer.feed.passed(tp.partition, following, state.position)

    async def _fetch_unreadable(self, consumer: aiokafka.AIOKafkaConsumer) -> dict[TP, list[Any]]:
        """Fetch once more, as bytes, what the client could not read, and go on after it.

        The client may have passed over records of all partitions when it failed in one.
        """
        driver.logger.warning("the log holds what the Kafka client cannot read")
        found = {}
        following = dict(self._following)
        for tp, position in following.items():
            consumer.seek(tp, position)
            records = await fetch_unreadable(consumer, tp, position)
            if self._following != following:
                return {}  # reassigned meanwhile
            if records:
                found[tp] = records
                consumer.seek(tp, records[-1].offset + 1)
        return found


class LogConsumer(driver.Consumer):
    """A consumer that resumes at the ledger's offsets and hands over whole batches."""

    _thread: _Thread
    transport: LogTransport

    @property
    def feed(self) -> Feed:
        """The link between this consumer and the worker."""
        return self.transport.feed

    async def hold(self) -> None:
        """Read no more until `begin_log`."""
        await self._thread.call_thread(self._thread.hold)

    async def begin_log(self) -> None:
        """Resume in the log that has replaced another one."""
        offsets = await self._thread.call_thread(self._thread.begin_log)
        # What Faust has seen and acknowledged belongs to the previous log.
        self._read_offset.update(dict.fromkeys(offsets))
        self._committed_offset.update(dict.fromkeys(offsets))

    def _new_consumer_thread(self) -> _Thread:
        return _Thread(self, loop=self.loop, beacon=self.beacon)

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, Message]]:  # noqa: ASYNC109
        """Give the records of each partition that were fetched, as one message or a few."""
        try:
            fetched, active = await self._wait_next_records(timeout)
        except (KafkaError, LogMismatchError) as error:
            if not self.should_stop:
                self.feed.failed(error)
            raise
        if fetched is None or self.should_stop:
            return
        generation = self.app.consumer_generation_id
        for tp, (position, records) in fetched.items():
            for batch in bounded(tp.partition, position, records):
                if not self.flow_active or generation != self.app.consumer_generation_id:
                    # Partitions are being reassigned, and after that comes a seek to the
                    # ledger's offsets: what is left out here will be fetched again.
                    return
                if active is None or tp in active:
                    yield tp, self._message(tp, batch)

    def _message(self, tp: TP, batch: FetchedBatch) -> ConsumerMessage:
        # The last offset: Faust drops a message whose offset it has seen already, and a batch
        # must not be dropped for its first records alone.
        last = batch.records[-1]
        return ConsumerMessage(
            topic=tp.topic,
            partition=tp.partition,
            offset=last.offset,
            timestamp=last.timestamp / 1000,
            timestamp_type=last.timestamp_type,
            headers=None,
            key=None,
            value=cast("bytes", batch),
            checksum=None,
            tp=tp,
            generation_id=self.app.consumer_generation_id,
        )

    def on_buffer_full(self, tp: TP) -> None:
        """Keep the partition: a full buffer makes the fetcher wait, which is enough.

        Faust would stop fetching from the partition, and with none left it sleeps for a second.
        """

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        """Offsets between two messages are no gaps here: a message stands for many records."""

    def _new_offset(self, tp: TP) -> int | None:
        """Commit to the Kafka group what the ledger has; for tools that show lag, never for us.

        What Faust counts as acknowledged is not used: it acknowledges what has failed, too.
        """
        self._acked[tp].clear()
        self._acked_index[tp].clear()
        return self.feed.next_offset(tp.partition) or None


class LogTransport(driver.Transport):
    """Faust's aiokafka transport with the consumer above."""

    Consumer = LogConsumer

    def __init__(self, url: Any, app: AppT, feed: Feed) -> None:
        super().__init__(url, app)
        self.feed = feed

    def create_consumer(self, callback: Any, **kwargs: Any) -> ConsumerT:
        """Build the consumer."""
        return self.Consumer(self, callback=callback, **kwargs)


def _end(consumer: aiokafka.AIOKafkaConsumer, tp: TP) -> int:
    """Where the log ended at the last fetch, leaving out transactions that were still open."""
    stable = consumer.last_stable_offset(tp)
    return consumer.highwater(tp) or 0 if stable is None or stable < 0 else int(stable)


def _mismatch(error: OffsetOutOfRangeError) -> str:
    found = error.args[0] if error.args and isinstance(error.args[0], dict) else {}
    places = ", ".join(f"offset {o} of partition {tp.partition}" for tp, o in found.items())
    return (
        f"the log no longer has {places or 'what comes next'}: it was cut or made anew, "
        "so the database does not belong to it"
    )
