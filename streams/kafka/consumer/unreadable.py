"""Fetches again, as bytes, the batches that the Kafka client cannot read, and salvages records.

Nothing here decides what becomes of an unreadable batch; it is given as one record.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from typing import Any

import aiokafka
from aiokafka.errors import CorruptRecordException
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.record.default_records import DefaultRecord
from aiokafka.record.memory_records import MemoryRecords
from faust.types import TP

from streams.kafka.consumer.feed import FETCH_WAIT_TANSU, MAX_BATCH_BYTES

# How a batch of Kafka's begins: offset of the first record, length from there on, leader's epoch,
# version, checksum, attributes, and the last record's offset relative to the first.
BATCH_HEAD = struct.Struct(">qiibIhi")
MAGIC = 2
# Who produced it, further on in its head, and which of its attributes is checked here.
PRODUCER = struct.Struct(">q")
PRODUCER_AT = 43
TRANSACTIONAL, CONTROL = 0x10, 0x20
# Only what was not taken back: a transaction that its producer aborted never happened.
READ_COMMITTED = 1


async def fetch_unreadable(consumer: aiokafka.AIOKafkaConsumer, tp: TP, position: int) -> list[Any]:
    """Fetch, as bytes, what this client cannot read, and salvage the records."""
    leader = consumer._client.cluster.leader_for_partition(tp)
    wanted = [(tp.topic, [(tp.partition, position, MAX_BATCH_BYTES)])]
    request = FetchRequest(FETCH_WAIT_TANSU, 1, MAX_BATCH_BYTES, READ_COMMITTED, wanted)
    answer = await consumer._client.send(leader, request)
    log, aborted = _contents(answer)
    return salvage(tp, log, position, aborted)


def _contents(answer: Any) -> tuple[bytes, list[tuple[int, int]]]:
    """The bytes of a fetched log, and what was aborted in it: (producer, its first offset)."""
    parts = [part for _, parts in answer.topics for part in parts]
    # The one list in any version of the answer.
    lists = [field for part in parts for field in part[:-1] if isinstance(field, list)]
    aborted = [(producer, first) for found in lists for producer, first, *_ in found]
    return b"".join(part[-1] or b"" for part in parts), aborted


class _Aborted:
    """Which batches of a log, given in their order, belong to transactions that were taken back."""

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
