"""Reads the body of a POST: the events that can be ingested, and what is wrong with the others.

Pure. As in `publish`, an error in one event keeps no other from being ingested.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Literal, NamedTuple

from schemas.characters import refused_at_entry
from schemas.events import Event, Problem
from schemas.json_lines import Line, checked, read_lines
from schemas.openapi import (
    JSON,
    JSON_LINES,
    MAX_POSTED_EVENTS,
    MAX_PROBLEMS_LISTED,
    NEWLINE_DELIMITED_JSON,
    PostedProblem,
)
from schemas.safe_text import for_terminal
from schemas.time import Instant
from schemas.warnings.revisions import Revisions
from schemas.warnings.warner import Warner
from schemas.warnings.warning import Whence
from schemas.wire import CONTENT_TYPE_BATCH, CONTENT_TYPE_EVENT, Rejected, decode_text
from streams.http.tokens import ANYBODY, Writer

Form = Literal["event", "batch", "either", "lines"]

FORMS: dict[str, Form] = {
    CONTENT_TYPE_EVENT: "event",
    CONTENT_TYPE_BATCH: "batch",
    JSON: "either",
    JSON_LINES: "lines",
    NEWLINE_DELIMITED_JSON: "lines",
}
WRONG_FORM = {
    "event": f"expected one JSON object; an array of them is {CONTENT_TYPE_BATCH}",
    "batch": f"expected a JSON array of events; one alone is {CONTENT_TYPE_EVENT}",
}

_PARAMETER = re.compile(r'\s*charset\s*=\s*"?utf-?8"?\s*', re.IGNORECASE)


class TooManyEvents(Exception):  # noqa: N818 - named as what it says
    """A body with more events than are read at once."""


class Posted(NamedTuple):
    """The events to take, each with its conflict, and how many others there are and why.

    `places`: where each event is in the body, by its line or its index; `warner` and `revisions`
    have them noted by that. Of the problems
    `MAX_PROBLEMS_LISTED` are there, `unlisted` is how many others were found; `statuses`: those of
    all of them.
    """

    events: list[tuple[str, bytes]]
    refused: int
    problems: list[PostedProblem]
    places: list[tuple[int | None, int | None]]
    warner: Warner
    revisions: Revisions
    unlisted: int = 0
    statuses: frozenset[int] = frozenset()


def form_of(content_type: str) -> Form | None:
    """How a body of this content type is read; None if it is not."""
    kind, *parameters = content_type.split(";")
    known = all(_PARAMETER.fullmatch(one) or not one.strip() for one in parameters)
    return FORMS.get(kind.strip().lower()) if known else None


def read_body(
    form: Form, body: bytes, writer: Writer = ANYBODY, *, now: Callable[[], Instant]
) -> Posted:
    """Read all of `body`, which `writer` posted. Raises `TooManyEvents`.

    `now`: when what has no `time` of its own is said.
    """
    found = Posted([], 0, [], [], Warner(now), Revisions())
    for one in _lines(body) if form == "lines" else _texts(form, body):
        event, status, problems = one.event, 400, one.problems
        if event is not None:
            status, problems = 403, writer.refuses(event)
        if event is not None and not problems:
            found.events.append((event.data.conflict, one.raw))
            found.places.append((one.line, one.number))
            whence = Whence("", one.number if one.line is None else one.line)
            found.warner.note(event, whence)
            found.revisions.note(event, whence, len(found.places) - 1)
            continue
        found = _with(
            found._replace(refused=found.refused + 1), one.line, one.number, status, problems
        )
    return found


def also_refused(posted: Posted, outcomes: Sequence[Rejected | None]) -> Posted:
    """`posted` without those of its events that were refused once they were read from the log."""
    if not any(outcomes):
        return posted
    left = [at for at, rejected in enumerate(outcomes) if rejected is None]
    found = posted._replace(
        events=[posted.events[at] for at in left],
        refused=posted.refused + len(outcomes) - len(left),
        places=[posted.places[at] for at in left],
    )
    for (line, number), rejected in zip(posted.places, outcomes, strict=True):
        if rejected is not None:
            status = 409 if rejected.reason == "id_reused" else 400
            found = _with(found, line, number, status, rejected.problems)
    return found


def _with(
    posted: Posted,
    line: int | None,
    number: int | None,
    status: int,
    problems: Sequence[Problem],
) -> Posted:
    """`posted` with these problems of one event, as far as there is room for them."""
    listed = problems[: max(MAX_PROBLEMS_LISTED - len(posted.problems), 0)]
    posted.problems.extend(
        PostedProblem(
            line=line,
            index=number,
            status=status,
            field=for_terminal(field),
            reason=for_terminal(reason),
        )
        for field, reason in listed
    )
    return posted._replace(
        unlisted=posted.unlisted + len(problems) - len(listed),
        statuses=posted.statuses | {status},
    )


class _Place(NamedTuple):
    """One place of a body: its event and the JSON text of it, or else what is wrong there."""

    line: int | None
    number: int | None
    event: Event | None
    raw: bytes = b""
    problems: Sequence[Problem] = ()


def _lines(body: bytes) -> Iterator[_Place]:
    said = 0
    lines = checked(_bounded(body), explain=lambda: said < MAX_PROBLEMS_LISTED)
    for line, found in lines:
        if isinstance(found, tuple):
            said += len(found)
            yield _Place(line.number, None, None, problems=found)
        elif line.raw is not None:
            yield _Place(line.number, None, found, line.raw)


def _bounded(body: bytes) -> Iterator[Line]:
    for count, line in enumerate(read_lines("body", io.BytesIO(body))):
        if count == MAX_POSTED_EVENTS:
            raise TooManyEvents
        yield line


def _texts(form: Form, body: bytes) -> Iterator[_Place]:
    is_array = body.lstrip(b" \t\r\n").startswith(b"[")
    if form != "either" and is_array != (form == "batch"):
        yield _Place(None, None, None, problems=[Problem("", WRONG_FORM[form])])
        return
    found = decode_text(body, most_said=MAX_PROBLEMS_LISTED)
    if len(found) > MAX_POSTED_EVENTS:
        raise TooManyEvents
    for one in found:
        index = one.index if is_array else None
        if isinstance(one, Rejected):
            yield _Place(None, index, None, problems=one.problems)
            continue
        raw = one.raw.encode()
        unfit = refused_at_entry(raw)
        yield _Place(None, index, None if unfit else one.event, raw, unfit)
