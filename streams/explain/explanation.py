"""Why an incident was judged as it was: every claim by every report, and a sentence for each.

Pure. The verdicts are those of the database; the answers behind them are those of `judge` again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from analytics.read_model import CommitmentVerdict, StoredVerdict
from schemas.claims import Claim
from schemas.events import Assertion, Denial, Report
from schemas.kleene import all_of
from schemas.time import in_window
from schemas.verdicts import BY_GRAVITY, CRITERIA
from streams.explain.reasons import YES, Given, part_in_words, reason
from streams.judging.commitment import Terms
from streams.judging.incident import Reported
from streams.judging.judge import Answer, answer, is_independent
from streams.judging.statement import parts, reporter, timed_statement

OUTSIDE = "it was certainly outside of the window"


class ReportExplained(NamedTuple):
    """What one report says of one claim."""

    report_id: str
    report: Report
    answer: Answer
    rows: tuple[Given, ...]


class ClaimExplained(NamedTuple):
    """One claim on one incident. `by_report` is empty for a denial, which has no terms."""

    claim_id: str
    claim: Claim
    verdict: str
    why: str
    by_report: tuple[ReportExplained, ...]


class CommitmentExplained(NamedTuple):
    """One commitment on one incident; `sources` None: it has no row."""

    commitment_id: str
    verdict: str
    party: str | None
    why: str
    sources: CommitmentVerdict | None
    claims: tuple[ClaimExplained, ...]


def explain_claim(
    claim_id: str,
    claim: Claim,
    judged: StoredVerdict | None,
    reports: Mapping[str, Report],
    denied_by: Sequence[str] = (),
) -> ClaimExplained:
    """Why `claim` was judged as it was; `judged` None: it has no row, and so is clear.

    `denied_by`: the independent reports that say that it did not happen.
    """
    if isinstance(claim, Denial):
        who = " and ".join(claim.bound_parties)
        return ClaimExplained(claim_id, claim, "clear", f"it denies that {who} is bound", ())
    # Without a row, whether a conditional claim still bound was not judged.
    unasked = None if claim.conditions.reciprocal or claim.conditions.other else True
    bound = unasked if judged is None else judged.still_bound
    by_report = tuple(_by_report(claim, bound, *item) for item in sorted(reports.items()))
    if judged is None:
        return ClaimExplained(claim_id, claim, "clear", OUTSIDE, by_report)
    return ClaimExplained(
        claim_id, claim, judged.verdict, _why(judged.verdict, by_report, denied_by), by_report
    )


def _by_report(
    claim: Assertion, bound: bool | None, report_id: str, report: Report
) -> ReportExplained:
    each = parts(report)
    when = tuple(in_window(claim.terms_window, part.occurred.occurrence) for part in each)
    answered = answer(claim, timed_statement(report).statement, when, still_bound=bound)
    rows = tuple(
        Given(claim, report, part, criteria)
        for part, criteria in zip(each, answered.criteria, strict=True)
    )
    return ReportExplained(report_id, report, answered, rows)


def _why(verdict: str, by_report: tuple[ReportExplained, ...], denied_by: Sequence[str]) -> str:
    speaking = [one for one in by_report if not one.answer.abstains]
    silent = [one for one in by_report if one.answer.abstains]
    if not speaking:
        return "every report leaves out what it takes: " + _each(silent)
    aside = f" ({_names(silent)} abstains: {_unknowns(silent[0])})" if len(silent) == 1 else ""
    if len(silent) > 1:
        aside = f" ({_names(silent)} abstain: they leave out what it takes)"
    if verdict == "violation":
        return ", ".join(YES).removesuffix(f", {YES.still_bound}") + aside
    if verdict == "clear":
        return _nos(speaking) + aside
    yes = [one for one in speaking if one.answer.broken is True]
    no = [one for one in speaking if one.answer.broken is False]
    unknown = [one for one in speaking if one.answer.broken is None]
    found = [f"{_names(ones)} says {word}" for ones, word in ((yes, "yes"), (no, "no")) if ones]
    if denied_by:
        found.append(f"{', '.join(denied_by)} denies that it happened")
    if not found:
        return _each(unknown) + aside
    if unknown:
        found.append(_each(unknown))
    return "the reports disagree: " + "; ".join(found) + aside


def _names(by_report: list[ReportExplained]) -> str:
    return ", ".join(one.report_id for one in by_report)


def _each(by_report: list[ReportExplained]) -> str:
    """What makes each of these unknown, given once where it is the same for several."""
    by_reason: dict[str, list[ReportExplained]] = {}
    for one in by_report:
        by_reason.setdefault(_unknowns(one), []).append(one)
    if len(by_reason) == 1:
        return next(iter(by_reason))
    return "; ".join(f"by {_names(ones)}, {why}" for why, ones in by_reason.items())


def _unknowns(one: ReportExplained) -> str:
    """The unknown answers of the first part that could still be a yes."""
    given = next(row for row in one.rows if all_of(row.criteria) is None)
    found = [reason(name, given) for name in CRITERIA if getattr(given.criteria, name) is None]
    return ", and ".join(found)


def _nos(by_report: list[ReportExplained]) -> str:
    rows = [row for one in by_report for row in one.rows]
    for name in CRITERIA:
        if all(getattr(row.criteria, name) is False for row in rows):
            return reason(name, rows[0])
    firsts = dict.fromkeys(
        reason(next(n for n in CRITERIA if getattr(row.criteria, n) is False), row) for row in rows
    )
    return "; ".join(firsts)


def explain_commitment(
    commitment_id: str,
    claims: Mapping[str, Claim],
    verdict: CommitmentVerdict | None,
    judged: Mapping[str, StoredVerdict],
    incident: Reported,
) -> CommitmentExplained:
    """Why the commitment was judged as it was; `verdict` None: it has no row."""
    if incident.gone:
        why = "nobody says that it happened" + (", and some deny it" if incident.denied else "")
        return CommitmentExplained(commitment_id, "none", None, why, None, ())
    terms = Terms(claims)
    denied_by = [
        report_id
        for report_id, report in sorted(incident.denied.items())
        if is_independent(reporter(report), terms, incident.statements)
    ]
    explained = tuple(
        explain_claim(claim_id, claim, judged.get(claim_id), incident.assertions, denied_by)
        for claim_id, claim in sorted(claims.items())
    )
    if verdict is None:
        why = "it was certainly outside of every window"
        return CommitmentExplained(commitment_id, "clear", None, why, None, explained)
    why = _why_overall(verdict.verdict, explained, incident.statements.known_actors)
    return CommitmentExplained(
        commitment_id, verdict.verdict, verdict.party, why, verdict, explained
    )


GRADES = {
    "one_sided": "one-sided: nobody independent supports it",
    "reported": "reported by one independent source",
    "corroborated": "corroborated by two or more independent sources",
    "verified": "verified by an independent monitor",
}


def sources_in_words(sources: CommitmentVerdict | None) -> list[str]:
    """What the evidence of a verdict is worth, and who denies it: a line each."""
    if sources is None:
        return []
    lines = []
    if sources.evidence is not None:
        admitted = "; admitted by the actor's own side" if sources.admitted else ""
        lines.append(f"Evidence: {GRADES[sources.evidence]}{admitted}")
    if sources.denied_by:
        lines.append(f"Denied by {', '.join(sources.denied_by)}")
    return lines


def _why_overall(verdict: str, claims: tuple[ClaimExplained, ...], actors: frozenset[str]) -> str:
    who = " and ".join(sorted(actors)) or "anybody"
    speaking = [c for c in claims if not actors or not actors.isdisjoint(c.claim.bound_parties)]
    if not speaking:
        return f"no claim speaks of {who}"
    by_verdict = {word: [c.claim_id for c in speaking if c.verdict == word] for word in BY_GRAVITY}
    counted = "; ".join(f"{word} by {', '.join(ids)}" for word, ids in by_verdict.items() if ids)
    opening = {
        "violation": f"every claim that speaks of {who} was violated",
        "contested": f"some claims that speak of {who} were violated, and some not",
        "clear": f"no claim that speaks of {who} was violated",
        "undetermined": "no claim was certainly violated, and not all are clear",
    }
    return f"{opening[verdict]}: {counted}"


def as_json(
    conflict: str,
    incident: Reported,
    explained: list[CommitmentExplained],
    posted_by: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """What `truce explain --json` prints; `posted_by`: who posted which report, by its id."""
    posted = posted_by or {}
    return {
        "conflict": conflict,
        "incident_id": incident.incident_id,
        "reports": [
            report.model_dump(mode="json", exclude_none=True) | {"posted_by": posted.get(report_id)}
            for report_id, report in sorted(incident.reports.items())
        ],
        "commitments": [
            {
                "commitment_id": one.commitment_id,
                "verdict": one.verdict,
                "party": one.party,
                "why": one.why,
                "independent_reports": one.sources and one.sources.independent_reports,
                "evidence": one.sources and one.sources.evidence,
                "admitted": one.sources and one.sources.admitted,
                "denied_by": one.sources and one.sources.denied_by,
                "claims": [_claim_json(claim) for claim in one.claims],
            }
            for one in explained
        ],
    }


def _claim_json(one: ClaimExplained) -> dict[str, Any]:
    return {
        "claim_id": one.claim_id,
        "claimed_by": one.claim.claimed_by.name,
        "stance": one.claim.stance,
        "bound_parties": list(one.claim.bound_parties),
        "verdict": one.verdict,
        "why": one.why,
        "answers": list(_answers_json(one)),
    }


def _answers_json(one: ClaimExplained) -> Iterator[dict[str, Any]]:
    for explained in one.by_report:
        for row in explained.rows:
            yield {
                "report_id": explained.report_id,
                "part": part_in_words(row.part, row.report),
                "impact": row.part.impact,
                **row.criteria._asdict(),
                "broken": all_of(row.criteria),
                "abstains": explained.answer.abstains,
            }
