"""A real ledger, a real notifier, and a server that answers as it is set to."""

from __future__ import annotations

import asyncio
import json
import math
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web
from prometheus_client import CollectorRegistry, generate_latest

from analytics.ledger.ledger import Ledger
from analytics.metrics.process import NotificationMetrics
from analytics.notifications.notifications import Notifications, switch
from streams.engine.decoding import RawRecord, read
from streams.engine.loading import load_standing, process
from streams.notify.notifier import Notifier, targets_of
from streams.settings import Settings

HANG, DROP = "hang", "drop"
Answer = int | str


@dataclass
class Post:
    """What was posted, and how it was answered."""

    path: str
    headers: dict[str, str]
    body: bytes
    answer: Answer

    @property
    def content(self) -> Any:
        return json.loads(self.body)


@dataclass
class Server:
    """Answers each post with the next of `answers`, and with 200 when there are no more."""

    url: str = ""
    answers: deque[Answer] = field(default_factory=deque)
    always: Answer = 200
    of_body: Callable[[bytes], Answer | None] = lambda _: None
    """How a body is answered, if not in turn."""
    seconds: float = 0.0
    posts: list[Post] = field(default_factory=list)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        in_turn = self.answers.popleft() if self.answers else self.always
        answer = self.of_body(body) or in_turn
        await asyncio.sleep(self.seconds)
        self.posts.append(Post(request.path_qs, dict(request.headers), body, answer))
        if answer == HANG:
            await asyncio.sleep(60)
        if answer == DROP:
            assert request.transport is not None
            request.transport.abort()
        if isinstance(answer, str):
            return web.Response()
        headers = {"Location": f"{self.url}/elsewhere"} if 300 <= answer < 400 else {}
        return web.Response(status=answer, text=f"that was {answer}", headers=headers)

    @property
    def taken(self) -> list[Any]:
        """What was answered with 200, in its order."""
        return [post.content for post in self.posts if post.answer == 200]

    def alerts(self) -> list[tuple[str, str, bool]]:
        """Incident, verdict, and whether it stands, of each alert that was taken."""
        return [
            (alert["labels"]["incident"], alert["labels"]["verdict"], alert["endsAt"] > "9")
            for alerts in self.taken
            for alert in alerts
        ]

    def alerts_of(self, incident: str) -> list[Any]:
        """The alerts on an incident that were taken."""
        return [
            alert
            for alerts in self.taken
            for alert in alerts
            if alert["labels"].get("incident") == incident
        ]

    def events(self) -> list[tuple[str, str]]:
        """Type and incident of each event that was taken."""
        return [(event["type"], event["data"]["incident_id"]) for event in self.taken]


@asynccontextmanager
async def server() -> AsyncIterator[Server]:
    """A server on a port of its own."""
    one = Server()
    app = web.Application()
    app.router.add_post("/{path:.*}", one._answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    one.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield one
    finally:
        await runner.cleanup()


class World:
    """A ledger into which events go, and who is notified of them. `metrics`: while it notifies."""

    def __init__(self, tmp_path: Path) -> None:
        self._dir = tmp_path
        self.ledger = Ledger.open(tmp_path / "truce.duckdb")
        self._standing = load_standing(self.ledger)
        self._offset = 0
        self._notifier: Notifier | None = None
        self._registry = CollectorRegistry()

    def judge(self, *lines: str, recorded: float | None = None) -> None:
        """Judge these events in one batch; `recorded`: when the log took them, now if not said."""
        # The log's times are whole milliseconds: not one that began before it was switched on.
        stamp = math.ceil((time.time() if recorded is None else recorded) * 1_000)
        batch = []
        for line in lines:
            conflict = json.loads(line)["data"]["conflict"].encode()
            batch.append(RawRecord(0, self._offset, stamp, conflict, line.encode()))
            self._offset += 1
        tally = process(self.ledger, self._standing, "log", read(batch))
        assert not tally.rejected
        if self._notifier is not None:
            self._notifier.wake()

    def switch_on(self, target: str, at: float) -> None:
        """Let the target have been switched on at this time."""
        with self.ledger.cursor() as cursor:
            switch(cursor, [target], int(at * 1_000_000))

    @asynccontextmanager
    async def notifying(self, **settings: Any) -> AsyncIterator[None]:
        """Notify the targets that are set, from a worker's start to its end."""
        chosen = Settings(data_dir=self._dir, **settings)
        fresh = switch(self.ledger.cursor(), chosen.notification_targets, time.time_ns() // 1_000)
        self._registry = CollectorRegistry()
        self._notifier = notifier = Notifier(
            Notifications(self.ledger.cursor()),
            NotificationMetrics(self._registry, chosen.notification_targets),
            targets_of(chosen, "http://127.0.0.1:6066"),
            level=chosen.notify_level,
            within=chosen.notify_within,
            rate=chosen.notify_rate,
            proxy=chosen.notify_proxy,
        )
        running = asyncio.create_task(notifier.run(fresh))
        try:
            yield
            assert not running.done(), running.exception()
        finally:
            running.cancel()
            await asyncio.wait({running})
            await notifier.stop()
            self._notifier = None

    def counted(self, name: str, **labels: str) -> float | None:
        """The value of a series of the notifications."""
        return self._registry.get_sample_value(name, labels)

    @property
    def page(self) -> str:
        """All series of the notifications, as they are scraped."""
        return generate_latest(self._registry).decode()

    def states(self) -> list[tuple[str, str, str]]:
        """Kind, incident and state of every notification, in their order."""
        with self.ledger.cursor() as cursor:
            return cursor.execute(
                "SELECT kind, incident_id, state FROM notices ORDER BY seq"
            ).fetchall()


async def until(true: Callable[[], object], seconds: float = 60.0) -> None:
    """Wait for it to become true; an AssertionError if it does not in that time."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"not within {seconds} s"
        await asyncio.sleep(0.01)


async def quiet(posts: Sequence[object], seconds: float = 0.4) -> None:
    """Nothing more is posted for so long."""
    before = len(posts)
    await asyncio.sleep(seconds)
    assert posts[before:] == []
