"""Notifies people of each verdict at or above a level, and of its withdrawal, until it is accepted.

The database holds the notifications due, target by target, in order; they are posted here, and
nothing is decided. A target that is down is retried for ever, and delays neither judging nor the
other target.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Sequence

from aiohttp import ClientSession, ClientTimeout

from analytics.metrics.process import NotificationMetrics
from analytics.notifications.notifications import Notifications
from streams.notify.sender import Sender, now_us
from streams.notify.targets import Alertmanager, NotificationTarget, Webhook, webhook_secret
from streams.settings import LEVELS, Settings
from streams.threads import SerialExecutor

SECONDS_TO_ANSWER = 10.0
LONGEST_PAUSE_OF_LOOKING = 0.5
PAUSE_PER_LOOK = 5
# Digests are closed, and their texts rewritten, as time goes by.
SECONDS_TO_LOOK_AGAIN = 2.0

logger = logging.getLogger("streams")


def targets_of(settings: Settings, page: str) -> list[NotificationTarget]:
    """The targets that are set. SecretError: the secret of the webhook cannot be used."""
    targets: list[NotificationTarget] = []
    if settings.alertmanager:
        targets.append(Alertmanager(settings.alertmanager, page))
    if settings.webhook:
        targets.append(Webhook(settings.webhook, webhook_secret(settings)))
    return targets


class Notifier:
    """Looks for due notifications after every batch, and has them sent.

    `within`: verdicts that are first seen more than so many seconds after they were recorded are
    not notified. `rate`: above so many a minute, those of a commitment and verdict become one
    digest. `proxy`: the address of the HTTP proxy, if there is one.
    """

    def __init__(
        self,
        notices: Notifications,
        metrics: NotificationMetrics,
        targets: Sequence[NotificationTarget],
        *,
        level: str,
        within: int,
        rate: int,
        proxy: str = "",
    ) -> None:
        self._notices = notices
        self._metrics = metrics
        self._verdicts = LEVELS[: LEVELS.index(level) + 1]
        self._within = within * 1_000_000
        self._rate = rate
        self._proxy = proxy
        self._thread = SerialExecutor("notices")
        self._senders = [Sender(target, notices, self._thread.do, metrics) for target in targets]
        self._woken = asyncio.Event()
        self._woken.set()

    def wake(self) -> None:
        """Look for notifications: there may be new ones."""
        self._woken.set()

    async def run(self, fresh: Sequence[str]) -> None:
        """Notify for ever. Raises what the database raises. `fresh`: targets just switched on."""
        for target, count in (await self._thread.do(self._before)).items():
            if target in fresh and count:
                self._metrics.told(target, "old", count)
                logger.warning(
                    "%d verdicts were recorded before %s was set: it is not told of them",
                    *(count, target),
                )
        timeout = ClientTimeout(total=SECONDS_TO_ANSWER)
        # The environment's proxy is ignored: what is posted is for these targets alone.
        proxy = self._proxy or None
        async with ClientSession(timeout=timeout, trust_env=False, proxy=proxy) as session:
            works = [work for sender in self._senders for work in sender.works(session)]
            parts = [asyncio.create_task(work) for work in (*works, self._look())]
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
            again = await self._thread.do(self._notices.has_open_digests)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), SECONDS_TO_LOOK_AGAIN if again else None)
            self._woken.clear()
            began = time.monotonic()
            now = now_us()
            old = await self._thread.do(
                self._notices.look, self._verdicts, now - self._within, now, self._rate
            )
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
            # Looking takes a while in a large database: most of the time is left to other work.
            took = time.monotonic() - began
            await asyncio.sleep(min(PAUSE_PER_LOOK * took, LONGEST_PAUSE_OF_LOOKING))
