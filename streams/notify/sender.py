"""Sends one target its notifications: commitments take turns, and within one the order is kept.

The database records each message before it is posted, and afterwards that it arrived: a worker that
is killed in between posts the same message again, with the same id.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable, Sequence
from itertools import chain, zip_longest
from typing import Any, NamedTuple

from aiohttp import ClientSession

from analytics.metrics.process import NotificationMetrics
from analytics.notifications.notifications import Notifications
from analytics.notifications.rows import Digest, Lane, Notification, NotificationOutcome
from streams.notify.notification import digest_text, notification_text
from streams.notify.targets import DeliveryAnswer, NotificationTarget

FIRST_PAUSE, LONGEST_PAUSE = 0.25, 30.0
# A target that forgets is sent the notifications of the last day again this often. A restarted
# Alertmanager must have them before the rules of Prometheus, which wait for 10 s, fire.
SECONDS_UNTIL_AGAIN = 5.0
SECONDS_UNTIL_THERE = 1.0
TOLD_AGAIN_FOR = 24 * 3_600 * 1_000_000
AT_ONCE = 100
# After each round of reminders, a pause of so many times its duration.
PAUSE_PER_REMINDER = 5

logger = logging.getLogger("streams")


def now_us() -> int:
    """This moment, in microseconds since 1970."""
    return time.time_ns() // 1_000


class OutgoingMessage(NamedTuple):
    """A message to post. `number`: of the notification or digest; `outcome`: if it arrives."""

    number: int
    lane: Lane
    is_digest: bool
    was_tried: bool
    outcome: str
    content: str


class _Failing(NamedTuple):
    tries: int
    until: float


class Sender:
    """Sends one target the notifications that wait for it."""

    def __init__(
        self,
        target: NotificationTarget,
        notices: Notifications,
        do: Callable[..., Any],
        metrics: NotificationMetrics,
    ) -> None:
        self._target = target
        self._notices = notices
        self._do = do
        self._metrics = metrics
        self._idle: list[asyncio.Event] = []
        # A reminder must not overtake a new message about the same verdict.
        self._posting = asyncio.Lock()
        self._busy: set[Lane] = set()
        self._failing: dict[Lane, _Failing] = {}
        self._served: dict[Lane | str, float] = {}
        self._tries = 0
        self._most = target.at_once

    def wake(self) -> None:
        """There may be something new for the target: one that is idle looks, and wakes the next."""
        if self._idle:
            self._idle.pop().set()

    def works(self, session: ClientSession) -> list[Coroutine[Any, Any, None]]:
        """What runs concurrently, for ever. Raises what the database raises."""
        found = [self._work(session) for _ in range(self._target.slots)]
        return [*found, self._remind(session)] if self._target.again else found

    async def _work(self, session: ClientSession) -> None:
        while True:
            woken = asyncio.Event()
            # Registered before it looks: a message that comes meanwhile makes it look again.
            self._idle.append(woken)
            batch: list[OutgoingMessage] = await self._do(self._prepare)
            if not batch:
                until = min((one.until for one in self._failing.values()), default=None)
                pause = None if until is None else max(until - time.monotonic(), 0.01)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(woken.wait(), pause)
            if woken in self._idle:
                self._idle.remove(woken)
            if batch:
                self.wake()
                await self._post(session, batch)

    async def _post(self, session: ClientSession, batch: list[OutgoingMessage]) -> None:
        try:
            async with self._posting if self._target.again else contextlib.nullcontext():
                contents = [message.content for message in batch]
                answers = await self._target.send(session, contents, time.time())
                await self._do(self._settle, batch, answers)
        finally:
            self._busy.difference_update(message.lane for message in batch)
        # Another slot may wait for messages that were held back while their commitment was busy.
        self.wake()
        failed = next((answer for answer in answers if answer.state == "failed"), None)
        if failed is None or any(answer.state == "taken" for answer in answers):
            if self._tries:
                logger.warning("%s answers again", self._target.name)
                self._failing.clear()
            self._tries = 0
        if failed is None:
            self._most = min(self._most * 2, self._target.at_once)
        else:
            self._most = 1
            await self._pause(failed)

    async def _pause(self, failed: DeliveryAnswer) -> None:
        name = self._target.name
        if not self._tries:
            logger.warning("%s cannot be told, and is tried until it can: %s", name, failed.why)
        self._tries += 1
        await asyncio.sleep(self._seconds(self._tries))

    def _seconds(self, tries: int) -> float:
        most = SECONDS_UNTIL_AGAIN if self._target.again else LONGEST_PAUSE
        longest = min(most, FIRST_PAUSE * 2 ** min(tries - 1, 20))
        # Not a secret: it only spreads the retries of several workers.
        return random.uniform(longest / 2, longest)  # noqa: S311

    def _prepare(self) -> list[OutgoingMessage]:
        """The next messages, recorded as tried before they are. Marks their commitments as busy."""
        target, now = self._target, now_us()
        with self._notices.moment():
            passed = self._notices.pass_over(target.name, now)
            chosen = self._choose(self._notices.lanes(target.name))
            if not chosen:
                batch: list[OutgoingMessage] = []
            else:
                most = max(self._most // len(chosen), 1)
                digests = self._notices.next_digests(target.name, chosen, most)
                notices = self._notices.next(target.name, chosen, most)
                batch = [*map(self._of_digest, digests), *self._of_notices(notices)]
        if passed:
            self._metrics.told(target.name, "passed", passed)
        self._busy.update(message.lane for message in batch)
        return batch

    def _choose(self, lanes: Sequence[Lane]) -> list[Lane]:
        """Whose turn it is: of each conflict in turn, the commitment that waits the longest."""
        now = time.monotonic()
        waiting = set(lanes)
        self._failing = {lane: one for lane, one in self._failing.items() if lane in waiting}
        conflicts = {conflict for conflict, _ in lanes}
        self._served = {
            one: at for one, at in self._served.items() if one in waiting or one in conflicts
        }
        free = [
            lane
            for lane in lanes
            if lane not in self._busy
            and (lane not in self._failing or self._failing[lane].until <= now)
        ]
        of_conflict: dict[str, list[Lane]] = {}
        for lane in sorted(free, key=self._last_served):
            of_conflict.setdefault(lane[0], []).append(lane)
        turns = zip_longest(
            *(of_conflict[name] for name in sorted(of_conflict, key=self._last_served))
        )
        in_turns = [lane for lane in chain.from_iterable(turns) if lane is not None]
        chosen = in_turns[: min(self._target.lanes, self._most)]
        for lane in chosen:
            self._served[lane] = self._served[lane[0]] = now
        return chosen

    def _last_served(self, one: Lane | str) -> float:
        return self._served.get(one, 0.0)

    def _of_notices(self, notices: Sequence[Notification]) -> Iterable[OutgoingMessage]:
        fresh = [one for one in notices if one.content is None]
        facts = self._notices.facts(fresh) if fresh else {}
        written = {
            one.seq: self._target.content(notification_text(one, facts[one.seq])) for one in fresh
        }
        self._notices.trying(written)
        for one in notices:
            outcome = "told" if one.kind == "stands" else one.kind
            content = written.get(one.seq) or one.content or ""
            yield OutgoingMessage(one.seq, one.lane, False, one.state == "trying", outcome, content)

    def _of_digest(self, one: Digest) -> OutgoingMessage:
        content = one.content
        if content is None or one.state != "trying":
            one = one._replace(revision=one.revision + 1)
            content = self._target.digest(digest_text(one))
            self._notices.trying_digest(one, content)
        return OutgoingMessage(one.digest, one.lane, True, True, one.kind, content)

    def _settle(self, batch: Sequence[OutgoingMessage], answers: Sequence[DeliveryAnswer]) -> None:
        """Record the outcome of each message."""
        by_state: dict[str, list[OutgoingMessage]] = {}
        shortened: list[tuple[OutgoingMessage, str]] = []
        for message, answer in zip(batch, answers, strict=True):
            shorter = None
            if answer.state == "too_large":
                shorter = self._target.shorter(message.content)
            if shorter is not None:
                shortened.append((message, shorter))
                continue
            # Even the shortest message is too large for the target, for now.
            state = "failed" if answer.state == "too_large" else answer.state
            by_state.setdefault(state, []).append(message)
            if state == "refused":
                logger.warning(
                    "%s refuses what it is told, which is lost to it: %s",
                    *(self._target.name, answer.why),
                )
            elif state == "failed" and answer.answered:
                self._put_off(message.lane)
        with self._notices.moment():
            self._note(by_state, shortened)
            self._metrics.wait(self._notices.waiting())
        self._count(by_state, len(shortened))

    def _note(
        self,
        by_state: dict[str, list[OutgoingMessage]],
        shortened: Sequence[tuple[OutgoingMessage, str]],
    ) -> None:
        now = now_us()
        states: dict[str, NotificationOutcome] = {"taken": "told", "refused": "refused"}
        for found, state in states.items():
            messages = by_state.get(found, [])
            self._notices.done([one.number for one in messages if not one.is_digest], state, now)
            for one in messages:
                self._failing.pop(one.lane, None)
                if one.is_digest:
                    self._notices.done_digest(one.number, state, now)
        untried = by_state.get("untried", [])
        self._notices.untried([one.number for one in untried if not one.was_tried])
        self._notices.trying({one.number: text for one, text in shortened if not one.is_digest})
        for one, text in shortened:
            if one.is_digest:
                self._notices.shorter_digest(one.number, text)

    def _put_off(self, lane: Lane) -> None:
        before = self._failing.get(lane)
        tries = 1 if before is None else before.tries + 1
        self._failing[lane] = _Failing(tries, time.monotonic() + self._seconds(tries))

    def _count(self, by_state: dict[str, list[OutgoingMessage]], shortened: int) -> None:
        outcomes = Counter(message.outcome for message in by_state.get("taken", []))
        outcomes["refused"] = len(by_state.get("refused", []))
        outcomes["shortened"] = shortened
        # A post counts as one try, however many messages it holds.
        outcomes["failed"] = int("failed" in by_state)
        for outcome, count in outcomes.items():
            if count:
                self._metrics.told(self._target.name, outcome, count)

    async def _remind(self, session: ClientSession) -> None:
        """Post recent notifications again and again."""
        while True:
            began = time.monotonic()
            accepted = await self._again(session)
            pause = SECONDS_UNTIL_AGAIN if accepted else SECONDS_UNTIL_THERE
            # After a busy day this takes a while: most of the time is left to new notifications.
            await asyncio.sleep(max(pause, PAUSE_PER_REMINDER * (time.monotonic() - began)))

    async def _again(self, session: ClientSession) -> bool:
        """Post them once more; whether the target accepted all of them."""
        name, since = self._target.name, now_us() - TOLD_AGAIN_FOR
        seqs: list[int] = await self._do(self._notices.recent, name, since)
        for begin in range(0, len(seqs), AT_ONCE):
            some = seqs[begin : begin + AT_ONCE]
            if not await self._say_again(session, self._notices.contents, some):
                return False
        return await self._say_again(session, self._notices.recent_digests, name, since)

    async def _say_again(
        self, session: ClientSession, read: Callable[..., list[str]], *of: object
    ) -> bool:
        async with self._posting:
            contents: list[str] = await self._do(read, *of)
            for begin in range(0, len(contents), AT_ONCE):
                some = contents[begin : begin + AT_ONCE]
                for answer in await self._target.send(session, some, time.time()):
                    if answer.state == "failed":
                        self._metrics.told(self._target.name, "failed")
                        logger.info("%s could not be told again: %s", self._target.name, answer.why)
                        return False
        return True
