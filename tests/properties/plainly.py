"""The fold as it would be if nothing were spared: every incident again, one by one, at each change."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pytest

from analytics.ledger.rows import Alike, ClaimKey, Rejudged, RejudgeScope
from analytics.ledger.transaction import Transaction
from schemas.claims import Claim
from streams.engine.alike import stored_statement
from streams.engine.first_sight import FastPath
from streams.judging.commitment import Commitment
from streams.judging.fold import Effect, OfClaim, OfCoverage, OfReport, Steps
from streams.judging.incident import Incident
from streams.judging.judge import judge
from streams.judging.reciprocity import is_reciprocal
from streams.judging.standing import Standing
from streams.judging.statement import TimedStatement

ALWAYS = ((-math.inf, math.inf),)


def fold(standing: Standing, effect: Effect, reports: dict[str, TimedStatement]) -> Steps:
    """What `streams.judging.fold.fold` does."""
    match effect:
        case OfReport():
            return _report(standing, effect, reports)
        case OfClaim(conflict, commitment_id, claim_id, claim):
            return _claim(standing, (conflict, commitment_id, claim_id), claim)
        case OfCoverage():
            return _nothing()


def _nothing() -> Steps:
    yield from ()


def _claim(standing: Standing, key: ClaimKey, claim: Claim | None) -> Steps:
    conflict, commitment_id, _ = key
    before = standing.commitment(conflict, commitment_id)
    standing.put_claim(key, claim)
    after = standing.commitment(conflict, commitment_id)
    scope = RejudgeScope(conflict, commitment_id, ALWAYS)
    if claim is not None and is_reciprocal(claim):
        for incident, _ in (yield scope):
            standing.note_releases(conflict, commitment_id, incident, judge(after, incident))
        after = standing.commitment(conflict, commitment_id)
    yield from _again(scope, before, after, except_for=None)


def _report(standing: Standing, effect: OfReport, reports: dict[str, TimedStatement]) -> Steps:
    conflict, incident_id, report_id, statement = effect
    before_incident = Incident(incident_id, reports) if reports else None
    if statement is None:
        reports.pop(report_id, None)
    else:
        reports[report_id] = statement
    after_incident = Incident(incident_id, reports)
    commitments = {name for where, name in standing._claims if where == conflict}
    for commitment_id in sorted(commitments):
        before = after = standing.commitment(conflict, commitment_id)
        old = None if before_incident is None else judge(before, before_incident)
        new = judge(before, after_incident)
        if before.released and standing.note_releases(conflict, commitment_id, after_incident, new):
            after = standing.commitment(conflict, commitment_id)
            new = judge(after, after_incident)
        if old != new:
            yield Rejudged(conflict, incident_id, commitment_id, old, new)
        if after is not before:
            scope = RejudgeScope(conflict, commitment_id, ALWAYS)
            yield from _again(scope, before, after, except_for=incident_id)


def _again(
    scope: RejudgeScope, before: Commitment, after: Commitment, *, except_for: str | None
) -> Steps:
    for incident, _ in (yield scope):
        if incident.incident_id == except_for:
            continue
        old, new = judge(before, incident), judge(after, incident)
        if old != new:
            yield Rejudged(scope.conflict, incident.incident_id, scope.commitment_id, old, new)


def incidents(tx: Transaction, scope: RejudgeScope) -> Iterator[tuple[Incident, Alike]]:
    """Every incident of the conflict that has a report, each read as it came."""
    tx.flush()
    rows = tx.turn.execute(
        """
        SELECT incident_id, report_id, payload FROM accepted
        WHERE superseded_at IS NULL AND report_key IS NOT NULL AND conflict = $conflict
        ORDER BY incident_id, report_id""",
        conflict=scope.conflict,
    )
    found: dict[str, dict[str, TimedStatement]] = {}
    for incident_id, report_id, payload in rows:
        found.setdefault(incident_id, {})[report_id] = stored_statement(payload)
    none = np.array([], np.int64)
    nothing = Alike(none, (), none, none, none, none, none)
    for incident_id, reports in found.items():
        yield Incident(incident_id, reports), nothing


def judged_plainly(patch: pytest.MonkeyPatch) -> None:
    """Have the pipeline work in this way."""
    patch.setattr("streams.engine.batch.fold", fold)
    patch.setattr("streams.engine.batch._incidents", incidents)
    patch.setattr(FastPath, "take", lambda *_: False)
