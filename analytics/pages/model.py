"""The questions of pages and reports to the lake, with bound parameters, and their rows by name."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

from analytics.queries import queries
from analytics.read_model import Ask
from schemas.time import Instant

SORTS = ("newest", "oldest", "verdict", "incident", "party", "evidence")
ROWS_OF_A_PAGE = 100
MOST_MARKS = 300
MOST_BANDS = 1_200
MOST_WATCHED = 400
MOST_DAYS = 800
MOST_POINTS = 400
MOST_CODES = 40
PIECES = 160


class IncidentsWanted(NamedTuple):
    """Which incidents of a conflict are wanted; what is empty or None leaves none out.

    `since` and `until` (us since 1970) bound when they may have happened. `page` counts from 1.
    """

    conflict: str
    commitment: str | None = None
    verdicts: tuple[str, ...] = ()
    party: str | None = None
    since: Instant | None = None
    until: Instant | None = None
    sort: str = "newest"
    page: int = 1

    def bound(self) -> dict[str, object]:
        """As parameters of a statement."""
        return {
            "conflict": self.conflict,
            "commitment": self.commitment,
            "verdicts": list(self.verdicts),
            "party": self.party,
            "since": self.since,
            "until": self.until,
        }


class IncidentRow(NamedTuple):
    """An incident under a commitment, with what standing reports say; `places` are JSON texts."""

    conflict: str
    commitment_id: str
    incident_id: str
    verdict: str
    party: str | None
    occurred_start: Instant
    occurred_end: Instant
    evidence: str | None
    admitted: bool
    denied_by: list[str]
    reports: int
    acts: list[str]
    actors: list[str]
    targets: list[str] | None
    places: list[str] | None


class Mark(NamedTuple):
    """An incident under a commitment on a timeline."""

    commitment_id: str
    incident_id: str
    verdict: str
    party: str | None
    occurred_start: Instant
    occurred_end: Instant
    is_denied: bool


class Bin(NamedTuple):
    """How many incidents of a verdict fall into a piece of a timeline, from 0."""

    verdict: str
    piece: int
    incidents: int


class Band(NamedTuple):
    """A part of a claim's window; None: unknown or, of an end if `open_ended`, open."""

    commitment_id: str
    claim_id: str
    core_start: Instant | None
    core_end: Instant | None
    hull_start: Instant | None
    hull_end: Instant | None
    open_ended: bool
    is_daily: bool


class WatchSpan(NamedTuple):
    """A time in which a source watched (`full`, `partial`), was kept from it, or said nothing."""

    reported_by: str
    quality: str
    start: Instant
    end: Instant


class Day(NamedTuple):
    """A day of `compliance_daily`."""

    party: str
    day: dt.date
    lower: int
    upper: int
    unattributed: int
    watched: float | None


class Kept(NamedTuple):
    """A row of `compliance` with its streaks."""

    commitment_id: str
    claim_id: str | None
    party: str
    violations_lower: int
    violations_upper: int
    unattributed: int
    first_violation_at: Instant | None
    seconds_to_first_violation: float | None
    free_lower: int | None
    free_upper: int | None
    days: int | None
    unobserved_days: int | None
    rate_before: float | None
    rate_during: float | None
    rate_after: float | None
    rate_ratio: float | None
    rate_ratio_low: float | None
    rate_ratio_high: float | None
    current_lower: int | None
    current_upper: int | None
    longest_lower: int | None
    longest_upper: int | None


class Spot(NamedTuple):
    """Incidents of a verdict whose points are close together; `incident_id` is one of them."""

    verdict: str
    is_one_of: bool
    lat: float
    lon: float
    radius_km: float
    incidents: int
    incident_id: str


class CodeCount(NamedTuple):
    """How many incidents are said to be in a code, by the gravest verdict of each."""

    code: str
    incidents: int
    violation: int
    contested: int
    undetermined: int
    clear: int
    without_point: int
    one_of: int


class LastSaid(NamedTuple):
    """A report that was recorded last, and by whom it is."""

    reported_by: str
    reporter_kind: str | None
    incident_id: str
    recorded_at: Instant


class LogReached(NamedTuple):
    """How far a log is that the answers were made of."""

    log_id: str
    partition: int
    last_offset: int
    last_recorded: Instant


class EventPlace(NamedTuple):
    """Where an event is in a log."""

    log_id: str
    partition: int
    offset: int


