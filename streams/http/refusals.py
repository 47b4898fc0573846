"""The answers to posts that are refused, as problems in JSON (RFC 9457)."""

from __future__ import annotations

import math
from http import HTTPStatus
from typing import TYPE_CHECKING

from aiohttp import web

from schemas.safe_text import for_json

if TYPE_CHECKING:
    from schemas.openapi import Told
    from streams.http.body import Posted

SECONDS_TO_RETRY = 1


class PostRefused(Exception):  # noqa: N818 - an answer, not an error
    """A post is refused: with which status, why, and what it held."""

    def __init__(
        self,
        status: HTTPStatus,
        detail: str,
        posted: Posted | None = None,
        told: Told | None = None,
        *,
        tried: bool = False,
        **headers: str,
    ) -> None:
        """`tried`: nothing of what was `posted` went to the log."""
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.posted = posted
        self.told = told
        self.tried = tried
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


def too_large() -> PostRefused:
    """The body is larger than any may be."""
    from schemas.openapi import MAX_BODY_BYTES

    return PostRefused(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        f"expected at most {MAX_BODY_BYTES:,} bytes; none was taken",
    )


def too_many(detail: str, seconds: float) -> PostRefused:
    """There is too much to do just now; try again after so many seconds."""
    return PostRefused(HTTPStatus.TOO_MANY_REQUESTS, detail, Retry_After=str(math.ceil(seconds)))


def away(why: str) -> PostRefused:
    """Events cannot be ingested just now: why."""
    return PostRefused(
        HTTPStatus.SERVICE_UNAVAILABLE,
        f"{why}: send all again later; what the log has already is passed over",
        Retry_After=str(SECONDS_TO_RETRY),
    )


def refused_events(posted: Posted, told: Told, *, dry_run: bool) -> PostRefused:
    """Some of the events were refused, or there were none."""
    if not posted.refused:
        return PostRefused(HTTPStatus.BAD_REQUEST, "expected at least one event", posted)
    # What is true of all that were refused; of various kinds it is a bad request.
    statuses = [*posted.statuses]
    status = HTTPStatus(statuses[0]) if len(statuses) == 1 else HTTPStatus.BAD_REQUEST
    total = posted.refused + len(posted.events)
    if dry_run:
        said = f"would refuse {posted.refused} of {total} events; it was only tried"
        return PostRefused(status, said, posted, told, tried=True)
    said = f"refused {posted.refused} of {total} events; the others are in the log"
    return PostRefused(status, said, posted, told)


def refused(refusal: PostRefused) -> web.Response:
    """The answer that says so."""
    from schemas.openapi import CONTENT_TYPE_PROBLEM, RefusedAnswer

    told = {} if refusal.told is None else refusal.told.model_dump(exclude_none=True)
    found = RefusedAnswer(
        title=refusal.status.phrase, status=refusal.status.value, detail=refusal.detail, **told
    )
    if refusal.posted is not None:
        found.accepted = 0 if refusal.tried else len(refusal.posted.events)
        found.acceptable = len(refusal.posted.events) if refusal.tried else None
        found.refused = refusal.posted.refused
        found.problems = refusal.posted.problems
        found.unlisted = refusal.posted.unlisted or None
    return web.Response(
        status=refusal.status.value,
        body=for_json(found.as_json()).encode(),
        headers={"Content-Type": CONTENT_TYPE_PROBLEM, **refusal.headers},
    )
