"""Keeps the worker's lake up to date: after commits, and when `POST /lake` requests it.

A failure of the lake never ends or delays the worker: the ledger has everything, and the next try
starts from the lake's own mark.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import ipaddress
import logging
import time
from collections.abc import AsyncIterator, Awaitable
from http import HTTPStatus
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from aiohttp import web

from streams.threads import SerialExecutor

if TYPE_CHECKING:
    from analytics.lake.mark import LakeMark
    from streams.engine.opening import OpenLedger

logger = logging.getLogger("streams")

# What comes at once goes in at once.
SECONDS_TO_GATHER = 0.2
# After each update a pause of so many times its duration, but not longer than the lake may lag.
REST = 6
MOST_SECONDS_OF_REST = 8.0
SECONDS_BETWEEN_LOOKS = 2.0
SECONDS_BETWEEN_TRIES = 5.0
SECONDS_BETWEEN_UPKEEPS = 60.0
SECONDS_TO_ANSWER = 30.0
# How long a request may wait for something to be committed.
MOST_SECONDS_OF_WAIT = 5.0
# Who waits for news lets as much time pass after an update as that took, within these bounds.
SECONDS_BETWEEN_NEWS = 0.25
MOST_SECONDS_BETWEEN_NEWS = 2.0
SECONDS_TO_FINISH = 5.0


class Keeping(Protocol):
    """What keeps a lake, in one thread."""

    def update(self, *, anew: bool = False) -> LakeMark:
        """Have the lake hold what the ledger now holds."""

    def maintain(self) -> None:
        """Merge small files, and forget what no reader can need."""

    def abandon(self) -> None:
        """Have an update fail that takes too long. From any thread."""

    def close(self) -> None:
        """Let go of it."""


class LakeService:
    """Brings the lake up to date soon after commits, and at once when requested."""

    def __init__(self, keeping: Keeping) -> None:
        self._keeping = keeping
        self._thread = SerialExecutor("lake")
        self._one_at_a_time = asyncio.Lock()
        self._next: asyncio.Task[LakeMark] | None = None
        self._woken = asyncio.Event()
        self._woken.set()
        self._mark: LakeMark | None = None
        self._rested_at = 0.0
        # Since when something is in the ledger that the lake does not have; at first, all of it.
        self._behind_since: float | None = time.monotonic()
        self._failing = False
        self._stopping = False

    def wake(self) -> None:
        """Note that something was committed."""
        if self._behind_since is None:
            self._behind_since = time.monotonic()
        self._woken.set()

    def lag(self) -> float:
        """For how many seconds the lake has lacked something that is committed."""
        since = self._behind_since
        return 0.0 if since is None else time.monotonic() - since

    async def run(self) -> None:
        """Keep it for ever."""
        maintained = time.monotonic()
        while True:
            with contextlib.suppress(TimeoutError):
                # Notifications change without a batch.
                await asyncio.wait_for(self._woken.wait(), SECONDS_BETWEEN_LOOKS)
            await asyncio.sleep(SECONDS_TO_GATHER)
            began = time.monotonic()
            rest = SECONDS_BETWEEN_TRIES
            with contextlib.suppress(Exception):
                await self.fresh()
                if began - maintained > SECONDS_BETWEEN_UPKEEPS:
                    maintained = began
                    await self._upkeep()
                rest = min(REST * (time.monotonic() - began), MOST_SECONDS_OF_REST)
            await asyncio.sleep(rest)

    async def news(self, seconds: float) -> LakeMark:
        """Its mark once it has what is committed from now on, or after so many seconds.

        Who asks again and again leaves about half of the time for all else.
        """
        if self._one_at_a_time.locked():
            # What it brings is news.
            async with self._one_at_a_time:
                pass
        else:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), seconds)
        await asyncio.sleep(self._rested_at - time.monotonic())
        if self._stopping:
            raise RuntimeError("the worker stops")
        if self._mark is not None and not self._woken.is_set():
            return self._mark
        return await self.fresh()

    async def fresh(self) -> LakeMark:
        """Bring it up to date with all commits before this call; its mark then."""
        if self._next is None:
            self._next = asyncio.create_task(self._update())
        return await asyncio.shield(self._next)

    async def _update(self) -> LakeMark:
        async with self._one_at_a_time:
            # Requests from here on may need commits that come too late for this update.
            self._next = None
            self._woken.clear()
            since, self._behind_since = self._behind_since, None
            began = time.monotonic()
            try:
                mark = await self._thread.do(self._keeping.update)
            except Exception as error:
                self._behind_since = since if since is not None else time.monotonic()
                self._mark = None
                self._woken.set()
                if not (self._failing or self._stopping):
                    logger.warning("%s; it is tried again, and the ledger has all", error)
                self._failing = True
                raise
            finally:
                ended = time.monotonic()
                rest = max(SECONDS_BETWEEN_NEWS, ended - began)
                self._rested_at = ended + min(rest, MOST_SECONDS_BETWEEN_NEWS)
            if self._failing:
                logger.warning("the lake is up to date again")
            self._failing = False
            self._mark = mark
            return mark

    async def _upkeep(self) -> None:
        async with self._one_at_a_time:
            try:
                await self._thread.do(self._keeping.maintain)
            except Exception as error:  # noqa: BLE001 - it can wait
                if not self._stopping:
                    logger.warning("the lake is not cleared up: %s", error)

    @classmethod
    @contextlib.asynccontextmanager
    async def following(cls, ledger: OpenLedger) -> AsyncIterator[LakeService]:
        """One for the ledger's lake, of which it lets go afterwards."""
        lake = cls(await ledger.judging.do(ledger.core.lake))
        try:
            await ledger.judging.do(ledger.core.lagging, lake.lag)
            yield lake
        finally:
            await lake.stop()

    async def stop(self) -> None:
        """Close it, as far as it was brought up to date."""
        # What fails from here on fails because of this; the next start goes on from the mark.
        self._stopping = True
        self._woken.set()
        if self._one_at_a_time.locked():
            self._keeping.abandon()
        await self._thread.do(self._keeping.close)
        self._thread.close()

    async def finish(self) -> None:
        """Bring it up to date a last time, if that does not take long."""
        try:
            await asyncio.wait_for(self.fresh(), SECONDS_TO_FINISH)
        except Exception as error:  # noqa: BLE001 - the next start goes on from its mark
            logger.warning("the lake is not up to date, the next start does that: %s", error)


