"""What one event changes, given what stands. Pure: whoever calls it brings the reports.

What `fold` gives is a generator. It yields a `RejudgeScope` where other incidents may have to be
judged again, and is sent those incidents, one for all that are alike. It yields a `Rejudged` for
every pair whose verdict, criteria, times or sources are no longer what they were, one
`RejudgedAlike` for many that changed alike, or one `FirstJudged` for all pairs of a new incident.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Iterable
from typing import NamedTuple, assert_never

from analytics.ledger.rows import (
    Alike,
    ClaimKey,
    EventKey,
    FirstJudged,
    IncidentKey,
    Rejudged,
    RejudgedAlike,
    RejudgeScope,
    Stretch,
)
from schemas.claims import Claim
from schemas.events import (
    ClaimEvent,
    ClaimRetractedEvent,
    Coverage,
    CoverageEvent,
    Event,
    ReportEvent,
    ReportRetractedEvent,
)
from streams.judging.affected import (
    affected,
    merged,
    moments,
    only_window_moves,
    same_terms,
    singled_out,
)
from streams.judging.commitment import Commitment
from streams.judging.incident import Incident
from streams.judging.memo import judge_first, judge_remembering
from streams.judging.reciprocity import Released, is_reciprocal
from streams.judging.standing import Standing
from streams.judging.statement import TimedStatement, timed_statement

Incidents = Iterable[tuple[Incident, Alike]]
"""One of some that are alike for a `RejudgeScope`, and all of these."""
Steps = Generator[RejudgeScope | FirstJudged | Rejudged | RejudgedAlike, Incidents, None]


class OfClaim(NamedTuple):
    """What an event makes of a claim or a denial: it stands like this; None: it was taken back."""

    conflict: str
    commitment_id: str
    claim_id: str
    claim: Claim | None

    @property
    def key(self) -> ClaimKey:
        """Which claim it is."""
        return self.conflict, self.commitment_id, self.claim_id


class OfReport(NamedTuple):
    """What an event makes of a report: it says this now; None: it was taken back."""

    conflict: str
    incident_id: str
    report_id: str
    statement: TimedStatement | None

    @property
    def incident_key(self) -> IncidentKey:
        """Which incident it is about."""
        return self.conflict, self.incident_id


class OfCoverage(NamedTuple):
    """What an event says of who watched: it is kept, and judges nothing."""

    coverage: Coverage


Effect = OfClaim | OfReport | OfCoverage


def effect_of(event: Event) -> Effect:
    """What `event` makes of the claim, the report or the coverage that it is about."""
    # The most frequent first: to see that a model is not of a class takes a microsecond.
    match event:
        case ReportEvent():
            reported = event.data
            return OfReport(
                reported.conflict,
                reported.incident_id,
                reported.report_id,
                timed_statement(reported),
            )
        case ReportRetractedEvent():
            back = event.data
            return OfReport(back.conflict, back.incident_id, back.report_id, None)
        case ClaimEvent():
            claim = event.data
            return OfClaim(claim.conflict, claim.commitment_id, claim.claim_id, claim)
        case ClaimRetractedEvent():
            gone = event.data
            return OfClaim(gone.conflict, gone.commitment_id, gone.claim_id, None)
        case CoverageEvent():
            return OfCoverage(event.data)
        case _:
            assert_never(event)


def event_key(event: Event) -> EventKey:
    """What makes an event the same event again: `source` and `id` within its conflict."""
    return (event.data.conflict, event.source, event.id)


def fold(standing: Standing, effect: Effect, reports: dict[str, TimedStatement]) -> Steps:
    """Change `standing` and `reports`, those of the incident that is spoken of, by `effect`.

    `reports` is empty for what is about no report. Both are changed in place. Incidents sent for a
    `RejudgeScope` must show every report that stands at that moment, of every incident in it.
    """
    match effect:
        case OfReport():
            return _report(standing, effect, reports)
        case OfClaim():
            return _claim(standing, effect.key, effect.claim)
        case OfCoverage():
            return _nothing()
        case _:
            assert_never(effect)


def _nothing() -> Steps:
    """Who watched, and when, moves no verdict."""
    yield from ()


def _claim(standing: Standing, key: ClaimKey, claim: Claim | None) -> Steps:
    """A claim came, changed or went: what that can touch is judged again under its commitment."""
    conflict, commitment_id, claim_id = key
    before = standing.commitment(conflict, commitment_id)
    old = before.claims.get(claim_id)
    if same_terms(old, claim):
        return
    # Outside of where the window moves a violation stays one, and releases whom it did.
    keeps = only_window_moves(old, claim)
    standing.put_claim(key, claim, keeps_releases=keeps)
    after = standing.commitment(conflict, commitment_id)
    scope = affected(conflict, before, after, claim_id)
    if scope is None:
        return
    if claim is not None and is_reciprocal(claim):
        # Who was released must be known before anybody is judged by it.
        for incident, alike in (yield scope):
            judged = judge_remembering(after, incident)
            standing.note_releases_of(conflict, commitment_id, incident, alike, judged)
        after = standing.commitment(conflict, commitment_id)
        if keeps and (released := _released_differently(before, after)) is not None:
            scope = scope._replace(stretches=merged((*scope.stretches, released)))
    yield from _again(scope, before, after)


def _report(standing: Standing, effect: OfReport, reports: dict[str, TimedStatement]) -> Steps:
    """A report came, changed or went: its incident is judged again under all that it touches."""
    conflict, incident_id, report_id, statement = effect
    if reports.get(report_id) == statement:
        # What is judged of it is the same; or there was nothing to take back.
        return
    before_incident = Incident(incident_id, reports) if reports else None
    if statement is None:
        reports.pop(report_id, None)
    else:
        reports[report_id] = statement
    after_incident = Incident(incident_id, reports)
    touched, matched = standing.touched(conflict, after_incident)
    if before_incident is not None:
        touched |= standing.touched(conflict, before_incident).commitment_ids
    elif matched is not None:
        if matched.commitment_ids:
            yield judge_first(conflict, after_incident, matched)
        return
    for commitment_id in sorted(touched):
        before = after = standing.commitment(conflict, commitment_id)
        old = None if before_incident is None else judge_remembering(before, before_incident)
        new = judge_remembering(before, after_incident)
        if before.released and standing.note_releases(conflict, commitment_id, after_incident, new):
            after = standing.commitment(conflict, commitment_id)
            new = judge_remembering(after, after_incident)
        if old != new:
            yield Rejudged(conflict, incident_id, commitment_id, old, new)
        if after is not before and (reached := _released_differently(before, after)) is not None:
            scope = RejudgeScope(conflict, commitment_id, (reached,), None, moments(before, after))
            yield from _again(scope, before, after, except_for=incident_id)


def _again(
    scope: RejudgeScope, before: Commitment, after: Commitment, *, except_for: str | None = None
) -> Steps:
    alone = singled_out(before, after) | ({except_for} if except_for is not None else set())
    scope = scope._replace(moments=moments(before, after), alone=frozenset(alone))
    for incident, alike in (yield scope):
        if incident.incident_id == except_for:
            continue
        old, new = judge_remembering(before, incident), judge_remembering(after, incident)
        if old != new:
            yield RejudgedAlike(scope.conflict, scope.commitment_id, old, new, alike)


def _released_differently(before: Commitment, after: Commitment) -> Stretch | None:
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


def _between(old: Released | None, new: Released | None) -> Stretch:
    both = [released for released in (old, new) if released is not None]
    lo = min(released.since for released in both)
    if old is None or new is None or len(old.parties) != 1:
        return lo, math.inf
    return lo, max(released.until for released in both)
