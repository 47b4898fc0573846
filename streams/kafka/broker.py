"""The broker that a worker uses: the interface of any, and a Kafka that runs elsewhere."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Protocol

from streams.kafka.access import Access
from streams.threads import end_task

if TYPE_CHECKING:
    from aiokafka.admin import AIOKafkaAdminClient

logger = logging.getLogger("streams")

# How often the log says that the worker still waits for a Kafka elsewhere.
SECONDS_BETWEEN_WORDS = 5.0


class BrokerError(Exception):
    """A broker cannot be started or reached."""


class Broker(Protocol):
    """What the worker needs of either. `log_id` and `access` hold after `start`."""

    access: Access
    log_id: str
    embedded: bool
    died: asyncio.Event

    @property
    def bootstrap(self) -> str:
        """Its address or addresses."""

    async def start(self) -> None:
        """Start it, or make sure that it answers. Raises `BrokerError`."""

    async def stop(self) -> None:
        """Stop it, if it is ours."""


@contextlib.asynccontextmanager
async def opened(access: Access) -> AsyncIterator[AIOKafkaAdminClient | None]:
    """A client for queries; None if nothing answers (yet)."""
    from aiokafka.admin import AIOKafkaAdminClient
    from aiokafka.errors import KafkaError

    admin = AIOKafkaAdminClient(**access.for_aiokafka(), request_timeout_ms=5_000)
    try:
        await admin.start()
    except (KafkaError, OSError):
        await admin.close()
        yield None
        return
    try:
        yield admin
    finally:
        await admin.close()


async def cluster_id(admin: AIOKafkaAdminClient) -> str | None:
    """The id of the cluster; None if it does not answer."""
    from aiokafka.errors import KafkaError

    try:
        found = (await admin.describe_cluster())["cluster_id"]
    except (KafkaError, OSError):
        return None
    return None if found is None else str(found)


async def ask_cluster_id(access: Access) -> str | None:
    """The id of the cluster that is reached so; None if nothing answers (yet)."""
    async with opened(access) as admin:
        return None if admin is None else await cluster_id(admin)


@contextlib.asynccontextmanager
async def starting(broker: Broker) -> AsyncIterator[asyncio.Task[None]]:
    """Begin to start a broker, and stop it afterwards; the task is done when it answers.

    It needs a moment, which whoever starts it may use. The task raises `BrokerError`.
    """
    task = asyncio.create_task(broker.start())
    try:
        yield task
    finally:
        await end_task(task)
        await broker.stop()


class RemoteBroker:
    """A Kafka that runs elsewhere. It is never stopped; the clients wait when it is away."""

    embedded = False

    def __init__(self, access: Access) -> None:
        self.access = access
        self.log_id = ""
        self.died = asyncio.Event()

    @property
    def bootstrap(self) -> str:
        """The addresses of its brokers."""
        return self.access.bootstrap

    async def start(self) -> None:
        """Query the cluster's id, and wait, with log entries, while nobody answers.

        Raises `BrokerError` when we are refused: that does not pass by itself.
        """
        clock = asyncio.get_running_loop().time
        said = -SECONDS_BETWEEN_WORDS
        while (found := await ask_cluster_id(self.access)) is None:
            if (why := await self.access.why_refused()) is not None:
                raise BrokerError(why)
            if clock() >= said + SECONDS_BETWEEN_WORDS:
                said = clock()
                logger.warning("no Kafka answers at %s yet: waiting for it", self.bootstrap)
            await asyncio.sleep(0.5)
        self.log_id = found

    async def stop(self) -> None:
        """Nothing: it is not ours."""
