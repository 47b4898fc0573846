"""Claims and reports as rows of their tables. Absent stays NULL, and an empty list stays empty."""

from __future__ import annotations

import math
from typing import Any

from analytics.rows import Logged
from schemas.events import Assertion, Denial, Report
from schemas.time import OPEN, Daily, Limit, Occurrence, Span, Window

Row = list[Any]


def _known(limit: Limit) -> int | None:
    return None if math.isinf(limit) else int(limit)


def _stretch(part: Span | Daily) -> dict[str, int | bool | None]:
    return {
        "starts": _known(part.start.earliest),
        "ends": _known(part.end.latest),
        "open_ended": part.end == OPEN,
    }


def claim_row(logged: Logged, claim: Assertion | Denial, key: int) -> Row:
    """The row of `claim_versions` for a claim that stands; terms of a denial carry no weight."""
    window: Window = claim.terms_window if isinstance(claim, Assertion) else ()
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
        [_stretch(part) for part in window],
        claim.conditions.reciprocal,
        claim.conditions.other,
        claim.evidence,
        logged.raw,
        logged.recorded_at,
        None,
        key,
    ]


def extent(report: Report) -> tuple[int, int]:
    """From the earliest start to the latest end of the whole and its impacts, in us since 1970."""
    parts = _parts(report)
    return min(part.start for part in parts), max(part.end for part in parts)


def _parts(report: Report) -> list[Occurrence]:
    impacts = [i.occurred.occurrence for i in report.impacts if i.occurred is not None]
    return [report.occurred.occurrence, *impacts]


def report_row(logged: Logged, report: Report, incident_key: int, key: int) -> Row:
    """The row of `report_versions` for a report that stands."""
    occurred = report.occurred.occurrence
    parts = _parts(report)
    actor = report.actor
    reporter = report.reported_by
    return [
        report.conflict,
        report.incident_id,
        report.report_id,
        reporter.name,
        reporter.kind,
        reporter.party,
        occurred.start,
        occurred.end,
        report.occurred.certainty,
        None if actor is None else actor.party,
        None if actor is None else actor.confidence,
        report.act,
        report.targets,
        logged.raw,
        logged.recorded_at,
        None,
        *extent(report),
        # An instant is over with the next microsecond.
        max(part.end if part.end > part.start else part.end + 1 for part in parts),
        incident_key,
        key,
    ]
