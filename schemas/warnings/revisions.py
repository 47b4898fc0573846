"""Which lines of an input revise an earlier line of it: the later one stands, and only that."""

from __future__ import annotations

from typing import NamedTuple

from schemas.events import ClaimEvent, Event, ReportEvent
from schemas.warnings.known import ClaimName, ReportName
from schemas.warnings.warning import Whence

MOST_REMEMBERED = 200_000
"""Of an input with more claims and reports, what these first ones say is known to be revised."""


class LineRevision(NamedTuple):
    """A line, the earlier one that it revises, and what both are about.

    `number` counts the events of its conflict in the input, from 0.
    """

    conflict: str
    number: int
    whence: Whence
    earlier: Whence
    what: str


class Revisions:
    """The claims and reports of one input. `note` each of its events, in their order."""

    def __init__(self) -> None:
        self.found: list[LineRevision] = []
        self._last: dict[tuple[str, *ClaimName], Whence] = {}
        self._events: set[tuple[str, str, str]] = set()

    def note(self, event: Event, whence: Whence, number: int) -> None:
        """Take the event at `whence`, which is that `number` of its conflict."""
        conflict = event.data.conflict
        event_name = (conflict, event.source, event.id)
        if event_name in self._events:
            # The identical event again, or one that will be refused.
            return
        if isinstance(event, ClaimEvent):
            name: ClaimName | ReportName = (conflict, event.data.commitment_id, event.data.claim_id)
            what = f"claim {event.data.claim_id!r} of commitment {event.data.commitment_id!r}"
        elif isinstance(event, ReportEvent):
            name = (conflict, event.data.incident_id, event.data.report_id)
            what = f"report {event.data.report_id!r} of incident {event.data.incident_id!r}"
        else:
            return
        earlier = self._last.get((event.type, *name))
        if earlier is not None and len(self.found) < MOST_REMEMBERED:
            self.found.append(LineRevision(conflict, number, whence, earlier, what))
        if earlier is not None or len(self._last) < MOST_REMEMBERED:
            self._last[event.type, *name] = whence
            self._events.add(event_name)
