"""Faust's consumer, made to serve the ledger, which says where to read on.

What was fetched of a partition is handed to the agent as one message: Faust waits for several
futures per message, a ceiling of some thousand a second. Nothing here looks into a record.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, cast

import aiokafka
from aiokafka.consumer.fetcher import Fetcher, FetchResult
from aiokafka.errors import (
    CorruptRecordException,
    KafkaError,
    NoOffsetForPartitionError,
    OffsetOutOfRangeError,
    UnsupportedCodecError,
)
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.record.default_records import DefaultRecord
from aiokafka.record.memory_records import MemoryRecords
from faust import App, Schema
from faust.app import BootStrategy
from faust.tables.manager import TableManager
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, AppT, ConsumerMessage, Message
from faust.types.transports import ConsumerT

from streams.kafka import codecs
from streams.kafka.access import Access

MAX_BATCH_BYTES = 8 * 2**20

# How a batch of Kafka's begins: offset of the first record, length from there on, leader's epoch,
# version, checksum, attributes, and the last record's offset relative to the first.
BATCH_HEAD = struct.Struct(">qiibIhi")
MAGIC = 2
# Who produced it, further on in its head, and what of its attributes is asked here.
PRODUCER = struct.Struct(">q")
PRODUCER_AT = 43
TRANSACTIONAL, CONTROL = 0x10, 0x20
# Only what was not taken back: a transaction that its producer aborted never happened.
READ_COMMITTED = 1

# Batches that wait for the agent beside the one that it is busy with.
WAITING_BATCHES = 2

# Sessions of the consumer group. With Kafka those of Kafka's own clients: it refuses less than 6 s,
# and workers that share a group need the time to be slow in. Tansu answers a join only after half
# the session's time, a second at least, and Faust's own minute would be half a minute's start.
KAFKA = {"broker_session_timeout": 10.0, "broker_heartbeat_interval": 3.0}
TANSU = {"broker_session_timeout": 2.0, "broker_heartbeat_interval": 0.5}

# How long a fetch waits for records, in milliseconds. Tansu looks for new ones when it is asked and
# once more after half of it, so a longer wait is a later verdict. A shorter one makes more and
# smaller batches, each with its transaction: at 100 events a second half of the verdicts came
# within 59 ms, with 20 within 186 ms (one round each). Kafka answers at once and need not be
# asked often.
FETCH_WAIT_TANSU = 100
FETCH_WAIT_KAFKA = 500
SECONDS_TO_FETCH = 5.0

# To commit a few records takes about as long as to commit dozens. What comes while few are in
# flight is judged sooner together, once these are in the ledger, than in small batches that queue.
# Behind many others are worth having in flight, and what takes too long is not waited for.
FEW = 500
FEW_BYTES = 2**18
SECONDS_TO_GATHER = 0.04
SECONDS_TO_SETTLE = 0.5
SECONDS_BETWEEN_LOOKS = 0.002


class FetchedBatch(NamedTuple):
    """Records of one partition in log order, as aiokafka's own reader of batches gives them.

    `position` is the offset up to which the records before were handed over: from there on none
    was left out. (The offsets of a log may have gaps of their own.)
    """

    partition: int
    position: int
    records: Sequence[Any]


class LogMismatchError(Exception):
    """The log and the ledger do not belong together any more."""


class Feed(NamedTuple):
    """What the consumer asks of, and tells, the worker. All is called from the consumer's thread.

    `next_offset(partition)` is where the ledger goes on; `assigned(ends)` hears of an assignment,
    with the log's end at that moment for each partition; `fetched(partition, end)` of the log's
    end whenever records came; `passed(partition, following, position)` of offsets that hold no
    records (the marks of transactions, and what these took back); `failed` of what ends the worker.
    `handed_over(partition)`: up to where all is in the ledger or waits for its turn; None: in it.
    """

    topic: str
    fetch_wait_ms: int
    next_offset: Callable[[int], int]
    assigned: Callable[[Mapping[int, int]], None]
    fetched: Callable[[int, int], None]
    passed: Callable[[int, int, int], None]
    failed: Callable[[BaseException], None]
    handed_over: Callable[[int], int] | None = None


class AsIs(Schema[Any, Any]):
    """A Faust schema that decodes nothing: what arrives is read by `schemas.wire` alone.

    Faust loses a record that its own decoding fails on.
    """

    def compile(self, app: AppT, **_: Any) -> Any:
        """Build the function that makes an event of a message."""
        create_event = app.create_event

        async def decode(message: Message, *, propagate: bool = False) -> Any:  # noqa: ARG001
            return create_event(None, cast("Any", message.value), None, message)

        return decode


class _Thread(driver.AIOKafkaConsumerThread):
    consumer: LogConsumer

    def __post_init__(self) -> None:
        super().__post_init__()
        # The offset that follows what was handed over of each partition, since the last seek.
        self._following: dict[TP, int] = {}
        # When that was last, if only few were in flight then.
        self._few_came: float | None = None
        self._telling: asyncio.Task[None] | None = None
        # Requests for records that are under way, and whether there may be more.
        self._fetching = 0
        self._none_fetches, self._may_fetch = asyncio.Event(), asyncio.Event()
        self._none_fetches.set()
        self._may_fetch.set()

    def _create_worker_consumer(self, transport: driver.Transport) -> aiokafka.AIOKafkaConsumer:
        consumer = super()._create_worker_consumer(transport)
        # Faust does not let them be set.
        consumer._fetch_max_wait_ms = self.consumer.feed.fetch_wait_ms
        consumer._isolation_level = "read_committed"
        return consumer

    async def on_start(self) -> None:
        await super().on_start()
        fetcher = self._ensure_consumer()._fetcher
        _give_as_read(fetcher)
        _ask_after(fetcher, self._gather, self._count)

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        # From here to the next seek the client reads where the Kafka group says: not for us.
        self._following.clear()
        await super().on_partitions_revoked(revoked)

    async def seek_to_committed(self) -> Mapping[TP, int]:
        offsets: Mapping[TP, int] = await self.call_thread(self._seek_to_ledger)
        return offsets

    def _count(self, change: int) -> None:
        self._fetching += change
        if self._fetching:
            self._none_fetches.clear()
        else:
            self._none_fetches.set()

    async def hold(self) -> None:
        """Ask for no more records, and wait for the answers that are due."""
        self._may_fetch.clear()
        await self._none_fetches.wait()

    async def begin_log(self) -> Mapping[TP, int]:
        """Read on where the ledger goes on in the log that has taken the place of another one."""
        offsets = await self._seek_to_ledger(tell=False)
        self._may_fetch.set()
        return offsets

    async def _seek_to_ledger(self, *, tell: bool = True) -> Mapping[TP, int]:
        """Go to where the ledger goes on, whatever offsets the Kafka group has committed.

        `tell`: where the log ends is of interest.
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
        if self._telling is not None:
            self._telling.cancel()
        if tell:
            self._telling = asyncio.create_task(self._tell_ends(list(offsets)))
        return offsets

    async def _tell_ends(self, tps: list[TP]) -> None:
        """Tell where the log ended when these partitions were assigned.

        Tansu's answer to that question can leave out the last records; what it says beside the
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
            # Assigned anew meanwhile: then another seek asks again.
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
            # Assigned a moment ago: the client asks the group where to begin, which may not know.
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
            few = self._in_flight() < FEW and _bytes_of(found) < FEW_BYTES
            self._few_came = self.thread_loop.time() if few else None
        self._tell_passed(consumer)
        return found

    async def _gather(self) -> None:
        """After few records, let others come until these are in the ledger."""
        await self._may_fetch.wait()
        came, clock = self._few_came, self.thread_loop.time
        if came is None:
            return
        await asyncio.sleep(came + SECONDS_TO_GATHER - clock())
        while self._in_flight():
            if clock() > came + SECONDS_TO_SETTLE:
                break
            # The ledger's commit is heard of in another thread's loop.
            await asyncio.sleep(SECONDS_BETWEEN_LOOKS)

    def _in_flight(self) -> int:
        """How many offsets were handed over and not yet judged, or left behind."""
        following, feed = self._following, self.consumer.feed
        up_to = feed.handed_over or feed.next_offset
        return sum(max(0, end - up_to(tp.partition)) for tp, end in following.items())

    def _tell_passed(self, consumer: aiokafka.AIOKafkaConsumer) -> None:
        """Tell of offsets that the client has passed over, for there was nothing to hand over."""
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
                return {}  # assigned anew meanwhile
            if records:
                found[tp] = records
                consumer.seek(tp, records[-1].offset + 1)
        return found


class LogConsumer(driver.Consumer):
    """A consumer that reads on where the ledger says and hands over whole batches."""

    _thread: _Thread
    transport: LogTransport

    @property
    def feed(self) -> Feed:
        """What links this consumer to the worker."""
        return self.transport.feed

    async def hold(self) -> None:
        """Read no more until `begin_log`."""
        await self._thread.call_thread(self._thread.hold)

    async def begin_log(self) -> None:
        """Read on in the log that has taken the place of another one."""
        offsets = await self._thread.call_thread(self._thread.begin_log)
        # What Faust has seen and acknowledged was of the other one.
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
            for batch in _bounded(tp.partition, position, records):
                if not self.flow_active or generation != self.app.consumer_generation_id:
                    # Partitions are being assigned anew, and after that comes a seek to the
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
        """Tell the Kafka group what the ledger has; for tools that show lag, never for us.

        What Faust counts as acknowledged is not asked: it acknowledges what has failed, too.
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


