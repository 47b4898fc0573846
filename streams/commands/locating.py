"""`--locate`: gives the points of events their codes, before the events go anywhere."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import islice
from typing import Any

from analytics.boundaries.areas import BoundariesError
from analytics.boundaries.boundaries import Boundaries, open_boundaries
from analytics.boundaries.points import NONE, locate, unlocated
from schemas.json_lines import CheckedLine, Line, check
from streams.commands.console import say
from streams.errors import BadInput
from streams.explain.words import counted
from streams.settings import Settings

TOGETHER = 5_000
"""How many lines are located at once: a call for one takes as long as one for hundreds."""


class Locator:
    """Locates points, with boundaries that are opened once there is one."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._done = NONE

    @cached_property
    def _boundaries(self) -> Boundaries:
        try:
            return open_boundaries(self._settings.boundaries)
        except BoundariesError as error:
            raise BadInput(str(error)) from None

    def lines(
        self, lines: Iterable[tuple[Line, CheckedLine]]
    ) -> Iterator[tuple[Line, CheckedLine]]:
        """The same lines, with the codes of their points in those that had points without."""
        lines = iter(lines)
        while some := list(islice(lines, TOGETHER)):
            # What has no point at all is most of what is published, and is not read again.
            read = {
                number: event
                for number, (line, found) in enumerate(some)
                if not isinstance(found, tuple) and line.raw is not None and b'"lat"' in line.raw
                if unlocated(event := json.loads(line.raw))
            }
            self.events(read.values())
            for number, event in read.items():
                located = some[number][0]._replace(raw=as_json(event))
                found = check(located)
                if not isinstance(found, tuple):
                    some[number] = located, found
            yield from some

    def events(self, events: Iterable[dict[str, Any]]) -> None:
        """Give the points in the JSON of valid events their codes."""
        points = [point for event in events for point in unlocated(event)]
        if points:
            self._done = self._done.and_(locate(self._boundaries, points))

    def say(self) -> None:
        """How many points have codes now, and by which boundaries."""
        total = sum(self._done)
        if not total:
            say("no points without codes")
            return
        parts, countries, nowhere = self._done
        say(
            f"{total - nowhere:,} of {counted(total, 'point')} located: {parts:,} in a "
            f"subdivision, {countries:,} in a country; {nowhere:,} too near to a border, or at sea "
            f"({self._boundaries.title})"
        )


def as_json(event: dict[str, Any]) -> bytes:
    """The JSON text of an event, on one line."""
    return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode(
        "utf-8", "surrogatepass"
    )