class PageModel:
    """The questions; each is bounded, however much there is."""

    def __init__(self, ask: Ask) -> None:
        self.ask = ask

    def _named(self, name: str, **values: object) -> list[tuple[Any, ...]]:
        return self.ask(queries("pages")[name], values)

    def counts(self, wanted: IncidentsWanted) -> Counter[str]:
        """How many incidents stand at each verdict: pairs of a commitment and an incident."""
        rows = self._named("count_incidents", **wanted.bound())
        return Counter({verdict: pairs for verdict, pairs, _ in rows})

    def incidents(
        self, wanted: IncidentsWanted, most: int = ROWS_OF_A_PAGE, skip: int | None = None
    ) -> list[IncidentRow]:
        """A page of the incidents, or `most` of them after `skip`."""
        behind = (wanted.page - 1) * most if skip is None else skip
        values = wanted.bound() | {"sort": wanted.sort, "most": most, "skip": behind}
        return [IncidentRow(*row) for row in self._named("list_incidents", **values)]

    def reach(self, conflict: str, commitment: str | None) -> tuple[Instant, Instant] | None:
        """From when to when something is known to have happened, or to hold."""
        of = {"conflict": conflict, "commitment": commitment}
        [incidents] = self._named("reach_of_incidents", **of)
        [windows] = self._named("reach_of_windows", **of)
        moments = [one for one in (*incidents, *windows) if one is not None]
        return (min(moments), max(moments)) if moments else None

    def marks(
        self, conflict: str, commitment: str | None, span: tuple[Instant, Instant]
    ) -> list[Mark] | None:
        """The incidents that may be within the span; None: they are too many."""
        rows = self._spanned("marks", conflict, commitment, span, most=MOST_MARKS + 1)
        return None if len(rows) > MOST_MARKS else [Mark(*row) for row in rows]

    def bins(
        self, conflict: str, commitment: str | None, span: tuple[Instant, Instant]
    ) -> list[Bin]:
        """How many there are in each of `PIECES` equal pieces of the span."""
        rows = self._spanned("bins", conflict, commitment, span, pieces=PIECES)
        return [Bin(*row) for row in rows]

    def bands(
        self, conflict: str, commitment: str | None, span: tuple[Instant, Instant]
    ) -> list[Band]:
        """The windows that may meet the span."""
        rows = self._spanned("bands", conflict, commitment, span, most=MOST_BANDS)
        return [Band(*row) for row in rows]

    def _spanned(
        self,
        name: str,
        conflict: str,
        commitment: str | None,
        span: tuple[Instant, Instant],
        **more: object,
    ) -> list[tuple[Any, ...]]:
        bounds: dict[str, object] = {"from_us": span[0], "to_us": span[1], "commitment": commitment}
        return self._named(name, conflict=conflict, **bounds, **more)

    def watched(self, conflict: str, span: tuple[Instant, Instant]) -> list[WatchSpan]:
        """Who watched, and was kept from it, within the span."""
        values = {"from_us": span[0], "to_us": span[1], "most": MOST_WATCHED}
        return [WatchSpan(*row) for row in self._named("watched", conflict=conflict, **values)]

    def gaps(self, conflict: str, span: tuple[Instant, Instant]) -> list[WatchSpan]:
        """When a source did not watch, though it did before and after."""
        values = {"from_us": span[0], "to_us": span[1], "most": MOST_WATCHED}
        return [WatchSpan(*row) for row in self._named("gaps", conflict=conflict, **values)]

    def daily(self, conflict: str, commitment: str, claim: str | None) -> list[Day]:
        """The days of a commitment (or of one claim), the last ones, in their order."""
        rows = self._named(
            "daily", conflict=conflict, commitment=commitment, claim=claim, most=MOST_DAYS
        )
        return [Day(*row) for row in reversed(rows)]

    def kept(self, conflict: str) -> list[Kept]:
        """How well each party kept each claim, and each commitment as a whole."""
        return [Kept(*row) for row in self._named("kept", conflict=conflict)]

    def points(self, wanted: IncidentsWanted, fineness: float = 10) -> list[Spot]:
        """The points of the incidents, those within 1/`fineness` of a degree together."""
        values = wanted.bound() | {"fineness": fineness, "most": MOST_POINTS}
        return [Spot(*row) for row in self._named("points", **values)]

    def codes(self, wanted: IncidentsWanted) -> list[CodeCount]:
        """The codes of the incidents, most of them first."""
        values = wanted.bound() | {"most": MOST_CODES}
        return [CodeCount(*row) for row in self._named("codes", **values)]

    def last_said(self, conflict: str, most: int = 1) -> list[LastSaid]:
        """The reports that were recorded last."""
        rows = self._named("last_said", conflict=conflict, most=most)
        return [LastSaid(*row) for row in rows]

    def disagreements(self, conflict: str, incident_id: str) -> list[tuple[str, list[Any]]]:
        """What the reports of an incident do not agree on: field, and each value with who says."""
        rows = self._named("disagreements_of", conflict=conflict, incident_id=incident_id)
        return [(field, values) for field, values in rows]

    def log_positions(self, conflict: str) -> Sequence[LogReached]:
        """How far the logs are, the last first."""
        return [LogReached(*row) for row in self._named("log_position", conflict=conflict)]

    def place_in_log(self, source: str, event_id: str) -> EventPlace | None:
        """Where an event is in the log, if the lake has it."""
        rows = self._named("place_in_log", source=source, event_id=event_id)
        return EventPlace(*rows[0]) if rows else None
