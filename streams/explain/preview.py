"""What verdicts would be, if something stood beside what stands; pure, and nothing is kept."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from analytics.ledger.rows import ClaimKey
from analytics.outcomes import MOST_CHANGES_NAMED, VerdictChange
from analytics.read_model import CommitmentVerdict, StoredVerdict
from schemas.claims import Claim
from schemas.verdicts import BY_GRAVITY, Judgement
from streams.explain.explanation import CommitmentExplained, explain_commitment
from streams.judging.incident import Incident, Reported
from streams.judging.judge import judge
from streams.judging.reciprocity import is_reciprocal
from streams.judging.standing import Standing

Pair = tuple[str, str]
"""A commitment and an incident."""
Said = tuple[str | None, str | None]
"""A verdict, and the party that it is about; None: there is none."""


class Judged(NamedTuple):
    """The claims of one conflict, and the verdicts by them on some of its incidents."""

    conflict: str
    claims: Mapping[ClaimKey, Claim]
    verdicts: Mapping[Pair, Judgement]


def judged(
    conflict: str, claims: Mapping[ClaimKey, Claim], incidents: Iterable[Incident]
) -> Judged:
    """Judge the incidents by all claims of their conflict; they release whom they release."""
    standing, every = Standing(), list(incidents)
    for key, claim in claims.items():
        standing.put_claim(key, claim)
    verdicts = {}
    for commitment_id in sorted({commitment_id for _, commitment_id, _ in claims}):
        commitment = standing.commitment(conflict, commitment_id)
        if any(map(is_reciprocal, commitment.claims.values())):
            # What an incident is without conditions depends on no other one.
            for incident in every:
                released_by = judge(commitment, incident)
                standing.note_releases(conflict, commitment_id, incident, released_by)
            commitment = standing.commitment(conflict, commitment_id)
        for incident in every:
            verdict = judge(commitment, incident)
            if verdict is not None:
                verdicts[commitment_id, incident.incident_id] = verdict
    return Judged(conflict, claims, verdicts)


def differences(before: Judged, after: Judged) -> list[VerdictChange]:
    """Which verdicts, or the parties in them, become others, those that are alike together."""
    alike: defaultdict[tuple[Said, Said], list[Pair]] = defaultdict(list)
    for pair in sorted(before.verdicts.keys() | after.verdicts.keys()):
        old, new = before.verdicts.get(pair), after.verdicts.get(pair)
        was, now = _verdict(old), _verdict(new)
        if was != now:
            alike[was, now].append(pair)
    changes = [
        VerdictChange(
            *was,
            *now,
            len(pairs),
            [(before.conflict, *pair) for pair in pairs[:MOST_CHANGES_NAMED]],
        )
        for (was, now), pairs in alike.items()
    ]
    return sorted(changes, key=lambda one: BY_GRAVITY.index(one.after) if one.after else 9)


def _verdict(judgement: Judgement | None) -> Said:
    return (None, None) if judgement is None else (judgement.verdict, judgement.party)


def explained(of: Judged, incident: Reported) -> list[CommitmentExplained]:
    """Why each verdict on one incident is what it is; commitments that it cannot touch left out."""
    by_commitment: defaultdict[str, dict[str, Claim]] = defaultdict(dict)
    for (_, commitment_id, claim_id), claim in of.claims.items():
        by_commitment[commitment_id][claim_id] = claim
    found = []
    for commitment_id, claims in sorted(by_commitment.items()):
        verdict = of.verdicts.get((commitment_id, incident.incident_id))
        if verdict is None:
            continue
        sources = verdict.sources
        stored = CommitmentVerdict(
            verdict.verdict,
            verdict.party,
            sources.independent_reports,
            sources.evidence,
            sources.admitted,
            list(sources.denied_by),
        )
        rows = {
            row.claim_id: StoredVerdict(row.verdict, row.criteria.still_bound)
            for row in verdict.claims
        }
        found.append(explain_commitment(commitment_id, claims, stored, rows, incident))
    return found
