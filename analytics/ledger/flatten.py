"""Claims, reports and coverage as rows of their tables.

Absent stays NULL, and an empty list stays empty, except for an area.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

from schemas.claims import AreaTerms, WindowEntry
from schemas.events import Assertion, Coverage, Denial, Report, ReportDenial
from schemas.places import Polygonal
from schemas.time import OPEN, Daily, Limit, Occurrence

Row = list[Any]


def _known(limit: Limit) -> int | None:
    return None if math.isinf(limit) else int(limit)


def _stretch(entry: WindowEntry) -> dict[str, int | bool | str | None]:
    part, daily = entry.part, entry.daily
    # Hours that go once round the clock are none.
    hours = part if isinstance(part, Daily) else None
    return {
        "starts": _known(part.start.earliest),
        "ends": _known(part.end.latest),
        "open_ended": part.end == OPEN,
        "core_starts": _known(part.start.latest),
        "core_ends": _known(part.end.earliest),
        "daily_from": None if hours is None else hours.from_.isoformat(),
        "daily_to": None if hours is None else hours.to.isoformat(),
        "zone": entry.zone if daily is None else daily.zone,
    }


def claim_row(claim: Assertion | Denial, payload: str, recorded_at: int, key: int) -> Row:
    """The row of `claim_versions` for a claim that stands; terms of a denial carry no weight."""
    entries = claim.window if isinstance(claim, Assertion) else ()
    window = [entry.part for entry in entries]
    return [
        claim.conflict,
        claim.commitment_id,
        claim.claim_id,
        claim.stance,
        claim.claimed_by.name,
        claim.claimed_by.role,
        claim.claimed_by.party,
        claim.bound_parties,
        claim.prohibits.acts,
        claim.prohibits.targets,
        _known(min((part.start.earliest for part in window), default=-math.inf)),
        _known(max((part.end.latest for part in window), default=math.inf)),
        any(part.end == OPEN for part in window),
        [_stretch(entry) for entry in entries],
        claim.conditions.reciprocal,
        claim.conditions.other,
        claim.evidence,
        payload,
        recorded_at,
        None,
        key,
    ]


def coverage_row(coverage: Coverage, payload: str, recorded_at: int, key: int) -> Row:
    """The row of `coverage_versions` for what is said of who watched."""
    reporter = coverage.reported_by
    return [
        coverage.conflict,
        coverage.coverage_id,
        reporter.name,
        reporter.kind,
        reporter.party,
        coverage.start,
        coverage.end,
        _area(coverage.area),
        coverage.quality,
        coverage.as_stated,
        coverage.evidence,
        payload,
        recorded_at,
        None,
        key,
    ]


def _area(area: AreaTerms) -> str | None:
    """A JSON list of codes and geometries, as events have it; None: it was not said."""
    if not area:
        return None
    parts = (part.geojson if isinstance(part, Polygonal) else json.dumps(part) for part in area)
    return f"[{', '.join(parts)}]"


Extent = tuple[int, int, int]
"""The earliest start and latest end of the acts of a report and its impacts, in us since 1970, and
an exclusive upper bound of them all: for an instant, the next microsecond."""
NO_EXTENT = (None, None, None)
"""That of a denial."""


def extent(occurrences: Sequence[Occurrence]) -> Extent:
    """When it happened, by all times that a report gives."""
    if len(occurrences) == 1:
        return _extent(occurrences[0])
    begins, ends, over_by = zip(*map(_extent, occurrences), strict=True)
    return min(begins), max(ends), max(over_by)


def _extent(part: Occurrence) -> Extent:
    start, end, _ = part
    return start, end, end if end > start else end + 1


def report_row(
    report: Report | ReportDenial, when: Extent | tuple[None, None, None]
) -> tuple[Any, ...]:
    """The contents of a report, in the columns of `accepted` from `incident_id` up to its keys."""
    actor = report.actor
    reporter = report.reported_by
    occurred = report.occurred
    start, end = (None, None) if occurred is None else occurred.reported
    return (
        report.incident_id,
        report.report_id,
        reporter.name,
        reporter.kind,
        reporter.party,
        report.stance,
        start,
        end,
        None if occurred is None else occurred.certainty,
        None if actor is None else actor.party,
        None if actor is None else actor.confidence,
        report.act,
        report.targets,
        *when,
    )
