"""Whether a log is still the one that a database has read, and not a topic that was made anew.

One that is deleted and made again has the id of its cluster, and the same offsets once it is as
long: only what stands there is other. Its records came later than any that the database has.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from aiokafka import AIOKafkaConsumer, TopicPartition

from schemas.time import iso
from streams import codecs
from streams.core import raw_records

if TYPE_CHECKING:
    from analytics.rows import Reached
    from streams.access import Access

SECONDS_TO_ANSWER = 5.0

logger = logging.getLogger("streams")


class LogRemade(Exception):  # noqa: N818 - named as what is the case
    """The topic was deleted and made anew: the message says how that is known, and what to do."""


async def check(access: Access, topic: str, reached: Mapping[int, Reached]) -> None:
    """Raise `LogRemade` if a partition's log is another than the one that was taken in so far."""
    if not any(one.next_offset for one in reached.values()):
        return
    codecs.bound()
    async with AIOKafkaConsumer(
        **access.for_aiokafka(),
        enable_auto_commit=False,
        auto_offset_reset="none",
        isolation_level="read_committed",
    ) as consumer:
        tps = {TopicPartition(topic, partition): one for partition, one in reached.items()}
        consumer.assign(list(tps))
        if remade := await why_remade(consumer, tps):
            raise LogRemade(
                f"{remade}: choose another TRUCE_DATA_DIR, or fold this log in its place with "
                "`truce rebuild --new-log`"
            )


async def why_remade(
    consumer: AIOKafkaConsumer, reached: Mapping[TopicPartition, Reached]
) -> str | None:
    """How it is known that the log of one of these, assigned to `consumer`, was made anew.

    None: nothing says so. Moves the positions of the consumer, which falls back to no other offset.
    """
    for tp, one in reached.items():
        if one.next_offset:
            came = await _last_came(consumer, tp, one.next_offset - 1)
            # The recorded time of a record is never before the one at which the log took it.
            if came is not None and came > one.recorded_at:
                return (
                    f"topic {tp.topic} was made anew: offset {one.next_offset - 1} of partition "
                    f"{tp.partition} came at {iso(came)}, and the database has had it since "
                    f"{iso(one.recorded_at)}"
                )
    return None


async def _last_came(consumer: AIOKafkaConsumer, tp: TopicPartition, offset: int) -> int | None:
    """When the log took the record at this offset (us since 1970); None: that cannot be told.

    It may have been cut, or be one that this client cannot read, as was said when it was taken in.
    """
    consumer.seek(tp, offset)
    try:
        fetched = await consumer.getmany(
            tp, timeout_ms=round(SECONDS_TO_ANSWER * 1_000), max_records=1
        )
    except Exception:  # noqa: BLE001 - as in the transport: what bytes from anywhere may raise
        return None
    records = raw_records(tp.partition, fetched.get(tp, ()), time.time_ns() // 1_000_000)
    if not records:
        logger.warning(
            "it is not known whether the log was made anew: offset %d of partition %d did not "
            "come within %.0f s",
            *(offset, tp.partition, SECONDS_TO_ANSWER),
        )
        return None
    [record] = records
    return record.timestamp_ms * 1_000 if record.offset == offset else None