class LakeApi:
    """`POST /lake` for commands on this machine that know the worker's token."""

    def __init__(self, token: str) -> None:
        self._token = token
        self._lake: LakeService | None = None

    def routes(self) -> list[web.RouteDef]:
        """The routes for the web server."""
        return [web.post("/lake", self._post)]

    def open(self, lake: LakeService) -> None:
        """Have `lake` answer from now on."""
        self._lake = lake

    async def _post(self, request: web.Request) -> web.Response:
        given = request.headers.get("Authorization", "")
        if not _is_local(request):
            return _refused(HTTPStatus.FORBIDDEN, "only commands on this machine may ask")
        if not hmac.compare_digest(given.encode(), f"Bearer {self._token}".encode()):
            return _refused(HTTPStatus.UNAUTHORIZED, "expected the token of worker.json")
        if self._lake is None:
            return _refused(HTTPStatus.SERVICE_UNAVAILABLE, "the worker starts or stops")
        try:
            wait = _seconds(request.query.get("wait"))
        except ValueError:
            reason = f"wait: expected seconds, from 0 to {MOST_SECONDS_OF_WAIT:.0f}"
            return _refused(HTTPStatus.BAD_REQUEST, reason)
        return await self._answer(self._lake.fresh() if wait is None else self._lake.news(wait))

    @staticmethod
    async def _answer(asked: Awaitable[LakeMark]) -> web.Response:
        try:
            mark = await asyncio.wait_for(asked, SECONDS_TO_ANSWER)
        except TimeoutError:
            reason = f"the lake was not up to date within {SECONDS_TO_ANSWER:.0f} s"
            return _refused(HTTPStatus.SERVICE_UNAVAILABLE, reason)
        except Exception as error:  # noqa: BLE001 - whatever it was, the command gets one line
            return _refused(HTTPStatus.SERVICE_UNAVAILABLE, " ".join(str(error).split()))
        return web.json_response(mark._asdict())


def _refused(status: HTTPStatus, detail: str) -> web.Response:
    return web.json_response({"status": status.value, "detail": detail}, status=status.value)


def _seconds(text: str | None) -> float | None:
    """How long to wait for news; None: not at all. ValueError."""
    if text is None:
        return None
    seconds = float(text)
    if not 0 <= seconds <= MOST_SECONDS_OF_WAIT:
        raise ValueError(text)
    return seconds


def _is_local(request: web.Request) -> bool:
    """Does it come from this machine, and by no page that a browser shows?"""
    transport = request.transport
    if transport is None or "Origin" in request.headers:
        return False
    peer, here = transport.get_extra_info("peername"), transport.get_extra_info("sockname")
    try:
        name = urlsplit(f"//{request.host}").hostname or ""
        from_here = ipaddress.ip_address(peer[0]).is_loopback or peer[0] == here[0]
    except ValueError:
        return False
    # A name that a page has led to this address is none of its own.
    return from_here and name in {"localhost", "127.0.0.1", "::1", "0.0.0.0", here[0]}  # noqa: S104
