"""Under which assumptions a verdict on one incident would be another; pure, and nothing is kept.

For a whole commitment `analytics.assumptions` says it, by the audit and with further assumptions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from analytics.ledger.rows import ClaimKey
from schemas.claims import Claim
from schemas.events import Report, ReportDenial
from streams.explain.preview import Judged, judged
from streams.judging.incident import Reported
from streams.judging.statement import ATTRIBUTED

MOST_CLAIMS = 12
MOST_SOURCES = 8

StandingReports = Mapping[str, Mapping[str, Report | ReportDenial]]
"""The reports of each incident, by their ids."""


class AssumedVerdict(NamedTuple):
    """An assumption, and the verdict that a commitment would have then; None: none at all."""

    assumption: str
    commitment_id: str
    verdict: str | None
    party: str | None


def assumed_verdicts(
    conflict: str, claims: Mapping[ClaimKey, Claim], told: StandingReports, incident_id: str
) -> Iterator[list[AssumedVerdict]]:
    """What would be another under each assumption by itself, one assumption after the other.

    `told` has the reports of the incident, and of all others that conditions of claims depend on.
    """
    before = _judged(conflict, claims, told)
    for words, assumed_claims, assumed_told in _in_turn(claims, told, incident_id):
        after = _judged(conflict, assumed_claims, assumed_told)
        commitments = {commitment_id for _, commitment_id, _ in assumed_claims}
        yield [
            AssumedVerdict(words, commitment_id, *_said(after, commitment_id, incident_id))
            for commitment_id in sorted(commitments)
            if _said(before, commitment_id, incident_id) != _said(after, commitment_id, incident_id)
        ]


def are_all_tried(
    claims: Mapping[ClaimKey, Claim], reports: Mapping[str, Report | ReportDenial]
) -> bool:
    """Whether each claim and each source of the incident is tried: of many the first are."""
    of_each = Counter(name for _, name, _ in claims)
    sources = {one.reported_by.name for one in reports.values()}
    return max(of_each.values(), default=0) <= MOST_CLAIMS and len(sources) <= MOST_SOURCES


def _in_turn(
    claims: Mapping[ClaimKey, Claim], told: StandingReports, incident_id: str
) -> Iterator[tuple[str, Mapping[ClaimKey, Claim], StandingReports]]:
    for commitment_id in dict.fromkeys(name for _, name, _ in claims):
        of_it = {key: one for key, one in claims.items() if key[1] == commitment_id}
        for key, claim in list(of_it.items())[:MOST_CLAIMS] if len(of_it) > 1 else ():
            yield f"only {key[2]} holds ({claim.claimed_by.name})", {key: claim}, told
    reports = told[incident_id].values()
    if any(isinstance(one, Report) and _is_alleged(one) for one in reports):
        yield "alleged actors count", claims, _each(told, _counted)
    sources = list(dict.fromkeys(one.reported_by.name for one in reports))
    for source in sources[:MOST_SOURCES] if len(sources) > 1 else ():
        without = {
            incident: {name: one for name, one in of_it.items() if one.reported_by.name != source}
            for incident, of_it in told.items()
        }
        yield f"without {source}", claims, without


def _is_alleged(report: Report) -> bool:
    actor = report.actor
    return actor is not None and actor.party is not None and actor.confidence not in ATTRIBUTED


def _counted(report: Report | ReportDenial) -> Report | ReportDenial:
    """The same with the actor who is named as one who is known."""
    if not isinstance(report, Report) or report.actor is None or not _is_alleged(report):
        return report
    actor = report.actor.model_copy(update={"confidence": "likely"})
    return report.model_copy(update={"actor": actor})


def _each(
    told: StandingReports, change: Callable[[Report | ReportDenial], Report | ReportDenial]
) -> StandingReports:
    return {
        incident: {name: change(one) for name, one in of_it.items()}
        for incident, of_it in told.items()
    }


def _judged(conflict: str, claims: Mapping[ClaimKey, Claim], told: StandingReports) -> Judged:
    incidents: Sequence[Reported] = [Reported(name, of_it) for name, of_it in told.items()]
    return judged(conflict, claims, incidents)


def _said(of: Judged, commitment_id: str, incident_id: str) -> tuple[str | None, str | None]:
    found = of.verdicts.get((commitment_id, incident_id))
    return (None, None) if found is None else (found.verdict, found.party)
