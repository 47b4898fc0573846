"""The rows of events as they are decoded, before their recorded times are known.

They are built in columns where a batch is decoded, which may be a subprocess, so that the judging
stage only has to select among them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from analytics.ledger import arrow
from analytics.ledger.flatten import NO_EXTENT, extent, report_row
from analytics.ledger.keys import Numbers, joined, key_of, new_key_of
from schemas.events import Event, Report, ReportDenial, ReportEvent
from schemas.time import Occurrence

LogPlace = tuple[int, int, int]
"""Where an event is in its log: partition, offset, and index in a record that is a batch."""

_NO_REPORT = (None,) * (len(arrow.READ) - arrow.READ.get_field_index("incident_id"))


class About(NamedTuple):
    """Which report an event is about, in keys; not `stands`: the event retracts it."""

    incident_key: int
    report_key: int
    stands: bool


class Columns(NamedTuple):
    """Rows of `accepted` without what only the ledger knows: when they came, in which log.

    There is a column `posted_by` only where somebody posted one of them.

    `extents`: the time range of all reports, by conflict (us since 1970).
    """

    accepted: pa.Table
    extents: dict[str, tuple[int, int]]

    def numbers(self, name: str) -> Numbers:
        """A column of keys or of times, in us; 0 for NULL."""
        numbers: Numbers = pc.fill_null(self.accepted[name].cast(arrow.PLACE), 0).to_numpy()
        return numbers

    def texts(self, name: str) -> list[str]:
        """A column of texts."""
        found: list[str] = self.accepted[name].to_pylist()
        return found

    def payload(self, row: int) -> str:
        """The JSON text of an event."""
        text: str = self.accepted["payload"][row].as_py()
        return text


def about(conflict: str, incident_id: str, report_id: str, *, stands: bool) -> About:
    """This report, which is made or retracted."""
    incident_key = new_key_of(conflict, incident_id)
    # Many incidents have reports with the same ids.
    return About(incident_key, joined(incident_key, key_of(report_id)), stands)


class EventRows:
    """Collects events row by row, and builds their columns."""

    def __init__(self) -> None:
        self._rows: list[tuple[Any, ...]] = []
        self._extents: dict[str, tuple[int, int]] = {}
        self._posted: list[tuple[str, int, int]] = []

    def __len__(self) -> int:
        return len(self._rows)

    def event(self, event: Event, raw: str, place: LogPlace) -> int:
        """Add an event without a report; returns its key."""
        named, key = _named(event, raw, place)
        self._rows.append((*named, key, *_NO_REPORT))
        return key

    def report(
        self,
        event: ReportEvent,
        report: Report | ReportDenial,
        raw: str,
        place: LogPlace,
        which: About,
        occurrences: Sequence[Occurrence],
    ) -> int:
        """Add an event with a report; returns its key.

        `occurrences`: that of the whole report, then those of its impacts; none of a denial.
        """
        named, key = _named(event, raw, place)
        keys = which.incident_key, which.report_key
        if not occurrences:
            self._rows.append((*named, key, *report_row(report, NO_EXTENT), *keys))
            return key
        begins, ends, _ = when = extent(occurrences)
        self._rows.append((*named, key, *report_row(report, when), *keys))
        first, last = self._extents.get(report.conflict, (begins, ends))
        if begins <= first or ends >= last:
            self._extents[report.conflict] = (min(begins, first), max(ends, last))
        return key

    def posted_by(self, name: str, first: int) -> None:
        """Record who posted the events from the row `first` on."""
        if first < len(self._rows):
            self._posted.append((name, first, len(self._rows)))

    def columns(self) -> Columns:
        """The columns of all events added."""
        table = arrow.table_of(self._rows, arrow.READ)
        if self._posted:
            names: list[str | None] = [None] * len(self._rows)
            for name, first, end in self._posted:
                names[first:end] = [name] * (end - first)
            table = table.append_column("posted_by", pa.array(names, arrow.TEXT))
        return Columns(table, self._extents)


def _named(event: Event, raw: str, place: LogPlace) -> tuple[tuple[Any, ...], int]:
    conflict, source, event_id = event.data.conflict, event.source, event.id
    key = new_key_of(conflict, source, event_id)
    return (source, event_id, event.type, conflict, *place, raw), key
