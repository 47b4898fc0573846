"""The three topics: their names and configuration, and how they are created and checked."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import (
    TopicAlreadyExistsError,
    UnknownTopicOrPartitionError,
    for_code,
)

from streams.kafka.access import Access

logger = logging.getLogger("streams")

EVENTS = "truce.events"
VERDICTS = "truce.verdicts"
REJECTED = "truce.rejected"

# A real broker shows a new topic only after a moment.
SECONDS_TO_APPEAR = 15.0

# Why the log cannot be used if its configuration differs from what is declared.
WRONG = {
    "cleanup.policy": "of each conflict it would keep the last event only",
    "message.timestamp.type": "the time of a verdict would be what a sender's clock says",
}
# And what to be warned of: the worker can read what is there today.
FORGETTING = ("retention.ms", "retention.bytes")


class Topic(NamedTuple):
    """A topic as it is declared; `configs` as Kafka calls them."""

    name: str
    partitions: int
    replication: int
    configs: Mapping[str, str]


class TopicError(Exception):
    """A topic cannot be used as it is, or cannot be created."""


def declared(partitions: int, replication: int) -> tuple[Topic, ...]:
    """The topics with so many partitions and replicas each."""
    return (
        Topic(
            EVENTS,
            partitions,
            replication,
            {
                "cleanup.policy": "delete",
                # The log is the truth, so it is kept for ever...
                "retention.ms": "-1",
                "retention.bytes": "-1",
                # ... and when something came in is for the log to say, not for who sent it.
                "message.timestamp.type": "LogAppendTime",
            },
        ),
        Topic(VERDICTS, partitions, replication, {"cleanup.policy": "delete"}),
        Topic(
            REJECTED,
            partitions,
            replication,
            # A record that just fitted into the log must fit here together with the reasons.
            {"cleanup.policy": "delete", "max.message.bytes": str(16 * 2**20)},
        ),
    )


async def ensure(access: Access, topics: Sequence[Topic]) -> None:
    """Create those of `topics` that the broker does not have, and wait until all can be used.

    Raises `TopicError` if one cannot be created, has another number of partitions, or is the log
    and is not kept as the log must be.
    """
    admin = AIOKafkaAdminClient(**access.for_aiokafka())
    await admin.start()
    try:
        answer = await admin.create_topics(
            [NewTopic(t.name, t.partitions, t.replication, topic_configs=t.configs) for t in topics]
        )
        for name, code, *reason in answer.topic_errors:
            if code not in {0, TopicAlreadyExistsError.errno}:
                why = next((r for r in reason if r), for_code(code).__name__)
                raise TopicError(f"the broker refuses to create topic {name}: {why}")
        await _wait_until_usable(admin, topics)
        for topic in topics:
            if topic.name == EVENTS:
                _check_log(topic, await _configs(admin, topic.name), access.bootstrap)
    finally:
        await admin.close()


async def replace(access: Access, topics: Sequence[Topic]) -> None:
    """Have empty topics in the place of those that there are. Raises `TopicError`."""
    admin = AIOKafkaAdminClient(**access.for_aiokafka())
    await admin.start()
    try:
        await admin.delete_topics([topic.name for topic in topics])
    finally:
        await admin.close()
    await ensure(access, topics)


async def _wait_until_usable(admin: AIOKafkaAdminClient, topics: Sequence[Topic]) -> None:
    end = asyncio.get_running_loop().time() + SECONDS_TO_APPEAR
    while True:
        found = {t["topic"]: t for t in await admin.describe_topics([t.name for t in topics])}
        waiting = [t.name for t in topics if not _usable(found.get(t.name))]
        if not waiting:
            break
        if asyncio.get_running_loop().time() > end:
            raise TopicError(f"the broker has no leader for topic {', '.join(waiting)}")
        await asyncio.sleep(0.1)
    for topic in topics:
        count = len(found[topic.name]["partitions"])
        if count != topic.partitions:
            raise TopicError(
                f"topic {topic.name} has {count} partitions but TRUCE_PARTITIONS is "
                f"{topic.partitions}: set TRUCE_PARTITIONS={count}, or use another broker"
            )


def _usable(found: Mapping[str, object] | None) -> bool:
    if found is None or found["error_code"] != 0:
        return False
    partitions = found["partitions"]
    return isinstance(partitions, list) and all(p["leader"] >= 0 for p in partitions)


async def _configs(admin: AIOKafkaAdminClient, topic: str) -> dict[str, str]:
    """What the topic is configured with; nothing if the broker does not say."""
    wanted = ConfigResource(ConfigResourceType.TOPIC, topic, configs=None)
    end = asyncio.get_running_loop().time() + SECONDS_TO_APPEAR
    while True:
        [answer] = await admin.describe_configs([wanted])
        code, reason, _, _, entries = answer.resources[0]
        if code == 0:
            return {entry[0]: entry[1] for entry in entries}
        # One broker may know of a new topic later than another.
        unknown = code == UnknownTopicOrPartitionError.errno
        if not unknown or asyncio.get_running_loop().time() > end:
            logger.warning(
                "the broker does not say how topic %s is kept: %s",
                *(topic, reason or for_code(code).__name__),
            )
            return {}
        await asyncio.sleep(0.1)


def _check_log(log: Topic, configs: Mapping[str, str], bootstrap: str) -> None:
    """Refuse a log whose times or contents cannot be trusted, and warn of one that forgets."""
    other = {k: configs[k] for k, v in log.configs.items() if configs.get(k, v) != v}
    for key, found in other.items():
        said = f"topic {log.name} has {key}={found}"
        mend = (
            f"kafka-configs.sh --bootstrap-server {bootstrap} --alter --topic {log.name} "
            f"--add-config {key}={log.configs[key]}"
        )
        if key in WRONG:
            raise TopicError(f"{said}: {WRONG[key]}; to mend it: {mend}")
        if key in FORGETTING:
            logger.warning("%s, but the log must be kept for ever; to mend it: %s", said, mend)
