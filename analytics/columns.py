"""The rows of events as they are read, before it is known when they count from.

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

_OF_REPORT = tables.READ.get_field_index("incident_id")
_NO_REPORT = (None,) * (len(tables.READ) - _OF_REPORT)


class About(NamedTuple):
    """Which report an event is about, in keys; not `stands`: it takes it back."""

    incident_key: int
    report_key: int
    stands: bool


class Columns(NamedTuple):
    """Rows of `accepted`, but for what only the ledger knows: when they came, in which log.

    `extents`: within which time all of the reports lie, by conflict (us since 1970).
    """

    accepted: pa.Table
    extents: dict[str, tuple[int, int]]

    def payload(self, row: int) -> str:
        """The JSON text of an event."""
        text: str = self.accepted["payload"][row].as_py()
        return text


class Rows:
    """Takes in events, row by row, and gives their columns."""

    def __init__(self) -> None:
        self._rows: list[tuple[Any, ...]] = []
        self._extents: dict[str, tuple[int, int]] = {}

    def event(
        self, names: EventKey, type_: str, raw: str, place: tuple[int, int, int]
    ) -> tuple[int, int]:
        """Take in an event; its row and its key. `place`: its partition, offset and index."""
        conflict, source, event_id = names
        key = key_of(*names)
        self._rows.append((source, event_id, type_, conflict, *place, raw, key, *_NO_REPORT))
        return len(self._rows) - 1, key

    def about(self, event: Event, row: int) -> About:
        """Take in the report that the event in `row` tells of. TypeError: it is about a claim."""
        data = event.data
        if not isinstance(data, ABOUT_INCIDENTS):
            raise TypeError(f"{event.type} is not about a report")
        incident_key = key_of(data.conflict, data.incident_id)
        report_key = joined(incident_key, key_of(data.report_id))
        if not isinstance(data, Report):
            return About(incident_key, report_key, stands=False)
        when = extent(data)
        begins, ends = self._extents.get(data.conflict, when[:2])
        if when.begins <= begins or when.ends >= ends:
            self._extents[data.conflict] = (min(when.begins, begins), max(when.ends, ends))
        said = report_row(data, when)
        self._rows[row] = (*self._rows[row][:_OF_REPORT], *said, incident_key, report_key)
        return About(incident_key, report_key, stands=True)

    def columns(self) -> Columns:
        """All that was taken in."""
        return Columns(tables.table_of(self._rows, tables.READ), self._extents)
