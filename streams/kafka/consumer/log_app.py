"""The Faust app that reads one log, without tables, files, web server or producer."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any, cast

from faust import App, Schema
from faust.app import BootStrategy
from faust.tables.manager import TableManager
from faust.types import AppT, Message

from streams.kafka import codecs
from streams.kafka.access import Access
from streams.kafka.consumer.feed import MAX_BATCH_BYTES, Feed
from streams.kafka.consumer.transport import LogConsumer, LogTransport

# Batches that wait for the agent in addition to the one that it is busy with.
WAITING_BATCHES = 2

# Sessions of the consumer group. With Kafka those of Kafka's own clients: it refuses less than 6 s,
# and workers that share a group need the time to be slow in. Tansu answers a join only after half
# the session's time, a second at least, and Faust's own minute would be half a minute's start.
KAFKA = {"broker_session_timeout": 10.0, "broker_heartbeat_interval": 3.0}
TANSU = {"broker_session_timeout": 2.0, "broker_heartbeat_interval": 0.5}


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

    async def until_crashed(self) -> None:
        """Wait until Faust has given up, and raise why."""
        await self.crashed_event.wait()
        raise self.crash_reason or RuntimeError("Faust has given up")

    async def leave(self, seconds: float) -> None:
        """Stop it, whether or not it was started, which leaves the group; in so much time."""
        with contextlib.suppress(Exception):
            await asyncio.wait_for(self.stop(), seconds)

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
