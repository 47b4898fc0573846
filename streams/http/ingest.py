"""The ingest API: `POST /events`. Who may post, how much at once, and what the answer is.

The worker passes `open` the function that writes events to the log.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple

from aiohttp import web
from aiokafka.errors import KafkaError

from schemas.safe_text import for_json
from streams.http.rate import Rate
from streams.http.refusals import (
    SECONDS_TO_RETRY,
    PostRefused,
    away,
    refused,
    refused_events,
    too_large,
    too_many,
)
from streams.http.taking import NotTaken, TakeEvents, TakenEvents
from streams.http.writers import Writers, WritersUnknown

if TYPE_CHECKING:
    from schemas.openapi import PostedWarning
    from schemas.time import Instant
    from streams.http.body import Form, Posted
    from streams.http.lookup import Lookup
    from streams.http.tokens import Writer

# What reads events is imported where it is used: a worker loads it while its broker starts.

logger = logging.getLogger("streams")

# Of the parts of bodies that are held, and of the requests that are worked on: memory is bounded by
# both, however many clients there are.
MAX_HELD_BYTES = 32 * 2**20
MAX_AT_ONCE = 256
SECONDS_FOR_BODY = 10.0
SECONDS_TO_TAKE = 15.0
SECONDS_TO_FINISH = 5.0

DRY_RUN = {"true": True, "false": False}


Guard = Callable[[web.Request], web.Response | None]
"""The answer to a request that is not allowed; None: it is."""


class _AcceptedPost(NamedTuple):
    """A post whose headers were accepted: how to read its body, and for whom."""

    writer: Writer
    form: Form
    take: TakeEvents
    dry_run: bool


class IngestApi:
    """Accepts posts between `open` and `close`, and refuses them otherwise."""

    def __init__(self, writers: Writers, per_second: int) -> None:
        """`writers`: who may post what."""
        self._writers = writers
        self._rate = Rate(per_second)
        self._take: TakeEvents | None = None
        self._lookup: Lookup | None = None
        self._closed_because = "the worker starts"
        self._held = 0
        self._inside = 0
        self._empty = asyncio.Event()
        self._empty.set()
        # A large body takes a while to read, and others need not wait for it.
        self._reading = ThreadPoolExecutor(1, thread_name_prefix="ingest")

    def routes(self, guard: Guard) -> list[web.RouteDef]:
        """The routes for the web server, whose middlewares do not see `Expect: 100-continue`."""

        async def expect(request: web.Request) -> web.Response | None:
            refused = guard(request)
            return await self._expect(request) if refused is None else refused

        return [
            web.post("/events", self._post, expect_handler=expect),
            web.get("/openapi.json", _openapi),
        ]

    def open(self, take: TakeEvents, lookup: Lookup | None = None) -> None:
        """Accept posts from now on, and have `take` write them to the log.

        `lookup`: what is known beside them, for warnings.
        """
        self._take, self._lookup = take, lookup

    async def close(self) -> None:
        """Accept no more, and wait for the posts in progress, as long as they may need."""
        self._take = None
        self._closed_because = "the worker stops"
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._empty.wait(), SECONDS_TO_FINISH)

    async def _expect(self, request: web.Request) -> web.Response | None:
        """Answer a client that expects 100 (Continue) before it sends its body."""
        try:
            self._look_at(request)
        except PostRefused as refusal:
            return refused(refusal)
        if request.headers["Expect"].lower() == "100-continue":
            await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            request.writer.output_size = 0  # the answer itself has not begun
        return None

    async def _post(self, request: web.Request) -> web.Response:
        try:
            accepted = self._look_at(request)
            with self._room():
                return await self._answer(request, accepted)
        except PostRefused as refusal:
            return refused(refusal)

    def _look_at(self, request: web.Request) -> _AcceptedPost:
        """Refuse what can be refused by its headers alone, the cheapest check first."""
        from schemas.openapi import MAX_BODY_BYTES
        from streams.http.body import FORMS, form_of

        writer = self._who(request)
        form = form_of(request.headers.get("Content-Type", ""))
        if form is None:
            kinds = ", ".join(FORMS)
            raise PostRefused(
                HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"expected a content type of {kinds}, in UTF-8"
            )
        if request.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise PostRefused(
                HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "expected a body without content encoding"
            )
        if (request.content_length or 0) > MAX_BODY_BYTES:
            raise too_large()
        dry_run = _dry_run(request)
        if self._take is None:
            raise away(self._closed_because)
        return _AcceptedPost(writer, form, self._take, dry_run)

    def _who(self, request: web.Request) -> Writer:
        if not self._writers:
            raise PostRefused(
                HTTPStatus.FORBIDDEN,
                "nobody may post: there is no token. truce token add makes one; a worker with "
                "TRUCE_TOKEN_FILE takes the one in that file",
            )
        try:
            writer = self._writers.who(request.headers.getall("Authorization", []))
        except WritersUnknown:
            raise away("the tokens cannot be read") from None
        if writer is None:
            raise PostRefused(
                HTTPStatus.UNAUTHORIZED,
                "expected one header Authorization: Bearer TOKEN, with a token of this worker",
                WWW_Authenticate='Bearer realm="trucewatch"',
            )
        return writer

    @contextlib.contextmanager
    def _room(self) -> Iterator[None]:
        """Count as a post in progress, if there is room."""
        seconds = self._rate.wait()
        if seconds:
            raise too_many("more posts a second than TRUCE_POSTS_PER_SECOND", seconds)
        if self._inside >= MAX_AT_ONCE:
            raise too_many(f"{MAX_AT_ONCE} posts are being worked on", SECONDS_TO_RETRY)
        self._inside += 1
        self._empty.clear()
        try:
            yield
        finally:
            self._inside -= 1
            if not self._inside:
                self._empty.set()

    async def _answer(self, request: web.Request, accepted: _AcceptedPost) -> web.Response:
        from schemas.openapi import Checked, Taken
        from streams.http.body import also_refused
        from streams.http.told import told_of

        body = bytearray()
        try:
            await self._receive(request, body)
            posted = await self._read(accepted, bytes(body))
            warnings = await self._warnings(posted)
            told = told_of(posted, None, warnings)
            if not accepted.dry_run:
                taken = await self._log(posted, accepted)
                told = told_of(posted, taken, warnings)
                posted = also_refused(posted, taken.refused)
        finally:
            self._held -= len(body)
        if posted.refused or not posted.events:
            raise refused_events(posted, told, dry_run=accepted.dry_run)
        count = len(posted.events)
        if accepted.dry_run:
            checked = Checked(acceptable=count, warnings=warnings or None)
            return _json(checked.model_dump_json(exclude_none=True))
        answer = Taken(accepted=count, **told.model_dump(exclude_none=True))
        return _json(answer.as_json(), status=202)

    async def _warnings(self, posted: Posted) -> list[PostedWarning]:
        """What is odd about what was posted, beside what is known."""
        from streams.http.told import posted_warnings

        if not posted.events:
            return []
        lookup, warner = self._lookup, posted.warner
        known = None if lookup is None else await lookup.known(warner.wanted())
        return posted_warnings(warner.warnings(known), posted.places)

    async def _receive(self, request: web.Request, body: bytearray) -> None:
        from schemas.openapi import MAX_BODY_BYTES

        try:
            async with asyncio.timeout(SECONDS_FOR_BODY):
                async for chunk in request.content.iter_any():
                    if len(body) + len(chunk) > MAX_BODY_BYTES:
                        raise too_large()
                    if self._held + len(chunk) > MAX_HELD_BYTES:
                        raise too_many("other bodies fill the memory for them", SECONDS_TO_RETRY)
                    self._held += len(chunk)
                    body += chunk
        except TimeoutError:
            raise PostRefused(
                HTTPStatus.REQUEST_TIMEOUT, f"the body took more than {SECONDS_FOR_BODY:.0f} s"
            ) from None
        except (web.RequestPayloadError, ConnectionError):
            # Broken off, or broken: mostly there is nobody left to answer.
            raise PostRefused(
                HTTPStatus.BAD_REQUEST, "the body is not whole; none was taken"
            ) from None

    async def _read(self, accepted: _AcceptedPost, body: bytes) -> Posted:
        from schemas.openapi import MAX_POSTED_EVENTS
        from streams.http.body import TooManyEvents, read_body

        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(
                self._reading,
                lambda: read_body(accepted.form, body, accepted.writer, now=_now),
            )
        except TooManyEvents:
            raise PostRefused(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                f"expected at most {MAX_POSTED_EVENTS:,} events; none was taken",
            ) from None

    async def _log(self, posted: Posted, accepted: _AcceptedPost) -> TakenEvents:
        if not posted.events:
            return TakenEvents([])
        try:
            async with asyncio.timeout(SECONDS_TO_TAKE):
                return await accepted.take(posted.events, accepted.writer.name)
        except NotTaken as error:
            raise away(str(error)) from error
        except (KafkaError, TimeoutError) as error:
            why = str(error) or type(error).__name__
            logger.warning("a post was not taken, the log does not answer: %s", why)
            raise away("the log does not answer") from error


def _now() -> Instant:
    return time.time_ns() // 1_000


def _json(text: str, status: int = 200) -> web.Response:
    return web.json_response(text=for_json(text), status=status)


def _dry_run(request: web.Request) -> bool:
    given = request.query.getall("dry_run", ["false"])
    # A name that is not known may be one that was misspelt, and what was only to be tried is sent.
    unknown = sorted(set(request.query) - {"dry_run"})
    if unknown or len(given) != 1 or given[0] not in DRY_RUN:
        raise PostRefused(
            HTTPStatus.BAD_REQUEST,
            "of parameters of the query only dry_run=true or dry_run=false is known; "
            "none was taken",
        )
    return DRY_RUN[given[0]]


async def _openapi(_: web.Request) -> web.Response:
    from schemas.openapi import openapi

    return web.json_response(openapi(), dumps=lambda found: json.dumps(found, ensure_ascii=False))
