"""Tells people: each verdict at or above a level, and when it is withdrawn, once, and until heard.

What is to be told is in the database, target by target, in order; here it is posted, and nothing is
decided. A target that is away is tried for ever, and delays neither judging nor the other target.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from aiohttp import ClientSession, ClientTimeout

from analytics.notices import Notices
from analytics.process import NoticeMetrics
from streams.agents import OneThread
from streams.client import Knowledge
from streams.notice import tell
from streams.settings import LEVELS, Settings
from streams.targets import Alertmanager, Refused, Target, Unanswered, Webhook, webhook_secret

SECONDS_TO_ANSWER = 10.0
FIRST_PAUSE, LONGEST_PAUSE = 0.25, 30.0
LONGEST_PAUSE_OF_LOOKING = 1.0
PAUSE_PER_LOOK = 10
# What was told in the last day is posted again this often, to whoever forgets. A restarted
# Alertmanager must know of it before the rules of Prometheus, which wait for 10 s, speak up.
SECONDS_UNTIL_AGAIN = 5.0
SECONDS_UNTIL_THERE = 1.0
TOLD_AGAIN_FOR = 24 * 3_600 * 1_000_000
AT_ONCE = 200

logger = logging.getLogger("streams")

T = TypeVar("T")


def now_us() -> int:
    """This moment, in microseconds since 1970."""
    return time.time_ns() // 1_000


def targets_of(settings: Settings, page: str) -> list[Target]:
    """Who is to be told. SecretError: the secret of the webhook cannot be used."""
    targets: list[Target] = []
    if settings.alertmanager:
        targets.append(Alertmanager(settings.alertmanager, page))
    if settings.webhook:
        targets.append(Webhook(settings.webhook, webhook_secret(settings)))
    return targets


class Notifier:
    """Looks for what is to be told after every batch, and has it told.

    `within`: what was recorded longer ago, in seconds, when it is first seen is not told. `proxy`:
    the address of that for HTTP, if there is one to go through.
    """

    def __init__(
        self,
        notices: Notices,
        metrics: NoticeMetrics,
        targets: Sequence[Target],
        *,
        level: str,
        within: int,
        proxy: str = "",
    ) -> None:
        self._notices = notices
        self._metrics = metrics
        self._verdicts = LEVELS[: LEVELS.index(level) + 1]
        self._within = within * 1_000_000
        self._proxy = proxy
        self._thread = OneThread("notices")
        self._senders = [Sender(target, notices, self._thread.do, metrics) for target in targets]
        self._woken = asyncio.Event()
        self._woken.set()

    def wake(self) -> None:
        """There may be something to tell."""
        self._woken.set()

    async def run(self, fresh: Sequence[str]) -> None:
        """Tell for ever. Raises what the database raises. `fresh`: targets just switched on."""
        for target, count in (await self._thread.do(self._before)).items():
            if target in fresh and count:
                self._metrics.told(target, "old", count)
                logger.warning(
                    "%d verdicts were recorded before %s was set: it is not told of them",
                    *(count, target),
                )
        timeout = ClientTimeout(total=SECONDS_TO_ANSWER)
        # Not what the environment says: what is posted is for these targets alone.
        proxy = self._proxy or None
        async with ClientSession(timeout=timeout, trust_env=False, proxy=proxy) as session:
            parts = [asyncio.create_task(sender.run(session)) for sender in self._senders]
            parts.append(asyncio.create_task(self._look()))
            try:
                await asyncio.gather(*parts)
            finally:
                for part in parts:
                    part.cancel()
                await asyncio.wait(parts)

    async def stop(self) -> None:
        """Let go of the database."""
        await self._thread.do(self._notices.close)
        self._thread.close()

    def _before(self) -> dict[str, int]:
        return self._notices.before(self._verdicts)

    async def _look(self) -> None:
        while True:
            await self._woken.wait()
            self._woken.clear()
            began = time.monotonic()
            now = now_us()
            old = await self._thread.do(self._notices.look, self._verdicts, now - self._within, now)
            for target, count in old.items():
                self._metrics.told(target, "old", count)
                logger.warning(
                    "%s is not told of %d verdicts: they were recorded too long ago "
                    "(see TRUCE_NOTIFY_WITHIN)",
                    *(target, count),
                )
            self._metrics.wait(await self._thread.do(self._notices.waiting))
            for sender in self._senders:
                sender.wake()
            # In a large database a look takes a while: most of the time is for others.
            took = time.monotonic() - began
            await asyncio.sleep(min(PAUSE_PER_LOOK * took, LONGEST_PAUSE_OF_LOOKING))


class Sender:
    """Tells one target what waits for it, one after the other."""

    def __init__(
        self,
        target: Target,
        notices: Notices,
        do: Callable[..., Any],
        metrics: NoticeMetrics,
    ) -> None:
        self._target = target
        self._notices = notices
        self._do = do
        self._metrics = metrics
        self._knowledge = Knowledge(notices.ask)
        self._woken = asyncio.Event()
        self._tries = 0

    def wake(self) -> None:
        """There may be something new for the target."""
        self._woken.set()

    async def run(self, session: ClientSession) -> None:
        """Tell for ever."""
        again = 0.0
        while True:
            # Not only when nothing is new: who was away may have forgotten what stands.
            if self._target.again and time.monotonic() >= again:
                heard = await self._tell_again(session)
                pause = SECONDS_UNTIL_AGAIN if heard else SECONDS_UNTIL_THERE
                again = time.monotonic() + pause
            if await self._tell_next(session):
                continue
            left = again - time.monotonic() if self._target.again else SECONDS_UNTIL_AGAIN
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), left)
            self._woken.clear()

    async def _tell_next(self, session: ClientSession) -> bool:
        """Try to tell what is next. Returns False if there is nothing."""
        name = self._target.name
        found: tuple[int, str, str] | None = await self._do(self._prepare)
        if found is None:
            return False
        seq, kind, content = found
        try:
            await self._target.post(session, [content], time.time())
        except Unanswered as error:
            await self._pause(error)
            return True
        except Refused as error:
            logger.warning("%s refuses what it is told, which is lost to it: %s", name, error)
            await self._do(self._notices.done, seq, "refused", now_us())
            self._metrics.told(name, "refused")
        else:
            await self._do(self._notices.done, seq, "told", now_us())
            self._metrics.told(name, "told" if kind == "stands" else "withdrawn")
        if self._tries:
            logger.warning("%s answers again", name)
        self._tries = 0
        self._metrics.wait(await self._do(self._notices.waiting))
        return True

    async def _pause(self, error: Unanswered) -> None:
        name = self._target.name
        if not self._tries:
            logger.warning("%s cannot be told, and is tried until it can: %s", name, error)
        self._metrics.told(name, "failed")
        most = SECONDS_UNTIL_AGAIN if self._target.again else LONGEST_PAUSE
        longest = min(most, FIRST_PAUSE * 2 ** min(self._tries, 20))
        self._tries += 1
        # Not a secret: it only spreads the tries of several workers.
        await asyncio.sleep(random.uniform(longest / 2, longest))  # noqa: S311

    def _prepare(self) -> tuple[int, str, str] | None:
        """What is next, its kind, and what to post; noted as tried before it is."""
        while (notice := self._notices.next(self._target.name)) is not None:
            if notice.kind == "stands" and not notice.stands:
                # If it may have arrived, that it was withdrawn must be told, too.
                if notice.state == "trying":
                    self._notices.done(notice.seq, "told", now_us())
                else:
                    self._notices.done(notice.seq, "passed", now_us())
                    self._metrics.told(self._target.name, "passed")
                continue
            if notice.content is not None:
                return notice.seq, notice.kind, notice.content
            content = self._target.content(tell(notice, self._knowledge))
            self._notices.trying(notice.seq, content)
            return notice.seq, notice.kind, content
        return None

    async def _tell_again(self, session: ClientSession) -> bool:
        """Post once more what was told lately; whether all of it was taken."""
        name = self._target.name
        recent = await self._do(self._notices.recent, name, now_us() - TOLD_AGAIN_FOR)
        for begin in range(0, len(recent), AT_ONCE):
            try:
                await self._target.post(session, recent[begin : begin + AT_ONCE], time.time())
            except (Unanswered, Refused) as error:
                self._metrics.told(name, "failed")
                logger.info("%s could not be told again: %s", name, error)
                return False
        return True
