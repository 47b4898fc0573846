"""The pages of one incident and of one commitment: what stands, and why."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, NamedTuple

from analytics.pages.model import PageModel
from analytics.pages.zones import ReaderZone
from analytics.read_model import ReadModel
from schemas.claims import Claim
from schemas.events import Assertion, Occurred, Report, ReportDenial
from schemas.kleene import all_of
from schemas.time import OPEN, UNKNOWN, Bound, Daily, Instant, Span, in_force
from schemas.verdicts import BY_GRAVITY
from streams.commands.explain import explained_incident
from streams.commands.new.preview import MOST_INCIDENTS
from streams.explain.assumed import AssumedVerdict, are_all_tried, assumed_verdicts
from streams.explain.details import figures_in_words
from streams.explain.explanation import ClaimExplained, sources_in_words
from streams.explain.reasons import part_in_words, place_in_words, scope_in_words
from streams.explain.words import CRITERION_NAMES, answer, sentence
from streams.judging.incident import Reported
from streams.judging.reciprocity import is_reciprocal
from streams.web.address import Chosen, Here
from streams.web.board import drawn_days, drawn_timeline, when_in_words

SECONDS_TO_ASSUME = 1.0
"""After so long what was not tried yet is left out."""


class Answered(NamedTuple):
    """A row of the matrix: a part of a report against a claim, and each answer as a word."""

    report_id: str
    part: str
    answers: list[str]
    broken: str


class ReportCard(NamedTuple):
    """A report as it stands beside the others: labels and what it says, and its links."""

    report_id: str
    by: str
    kind: str
    denies: bool
    rows: list[tuple[str, str]]
    links: list[str]


def incident(
    knowledge: ReadModel, pages: PageModel, conflict: str, incident_id: str, zone: ReaderZone
) -> dict[str, Any] | None:
    """What the page of an incident shows; None: nobody ever reported one."""
    if conflict not in knowledge.conflicts_of(incident_id):
        return None
    found, explained = explained_incident(knowledge, conflict, incident_id)
    posted_by = knowledge.posted_by_of(conflict, incident_id)
    history = knowledge.history_of(conflict, incident_id)
    reports = found.reports.items()
    return {
        "incident_id": incident_id,
        "gone": found.gone,
        "explained": [
            {
                "one": one,
                "why": sentence(one.why),
                "sources": [sentence(line) for line in sources_in_words(one.sources)],
                "claims": [(claim, _matrix(claim)) for claim in one.claims],
                "open": _most_telling(one.claims),
            }
            for one in explained
        ],
        "criteria": CRITERION_NAMES,
        "reports": [_card(name, one, posted_by.get(name), zone) for name, one in reports],
        "disagreements": pages.disagreements(conflict, incident_id),
        "history": history,
        "assumed": _assumed(knowledge, found, conflict),
        "is_changed": any(one.superseded_at is not None for one in history),
    }


class AssumedElse(NamedTuple):
    """What would be another under some assumption; `is_whole`: all of them were tried in time."""

    rows: list[AssumedVerdict]
    is_whole: bool


def _assumed(knowledge: ReadModel, found: Reported, conflict: str) -> AssumedElse | None:
    """Under what the verdicts on an incident would be others; None: there is nothing to judge."""
    claims = knowledge.claims_of(conflict)
    if found.gone or not claims:
        return None
    told = {found.incident_id: found.reports}
    if any(map(is_reciprocal, claims.values())):
        if knowledge.count_incidents_of(conflict) > MOST_INCIDENTS:
            # Who is bound depends on all of them.
            return None
        told = {**knowledge.last_reports_of(conflict, MOST_INCIDENTS), **told}
    until = time.monotonic() + SECONDS_TO_ASSUME
    rows: list[AssumedVerdict] = []
    for others in assumed_verdicts(conflict, claims, told, found.incident_id):
        rows += others
        if time.monotonic() > until:
            return AssumedElse(rows, is_whole=False)
    return AssumedElse(rows, is_whole=are_all_tried(claims, found.reports))


def _most_telling(claims: Sequence[ClaimExplained]) -> str | None:
    """The claim whose criteria are shown at first: one that was violated, else an open one."""
    for verdict in BY_GRAVITY[:-1]:
        for claim in claims:
            if claim.verdict == verdict:
                return claim.claim_id
    return None


def _matrix(claim: ClaimExplained) -> list[Answered]:
    return [
        Answered(
            judged.report_id,
            part_in_words(row.part, row.report),
            [answer(one) for one in row.criteria],
            "abstains" if judged.answer.abstains else answer(all_of(row.criteria)),
        )
        for judged in claim.by_report
        for row in judged.rows
    ]


def _card(
    name: str, report: Report | ReportDenial, posted_by: str | None, zone: ReaderZone
) -> ReportCard:
    by = report.reported_by
    actor = report.actor
    who = "" if actor is None or actor.party is None else f"{actor.party}, {actor.confidence}"
    impacts = [
        ", ".join(
            ([] if one.place is None else [place_in_words(one.place)])
            + [place_in_words(target) for target in one.targets or ()]
        )
        for one in report.impacts
    ]
    rows = [
        ("when", "" if report.occurred is None else occurred_in_words(report.occurred, zone)),
        ("actor", who),
        ("act", report.act or ""),
        ("targets", ", ".join(place_in_words(one) for one in report.targets)),
        ("places", ", ".join(place_in_words(one) for one in report.places)),
        *((f"impact {number}", text) for number, text in enumerate(impacts, 1)),
        ("figures", figures_in_words(report)),
        ("speaks for", by.party or ""),
        ("posted by", posted_by or ""),
    ]
    denies = isinstance(report, ReportDenial)
    said = [(label, text) for label, text in rows if text]
    return ReportCard(name, by.name, by.kind or "", denies, said, list(report.evidence))


def occurred_in_words(occurred: Occurred, zone: ReaderZone) -> str:
    """When something happened, in a reader's zone, with the words of the source."""
    start, end = occurred.reported
    how = ", throughout" if occurred.certainty == "throughout" else ""
    how += " (its impact)" if occurred.of == "impact" else ""
    how += "" if occurred.as_stated is None else f', "{occurred.as_stated}"'
    return when_in_words(start, end, zone) + how


