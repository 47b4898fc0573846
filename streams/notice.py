"""What is told of one verdict, in words and as fields: the same for every target. No rules here."""

from __future__ import annotations

from typing import Any, NamedTuple

from analytics.notices import Notice
from analytics.series import NOBODY_KNOWN
from schemas.claims import Assertion
from schemas.kleene import all_of
from schemas.time import iso
from streams.client import Knowledge
from streams.explain import NAMES, explained_incident, sentence
from streams.judge import Reported
from streams.present import answer
from streams.reasons import part_in_words
from streams.why import ClaimExplained, CommitmentExplained, as_json

CLAIMS_IN_FULL = 20
"""So many claims are told with their reasons, the violated ones first; the others by name."""


class Telling(NamedTuple):
    """A notice with its reasons. `party` None: nobody is known; times are RFC 3339."""

    notice: Notice
    verdict_id: str
    recorded_at: str
    withdrawn_at: str | None
    verdict_now: str
    summary: str
    why: str
    claims: tuple[ClaimExplained, ...]
    evidence: tuple[str, ...]
    claims_json: list[dict[str, Any]]
    """The same as `claims`, as `truce explain --json` tells them."""


def tell(notice: Notice, knowledge: Knowledge) -> Telling:
    """The notice with the reasons that the database knows now."""
    incident, found = explained_incident(knowledge, notice.conflict, notice.incident_id)
    reported = found if incident.reports else []
    one = next((o for o in reported if o.commitment_id == notice.commitment_id), None)
    claims = () if one is None else tuple(sorted(one.claims, key=_violated_first))
    verdict_now = "none" if one is None else one.verdict
    withdrawn_at = None
    if notice.kind == "withdrawn" and notice.superseded_at is not None:
        withdrawn_at = iso(notice.superseded_at)
    recorded_at = iso(notice.recorded_at)
    party = notice.party or NOBODY_KNOWN
    names = (notice.conflict, notice.commitment_id, notice.incident_id, party, notice.verdict)
    return Telling(
        notice,
        "/".join((*names, recorded_at)),
        recorded_at,
        withdrawn_at,
        verdict_now,
        _summary(notice, verdict_now),
        sentence(_why(one, incident)),
        claims,
        _evidence(claims, incident),
        []
        if one is None
        else as_json(notice.conflict, incident, [one])["commitments"][0]["claims"],
    )


def _violated_first(claim: ClaimExplained) -> bool:
    return claim.verdict != "violation"


def _summary(notice: Notice, verdict_now: str) -> str:
    party = "nobody known" if notice.party is None else notice.party
    what = f"{notice.incident_id} under {notice.commitment_id}, by {party} ({notice.conflict})"
    if notice.kind == "stands":
        return f"{notice.verdict.capitalize()}: {what}"
    now = "nothing is reported of it any more" if verdict_now == "none" else f"now {verdict_now}"
    return f"Withdrawn: {what} is no {notice.verdict} any more; {now}"


def _why(one: CommitmentExplained | None, incident: Reported) -> str:
    if not incident.reports:
        return "no report of the incident stands any more"
    if one is None:
        return "no claim of the commitment stands any more"
    return one.why


def _evidence(claims: tuple[ClaimExplained, ...], incident: Reported) -> tuple[str, ...]:
    links = [link for _, report in sorted(incident.reports.items()) for link in report.evidence]
    links += [link for claim in claims for link in claim.claim.evidence]
    return tuple(dict.fromkeys(links))


def description(telling: Telling) -> str:
    """Why, in a few lines: all claims together, then each."""
    lines = [telling.why]
    for claim in telling.claims[:CLAIMS_IN_FULL]:
        lines.append(f"{claim.claim_id} ({_claimant(claim)}): {claim.verdict}.")
        lines[-1] += f" {sentence(claim.why)}"
    left = len(telling.claims) - CLAIMS_IN_FULL
    if left > 0:
        lines.append(f"And {left} more: truce explain {telling.notice.incident_id}")
    return "\n".join(lines)


def violated(telling: Telling) -> str:
    """The claims that were violated."""
    return ", ".join(claim.claim_id for claim in telling.claims if claim.verdict == "violation")


def not_violated(telling: Telling) -> str:
    """The claims that were not, or not certainly, each with its verdict."""
    return ", ".join(
        f"{claim.claim_id} ({claim.verdict})"
        for claim in telling.claims
        if claim.verdict != "violation"
    )


def criteria(telling: Telling) -> str:
    """The answers behind the verdict: a line for each claim, report and part of it."""
    lines = []
    for claim in telling.claims[:CLAIMS_IN_FULL]:
        if not isinstance(claim.claim, Assertion) or claim.verdict == "clear":
            continue
        for told in claim.told:
            for row in told.rows:
                said = ", ".join(
                    f"{name} {answer(criterion)}"
                    for name, criterion in zip(NAMES, row.criteria, strict=True)
                )
                broken = "abstains" if told.answer.abstains else answer(all_of(row.criteria))
                part = part_in_words(row.part, row.report)
                lines.append(f"{claim.claim_id}, {told.report_id}, {part}: {broken} ({said})")
    return "\n".join(lines)


def _claimant(claim: ClaimExplained) -> str:
    by = claim.claim.claimed_by
    return by.name if by.role is None else f"{by.name}, {by.role}"
