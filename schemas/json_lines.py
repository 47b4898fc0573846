"""Files of JSON Lines: which lines hold events, and what is wrong with the others.

This module sends nothing.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Callable, Iterable, Iterator
from typing import BinaryIO, NamedTuple

from schemas.characters import refused_at_entry
from schemas.events import Event, Invalid, Problem
from schemas.safe_text import for_terminal
from schemas.wire import MAX_EVENT_BYTES, read_event

# Blanks around an event do not count as part of it, so a line may be longer than an event.
MAX_LINE_BYTES = 2 * 1024 * 1024
MOST_LINES_OF_ONE = 2_000
"""Over so many lines what is opened on one of them is looked for."""
COMMENT = b"#"
"""What the lines begin with that explain a template of `truce new`: nothing else may have any."""
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"')


class Line(NamedTuple):
    """One line that is not blank; `raw` is None if it was too long to be kept."""

    file: str
    number: int
    raw: bytes | None

    def complaint(self, problem: Problem) -> str:
        """`FILE:LINE: field: reason`, on one line whatever the input held."""
        field = problem.field or "event"
        reason = problem.reason.replace(" at line 1 column ", " at column ")
        return for_terminal(f"{self.file}:{self.number}: {field}: {reason}")


def read_lines(name: str, file: BinaryIO) -> Iterator[Line]:
    """The lines of `file` that are not blank, without blanks or a byte order mark round them."""
    number = 0
    while piece := file.readline(MAX_LINE_BYTES):
        number += 1
        whole = piece
        while len(piece) == MAX_LINE_BYTES and not piece.endswith(b"\n"):
            whole = b""
            piece = file.readline(MAX_LINE_BYTES)
        if not whole:
            yield Line(name, number, None)
            continue
        raw = (whole.removeprefix(codecs.BOM_UTF8) if number == 1 else whole).strip(b" \t\r\n")
        if raw:
            yield Line(name, number, raw)


def check(line: Line, *, explain: bool = True) -> Event | tuple[Problem, ...]:
    """The event in `line`, or what is wrong with it; without `explain`, only that it is invalid."""
    if line.raw is None or len(line.raw) > MAX_EVENT_BYTES:
        return (Problem("", f"expected at most {MAX_EVENT_BYTES:,} bytes in an event"),)
    if line.raw.startswith(b"["):
        return (Problem("", "expected one JSON object; a batch is written as one event a line"),)
    if line.raw.startswith(COMMENT):
        return (Problem("", "a comment is no event; `truce new` reads a template, with --file"),)
    try:
        event = read_event(line.raw, explain=explain)
    except Invalid as error:
        return error.problems
    return refused_at_entry(line.raw) or event


CheckedLine = Event | tuple[Problem, ...]
"""The event of a line, or what is wrong with it."""


def checked(
    lines: Iterable[Line], *, explain: Callable[[], bool] = lambda: True
) -> Iterator[tuple[Line, CheckedLine]]:
    """Each line with what `check` finds in it; one event over several lines is one mistake."""
    held: list[tuple[Line, CheckedLine]] = []
    depth = 0
    for line in lines:
        found = check(line, explain=explain())
        fits = isinstance(found, tuple) and line.raw is not None
        if fits and len(held) < MOST_LINES_OF_ONE and (held or _depth(line) > 0):
            held.append((line, found))
            depth += _depth(line)
            if depth > 0:
                continue
            yield from _as_one(held)
        else:
            yield from held
            yield line, found
        held, depth = [], 0
    yield from held


def _depth(line: Line) -> int:
    """How many brackets the line opens and does not close."""
    raw = b"" if _is_comment(line) else _STRING.sub(b"", line.raw or b"")
    return sum(raw.count(one) for one in (b"{", b"[")) - sum(raw.count(one) for one in (b"}", b"]"))


def _is_comment(line: Line) -> bool:
    return line.raw is not None and line.raw.startswith(COMMENT)


def _as_one(held: list[tuple[Line, CheckedLine]]) -> Iterator[tuple[Line, CheckedLine]]:
    """The lines as one mistake, if they are one JSON text together."""
    first, last = held[0][0], held[-1][0]
    text = b"\n".join(line.raw or b"" for line, _ in held if not _is_comment(line))
    try:
        together = json.loads(text) if len(held) > 1 else None
    except (ValueError, RecursionError):
        together = None
    if not isinstance(together, dict | list):
        yield from held
        return
    what = "one event" if isinstance(together, dict) else "a list of events"
    where = f"lines {first.number}-{last.number}"
    yield first, (Problem("", f"one event a line; this looks like {what} over {where}"),)
