"""Whether a log is still the one that a database has read.

A topic that was deleted and recreated is of the same cluster, and once it is as long its offsets
are the same, too; so it is with one that lost, with a broker, what it had acknowledged. What shows
it is when the record came that is in the place of the last one that the database has: that one did
not come after its recorded time. Where clocks have run back since, nothing does: none is refused.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import (
    CorruptRecordException,
    KafkaError,
    OffsetOutOfRangeError,
    UnsupportedCodecError,
)

from schemas.time import iso
from streams.kafka import codecs

if TYPE_CHECKING:
    from analytics.ledger.rows import Reached
    from streams.kafka.access import Access

SECONDS_TO_ANSWER = 5.0
BEHIND_ITS_END = "is behind its end"

logger = logging.getLogger("streams")


class LogReplaced(Exception):  # noqa: N818 - named as what is the case
    """The log is another one: the message says how that is known, and what to do."""


async def check(access: Access, topic: str, reached: Mapping[int, Reached]) -> None:
    """Raise `LogReplaced` if a partition's log is another than the one that was ingested so far."""
    if not any(to.next_offset for to in reached.values()):
        return
    codecs.bound()
    async with AIOKafkaConsumer(
        **access.for_aiokafka(),
        enable_auto_commit=False,
        auto_offset_reset="none",
        isolation_level="read_committed",
    ) as consumer:
        of_partitions = {TopicPartition(topic, partition): to for partition, to in reached.items()}
        if why := await why_replaced(consumer, of_partitions):
            raise LogReplaced(f"{why}: {OR_ANOTHER}")


async def why_replaced(
    consumer: AIOKafkaConsumer, reached: Mapping[TopicPartition, Reached]
) -> str | None:
    """How it is known that the log of one of these is another one; None: nothing says so.

    Leaves the consumer, which must fall back to no other offset, assigned to any of them.
    """
    for tp, to in reached.items():
        if to.next_offset and (found := await _what_differs(consumer, tp, to)):
            place = f"offset {to.next_offset - 1} of partition {tp.partition}"
            return f"topic {tp.topic} is not the one that the database has read: {place} {found}"
    return None


async def _what_differs(
    consumer: AIOKafkaConsumer, tp: TopicPartition, reached: Reached
) -> str | None:
    """What is known to be otherwise at the place of the last record that was ingested."""
    offset = reached.next_offset - 1
    # One at a time: the client waits before it fetches more while others are not handed out.
    consumer.assign([tp])
    consumer.seek(tp, offset)
    try:
        fetched = await _fetched(consumer, tp)
    except OffsetOutOfRangeError:
        begins = await consumer.beginning_offsets([tp])
        # What was cut may have been the same; to go on after a gap is refused where it is read.
        return None if begins[tp] > offset else BEHIND_ITS_END
    if fetched is None:
        return None
    if fetched:
        return _what_tells(fetched[0], reached)
    if tp.partition not in (consumer.partitions_for_topic(tp.topic) or {tp.partition}):
        return "is of none of its partitions"
    if (await consumer.end_offsets([tp]))[tp] <= offset:
        return BEHIND_ITS_END
    logger.warning(
        "it is not known whether the log is the one that the database has read: offset %d of "
        "partition %d did not come within %.0f s",
        *(offset, tp.partition, SECONDS_TO_ANSWER),
    )
    return None


async def _fetched(consumer: AIOKafkaConsumer, tp: TopicPartition) -> list[Any] | None:
    """The next record of a partition; nothing if it does not come, None if it cannot be read."""
    try:
        fetched = await consumer.getmany(
            tp, timeout_ms=round(SECONDS_TO_ANSWER * 1_000), max_records=1
        )
    except (CorruptRecordException, UnsupportedCodecError):
        return None
    except KafkaError:
        raise
    except Exception:  # noqa: BLE001 - as in the transport: what bytes from anywhere may raise
        return None
    return list(fetched.get(tp, ()))


def _what_tells(record: Any, reached: Reached) -> str | None:  # noqa: ANN401 - aiokafka's
    if record.offset != reached.next_offset - 1:
        return "holds no record"
    came = record.timestamp * 1_000
    # What a sender's clock said is no evidence.
    if record.timestamp_type != LOG_APPEND_TIME or came <= reached.recorded_at:
        return None
    return f"came at {iso(came)}, and the database has had it since {iso(reached.recorded_at)}"


# The kind of a record's time that the broker gives, not the sender.
LOG_APPEND_TIME = 1


OR_ANOTHER = (
    "choose another TRUCE_DATA_DIR, or fold this log in its place with `truce rebuild --new-log`"
)
"""What to do where a database is of another log."""
