"""The composition root of a worker: what it is made of, in which order it starts, how it ends.

Every part is made here and handed what it needs; importing this module makes nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from streams.endpoint import Endpoint, write_endpoint
from streams.engine.agent import Agent, JudgedBatch, Work
from streams.engine.engine import Core
from streams.engine.lake import LakeApi, LakeService
from streams.engine.opening import MetricsPage, OpenLedger, opened_ledger
from streams.http.hosts import Hosts
from streams.http.ingest import IngestApi
from streams.http.lookup import Lookup
from streams.http.posts import EmbeddedPosts, KafkaPosts
from streams.http.server import Pages
from streams.http.taking import TakeEvents
from streams.http.writers import Writers
from streams.kafka.access import access_to
from streams.kafka.attribution import attribution_of
from streams.kafka.broker import Broker, RemoteBroker, starting
from streams.kafka.embedded_broker import EmbeddedBroker
from streams.kafka.outbox_publisher import OutboxPublisher
from streams.kafka.producer import LogWriter
from streams.kafka.progress import Progress
from streams.kafka.receipts import Receipts
from streams.settings import Settings
from streams.threads import Failure, end_task
from streams.worker.draining import (
    SECONDS_TO_STOP,
    Draining,
    nothing_to_finish,
    seconds_to_leave,
)
from streams.worker.exits import raise_failure
from streams.worker.signals import stop_on_signals
from streams.worker.stages import Stages

if TYPE_CHECKING:
    from streams.engine.rollover import Rolling, Rollover
    from streams.notify.targets import NotificationTarget

SECONDS_BETWEEN_LOOKS = 1.0

# How long the broker may take for posted events; the ingest API gives up later.
SECONDS_TO_ANSWER = 10.0

OnReady = Callable[[Endpoint], None]


class Worker:
    """One worker, from its start to its end."""

    def __init__(self, settings: Settings, core: Core, stop: asyncio.Event) -> None:
        self._settings = settings
        self._core = core
        self._stop = stop
        self._failure = Failure(asyncio.get_running_loop())
        self._not_ready: str | None = "starting"
        self._stopping = asyncio.Event()
        self._receipts = Receipts()
        self._broker: Broker = (
            RemoteBroker(access_to(settings))
            if settings.broker
            else EmbeddedBroker(settings.data_dir)
        )
        self._metrics = MetricsPage(core)
        self._ingest_api = IngestApi(Writers(settings), settings.posts_per_second)
        self._lake_token = secrets.token_hex(32)
        self._lake_api = LakeApi(self._lake_token)
        hosts = Hosts(settings.http.host, settings.http_hosts)
        routes = (*self._ingest_api.routes(hosts.refuse), *self._lake_api.routes())
        self._pages = Pages(
            settings.http, hosts, self._metrics.page, lambda: self._not_ready, routes
        )
        # What is to be woken by each commit, and what is to be finished before the worker ends in
        # good order: more and more, as it starts.
        self._on_commit: list[Callable[[], None]] = []
        self._finish: Callable[[float], Awaitable[None]] = nothing_to_finish

    async def run(self, on_ready: OnReady | None) -> None:
        """Start, work until it is stopped or something fails, and end in good order."""
        async with contextlib.AsyncExitStack() as stack:
            stack.enter_context(stop_on_signals(self._stop))
            stages = Stages(stack, self._failure)
            starts = asyncio.create_task(self._start(stages, on_ready))
            ends = asyncio.create_task(self._until_end())
            await asyncio.wait({starts, ends}, return_when=asyncio.FIRST_COMPLETED)
            if starts.done() and starts.exception() is not None:
                await end_task(ends)
                starts.result()
            if not starts.done():
                await ends
                await end_task(starts)
            await ends
            raise_failure(self._broker, self._failure)
            await self._drain()

    async def _until_end(self) -> None:
        waiting = {
            asyncio.create_task(event.wait()) for event in (self._stop, self._failure.happened)
        }
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waiting:
                task.cancel()

    async def _start(self, stages: Stages, on_ready: OnReady | None) -> None:
        settings, broker, core = self._settings, self._broker, self._core
        # It takes a moment to start, during which the ledger is opened.
        broker_starts = await stages.begin(starting(broker))
        url = await stages.begin(self._pages.served())
        targets = self._targets(url)
        ledger = await stages.begin(opened_ledger(core))
        self._metrics.open()
        lake = await self._keep_lake(stages, ledger)
        await broker_starts
        stages.watch(broker.died.wait())
        lookup = Lookup(await ledger.judging.do(core.asking))
        stages.on_exit(lookup.close)
        progress, posts = await self._join(stages, ledger, lake, lookup)
        stages.watch(self._look())
        await progress.until(lambda: progress.to_catch_up is not None)
        self._ingest_api.open(posts, lookup)
        endpoint = Endpoint(os.getpid(), url, broker.bootstrap, broker.log_id, self._lake_token)
        # Before it has caught up: from here on commands may call the worker, and must, since no
        # other process can open the database.
        stages.on_exit(write_endpoint(settings.data_dir, endpoint).remove)
        self._not_ready = "catching up with what was in the log at the start"
        await progress.until(lambda: progress.caught_up)
        await self._notify(stages, ledger, targets)
        self._not_ready = None
        if on_ready is not None:
            on_ready(endpoint)

    async def _keep_lake(self, stages: Stages, ledger: OpenLedger) -> LakeService:
        """Have the lake follow the ledger from now on."""
        lake = await stages.begin(LakeService.following(ledger))
        self._on_commit.append(lake.wake)
        stages.watch(lake.run())
        self._lake_api.open(lake)
        return lake

    async def _join(
        self, stages: Stages, ledger: OpenLedger, lake: LakeService, lookup: Lookup
    ) -> tuple[Progress, TakeEvents]:
        """Begin to read the log and to publish; how far that is, and what takes posts for it."""
        # Imported here, while the broker starts: Faust takes its time.
        from streams.engine.rollover import Rolling, handing_of
        from streams.kafka import log_identity, topics
        from streams.kafka.consumer.feed import feed_of
        from streams.kafka.consumer.log_app import make_app
        from streams.kafka.consumer.stalls import Watch
        from streams.kafka.topic_identity import ask_identity

        settings, broker, core = self._settings, self._broker, self._core
        declared = topics.declared(settings.partitions, settings.replication)
        await topics.ensure(broker.access, declared)
        identity = await ask_identity(broker.access, topics.EVENTS)
        reached = await ledger.judging.do(core.reached, broker.log_id)
        await log_identity.check(broker.access, topics.EVENTS, reached)
        progress = Progress(
            broker.log_id,
            dict.fromkeys(range(settings.partitions), 0)
            | {partition: one.next_offset for partition, one in reached.items()},
        )
        self._metrics.follow(progress)
        self._pages.follow(progress)
        publisher = await stages.begin(
            OutboxPublisher.connected(ledger.outbox, ledger.publishing, broker.access)
        )
        self._on_commit.append(publisher.wake)
        writer = await stages.begin(
            LogWriter.connected(
                broker.access,
                seconds_to_answer=SECONDS_TO_ANSWER,
                attribution=attribution_of(settings, make=True),
            )
        )
        stages.watch(publisher.run())
        work = Work(
            core.read,
            lambda batch: core.judge(progress.log_id, batch),
            core.commit,
            ledger.judging,
            ledger.committing,
            core.more,
            core.behind,
        )
        agent = Agent(work, progress, self._failure, self._committed)
        stages.on_exit_await(agent.drain)
        self._finish = Draining(broker, self._failure, progress, agent, lake, publisher).finish
        feed = feed_of(topics.EVENTS, progress, self._failure.set, embedded=broker.embedded)
        app = make_app(
            *(settings.group, broker.access, feed, agent.run),
            partitions=settings.partitions,
            max_batch=settings.max_batch,
            embedded=broker.embedded,
        )
        stages.on_exit_await(lambda: app.leave(seconds_to_leave(broker)))
        stages.watch(app.until_crashed())
        await app.start()
        watch = Watch(broker.access, topics.EVENTS, progress, identity)
        posts: TakeEvents = KafkaPosts(writer).take
        if isinstance(broker, EmbeddedBroker):
            rolling = Rolling(
                *(broker, declared, progress, agent, publisher, writer, self._receipts),
                *(app.log_consumer, watch, handing_of(broker, settings.data_dir, progress)),
            )
            rollover = self._bound(stages, rolling)
            posts = EmbeddedPosts(
                writer, self._receipts, progress, rollover.writing, self._stopping, lookup
            ).take
        stages.watch(watch.run())
        return progress, posts

    def _bound(self, stages: Stages, rolling: Rolling) -> Rollover:
        """Hand out connections to an embedded broker, and keep its memory bounded."""
        from streams.engine.rollover import Rollover

        rollover = Rollover(rolling)
        if rolling.handing is not None:
            stages.on_exit(rolling.handing.close)
            # Where others connect as they like, what they write last might be lost.
            stages.watch(rollover.run())
        return rollover

    def _targets(self, url: str) -> list[NotificationTarget]:
        if not self._settings.notification_targets:
            return []
        from streams.notify.notifier import targets_of

        return targets_of(self._settings, url)

    async def _notify(
        self, stages: Stages, ledger: OpenLedger, targets: list[NotificationTarget]
    ) -> None:
        """Notify of verdicts once all is judged: never of one that the log itself withdraws."""
        if not targets:
            return
        from streams.notify.notifier import Notifier

        settings = self._settings
        notices, metrics, fresh = await ledger.judging.do(self._core.notices)
        notifier = Notifier(
            notices,
            metrics,
            targets,
            level=settings.notify_level,
            within=settings.notify_within,
            rate=settings.notify_rate,
            proxy=settings.notify_proxy,
        )
        stages.on_exit_await(notifier.stop)
        self._on_commit.append(notifier.wake)
        stages.watch(notifier.run(fresh))

    async def _look(self) -> None:
        # In no thread that may be busy for long.
        while True:
            await asyncio.sleep(SECONDS_BETWEEN_LOOKS)
            await asyncio.to_thread(self._core.look)

    def _committed(self, judged: JudgedBatch) -> None:
        self._receipts.committed(judged.records, self._core.judged(judged))
        for wake in self._on_commit:
            wake()

    async def _drain(self) -> None:
        """Finish what was begun, so that nothing is left unfinished or unpublished."""
        self._not_ready = "stopping"
        by = asyncio.get_running_loop().time() + SECONDS_TO_STOP
        self._stopping.set()
        await self._ingest_api.close()
        await self._finish(by)
