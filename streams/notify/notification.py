"""The content of a notification about one verdict, or of a digest, in words and as fields.

It holds no rules and is the same for every target. Text that others wrote is made safe to show:
each text is one line.
"""

from __future__ import annotations

import hashlib
import json
import shlex
from functools import lru_cache
from typing import Any, NamedTuple

from analytics.notifications.rows import Digest, Facts, Notification
from analytics.read_model import StoredVerdict
from schemas.claims import Claim
from schemas.events import ClaimEvent, Event, ReportEvent, parse_event
from schemas.kleene import all_of
from schemas.safe_text import NOBODY_KNOWN, for_annotation
from schemas.time import iso
from streams.explain.explanation import (
    ClaimExplained,
    CommitmentExplained,
    as_json,
    explain_commitment,
    sources_in_words,
)
from streams.explain.reasons import part_in_words
from streams.explain.words import CRITERION_NAMES, answer, counted, sentence
from streams.judging.incident import Reported

MOST_ANSWERS = 2_000
"""If more places and claims than this have to be compared, the reasons are given in brief."""
MOST_OF_A_NAME = 80
NOBODY = "nobody known"


class NotificationText(NamedTuple):
    """A notification with its reasons. Times are RFC 3339; all texts are safe to show.

    `by_claim`: the verdict by each claim, the violated first; `lines`: who says so, and why, claim
    by claim;
    `criteria`: the answers behind it; `details`: the command that shows everything.
    """

    notification: Notification
    verdict_id: str
    recorded_at: str
    withdrawn_at: str | None
    verdict_now: str
    summary: str
    why: str
    by_claim: tuple[tuple[str, str], ...]
    lines: tuple[str, ...]
    criteria: tuple[str, ...]
    evidence: tuple[str, ...]
    claims_json: list[dict[str, Any]]
    details: str


class DigestText(NamedTuple):
    """A digest in words: `lines` holds what the summary leaves out."""

    digest: Digest
    id: str
    since: str
    until: str
    summary: str
    lines: tuple[str, ...]
    details: str


def notification_text(notification: Notification, facts: Facts) -> NotificationText:
    """The text of the notification, with the reasons that the database knows now."""
    incident = Reported(notification.incident_id, _reports(facts))
    one = _explained(notification, facts, incident)
    verdict_now = _verdict_now(facts, incident)
    claims = () if one is None else tuple(sorted(one.claims, key=_violated_first))
    withdrawn_at = None
    if notification.kind == "withdrawn" and notification.superseded_at is not None:
        withdrawn_at = iso(notification.superseded_at)
    recorded_at = iso(notification.recorded_at)
    in_brief = one is None and bool(facts.claims.events and facts.reports.events)
    by_claim = [(claim.claim_id, claim.verdict) for claim in claims]
    if in_brief:
        by_claim = sorted((claim, verdict) for claim, (verdict, _) in facts.judged.items())
        by_claim.sort(key=lambda each: each[1] != "violation")
    return NotificationText(
        notification,
        identity(*notification[2:7], recorded_at),
        recorded_at,
        withdrawn_at,
        verdict_now,
        _summary(notification, verdict_now),
        for_annotation(sentence(_too_many(facts) if in_brief else _why(one, incident))),
        tuple((for_annotation(claim), verdict) for claim, verdict in by_claim),
        (*map(for_annotation, sources_in_words(facts.verdict)), *map(_line, claims)),
        tuple(line for claim in claims for line in _criteria(claim)),
        _evidence(claims, incident),
        [] if one is None else _claims_json(notification, incident, one),
        _command("truce", "explain", notification.incident_id, "--conflict", notification.conflict),
    )


def identity(*names: str | None) -> str:
    """A hash of these names, distinct from that of any others, whatever they contain."""
    return hashlib.sha256(json.dumps(names).encode()).hexdigest()


@lru_cache(maxsize=64)
def _parsed(payload: str) -> Event:
    # Notifications that come together are mostly about the same claims.
    return parse_event(payload)


def _reports(facts: Facts) -> dict[str, Any]:
    events = ((name, parse_event(payload)) for name, payload in facts.reports.events.items())
    return {name: event.data for name, event in events if isinstance(event, ReportEvent)}


def _claims(facts: Facts) -> dict[str, Claim]:
    events = ((name, _parsed(payload)) for name, payload in facts.claims.events.items())
    return {name: event.data for name, event in events if isinstance(event, ClaimEvent)}


def _explained(
    notification: Notification, facts: Facts, incident: Reported
) -> CommitmentExplained | None:
    """None: there is nothing to explain, or too much."""
    if incident.gone or not facts.claims.events or facts.claims.more or facts.reports.more:
        return None
    places = sum(
        max(len(report.places), 1) + len(report.impacts) for report in incident.reports.values()
    )
    if places * len(facts.claims.events) > MOST_ANSWERS:
        return None
    judged = {claim: StoredVerdict(*row) for claim, row in facts.judged.items()}
    claims = _claims(facts)
    return explain_commitment(notification.commitment_id, claims, facts.verdict, judged, incident)


