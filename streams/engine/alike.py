"""Reports as the ledger keeps them, to incidents: one for all that say the same at like times.

Most reports say what others say, and many lie alike to the bounds of all windows. What is
read of a report on the fast path is only which of its texts are the same; whatever says more than
is known here is read as it was when it came.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import msgspec
import numpy as np

from analytics.ledger.rows import Alike, Numbers, RejudgeScope
from analytics.ledger.scope import Page
from schemas.events import ReportEvent, parse_event
from schemas.time import Occurrence
from streams.judging.incident import Incident
from streams.judging.reciprocity import release
from streams.judging.statement import Statement, TimedStatement, timed_statement

NOT_SIMPLE = -1


class _Reporter(msgspec.Struct, forbid_unknown_fields=True):
    name: msgspec.Raw
    kind: msgspec.Raw = msgspec.Raw(b"")
    party: msgspec.Raw = msgspec.Raw(b"")


class _Occurred(msgspec.Struct, forbid_unknown_fields=True):
    start: msgspec.Raw
    end: msgspec.Raw = msgspec.Raw(b"")
    certainty: str | None = None
    of: str | None = None
    flight: msgspec.Raw = msgspec.Raw(b"")
    as_stated: msgspec.Raw = msgspec.Raw(b"")


class _Report(msgspec.Struct, forbid_unknown_fields=True):
    conflict: msgspec.Raw
    incident_id: msgspec.Raw
    report_id: msgspec.Raw
    reported_by: _Reporter
    occurred: _Occurred
    stance: str | None = None
    actor: msgspec.Raw = msgspec.Raw(b"")
    act: msgspec.Raw = msgspec.Raw(b"")
    targets: msgspec.Raw = msgspec.Raw(b"")
    places: msgspec.Raw = msgspec.Raw(b"")
    weapons: msgspec.Raw = msgspec.Raw(b"")
    effects: msgspec.Raw = msgspec.Raw(b"")
    evidence: msgspec.Raw = msgspec.Raw(b"")


class _Event(msgspec.Struct):
    data: _Report


_decoder = msgspec.json.Decoder(_Event)
StatementTexts = tuple[bytes, ...]


class _Simple(NamedTuple):
    """What one report says: the number of its statement, and of its time what columns leave out."""

    number: int
    throughout: bool


class PageReader:
    """Reads the pages of one scope: each statement is made once."""

    def __init__(self, scope: RejudgeScope) -> None:
        self._scope = scope
        self._moments = None if scope.moments is None else np.array(scope.moments, np.int64)
        self._numbers: dict[StatementTexts, int] = {}
        self._statements: list[Statement] = []

    def incidents(self, page: Page) -> Iterator[tuple[Incident, Alike]]:
        """One incident for all that are alike, and all of these."""
        reports = [self._read(payload) for payload in page.payloads]
        firsts = np.flatnonzero(np.diff(page.places, prepend=-1))
        edges = np.append(firsts, len(reports))
        classes = self._classes(page, reports)
        groups: dict[object, list[int]] = {}
        alone = self._scope.alone
        for first, last in pairwise(edges.tolist()):
            name = page.incident_ids[first]
            if name in alone or any(one.number == NOT_SIMPLE for one in reports[first:last]):
                key: object = name
            elif last - first == 1:
                key = classes[first]
            else:
                key = tuple(classes[first:last])
            groups.setdefault(key, []).append(first)
        for members in groups.values():
            rows = np.array(members, np.int64)
            lasts = edges[np.searchsorted(edges, rows, "right")]
            of_first = range(members[0], int(lasts[0]))
            one = self._incident(page, reports, of_first)
            if one.gone:
                continue
            is_simple = all(reports[row].number != NOT_SIMPLE for row in of_first)
            yield one, _alike(page, rows, lasts) if is_simple else _alone(page, members[0], one)

    def _read(self, payload: str) -> _Simple:
        try:
            data = _decoder.decode(payload).data
        except (msgspec.MsgspecError, RecursionError):
            return _Simple(NOT_SIMPLE, False)
        if data.stance == "denies":
            return _Simple(NOT_SIMPLE, False)
        by = data.reported_by
        said = (by.name, by.kind, by.party, data.actor, data.act, data.targets, data.places)
        what = tuple(map(bytes, said))
        number = self._numbers.get(what)
        if number is None:
            self._numbers[what] = number = len(self._statements)
            self._statements.append(stored_statement(payload).statement)
        occurred = data.occurred
        throughout = occurred.certainty == "throughout" and occurred.of != "impact"
        return _Simple(number, throughout)

    def _classes(self, page: Page, reports: Sequence[_Simple]) -> list[tuple[int, ...]]:
        """What a report says, and how it lies: equal for those that are alike."""
        starts, ends = page.act_starts, page.act_ends
        numbers = np.array([one.number for one in reports], np.int64)
        flags = np.array([one.throughout for one in reports], np.int64)
        lies: tuple[Numbers, ...] = (starts, ends)
        if self._moments is not None:
            # An instant is as certain as what went on throughout; see `Windows.touched`.
            flags = np.where(starts == ends, 1, flags)
            stops = np.maximum(ends, starts + 1)
            lies = (
                np.searchsorted(self._moments, starts, "right"),
                np.searchsorted(self._moments, stops, "left"),
                np.searchsorted(self._moments, ends, "left"),
            )
        return list(zip(*(column.tolist() for column in (numbers, flags, *lies)), strict=True))

    def _incident(self, page: Page, reports: Sequence[_Simple], rows: Sequence[int]) -> Incident:
        statements = {
            page.report_ids[row]: self._statement(page, reports[row], row) for row in rows
        }
        return Incident(page.incident_ids[rows[0]], statements)

    def _statement(self, page: Page, report: _Simple, row: int) -> TimedStatement:
        number, throughout = report
        if number == NOT_SIMPLE:
            return stored_statement(page.payloads[row])
        when = Occurrence(int(page.act_starts[row]), int(page.act_ends[row]), throughout)
        start, end = int(page.starts[row]), int(page.ends[row])
        return TimedStatement(self._statements[number], (when,), start, end)


def _alike(page: Page, firsts: Numbers, lasts: Numbers) -> Alike:
    """The incidents whose simple reports are in these rows, from first to before last."""
    starts, ends = page.starts[firsts], page.ends[firsts]
    act_starts, over_by = page.act_starts[firsts], page.over_by[firsts]
    for number in np.flatnonzero(lasts - firsts > 1).tolist():
        of_one = slice(int(firsts[number]), int(lasts[number]))
        starts[number] = page.starts[of_one].min()
        ends[number] = page.ends[of_one].max()
        act_starts[number] = page.act_starts[of_one].min()
        over_by[number] = page.over_by[of_one].max()
    ids = [page.incident_ids[row] for row in firsts.tolist()]
    keys = page.incident_keys[firsts]
    return Alike(page.places[firsts], ids, keys, starts, ends, act_starts, over_by)


def _alone(page: Page, row: int, incident: Incident) -> Alike:
    """The one incident whose first report is in this row."""
    made = release(incident)
    times = (incident.start, incident.end, made.start, made.until)
    return Alike(
        page.places[[row]],
        [incident.incident_id],
        page.incident_keys[[row]],
        *(np.array([moment], np.int64) for moment in times),
    )


def stored_statement(payload: str) -> TimedStatement:
    """What a report that the ledger keeps as its event's JSON text says."""
    event = parse_event(payload)
    if not isinstance(event, ReportEvent):
        raise TypeError(f"the ledger keeps a {event.type} as a standing report")
    return timed_statement(event.data)
