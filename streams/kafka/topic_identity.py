"""Which log a broker has under a topic's name: identified by its ids, not by its name.

A topic that was deleted and created again has another id, and another cluster another one. The
request that aiokafka sends is older than these ids, so Kafka's Metadata, version 10, is sent here.
"""

from __future__ import annotations

import uuid
from io import BytesIO
from typing import TYPE_CHECKING, Any, NamedTuple

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import IncompatibleBrokerVersion, UnknownTopicOrPartitionError
from aiokafka.protocol.abstract import AbstractType
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import (
    Boolean,
    CompactArray,
    CompactString,
    Int16,
    Int32,
    Schema,
    TaggedFields,
)

if TYPE_CHECKING:
    from aiokafka.client import AIOKafkaClient

    from streams.kafka.access import Access

METADATA = 3
UUID_BYTES = 16
NO_ID = uuid.UUID(int=0)


class LogIdentity(NamedTuple):
    """The ids of a cluster and of a topic in it; None: there is no such topic, or it has no id."""

    cluster_id: str | None
    topic_id: uuid.UUID | None
    missing: bool


class _Uuid(AbstractType[uuid.UUID]):
    @classmethod
    def encode(cls, value: uuid.UUID) -> bytes:
        return value.bytes

    @classmethod
    def decode(cls, data: BytesIO) -> uuid.UUID:
        return uuid.UUID(bytes=data.read(UUID_BYTES))


class _Answer(Response):
    API_KEY = METADATA
    API_VERSION = 10
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "brokers",
            CompactArray(
                ("node_id", Int32),
                ("host", CompactString("utf-8")),
                ("port", Int32),
                ("rack", CompactString("utf-8")),
                ("tags", TaggedFields),
            ),
        ),
        ("cluster_id", CompactString("utf-8")),
        ("controller_id", Int32),
        (
            "topics",
            CompactArray(
                ("error_code", Int16),
                ("topic", CompactString("utf-8")),
                ("topic_id", _Uuid),
                ("is_internal", Boolean),
                (
                    "partitions",
                    CompactArray(
                        ("error_code", Int16),
                        ("partition", Int32),
                        ("leader", Int32),
                        ("leader_epoch", Int32),
                        ("replicas", CompactArray(Int32)),
                        ("isr", CompactArray(Int32)),
                        ("offline_replicas", CompactArray(Int32)),
                        ("tags", TaggedFields),
                    ),
                ),
                ("authorized_operations", Int32),
                ("tags", TaggedFields),
            ),
        ),
        ("authorized_operations", Int32),
        ("tags", TaggedFields),
    )


class _Question(RequestStruct):
    API_KEY = METADATA
    API_VERSION = 10
    RESPONSE_TYPE = _Answer
    FLEXIBLE_VERSION = True
    SCHEMA = Schema(
        (
            "topics",
            CompactArray(
                ("topic_id", _Uuid),
                ("topic", CompactString("utf-8")),
                ("tags", TaggedFields),
            ),
        ),
        ("allow_auto_topic_creation", Boolean),
        ("cluster_operations", Boolean),
        ("topic_operations", Boolean),
        ("tags", TaggedFields),
    )


class _Metadata(Request[_Question]):
    API_KEY = METADATA

    def __init__(self, topic: str) -> None:
        self._topic = topic

    def build(self, request_struct_class: type[_Question]) -> _Question:
        return request_struct_class([(NO_ID, self._topic, {})], False, False, False, {})


async def identity_of(client: AIOKafkaClient, topic: str) -> LogIdentity:
    """Query the ids. Raises `KafkaError`; a broker that does not know of such ids gives none."""
    node = client.get_random_node()
    try:
        answer: Any = await client.send(node, _Metadata(topic))
    except (IncompatibleBrokerVersion, NotImplementedError):
        return LogIdentity(None, None, missing=False)
    [(code, _, topic_id, *_)] = answer.topics
    missing = code == UnknownTopicOrPartitionError.errno
    found = None if missing or topic_id == NO_ID else topic_id
    return LogIdentity(answer.cluster_id, found, missing)


async def ask_identity(access: Access, topic: str) -> LogIdentity:
    """Query them over a connection of its own. Raises `KafkaError`."""
    admin = AIOKafkaAdminClient(**access.for_aiokafka())
    await admin.start()
    try:
        return await identity_of(admin._client, topic)
    finally:
        await admin.close()
