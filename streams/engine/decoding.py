"""Decodes records of the log into what is judged and written. Pure: any process may do it.

The result is plain values and columns, cheap to pass from one process to another.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from dataclasses import replace
from typing import NamedTuple

from analytics.ledger.event_columns import About, Columns, EventRows, about
from analytics.ledger.rows import EventKey
from schemas.event_types import EventType
from schemas.events import Report, ReportEvent
from schemas.time import Occurrence
from schemas.wire import Accepted, Rejected, decode
from streams.judging.fold import OfClaim, OfCoverage, OfReport, effect_of, event_key
from streams.judging.statement import (
    SimpleStatement,
    Statement,
    TimedStatement,
    simple_statement,
    statement,
)

REPORTED: EventType = "incident.reported"
NOT_SIMPLE = -1
_TEXTS = ("conflict", "source", "event_id", "incident_id", "report_id")
_KEYS = ("event_key", "incident_key", "report_key")
_TIMES = ("begins_at", "ends_at", "occurred_start", "occurred_end")
_NUMBERS = (*_KEYS, *_TIMES, "batch_index")


class RawRecord(NamedTuple):
    """A record of the log as the broker gave it; `timestamp_ms` is its append time.

    `posted_by` is what its headers say of that, where it was verified.
    """

    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()
    posted_by: str | None = None

    @property
    def content_type(self) -> str | None:
        """The record's declared content type, if it has one that can be read."""
        for name, value in self.headers:
            if name.lower() == "content-type":
                return value.decode("latin-1")
        return None


class KeptEvent(NamedTuple):
    """An accepted event as a database keeps it: its place in its record, and its JSON text."""

    batch_index: int
    conflict: str
    payload: str


class KeptRecord(NamedTuple):
    """What a database keeps of a record: the events of it that were accepted, in their order."""

    partition: int
    offset: int
    timestamp_ms: int
    events: list[KeptEvent]
    posted_by: str | None = None


class Decoded(NamedTuple):
    """Where a record stands, and what was found in it."""

    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None
    found: list[Accepted | Rejected]
    posted_by: str | None


class ReportEntry(NamedTuple):
    """An accepted event about a report: its key (its names, and as a number), and what it means.

    `row` is its place in the columns. (Of a simple report, of which there are many, the row is all
    that is kept, until the entry is needed: see `Simple`.)
    """

    names: EventKey
    key: int
    type: str
    batch_index: int
    row: int
    effect: OfReport
    about: About


class ClaimEntry(NamedTuple):
    """An accepted event about a claim: the same, without a report."""

    names: EventKey
    key: int
    type: str
    batch_index: int
    row: int
    effect: OfClaim


class CoverageEntry(NamedTuple):
    """An accepted event about who watched: the same."""

    names: EventKey
    key: int
    type: str
    batch_index: int
    row: int
    effect: OfCoverage


Entry = ReportEntry | ClaimEntry | CoverageEntry
Found = int | Entry | Rejected
"""What is in a record; a number is the row of a simple report."""


class Record(NamedTuple):
    """What is left of a record once it was read."""

    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None
    found: list[Found]


class Simple(NamedTuple):
    """What the simple reports, assertions without impacts, say apart from what the columns hold.

    `statements`: all that they say, leaving out when, each once. By row: `said` is the number of
    its statement, NOT_SIMPLE for another event; `throughout` belongs to its occurrence.
    """

    statements: list[Statement]
    said: array[int]
    throughout: bytearray

    def add(self, number: int, throughout: bool) -> None:
        """Add the next row."""
        self.said.append(number)
        self.throughout.append(throughout)


class Reading(NamedTuple):
    """What was read together: records in the order of the log, and the rows of their events."""

    records: list[Record]
    columns: Columns
    simple: Simple


def read(records: Iterable[RawRecord]) -> Reading:
    """Decode records of the log. No content of theirs can raise here."""
    return _reading_of(map(_decoded, records))


def _decoded(record: RawRecord) -> Decoded:
    partition, offset, timestamp_ms, key, value, _, posted_by = record
    found = decode(value, key, record.content_type)
    return Decoded(partition, offset, timestamp_ms, key, found, posted_by)


