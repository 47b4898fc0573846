"""The composition root of a worker: what it is made of, in which order it starts, how it ends.

Every part is made here and handed what it needs; importing this module makes nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import secrets
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from streams.endpoint import Endpoint, write_endpoint
from streams.engine.agent import Agent, JudgedBatch, Work
from streams.engine.engine import Core
from streams.engine.lake import LakeDoor, LakeService
from streams.http.hosts import Hosts
from streams.http.ingest import Door, NotTaken
from streams.http.server import Pages
from streams.http.writers import Writers
from streams.kafka.access import access_to
from streams.kafka.attribution import attribution_of
from streams.kafka.broker import Broker, EmbeddedBroker, RemoteBroker
from streams.kafka.dialling import Handing, can_hand, plain_dial
from streams.kafka.outbox_publisher import OutboxPublisher, OutboxReader
from streams.kafka.producer import LogWriter
from streams.kafka.progress import Progress, behind_by_conflict
from streams.kafka.receipts import Receipts
from streams.settings import Settings
from streams.threads import Failure, SerialExecutor
from streams.worker.exits import FAILED, UNREACHABLE, Ended
from streams.worker.signals import stop_on_signals

if TYPE_CHECKING:
    from schemas.wire import Rejected
    from streams.engine.rollover import Rollover
    from streams.engine.stalls import Watch
    from streams.kafka.log_app import LogApp
    from streams.kafka.topics import Topic
    from streams.kafka.transport import LogConsumer
    from streams.notify.notifier import Notifier
    from streams.notify.targets import NotificationTarget

# What a stop may take: to judge what the embedded broker's log still holds, which is lost with it;
# to publish what is in the outbox, which otherwise waits for the next start; to leave the group.
# All of it together ends in time for whoever sends a SIGKILL after ten seconds.
SECONDS_TO_STOP = 7.0
SECONDS_AT_LEAST = 0.5
SECONDS_TO_FINISH_POSTS = 2.0
SECONDS_TO_CATCH_UP = 5.0
SECONDS_OF_SILENCE = 0.25
SECONDS_TO_PUBLISH = 5.0
SECONDS_TO_LEAVE = 5.0

SECONDS_BETWEEN_LOOKS = 1.0

# With the embedded broker: how long a post waits for the ledger, and how many events of a conflict
# may wait for their turn before further ones are refused. Fewer than are held for all.
SECONDS_TO_JUDGE = 12.0
MOST_BEHIND = 4_000

# How long the broker may take for posted events; the door gives up later.
SECONDS_TO_ANSWER = 10.0

logger = logging.getLogger("streams")

T = TypeVar("T")
OnReady = Callable[[Endpoint], None]


class Worker:
    """One worker, from its start to its end."""

    def __init__(self, settings: Settings, core: Core, stop: asyncio.Event) -> None:
        self._settings = settings
        self._core = core
        self._stop = stop
        self._thread = SerialExecutor("ledger")
        self._committing = SerialExecutor("commit")
        self._publishing = SerialExecutor("outbox")
        self._failure = Failure(asyncio.get_running_loop())
        self._scraping = asyncio.Lock()
        self._opened = False
        self._not_ready: str | None = "starting"
        self._stopping = asyncio.Event()
        self._door = Door(Writers(settings), settings.posts_per_second)
        self._lake_token = secrets.token_hex(32)
        self._lake_door = LakeDoor(self._lake_token)
        hosts = Hosts(settings.http.host, settings.http_hosts)
        routes = (*self._door.routes(hosts.refuse), *self._lake_door.routes())
        self._pages = Pages(settings.http, hosts, self._metrics, lambda: self._not_ready, routes)
        self._broker: Broker = (
            RemoteBroker(access_to(settings))
            if settings.broker
            else EmbeddedBroker(settings.data_dir)
        )
        self._progress = Progress("", {})
        self._receipts = Receipts()
        self._agent: Agent | None = None
        self._publisher: OutboxPublisher | None = None
        self._notifier: Notifier | None = None
        self._lake: LakeService | None = None
        self._writer: LogWriter | None = None
        self._app: LogApp | None = None
        self._rollover: Rollover | None = None

    async def run(self, on_ready: OnReady | None) -> None:
        """Start, work until told to stop or something fails, and end in good order."""
        async with contextlib.AsyncExitStack() as stack:
            stack.enter_context(stop_on_signals(self._stop))
            starting = asyncio.create_task(self._start(stack, on_ready))
            ending = asyncio.create_task(self._until_end())
            await asyncio.wait({starting, ending}, return_when=asyncio.FIRST_COMPLETED)
            if starting.done() and starting.exception() is not None:
                await _over(ending)
                starting.result()
            if not starting.done():
                await ending
                await _over(starting)
            await ending
            self._raise_failure()
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

    def _raise_failure(self) -> None:
        if self._broker.died.is_set():
            raise Ended(UNREACHABLE, "the embedded broker has died; start the worker again")
        if self._failure.reason is not None:
            raise self._failure.reason

    async def _start(self, stack: contextlib.AsyncExitStack, on_ready: OnReady | None) -> None:
        broker = self._broker
        # It needs a moment to start, and has that while the ledger is opened.
        stack.push_async_callback(broker.stop)
        broker_starting = asyncio.create_task(broker.start())
        stack.push_async_callback(_over, broker_starting)
        stack.push_async_callback(self._pages.stop)
        await self._pages.start()
        targets = self._targets()
        stack.callback(self._thread.close)
        stack.push_async_callback(self._thread.do, self._core.close)
        stack.callback(self._publishing.close)
        stack.callback(self._committing.close)
        outbox = await self._thread.do(self._core.open)
        self._opened = True
        await self._keep_lake(stack)
        await broker_starting
        self._watch(stack, broker.died.wait())
        await self._join(stack, outbox)
        self._watch(stack, self._look())
        await self._reach(lambda: self._progress.to_catch_up is not None)
        self._door.open(self._write)
        endpoint = Endpoint(
            *(os.getpid(), self._pages.url, broker.bootstrap, broker.log_id, self._lake_token)
        )
        # Before it has caught up: from here on commands may ask the worker, and must, since no
        # other process can open the database.
        stack.callback(write_endpoint(self._settings.data_dir, endpoint).remove)
        self._not_ready = "catching up with what was in the log at the start"
        await self._reach(lambda: self._progress.caught_up)
        await self._begin_to_tell(stack, targets)
        self._not_ready = None
        if on_ready is not None:
            on_ready(endpoint)

    async def _join(self, stack: contextlib.AsyncExitStack, outbox: OutboxReader) -> None:
        """Begin to read the log and to publish."""
        # Imported here, while the broker starts: Faust takes its time.
        from streams.engine.stalls import Watch
        from streams.kafka import log_identity, topics
        from streams.kafka.feed import FETCH_WAIT_KAFKA, FETCH_WAIT_TANSU, Feed
        from streams.kafka.log_app import make_app
        from streams.kafka.topic_identity import ask_identity

        settings, broker, core = self._settings, self._broker, self._core
        declared = topics.declared(settings.partitions, settings.replication)
        await topics.ensure(broker.access, declared)
        identity = await ask_identity(broker.access, topics.EVENTS)
        reached = await self._thread.do(core.reached, broker.log_id)
        await log_identity.check(broker.access, topics.EVENTS, reached)
        progress = self._progress = Progress(
            broker.log_id,
            dict.fromkeys(range(settings.partitions), 0)
            | {partition: one.next_offset for partition, one in reached.items()},
        )
        self._pages.follow(progress)
        self._publisher = publisher = await stack.enter_async_context(
            OutboxPublisher.connected(outbox, self._publishing, broker.access)
        )
        self._writer = LogWriter(
            broker.access,
            seconds_to_answer=SECONDS_TO_ANSWER,
            attribution=attribution_of(settings, make=True),
        )
        stack.push_async_callback(self._writer.stop)
        await self._writer.start()
        self._watch(stack, publisher.run())
        work = Work(
            core.read,
            lambda batch: core.judge(progress.log_id, batch),
            core.commit,
            self._thread,
            self._committing,
            core.more,
            core.behind,
        )
        self._agent = Agent(work, progress, self._failure, self._after_batch)
        stack.push_async_callback(self._agent.drain)
        loop = asyncio.get_running_loop()
        feed = Feed(
            topics.EVENTS,
            FETCH_WAIT_TANSU if broker.embedded else FETCH_WAIT_KAFKA,
            progress.next_offset,
            lambda ends: _in_loop(loop, progress.assigned, ends),
            progress.fetched,
            lambda *place: _in_loop(loop, lambda _: progress.passed(*place), None),
            self._failure.set,
            progress.handed_over,
        )
        self._app = app = make_app(
            *(settings.group, broker.access, feed, self._agent.run),
            partitions=settings.partitions,
            max_batch=settings.max_batch,
            embedded=broker.embedded,
        )
        stack.push_async_callback(self._leave)
        self._watch(stack, _crashed(app))
        await app.start()
        watch = Watch(broker.access, topics.EVENTS, progress, identity)
        if isinstance(broker, EmbeddedBroker):
            self._rollover = self._bounded(stack, broker, declared, app.log_consumer, watch)
        self._watch(stack, watch.run())

    def _bounded(
        self,
        stack: contextlib.AsyncExitStack,
        broker: EmbeddedBroker,
        declared: Sequence[Topic],
        consumer: LogConsumer,
        watch: Watch,
    ) -> Rollover:
        """Hand out connections to an embedded broker, and see to it that it does not grow."""
        from streams.engine.rollover import Rolling, Rollover

        if self._agent is None or self._publisher is None or self._writer is None:
            raise RuntimeError("not connected")
        progress, handing = self._progress, None
        if can_hand():
            dial = broker.connect or plain_dial(broker.bootstrap)
            handing = Handing(self._settings.data_dir, dial, lambda: progress.log_id)
            stack.callback(handing.close)
        rolling = Rolling(
            *(broker, declared, progress, self._agent, self._publisher, self._writer),
            *(self._receipts, consumer, watch, handing),
        )
        rollover = Rollover(rolling)
        if handing is not None:
            # Where others connect as they like, what they write last might be lost.
            self._watch(stack, rollover.run())
        return rollover

    async def _keep_lake(self, stack: contextlib.AsyncExitStack) -> None:
        """Have the lake follow the ledger from now on."""
        self._lake = lake = LakeService(await self._thread.do(self._core.lake))
        stack.push_async_callback(lake.stop)
        await self._thread.do(self._core.lagging, lake.lag)
        self._watch(stack, lake.run())
        self._lake_door.open(lake.fresh)

    def _targets(self) -> list[NotificationTarget]:
        if not self._settings.told:
            return []
        from streams.notify.notifier import targets_of

        return targets_of(self._settings, self._pages.url)

    async def _begin_to_tell(
        self, stack: contextlib.AsyncExitStack, targets: list[NotificationTarget]
    ) -> None:
        """Tell people what stands, once all is judged: what the log takes back is never told."""
        if targets:
            from streams.notify.notifier import Notifier

            settings = self._settings
            notices, metrics, fresh = await self._thread.do(self._core.notices)
            self._notifier = notifier = Notifier(
                notices,
                metrics,
                targets,
                level=settings.notify_level,
                within=settings.notify_within,
                rate=settings.notify_rate,
                proxy=settings.notify_proxy,
            )
            stack.push_async_callback(notifier.stop)
            self._watch(stack, notifier.run(fresh))

    async def _write(
        self, events: Sequence[tuple[str, bytes]], posted_by: str
    ) -> Sequence[Rejected | None]:
        """Have the log take posted events; why each was refused, as far as that is known.

        With the embedded broker all of it is known: this log dies with its broker, and what is in
        the ledger does not, so each event's own record is waited for there. Raises `KafkaError`, or
        `NotTaken` if that takes too long.
        """
        if self._writer is None:
            raise RuntimeError("not connected")
        if self._rollover is None:
            await self._writer.write_all(events, posted_by)
            return [None] * len(events)
        conflicts = {conflict for conflict, _ in events}
        for conflict, waiting in behind_by_conflict(self._progress.behind):
            if waiting >= MOST_BEHIND and conflict in conflicts:
                raise NotTaken(_busy(conflict, waiting))
        judged = asyncio.create_task(self._write_until_judged(events, posted_by))
        stopping = asyncio.create_task(self._stopping.wait())
        try:
            await asyncio.wait(
                {judged, stopping}, timeout=SECONDS_TO_JUDGE, return_when=asyncio.FIRST_COMPLETED
            )
            if self._stopping.is_set():
                await asyncio.wait({judged}, timeout=SECONDS_TO_FINISH_POSTS)
            if judged.done():
                return await judged
            raise NotTaken(self._why_not_taken(conflicts))
        finally:
            for task in (judged, stopping):
                await _over(task)

    async def _write_until_judged(
        self, events: Sequence[tuple[str, bytes]], posted_by: str
    ) -> Sequence[Rejected | None]:
        if self._rollover is None or self._writer is None:
            raise RuntimeError("not connected")
        async with self._rollover.writing():
            return await self._writer.write_until_judged(events, self._receipts, posted_by)

    def _why_not_taken(self, conflicts: set[str]) -> str:
        if self._stopping.is_set():
            return "the worker stops"
        waiting = dict(behind_by_conflict(self._progress.behind))
        for conflict in sorted(conflicts & waiting.keys()):
            return _busy(conflict, waiting[conflict])
        return "what came before is still being judged"

    async def _look(self) -> None:
        # In no thread that may be busy for long.
        while True:
            await asyncio.sleep(SECONDS_BETWEEN_LOOKS)
            await asyncio.to_thread(self._core.look)

    def _watch(self, stack: contextlib.AsyncExitStack, lasting: Awaitable[object]) -> None:
        """Take the end of what should last as a failure of the worker."""

        async def watch() -> None:
            try:
                await lasting
            except Exception as error:  # noqa: BLE001 - it is raised where the worker ends
                self._failure.set(error)
            else:
                self._failure.set(Ended(FAILED, "a part of the worker ended"))

        stack.push_async_callback(_over, asyncio.create_task(watch()))

    async def _reach(self, reached: Callable[[], bool]) -> None:
        progress = self._progress
        while not reached():
            progress.changed.clear()
            await progress.changed.wait()

    def _after_batch(self, judged: JudgedBatch) -> None:
        self._receipts.committed(judged.records, self._core.judged(judged))
        if self._publisher is not None:
            self._publisher.wake()
        if self._lake is not None:
            self._lake.wake()
        if self._notifier is not None:
            self._notifier.wake()

    async def _metrics(self, accepts: str) -> tuple[bytes, str] | None:
        if not self._opened:
            return None
        async with self._scraping:
            return await asyncio.to_thread(self._core.metrics, accepts, self._progress)

    async def _drain(self) -> None:
        """Finish what was begun, so that nothing is left half way or unsaid."""
        self._not_ready = "stopping"
        by = asyncio.get_running_loop().time() + SECONDS_TO_STOP
        self._stopping.set()
        await self._door.close()
        if self._agent is None or self._publisher is None:
            return
        if self._broker.embedded:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._finish_log(), SECONDS_TO_CATCH_UP)
        await self._agent.drain()
        self._raise_failure()
        if self._lake is not None:
            await self._lake.finish()
        left = max(SECONDS_AT_LEAST, by - asyncio.get_running_loop().time())
        try:
            await asyncio.wait_for(self._publisher.publish(), min(left, SECONDS_TO_PUBLISH))
        except TimeoutError:
            logger.warning("some verdicts are not published yet; the next start does that")
        self._raise_failure()

    async def _leave(self) -> None:
        """Stop Faust, which leaves the group, if there is still anybody to say goodbye to."""
        if self._app is not None:
            seconds = 0.5 if self._broker.died.is_set() else SECONDS_TO_LEAVE
            with contextlib.suppress(Exception):
                await asyncio.wait_for(self._app.stop(), seconds)

    async def _finish_log(self) -> None:
        """Judge what is in the log of a broker that will end with the worker.

        Tansu's own word for the end of its log may be late, so silence is waited for as well.
        """
        progress = self._progress
        while self._failure.reason is None:
            before = dict(progress.next_offsets)
            await asyncio.sleep(SECONDS_OF_SILENCE)
            if progress.next_offsets == before and progress.reached(progress.log_ends):
                return


def _busy(conflict: str, waiting: int) -> str:
    return f"{waiting:,} events of {conflict} wait to be judged"


def _in_loop(loop: asyncio.AbstractEventLoop, call: Callable[[T], None], arg: T) -> None:
    with contextlib.suppress(RuntimeError):  # the loop may be closed already
        loop.call_soon_threadsafe(call, arg)


async def _crashed(app: LogApp) -> None:
    """Wait until Faust has given up, and raise why."""
    await app.crashed_event.wait()
    raise app.crash_reason or RuntimeError("Faust has given up")


async def _over(task: asyncio.Task[Any]) -> None:
    task.cancel()
    await asyncio.wait({task})
    if not task.cancelled():
        task.exception()  # marks it as seen