class _Boot(BootStrategy):
    # Verdicts are published from the ledger's outbox, by a producer of the worker's own.
    enable_kafka_producer = False
    enable_web = False


class _NoTables(TableManager):
    async def on_start(self) -> None:
        """Begin at once; Faust gives tables a second to be declared, and there are none."""
        await self._update_channels()
        await self.recovery.start()


class LogApp(App):
    """A Faust app that reads one log by a `Feed`, keeps no tables and writes no files."""

    BootStrategy = _Boot

    def __init__(self, group: str, access: Access, feed: Feed, **options: Any) -> None:
        self._feed = feed
        super().__init__(
            group,
            **access.for_faust(),
            autodiscover=False,
            web_enabled=False,
            topic_disable_leader=True,
            store="memory://",
            TableManager=_NoTables,
            # Only the ledger says where to begin. To fall back to the log's start or end in
            # silence, where an offset is not there, would be to count twice or to lose.
            consumer_auto_offset_reset="none",
            consumer_max_fetch_size=MAX_BATCH_BYTES,
            stream_buffer_maxsize=WAITING_BATCHES,
            stream_recovery_delay=0.0,
            **options,
        )

    @property
    def crashed_event(self) -> Any:
        """Set once Faust has given up; `crash_reason` says why."""
        return self._crashed

    @property
    def log_consumer(self) -> LogConsumer:
        """What reads the log, once the app was started."""
        return cast("LogConsumer", self.consumer)

    def _new_transport(self) -> LogTransport:
        return LogTransport(self.conf.broker_consumer, self, self._feed)

    def _create_directories(self) -> None:
        """Without tables there is nothing to keep in directories."""


