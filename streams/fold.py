"""What one event changes, given what stands. Pure: whoever calls it brings the reports.

`fold` is a generator. It yields a `Scope` where other incidents may have to be judged again, and is
sent those incidents; it yields a `Rejudged` for every pair whose verdict, criteria, times or
sources are no longer what they were.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Iterable
from typing import assert_never

from analytics.rows import ClaimKey, EventKey, IncidentKey, Rejudged, Scope
from schemas.events import (
    ABOUT_INCIDENTS,
    ClaimEvent,
    ClaimRetractedEvent,
    Event,
    Report,
    ReportEvent,
    ReportRetractedEvent,
)
from schemas.time import Limit
from streams.judge import Claim, Commitment, Incident, Released, judge
from streams.standing import Standing, is_reciprocal, reach

Incidents = Iterable[Incident]
Fold = Generator[Scope | Rejudged, Incidents, None]


def event_key(event: Event) -> EventKey:
    """What makes an event the same event again: `source` and `id` within its conflict."""
    return (event.data.conflict, event.source, event.id)


def incident_key(event: Event) -> IncidentKey | None:
    """The incident that an event is about, if it is about one."""
    data = event.data
    if isinstance(data, ABOUT_INCIDENTS):
        return (data.conflict, data.incident_id)
    return None


def fold(standing: Standing, event: Event, reports: dict[str, Report]) -> Fold:
    """Let `event` take effect on `standing` and on `reports`, those of the incident it speaks of.

    `reports` is empty for an event about a claim. Both are changed in place; incidents sent for a
    `Scope` must show every report that stands at that moment, of every incident in the scope.
    """
    # The most frequent first: to see that a model is not of a class takes a microsecond.
    match event:
        case ReportEvent():
            said = event.data
            after = {**reports, said.report_id: said}
            yield from _report(standing, said.conflict, said.incident_id, reports, after)
        case ReportRetractedEvent():
            back = event.data
            after = {k: report for k, report in reports.items() if k != back.report_id}
            yield from _report(standing, back.conflict, back.incident_id, reports, after)
        case ClaimEvent():
            data = event.data
            key = (data.conflict, data.commitment_id, data.claim_id)
            yield from _claim(standing, key, data)
        case ClaimRetractedEvent():
            gone = event.data
            yield from _claim(standing, (gone.conflict, gone.commitment_id, gone.claim_id), None)
        case _:
            assert_never(event)


def _claim(standing: Standing, key: ClaimKey, claim: Claim | None) -> Fold:
    """A claim came, changed or went: its commitment is judged again for all it ever touched."""
    conflict, commitment_id, _ = key
    before = standing.commitment(conflict, commitment_id)
    standing.put_claim(key, claim)
    after = standing.commitment(conflict, commitment_id)
    reached = reach(before, after)
    if reached is None:
        return
    scope = Scope(conflict, commitment_id, *reached)
    if claim is not None and is_reciprocal(claim):
        # Who was released must be known before anybody is judged by it.
        for incident in (yield scope):
            standing.note_releases(conflict, commitment_id, incident, judge(after, incident))
        after = standing.commitment(conflict, commitment_id)
    yield from _again(scope, before, after, except_for=None)


def _report(
    standing: Standing,
    conflict: str,
    incident_id: str,
    reports: dict[str, Report],
    after_reports: dict[str, Report],
) -> Fold:
    """A report came, changed or went: its incident is judged again under all that it touches."""
    before_incident = Incident(incident_id, dict(reports)) if reports else None
    after_incident = Incident(incident_id, after_reports)
    reports.clear()
    reports.update(after_reports)
    touched = standing.touched(conflict, after_incident)
    if before_incident is not None:
        touched |= standing.touched(conflict, before_incident)
    for commitment_id in sorted(touched):
        before = after = standing.commitment(conflict, commitment_id)
        old = None if before_incident is None else judge(before, before_incident)
        new = judge(before, after_incident)
        if before.released and standing.note_releases(conflict, commitment_id, after_incident, new):
            after = standing.commitment(conflict, commitment_id)
            new = judge(after, after_incident)
        if old != new:
            yield Rejudged(conflict, incident_id, commitment_id, old, new)
        if after is not before and (reached := _released_differently(before, after)) is not None:
            scope = Scope(conflict, commitment_id, *reached)
            yield from _again(scope, before, after, except_for=incident_id)


def _again(scope: Scope, before: Commitment, after: Commitment, *, except_for: str | None) -> Fold:
    for incident in (yield scope):
        if incident.incident_id == except_for:
            continue
        old, new = judge(before, incident), judge(after, incident)
        if old != new:
            yield Rejudged(scope.conflict, incident.incident_id, scope.commitment_id, old, new)


def _released_differently(before: Commitment, after: Commitment) -> tuple[Limit, Limit] | None:
    """The stretch of time within which an incident may be bound under one and not the other.

    Before the earlier of two starts nobody is released by either; after both were certainly over
    everybody is. So only what lies between can differ.
    """
    stretches = [
        _between(by_old.get(parties), by_new.get(parties))
        for claim_id in before.released
        for by_old in ({r.parties: r for r in before.released[claim_id]},)
        for by_new in ({r.parties: r for r in after.released.get(claim_id, ())},)
        for parties in sorted(by_old.keys() | by_new.keys(), key=sorted)
        if by_old.get(parties) != by_new.get(parties)
    ]
    if not stretches:
        return None
    return min(lo for lo, _ in stretches), max(hi for _, hi in stretches)


def _between(old: Released | None, new: Released | None) -> tuple[Limit, Limit]:
    both = [released for released in (old, new) if released is not None]
    lo = min(released.since for released in both)
    if old is None or new is None or len(old.parties) != 1:
        return lo, math.inf
    return lo, max(released.until for released in both)
