"""The rows of events and of reports as they are read, before it is known when they count from.

They are made in columns where a batch is read, which may be another process, so that whoever judges
has only to choose among them.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import pyarrow as pa

from analytics import tables
from analytics.flatten import extent, report_row
from analytics.keys import joined, key_of
from analytics.rows import EventKey
from schemas.events import ABOUT_INCIDENTS, Event, Report


class About(NamedTuple):
    """Which report an event is about, in keys; `row`: its place in `Columns.reports`, if any.

    Without a row the report is taken back.
    """

    incident_key: int
    report_key: int
    row: int | None


class Columns(NamedTuple):
    """Rows of `events` and `report_versions`, but for what only the ledger knows: since when.

    `event_rows`: the row of the event of each report, which has the payload of both. `extents`:
    within which time all of the reports lie, by conflict (us since 1970).
    """

    events: pa.Table
    reports: pa.Table
    event_rows: list[int]
    extents: dict[str, tuple[int, int]]

    def payload(self, row: int) -> str:
        """The JSON text of an event."""
        text: str = self.events["payload"][row].as_py()
        return text


class Rows:
    """Takes in events, row by row, and gives their columns."""

    def __init__(self) -> None:
        self._events: list[tuple[Any, ...]] = []
        self._reports: list[tuple[Any, ...]] = []
        self._event_rows: list[int] = []
        self._extents: dict[str, tuple[int, int]] = {}

    def event(
        self, names: EventKey, type_: str, raw: str, place: tuple[int, int, int]
    ) -> tuple[int, int]:
        """Take in an event; its row and its key. `place`: its partition, offset and index."""
        conflict, source, event_id = names
        key = key_of(*names)
        row = len(self._events)
        self._events.append((source, event_id, type_, conflict, *place, raw, key))
        return row, key

    def about(self, event: Event, event_row: int) -> About:
        """Take in the report that the event tells of. TypeError: it is about a claim."""
        data = event.data
        if not isinstance(data, ABOUT_INCIDENTS):
            raise TypeError(f"{event.type} is not about a report")
        incident_key = key_of(data.conflict, data.incident_id)
        report_key = joined(incident_key, key_of(data.report_id))
        if not isinstance(data, Report):
            return About(incident_key, report_key, None)
        when = extent(data)
        begins, ends = self._extents.get(data.conflict, when[:2])
        if when.begins <= begins or when.ends >= ends:
            self._extents[data.conflict] = (min(when.begins, begins), max(when.ends, ends))
        self._reports.append((*report_row(data, when), incident_key, report_key))
        self._event_rows.append(event_row)
        return About(incident_key, report_key, len(self._reports) - 1)

    def columns(self) -> Columns:
        """All that was taken in."""
        return Columns(
            tables.table_of(self._events, tables.READ_EVENTS),
            tables.table_of(self._reports, tables.READ_REPORTS),
            self._event_rows,
            self._extents,
        )
