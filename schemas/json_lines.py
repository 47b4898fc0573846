"""Files of JSON Lines: which lines hold events, what is wrong with the others, and who is named.

This module sends nothing.
"""

from __future__ import annotations

import codecs
import difflib
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import BinaryIO, NamedTuple

from schemas.characters import refused_at_entry
from schemas.events import ClaimEvent, Event, Invalid, Problem, ReportEvent
from schemas.safe_text import for_terminal
from schemas.wire import MAX_EVENT_BYTES, read_event

# Blanks around an event do not count as part of it, so a line may be longer than an event.
MAX_LINE_BYTES = 2 * 1024 * 1024


MOST_WARNINGS = 20
MOST_NAMED = 10


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
    try:
        event = read_event(line.raw, explain=explain)
    except Invalid as error:
        return error.problems
    return refused_at_entry(line.raw) or event


class NamedParties:
    """Which parties are named as actors, and which are spoken of by a claim, conflict by conflict.

    An actor of whom no claim speaks is often a slip of the pen: `Russia` is not `RUS`.
    """

    def __init__(self) -> None:
        self._bound: dict[str, set[str]] = {}
        self._named: dict[str, Counter[str]] = {}
        self._first: dict[tuple[str, str], str] = {}

    def bind(self, conflict: str, parties: Iterable[str]) -> None:
        """A claim of `conflict` binds `parties`, or denies that it does."""
        self._bound.setdefault(conflict, set()).update(parties)

    def name(self, conflict: str, party: str, *, times: int = 1, where: str = "") -> None:
        """`times` reports of `conflict` name `party` as the actor, the first of them at `where`."""
        self._named.setdefault(conflict, Counter())[party] += times
        self._first.setdefault((conflict, party), where)

    def note(self, event: Event, where: str) -> None:
        """Record the parties that `event` names."""
        if isinstance(event, ClaimEvent):
            self.bind(event.data.conflict, event.data.bound_parties)
        elif isinstance(event, ReportEvent):
            actor = event.data.actor
            if actor is not None and actor.party is not None:
                self.name(event.data.conflict, actor.party, where=where)

    def warnings(self) -> list[str]:
        """One line for each actor of whom no claim of its conflict speaks, and what was meant.

        At most `MOST_WARNINGS`, and one that says how many others there are.
        """
        unbound: list[tuple[str, str | None]] = []
        for conflict, named in sorted(self._named.items()):
            bound = self._bound.get(conflict)
            if bound:
                unbound += [(conflict, party) for party in sorted(named) if party not in bound]
            else:
                unbound.append((conflict, None))
        found = [self._line(*one) for one in unbound[:MOST_WARNINGS]]
        if len(unbound) > MOST_WARNINGS:
            found.append(f"and {len(unbound) - MOST_WARNINGS:,} more that no claim speaks of")
        return [for_terminal(line) for line in found]

    def _line(self, conflict: str, party: str | None) -> str:
        if party is None:
            return (
                f"no claim is known for conflict {conflict!r}: its reports are judged when "
                "there is one"
            )
        times, where = self._named[conflict][party], self._first[conflict, party]
        return _warning(conflict, party, times, where, self._bound[conflict])


def _warning(conflict: str, party: str, times: int, where: str, bound: set[str]) -> str:
    count = f"{times:,} report{'s' if times != 1 else ''}"
    first = f", first at {where}" if where else ""
    meant = meant_by(party, bound)
    known = ", ".join(sorted(bound)[:MOST_NAMED]) + (" ..." if len(bound) > MOST_NAMED else "")
    hint = f"; did you mean {meant!r}?" if meant else f"; known are {known}"
    return f"no claim of conflict {conflict!r} binds actor {party!r} ({count}{first}){hint}"


def meant_by(party: str, known: Iterable[str]) -> str | None:
    """The one of `known` that `party` may have meant: the code of a state, or one that is close."""
    import pycountry

    by_look = {one.casefold(): one for one in known}
    try:
        code = pycountry.countries.search_fuzzy(party)[0].alpha_3.casefold()
    except LookupError:
        code = ""
    close = [code] if code in by_look else difflib.get_close_matches(party.casefold(), by_look, n=1)
    return by_look[close[0]] if close else None