def make_app(
    group: str,
    access: Access,
    feed: Feed,
    agent: Callable[[Any], Any],
    *,
    partitions: int,
    max_batch: int,
    embedded: bool,
) -> LogApp:
    """The app with `agent`, an async function of `FetchedBatch`es, on the topic of `feed`."""
    codecs.bound()
    app = LogApp(
        group,
        access,
        feed,
        broker_max_poll_records=max_batch,
        **(TANSU if embedded else KAFKA),
    )
    topic = app.topic(feed.topic, schema=AsIs(), partitions=partitions)
    app.agent(topic, name=f"{feed.topic}.agent")(agent)
    return app


def _give_as_read(fetcher: Fetcher) -> None:
    """Have the client give records as it reads them, not each copied into another object."""
    fetch = fetcher._proc_fetch_request

    async def fetch_as_read(*request: Any) -> Any:
        fetched = await fetch(*request)
        # Nobody has seen them yet: whoever waits for them is woken after this.
        for result in fetcher._records.values():
            if isinstance(result, FetchResult):
                result._partition_records._consumer_record = _as_read
        return fetched

    fetcher._proc_fetch_request = fetch_as_read


def _ask_after(
    fetcher: Fetcher, wait: Callable[[], Awaitable[None]], count: Callable[[int], None]
) -> None:
    """Have the client wait for this before each request for records, and count it meanwhile."""
    fetch = fetcher._proc_fetch_request

    async def wait_and_fetch(*request: Any) -> Any:
        try:
            await wait()
        except asyncio.CancelledError:
            # As in the client's own: the partitions are assigned anew, or it is being closed.
            return False
        count(1)
        try:
            return await fetch(*request)
        finally:
            count(-1)

    fetcher._proc_fetch_request = wait_and_fetch


def _bytes_of(found: Mapping[TP, tuple[int, Sequence[Any]]]) -> int:
    return sum(len(record.value or b"") for _, records in found.values() for record in records)


def _as_read(_: TP, record: Any) -> Any:
    return record


