"""The door for events: `POST /events`. Who may come in, how much at once, and what is answered.

Whether the log has the events, the worker knows: it hands `open` what to ask.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
import json
import logging
import math
import re
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import TYPE_CHECKING

from aiohttp import web
from aiokafka.errors import KafkaError

from streams.secret import SecretError, read_secret
from streams.settings import Settings

if TYPE_CHECKING:
    from streams.posted import Form, Posted

# What reads events is imported where it is used: a worker loads it while its broker starts.

logger = logging.getLogger("streams")

# Of the parts of bodies that are held, and of the requests that are worked on: memory is bounded by
# both, however many clients there are.
MAX_HELD_BYTES = 32 * 2**20
MAX_AT_ONCE = 256
SECONDS_FOR_BODY = 10.0
SECONDS_TO_TAKE = 15.0
SECONDS_TO_FINISH = 5.0
SECONDS_TO_RETRY = 1

# RFC 6750's alphabet. Shorter ones could be guessed.
TOKEN = re.compile(r"[A-Za-z0-9._~+/=-]{32,}")

Take = Callable[[Sequence[tuple[str, bytes]]], Awaitable[None]]
"""Has the log take events, each with its conflict. Raises `KafkaError`: some may not be in it."""


class _Refusal(Exception):  # noqa: N818 - an answer, not an error
    def __init__(
        self, status: HTTPStatus, detail: str, posted: Posted | None = None, **headers: str
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.posted = posted
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


class Rate:
    """So many a second on average, and as many at once: a token bucket."""

    def __init__(self, per_second: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_second = per_second
        self._clock = clock
        self._left = float(per_second)
        self._at = clock()

    def wait(self) -> float:
        """Take one, and 0.0; or, if none is left, how many seconds until there is one."""
        now = self._clock()
        self._left = min(self._per_second, self._left + (now - self._at) * self._per_second)
        self._at = now
        if self._left < 1:
            return (1 - self._left) / self._per_second
        self._left -= 1
        return 0.0


def read_token(settings: Settings) -> bytes | None:
    """The digest of the token that posts need; None if there is no file: then nobody may post.

    Raises `SecretError`.
    """
    if settings.token_file is None:
        return None
    token = read_secret("TRUCE_TOKEN_FILE", settings.token_file)
    if not TOKEN.fullmatch(token):
        raise SecretError(
            f"TRUCE_TOKEN_FILE: {settings.token_file} must hold at least 32 of the characters "
            "A-Z a-z 0-9 . _ ~ + / = -; make one with: openssl rand -hex 32"
        )
    return _digest(token)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()


class Door:
    """Takes posts between `open` and `close`, and refuses them otherwise."""

    def __init__(self, token: bytes | None, per_second: int) -> None:
        """`token`: what `read_token` gave."""
        self._token = token
        self._rate = Rate(per_second)
        self._take: Take | None = None
        self._closed_because = "the worker starts"
        self._held = 0
        self._inside = 0
        self._empty = asyncio.Event()
        self._empty.set()
        # A large body takes a while to read, which others need not wait for.
        self._reading = ThreadPoolExecutor(1, thread_name_prefix="door")

    def routes(self) -> list[web.RouteDef]:
        """What the web server is to be given."""
        return [
            web.post("/events", self._post, expect_handler=self._expect),
            web.get("/openapi.json", _openapi),
        ]

    def open(self, take: Take) -> None:
        """Take posts from now on, and have `take` write them to the log."""
        self._take = take

    async def close(self) -> None:
        """Take no more, and wait for those inside, as long as they may need."""
        self._take = None
        self._closed_because = "the worker stops"
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._empty.wait(), SECONDS_TO_FINISH)

    async def _expect(self, request: web.Request) -> web.Response | None:
        """Answer a client that asks before it sends its body."""
        try:
            self._look_at(request)
        except _Refusal as refusal:
            return _refused(refusal)
        if request.headers["Expect"].lower() == "100-continue":
            await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            request.writer.output_size = 0  # the answer itself has not begun
        return None

    async def _post(self, request: web.Request) -> web.Response:
        try:
            form, take = self._look_at(request)
            with self._room():
                return await self._answer(request, form, take)
        except _Refusal as refusal:
            return _refused(refusal)

    def _look_at(self, request: web.Request) -> tuple[Form, Take]:
        """Refuse what can be refused by its head alone, the cheapest question first."""
        from schemas.openapi import MAX_BODY_BYTES
        from streams.posted import FORMS, form_of

        if self._token is None:
            raise _Refusal(
                HTTPStatus.FORBIDDEN,
                "nobody may post: this worker was started without TRUCE_TOKEN_FILE",
            )
        if not self._is_let_in(request.headers.getall("Authorization", [])):
            raise _Refusal(
                HTTPStatus.UNAUTHORIZED,
                "expected the header Authorization: Bearer TOKEN, with this worker's token",
                WWW_Authenticate='Bearer realm="trucewatch"',
            )
        form = form_of(request.headers.get("Content-Type", ""))
        if form is None:
            kinds = ", ".join(FORMS)
            raise _Refusal(
                HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"expected a content type of {kinds}, in UTF-8"
            )
        if request.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise _Refusal(
                HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "expected a body without content encoding"
            )
        if (request.content_length or 0) > MAX_BODY_BYTES:
            raise _too_large()
        if self._take is None:
            raise _away(self._closed_because)
        return form, self._take

    def _is_let_in(self, given: Sequence[str]) -> bool:
        scheme, _, token = given[0].partition(" ") if len(given) == 1 else ("", "", "")
        known = hmac.compare_digest(_digest(token.strip()), self._token or b"")
        return known and scheme.lower() == "bearer"

    @contextlib.contextmanager
    def _room(self) -> Iterator[None]:
        """Be one of those inside, if there is room."""
        seconds = self._rate.wait()
        if seconds:
            raise _too_many("more posts a second than TRUCE_POSTS_PER_SECOND", seconds)
        if self._inside >= MAX_AT_ONCE:
            raise _too_many(f"{MAX_AT_ONCE} posts are being worked on", SECONDS_TO_RETRY)
        self._inside += 1
        self._empty.clear()
        try:
            yield
        finally:
            self._inside -= 1
            if not self._inside:
                self._empty.set()

    async def _answer(self, request: web.Request, form: Form, take: Take) -> web.Response:
        from schemas.openapi import Taken

        body = bytearray()
        try:
            await self._receive(request, body)
            posted = await self._read(form, bytes(body))
            await self._log(posted, take)
        finally:
            self._held -= len(body)
        if posted.refused or not posted.events:
            raise _Refusal(HTTPStatus.BAD_REQUEST, _in_words(posted), posted)
        return web.json_response(Taken(accepted=len(posted.events)).model_dump(), status=202)

    async def _receive(self, request: web.Request, body: bytearray) -> None:
        from schemas.openapi import MAX_BODY_BYTES

        try:
            async with asyncio.timeout(SECONDS_FOR_BODY):
                async for chunk in request.content.iter_any():
                    if len(body) + len(chunk) > MAX_BODY_BYTES:
                        raise _too_large()
                    if self._held + len(chunk) > MAX_HELD_BYTES:
                        raise _too_many("other bodies fill the memory for them", SECONDS_TO_RETRY)
                    self._held += len(chunk)
                    body += chunk
        except TimeoutError:
            raise _Refusal(
                HTTPStatus.REQUEST_TIMEOUT, f"the body took more than {SECONDS_FOR_BODY:.0f} s"
            ) from None
        except (web.RequestPayloadError, ConnectionError):
            # Broken off, or broken: mostly there is nobody left to be told.
            raise _Refusal(
                HTTPStatus.BAD_REQUEST, "the body is not whole; none was taken"
            ) from None

    async def _read(self, form: Form, body: bytes) -> Posted:
        from schemas.openapi import MAX_POSTED_EVENTS
        from streams.posted import TooManyEvents, read_body

        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._reading, read_body, form, body)
        except TooManyEvents:
            raise _Refusal(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                f"expected at most {MAX_POSTED_EVENTS:,} events; none was taken",
            ) from None

    async def _log(self, posted: Posted, take: Take) -> None:
        if not posted.events:
            return
        try:
            async with asyncio.timeout(SECONDS_TO_TAKE):
                await take(posted.events)
        except (KafkaError, TimeoutError) as error:
            why = str(error) or type(error).__name__
            logger.warning("a post was not taken, the log does not answer: %s", why)
            raise _away("the log does not answer") from error


def _too_large() -> _Refusal:
    from schemas.openapi import MAX_BODY_BYTES

    return _Refusal(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        f"expected at most {MAX_BODY_BYTES:,} bytes; none was taken",
    )


def _too_many(detail: str, seconds: float) -> _Refusal:
    return _Refusal(HTTPStatus.TOO_MANY_REQUESTS, detail, Retry_After=str(math.ceil(seconds)))


def _away(why: str) -> _Refusal:
    return _Refusal(
        HTTPStatus.SERVICE_UNAVAILABLE,
        f"{why}: send all again later; what the log has already is passed over",
        Retry_After=str(SECONDS_TO_RETRY),
    )


def _in_words(posted: Posted) -> str:
    if not posted.refused:
        return "expected at least one event"
    return (
        f"refused {posted.refused} of {posted.refused + len(posted.events)} events; "
        "the others are in the log"
    )


def _refused(refusal: _Refusal) -> web.Response:
    from schemas.openapi import CONTENT_TYPE_PROBLEM, Refused

    found = Refused(title=refusal.status.phrase, status=refusal.status.value, detail=refusal.detail)
    if refusal.posted is not None:
        found.accepted = len(refusal.posted.events)
        found.refused = refusal.posted.refused
        found.problems = refusal.posted.problems
        found.unlisted = refusal.posted.unlisted or None
    return web.Response(
        status=refusal.status.value,
        body=found.model_dump_json(exclude_none=True).encode(),
        headers={"Content-Type": CONTENT_TYPE_PROBLEM, **refusal.headers},
    )


async def _openapi(_: web.Request) -> web.Response:
    from schemas.openapi import openapi

    return web.json_response(openapi(), dumps=lambda found: json.dumps(found, ensure_ascii=False))
