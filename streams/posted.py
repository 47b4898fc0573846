"""What the body of a POST holds: the events that can be taken, and what is wrong with the others.

Pure. Reads like `publish`: what is wrong with one event keeps no other from being taken.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from schemas.events import Problem
from schemas.openapi import (
    JSON,
    JSON_LINES,
    MAX_POSTED_EVENTS,
    MAX_PROBLEMS_LISTED,
    NEWLINE_DELIMITED_JSON,
    PostedProblem,
)
from schemas.wire import CONTENT_TYPE_BATCH, CONTENT_TYPE_EVENT, Rejected, decode_text
from streams.lines import check, read_lines

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

    Of the problems `MAX_PROBLEMS_LISTED` are there, `unlisted` is how many others were found.
    """

    events: list[tuple[str, bytes]]
    refused: int
    problems: list[PostedProblem]
    unlisted: int = 0


def form_of(content_type: str) -> Form | None:
    """How a body of this content type is read; None if it is not."""
    kind, *parameters = content_type.split(";")
    known = all(_PARAMETER.fullmatch(one) or not one.strip() for one in parameters)
    return FORMS.get(kind.strip().lower()) if known else None


def read_body(form: Form, body: bytes) -> Posted:
    """Read all of `body`. Raises `TooManyEvents`."""
    events: list[tuple[str, bytes]] = []
    problems: list[PostedProblem] = []
    refused = found = 0
    for one in _lines(body) if form == "lines" else _texts(form, body):
        if one.event is not None:
            events.append(one.event)
            continue
        refused += 1
        found += len(one.problems)
        problems.extend(
            PostedProblem(line=one.line, index=one.number, field=field, reason=reason)
            for field, reason in one.problems[: MAX_PROBLEMS_LISTED - len(problems)]
        )
    return Posted(events, refused, problems, found - len(problems))


class _Place(NamedTuple):
    """One place of a body: its event with the conflict, or else what is wrong there."""

    line: int | None
    number: int | None
    event: tuple[str, bytes] | None
    problems: Sequence[Problem] = ()


def _lines(body: bytes) -> Iterator[_Place]:
    said = 0
    for count, line in enumerate(read_lines("body", io.BytesIO(body))):
        if count == MAX_POSTED_EVENTS:
            raise TooManyEvents
        found = check(line, explain=said < MAX_PROBLEMS_LISTED)
        if isinstance(found, tuple):
            said += len(found)
            yield _Place(line.number, None, None, found)
        elif line.raw is not None:
            yield _Place(line.number, None, (found.data.conflict, line.raw))


def _texts(form: Form, body: bytes) -> Iterator[_Place]:
    is_array = body.lstrip(b" \t\r\n").startswith(b"[")
    if form != "either" and is_array != (form == "batch"):
        yield _Place(None, None, None, [Problem("", WRONG_FORM[form])])
        return
    found = decode_text(body, most_said=MAX_PROBLEMS_LISTED)
    if len(found) > MAX_POSTED_EVENTS:
        raise TooManyEvents
    for one in found:
        index = one.index if is_array else None
        if isinstance(one, Rejected):
            yield _Place(None, index, None, one.problems)
        else:
            yield _Place(None, index, (one.event.data.conflict, one.raw.encode()))