def _bounded(partition: int, position: int, records: Sequence[Any]) -> Iterator[FetchedBatch]:
    """Split what was fetched where it holds more bytes than one batch may."""
    start, size = 0, 0
    for index, record in enumerate(records):
        length = len(record.value or b"")
        if index > start and size + length > MAX_BATCH_BYTES:
            yield FetchedBatch(partition, position, records[start:index])
            start, size, position = index, 0, records[index - 1].offset + 1
        size += length
    yield FetchedBatch(partition, position, records[start:])


async def fetch_unreadable(consumer: aiokafka.AIOKafkaConsumer, tp: TP, position: int) -> list[Any]:
    """Fetch, as bytes, what this client cannot read, and salvage the records."""
    leader = consumer._client.cluster.leader_for_partition(tp)
    wanted = [(tp.topic, [(tp.partition, position, MAX_BATCH_BYTES)])]
    request = FetchRequest(FETCH_WAIT_TANSU, 1, MAX_BATCH_BYTES, READ_COMMITTED, wanted)
    answer = await consumer._client.send(leader, request)
    log, aborted = _contents(answer)
    return salvage(tp, log, position, aborted)


def _end(consumer: aiokafka.AIOKafkaConsumer, tp: TP) -> int:
    """Where the log ended at the last fetch, leaving out transactions that were still open."""
    stable = consumer.last_stable_offset(tp)
    return consumer.highwater(tp) or 0 if stable is None or stable < 0 else int(stable)


def _contents(answer: Any) -> tuple[bytes, list[tuple[int, int]]]:
    """The bytes of a fetched log, and what was aborted in it: (producer, its first offset)."""
    parts = [part for _, parts in answer.topics for part in parts]
    # The one list in any version of the answer.
    lists = [field for part in parts for field in part[:-1] if isinstance(field, list)]
    aborted = [(producer, first) for found in lists for producer, first, *_ in found]
    return b"".join(part[-1] or b"" for part in parts), aborted


class _Aborted:
    """Which batches of a log, asked in their order, belong to transactions that were taken back."""

    def __init__(self, aborted: Sequence[tuple[int, int]]) -> None:
        self._to_come = sorted(aborted, key=lambda one: one[1])
        self._producers: set[int] = set()

    def has(self, base: int, attributes: int, batch: bytes) -> bool:
        """Whether the batch at the offset `base` is one."""
        while self._to_come and self._to_come[0][1] <= base:
            self._producers.add(self._to_come.pop(0)[0])
        if not attributes & TRANSACTIONAL or len(batch) < PRODUCER_AT + PRODUCER.size:
            return False
        (producer,) = PRODUCER.unpack_from(batch, PRODUCER_AT)
        if attributes & CONTROL:
            # The mark at a transaction's end. What follows is another one.
            self._producers.discard(producer)
            return False
        return producer in self._producers


def salvage(
    tp: TP, log: bytes, position: int, aborted: Sequence[tuple[int, int]] = ()
) -> list[Any]:
    """The records from `position` on in these bytes of a log, readable or not.

    Of a batch that cannot be read to its end, the last record's place is taken by one whose value
    is the whole batch as it came: it will be rejected, byte for byte.
    """
    found: list[Any] = []
    taken_back = _Aborted(aborted)
    start = 0
    while start + BATCH_HEAD.size <= len(log):
        base, length, _, magic, _, attributes, last = BATCH_HEAD.unpack_from(log, start)
        batch = log[start : start + 12 + length]
        if length < BATCH_HEAD.size - 12 or (start and len(batch) < 12 + length):
            break
        start += len(batch)
        if magic == MAGIC and taken_back.has(base, attributes, batch):
            continue
        end = base + (max(last, 0) if magic == MAGIC else 0)
        try:
            found.extend(_records(tp, batch, position))
        except Exception:  # noqa: BLE001 - see above
            end = max(end, position, found[-1].offset if found else 0)
            found = [record for record in found if record.offset < end]
            found.append(DefaultRecord(end, 0, 0, None, batch, []))
    return found


def _records(tp: TP, batch: bytes, position: int) -> Iterator[Any]:
    parsed = MemoryRecords(batch).next_batch()
    if not parsed.validate_crc():
        raise CorruptRecordException(f"a batch of {tp}")
    if parsed.is_control_batch:
        return
    yield from (record for record in parsed if record.offset >= position)


def _mismatch(error: OffsetOutOfRangeError) -> str:
    found = error.args[0] if error.args and isinstance(error.args[0], dict) else {}
    places = ", ".join(f"offset {o} of partition {tp.partition}" for tp, o in found.items())
    return (
        f"the log no longer has {places or 'what comes next'}: it was cut or made anew, "
        "so the database does not belong to it"
    )