class ClaimCard(NamedTuple):
    """A claim beside the others."""

    claim_id: str
    by: str
    denies: bool
    in_force: str
    rows: list[tuple[str, str]]
    links: list[str]


def commitment(
    asked: tuple[ReadModel, PageModel],
    name: tuple[str, str],
    choice: Chosen,
    here: Here,
    now: Instant,
) -> dict[str, Any] | None:
    """What the page of a commitment, by its conflict and id, shows; None: no claim of it stands."""
    (knowledge, pages), (conflict, commitment_id) = asked, name
    claims = {
        key: one for key, one in knowledge.claims_of(conflict).items() if key[1] == commitment_id
    }
    if not claims:
        return None
    choice = choice._replace(commitment=commitment_id)
    claim_id = choice.claim if (conflict, commitment_id, choice.claim) in claims else None
    wanted = choice.wanted(conflict)
    return {
        "commitment_id": commitment_id,
        "claim_id": claim_id,
        "cards": [_claim_card(key[2], one, choice.zone, now) for key, one in claims.items()],
        "counts": pages.counts(wanted),
        "kept": [row for row in pages.kept(conflict) if row.commitment_id == commitment_id],
        "day": drawn_days(pages, conflict, commitment_id, claim_id, "daily"),
        **drawn_timeline(pages, claims, conflict, choice, here, now),
    }


def _claim_card(claim_id: str, claim: Claim, zone: ReaderZone, now: Instant) -> ClaimCard:
    by = claim.claimed_by
    who = by.name if by.role is None else f"{by.name}, {by.role}"
    bound = ", ".join(claim.bound_parties)
    links = list(claim.evidence)
    if not isinstance(claim, Assertion):
        return ClaimCard(claim_id, who, True, "", [("denies that it binds", bound)], links)
    stated = [entry.as_stated for entry in claim.window if entry.as_stated]
    conditions = claim.conditions
    rows = [
        ("binds", bound),
        ("prohibits", scope_in_words(claim)),
        ("window", "; ".join(_part(part, zone) for part in claim.terms_window)),
        ("in the source's words", "; ".join(f'"{one}"' for one in stated)),
        ("condition", "only while the other side keeps it" if conditions.reciprocal else ""),
        ("other condition", conditions.other or ""),
    ]
    force = {True: "in force now", False: "not in force now", None: "not known to be in force now"}
    state = force[in_force(claim.terms_window, now)]
    return ClaimCard(claim_id, who, False, state, [row for row in rows if row[1]], links)


def _part(part: Span | Daily, zone: ReaderZone) -> str:
    stretch = f"{_bound(part.start, zone)} to {_bound(part.end, zone)}"
    if isinstance(part, Span):
        return stretch
    return f"daily {part.from_:%H:%M} to {part.to:%H:%M} {part.zone}, {stretch}"


def _bound(bound: Bound, zone: ReaderZone) -> str:
    if bound == OPEN:
        return "an open end"
    if bound == UNKNOWN:
        return "an unknown time"
    early, late = bound.earliest, bound.latest
    words = [zone.both(one) if isinstance(one, int) else "an unknown time" for one in (early, late)]
    return words[0] if early == late else f"between {words[0]} and {words[1]}"