def _verdict_now(facts: Facts, incident: Reported) -> str:
    if incident.gone or not facts.claims.events:
        return "none"
    return "clear" if facts.verdict is None else facts.verdict.verdict


def _too_many(facts: Facts) -> str:
    claims = len(facts.claims.events) + facts.claims.more
    reports = len(facts.reports.events) + facts.reports.more
    return f"{counted(claims, 'claim')} and {counted(reports, 'report')} are too many to go through"


def _violated_first(claim: ClaimExplained) -> bool:
    return claim.verdict != "violation"


def _name(name: str) -> str:
    return for_annotation(name, MOST_OF_A_NAME)


def _party(party: str | None) -> str:
    """A party in a sentence: a party with the name of nobody is quoted."""
    if party is None:
        return NOBODY
    return f'"{party}"' if party.strip('"') in {NOBODY, NOBODY_KNOWN} else _name(party)


def _command(*words: str) -> str:
    return for_annotation(shlex.join(words))


def _summary(notification: Notification, verdict_now: str) -> str:
    what = (
        f"{_name(notification.incident_id)} under {_name(notification.commitment_id)}, "
        f"by {_party(notification.party)} ({_name(notification.conflict)})"
    )
    if notification.kind != "withdrawn":
        return f"{notification.verdict.capitalize()}: {what}"
    now = "nothing is reported of it any more" if verdict_now == "none" else f"now {verdict_now}"
    return f"Withdrawn: {what} is no {notification.verdict} any more; {now}"


def _why(one: CommitmentExplained | None, incident: Reported) -> str:
    if incident.gone:
        return "no report of the incident stands any more"
    if one is None:
        return "no claim of the commitment stands any more"
    return one.why


def _evidence(claims: tuple[ClaimExplained, ...], incident: Reported) -> tuple[str, ...]:
    links = [link for _, report in sorted(incident.reports.items()) for link in report.evidence]
    links += [link for claim in claims for link in claim.claim.evidence]
    return tuple(dict.fromkeys(map(for_annotation, links)))


def _line(claim: ClaimExplained) -> str:
    by = claim.claim.claimed_by
    who = by.name if by.role is None else f"{by.name}, {by.role}"
    return for_annotation(f"{claim.claim_id} ({who}): {claim.verdict}. {sentence(claim.why)}")


def _criteria(claim: ClaimExplained) -> list[str]:
    """A line for each report and part of it."""
    if claim.verdict == "clear":
        return []
    lines = []
    for judged in claim.by_report:
        for row in judged.rows:
            said = ", ".join(
                f"{name} {answer(criterion)}"
                for name, criterion in zip(CRITERION_NAMES, row.criteria, strict=True)
            )
            broken = "abstains" if judged.answer.abstains else answer(all_of(row.criteria))
            part = part_in_words(row.part, row.report)
            line = f"{claim.claim_id}, {judged.report_id}, {part}: {broken} ({said})"
            lines.append(for_annotation(line))
    return lines


def _claims_json(
    notification: Notification, incident: Reported, one: CommitmentExplained
) -> list[dict[str, Any]]:
    """The claims as `truce explain --json` has them, the violated first, in texts safe to show."""
    found = as_json(notification.conflict, incident, [one])["commitments"][0]["claims"]
    fit: list[dict[str, Any]] = _fit(found)
    return sorted(fit, key=lambda claim: claim["verdict"] != "violation")


def _fit(value: Any) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, str):
        return for_annotation(value)
    if isinstance(value, dict):
        return {name: _fit(one) for name, one in value.items()}
    return [_fit(one) for one in value] if isinstance(value, list) else value


def digest_text(one: Digest) -> DigestText:
    """The text of the digest."""
    since, until = iso(one.since), iso(one.last_at)
    key = (one.kind, *one[2:6], since, str(one.revision))
    of = f"{_name(one.commitment_id)} ({_name(one.conflict)})"
    if one.incident_id is not None:
        now = f"now it is {one.verdict}" if one.standing else f"now it is no {one.verdict}"
        return DigestText(
            *(one, identity(*key), since, until),
            f"Flapping: {_name(one.incident_id)} under {of} became {one.verdict} "
            f"{one.counted:,} times since {since}; {now}",
            ("It is reported and taken back again and again: this message stands for all of it.",),
            _command("truce", "explain", one.incident_id, "--conflict", one.conflict),
        )
    return DigestText(
        *(one, identity(*key), since, until),
        f"Burst: {counted(one.counted, 'incident')} under {of} became {one.verdict} "
        f"from {since} to {until}; {one.standing:,} of them are",
        (
            "They came faster than one message each can be read: this one stands for all of them.",
            f"Parties: {_parties(one)}",
            f"The first: {', '.join(map(_name, one.incidents))}",
        ),
        _command("truce", "sql", f"from notices where digest = {one.digest}"),
    )


def _parties(one: Digest) -> str:
    shown = one.parties[:-1] if len(one.parties) > len(one.incidents) > 0 else one.parties
    named = [f"{_party(party)} {count:,}" for party, count in shown]
    return ", ".join(named) + (", and others" if len(shown) < len(one.parties) else "")
