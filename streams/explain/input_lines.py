"""What was found in the files that are published, and what became of each of their lines."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from analytics.outcomes import VerdictChange
from schemas.event_types import EventType
from schemas.events import Event
from schemas.json_lines import Line
from schemas.warnings.revisions import LineRevision, Revisions
from schemas.warnings.warner import Warner
from schemas.warnings.warning import Whence
from streams.explain.words import counted

NOUNS: Mapping[EventType, str] = {
    "commitment.claimed": "claim",
    "commitment.claim_retracted": "claim retraction",
    "incident.reported": "report",
    "incident.report_retracted": "report retraction",
    "coverage.reported": "coverage report",
}


class InputPlaces:
    """Where the events of an input were read, conflict by conflict: 8 bytes for each."""

    def __init__(self) -> None:
        self._files: list[str] = []
        self._lines: dict[str, array[int]] = {}

    def add(self, conflict: str, line: Line) -> int:
        """Note an event; its number among those of its conflict, from 0."""
        if not self._files or self._files[-1] != line.file:
            self._files.append(line.file)
        lines = self._lines.setdefault(conflict, array("Q"))
        lines.append((len(self._files) - 1) << 40 | line.number)
        return len(lines) - 1

    def of(self, conflict: str, number: int) -> Whence:
        """Where that event was read."""
        packed = self._lines[conflict][number]
        return Whence(self._files[packed >> 40], packed & (1 << 40) - 1)


@dataclass(slots=True)
class PublishTally:
    """What was found in the files."""

    warner: Warner
    good: Counter[str] = field(default_factory=Counter)
    bad: int = 0
    conflicts: set[str] = field(default_factory=set)
    places: InputPlaces = field(default_factory=InputPlaces)
    revisions: Revisions = field(default_factory=Revisions)

    @property
    def events(self) -> int:
        """How many lines held an event."""
        return self.good.total()

    def note(self, event: Event, line: Line) -> None:
        """Take what a good line holds."""
        self.good[event.type] += 1
        self.conflicts.add(event.data.conflict)
        number = self.places.add(event.data.conflict, line)
        whence = Whence(line.file, line.number)
        self.revisions.note(event, whence, number)
        self.warner.note(event, whence)

    def in_words(self) -> str:
        """`15 events (6 claims, 9 reports)`."""
        kinds = ", ".join(
            counted(self.good[kind], NOUNS[kind]) for kind in NOUNS if self.good[kind]
        )
        return counted(self.events, "event") + (f" ({kinds})" if kinds else "")


class LineOutcomes(NamedTuple):
    """What became of the lines that were published; those not named in it are taken."""

    known: list[Whence]
    refused: list[tuple[Whence, str]]
    revised: list[LineRevision]
    changes: Sequence[VerdictChange]

    def in_words(self, events: int) -> str:
        """`: 12 taken, 2 known already, 1 refused`; "" if all were taken."""
        taken = events - len(self.known) - len(self.refused)
        parts = [
            (taken, "taken"),
            (len(self.known), "known already"),
            (len(self.refused), "refused"),
        ]
        said = ", ".join(f"{count:,} {word}" for count, word in parts if count)
        return "" if taken == events else f": {said}"