def read_kept(records: Iterable[KeptRecord]) -> Reading:
    """Decode again what was accepted before."""
    return _reading_of(map(_accepted, records))


def _accepted(record: KeptRecord) -> Decoded:
    partition, offset, timestamp_ms, events, posted_by = record
    found = [_kept(*event) for event in events]
    return Decoded(partition, offset, timestamp_ms, None, found, posted_by)


def _kept(index: int, conflict: str, payload: str) -> Accepted | Rejected:
    [one] = decode(payload.encode(), conflict.encode())
    if isinstance(one, Accepted):
        return Accepted(one.event, one.raw, index)
    return replace(one, index=index)


def _reading_of(batch: Iterable[Decoded]) -> Reading:
    """What is to be judged and written of what was decoded."""
    taken = _Taken()
    records = []
    for partition, offset, timestamp_ms, key, all_found, posted_by in batch:
        first = len(taken.rows)
        found = [taken.one(one, partition, offset) for one in all_found]
        records.append(Record(partition, offset, timestamp_ms, key, found))
        if posted_by is not None:
            taken.rows.posted_by(posted_by, first)
    return Reading(records, taken.rows.columns(), taken.simple)


class _Taken:
    """What was found so far."""

    def __init__(self) -> None:
        self.rows = EventRows()
        self.simple = Simple([], array("i"), bytearray())
        self._numbers: dict[SimpleStatement, int] = {}

    def one(self, found: Accepted | Rejected, partition: int, offset: int) -> Found:
        """Take what was found in this place."""
        if isinstance(found, Rejected):
            return found
        event, raw, index = found.event, found.raw, found.index
        place = (partition, offset, index)
        if isinstance(event, ReportEvent):
            report = event.data
            if isinstance(report, Report) and not report.impacts:
                return self._simple(event, report, raw, place)
        row = len(self.rows)
        self.simple.add(NOT_SIMPLE, False)
        names, effect = event_key(event), effect_of(event)
        if isinstance(effect, OfClaim):
            key = self.rows.event(event, raw, place)
            return ClaimEntry(names, key, event.type, index, row, effect)
        if isinstance(effect, OfCoverage):
            key = self.rows.event(event, raw, place)
            return CoverageEntry(names, key, event.type, index, row, effect)
        conflict, incident_id, report_id, says = effect
        which = about(conflict, incident_id, report_id, stands=says is not None)
        if says is not None and isinstance(event, ReportEvent):
            key = self.rows.report(event, event.data, raw, place, which, says.occurrences)
        else:
            key = self.rows.event(event, raw, place)
        return ReportEntry(names, key, event.type, index, row, effect, which)

    def _simple(
        self, event: ReportEvent, report: Report, raw: str, place: tuple[int, int, int]
    ) -> int:
        row = len(self.rows)
        what = simple_statement(report)
        number = self._numbers.get(what)
        if number is None:
            self._numbers[what] = number = len(self.simple.statements)
            self.simple.statements.append(statement(what))
        occurrence = report.occurred.occurrence
        self.simple.add(number, occurrence.throughout)
        which = about(report.conflict, report.incident_id, report.report_id, stands=True)
        self.rows.report(event, report, raw, place, which, (occurrence,))
        return row


class SimpleEntries:
    """The simple reports of a reading, one by one: each is made when it is needed."""

    def __init__(self, reading: Reading) -> None:
        _, columns, self._simple = reading
        self._rows = list(
            zip(
                *map(columns.texts, _TEXTS),
                *(columns.numbers(name).tolist() for name in _NUMBERS),
                strict=True,
            )
        )

    def __getitem__(self, row: int) -> ReportEntry:
        conflict, source, event_id, incident_id, report_id, *others = self._rows[row]
        key, incident_key, report_key, act_start, act_end, start, end, index = others
        statements, said, throughout = self._simple
        when = Occurrence(act_start, act_end, bool(throughout[row]))
        says = TimedStatement(statements[said[row]], (when,), start, end)
        return ReportEntry(
            (conflict, source, event_id),
            key,
            REPORTED,
            index,
            row,
            OfReport(conflict, incident_id, report_id, says),
            About(incident_key, report_key, stands=True),
        )
