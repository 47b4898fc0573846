"""What an event would change: judged here, over what stands in the lake, and nothing is kept."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from analytics.known_names import known_beside
from analytics.read_model import ReadModel
from schemas.claims import Claim
from schemas.events import (
    ClaimEvent,
    ClaimRetractedEvent,
    ClaimRetraction,
    Event,
    Report,
    ReportDenial,
    ReportEvent,
    ReportRetractedEvent,
    ReportRetraction,
)
from schemas.safe_text import party_label
from schemas.warnings.known import KnownNames
from schemas.warnings.warner import Warner
from schemas.warnings.warning import Whence
from streams.commands.lake_reader import opened
from streams.errors import CommandError
from streams.explain.explanation import CommitmentExplained, sources_in_words
from streams.explain.outcomes import changes_in_words
from streams.explain.preview import Judged, differences, explained, judged
from streams.explain.words import counted, sentence
from streams.judging.incident import Reported
from streams.judging.reciprocity import is_reciprocal
from streams.settings import Settings

MOST_INCIDENTS = 2_000
"""Of so many incidents, those that happened last, it is said what a claim changes."""
Reports = Mapping[str, Report | ReportDenial]


class Preview(NamedTuple):
    """What to tell of an event before it is published: lines, and what is odd about it."""

    lines: list[str]
    warnings: list[str]


def preview(settings: Settings, event: Event) -> Preview:
    """What an event would change of what stands; without a lake, that nothing stands."""
    try:
        with opened(settings) as lake:
            return preview_over(ReadModel(lake.ask), event)
    except CommandError as error:
        nothing = f"No preview: nothing stands here to compare with ({error})"
        return Preview([nothing], _odd(_noting(event), None))


def preview_over(knowledge: ReadModel, event: Event) -> Preview:
    """The same over what is known already."""
    warner = _noting(event)
    lines = list(_lines(knowledge, event))
    return Preview(lines, _odd(warner, known_beside(knowledge.ask, warner.wanted())))


def _noting(event: Event) -> Warner:
    warner = Warner(lambda: time.time_ns() // 1_000)
    warner.note(event, Whence("", None))
    return warner


def _odd(warner: Warner, known: KnownNames | None) -> list[str]:
    return [str(one) for one in warner.warnings(known)]


def _lines(knowledge: ReadModel, event: Event) -> Iterator[str]:
    if isinstance(event, ReportEvent):
        yield from _of_report(knowledge, event.data)
    elif isinstance(event, ClaimEvent):
        yield from _of_claim(knowledge, event.data)
    elif isinstance(event, ReportRetractedEvent):
        yield from _of_retracted_report(knowledge, event.data)
    elif isinstance(event, ClaimRetractedEvent):
        yield from _of_retracted_claim(knowledge, event.data)
    else:
        yield "No verdict would change: coverage says what silence is worth, and moves none."


def _of_report(knowledge: ReadModel, report: Report | ReportDenial) -> Iterator[str]:
    conflict, incident_id = report.conflict, report.incident_id
    claims = knowledge.claims_of(conflict)
    stood = knowledge.reports_of(conflict, incident_id)
    if report.report_id in stood:
        yield f"It revises the report {report.report_id!r} of this incident that stands."
    others: Mapping[str, Reports] = {}
    if any(map(is_reciprocal, claims.values())):
        others = knowledge.last_reports_of(conflict, MOST_INCIDENTS)
        yield from _left_out(knowledge, conflict)
    before = judged(conflict, claims, _incidents({**others, incident_id: stood}))
    stands = {**stood, report.report_id: report}
    incident = Reported(incident_id, stands)
    after = judged(conflict, claims, _incidents({**others, incident_id: stands}))
    if not claims:
        yield f"No verdict yet: no claim of conflict {conflict!r} stands to judge it by."
        return
    yield from _changes(before, after, f"No verdict on {incident_id} would change.")
    why = explained(after, incident)
    if not why:
        yield (
            "It is certainly outside of every window that is claimed."
            if not incident.gone
            else ("Nobody asserts that it happened, so there is no verdict.")
        )
    for one in why:
        yield from _why(one)


def _why(one: CommitmentExplained) -> Iterator[str]:
    party = f" (by {party_label(one.party)})" if one.party is not None else ""
    yield f"{one.commitment_id}: {one.verdict}{party}"
    yield f"  {sentence(one.why)}"
    for line in sources_in_words(one.sources):
        yield f"  {sentence(line)}"
    for claim in one.claims:
        by = claim.claim.claimed_by
        who = by.name if by.role is None else f"{by.name}, {by.role}"
        yield f"  {claim.claim_id} ({who}): {claim.verdict}: {claim.why}"


def _of_claim(knowledge: ReadModel, claim: Claim) -> Iterator[str]:
    conflict = claim.conflict
    claims = knowledge.claims_of(conflict)
    key = (conflict, claim.commitment_id, claim.claim_id)
    if key in claims:
        yield f"It revises the claim {claim.claim_id!r} of this commitment that stands."
    incidents = _incidents(knowledge.last_reports_of(conflict, MOST_INCIDENTS))
    if not incidents:
        yield f"No verdict would change: no incident of conflict {conflict!r} is reported yet."
        return
    yield from _left_out(knowledge, conflict)
    # Commitments do not know of one another.
    of_it = {name: one for name, one in claims.items() if name[1] == claim.commitment_id}
    before = judged(conflict, of_it, incidents)
    after = judged(conflict, {**of_it, key: claim}, incidents)
    looked_at = counted(len(incidents), "incident")
    yield from _changes(before, after, f"No verdict would change, of {looked_at}.")


def _of_retracted_report(knowledge: ReadModel, gone: ReportRetraction) -> Iterator[str]:
    conflict, incident_id = gone.conflict, gone.incident_id
    stood = knowledge.reports_of(conflict, incident_id)
    if gone.report_id not in stood:
        yield f"No report {gone.report_id!r} of this incident stands: nothing would change."
        return
    claims = knowledge.claims_of(conflict)
    stands = {name: one for name, one in stood.items() if name != gone.report_id}
    before = judged(conflict, claims, _incidents({incident_id: stood}))
    after = judged(conflict, claims, _incidents({incident_id: stands}))
    yield from _changes(before, after, f"No verdict on {incident_id} would change.")


def _of_retracted_claim(knowledge: ReadModel, gone: ClaimRetraction) -> Iterator[str]:
    conflict, key = gone.conflict, (gone.conflict, gone.commitment_id, gone.claim_id)
    claims = knowledge.claims_of(conflict)
    if key not in claims:
        yield f"No claim {gone.claim_id!r} of this commitment stands: nothing would change."
        return
    incidents = _incidents(knowledge.last_reports_of(conflict, MOST_INCIDENTS))
    yield from _left_out(knowledge, conflict)
    of_it = {name: one for name, one in claims.items() if name[1] == gone.commitment_id}
    before = judged(conflict, of_it, incidents)
    after = judged(conflict, {n: one for n, one in of_it.items() if n != key}, incidents)
    yield from _changes(before, after, f"No verdict would change, of {len(incidents):,} incidents.")


def _changes(before: Judged, after: Judged, none: str) -> Iterator[str]:
    changes = differences(before, after)
    if not changes:
        yield none
        return
    count = sum(one.changed for one in changes)
    yield f"{counted(count, 'verdict')} would change:"
    yield from (f"  {line}" for line in changes_in_words(changes))


def _left_out(knowledge: ReadModel, conflict: str) -> Iterator[str]:
    count = knowledge.count_incidents_of(conflict)
    if count > MOST_INCIDENTS:
        yield (
            f"Only the {MOST_INCIDENTS:,} incidents that happened last are looked at, of {count:,}."
        )


def _incidents(reports: Mapping[str, Reports]) -> list[Reported]:
    return [Reported(name, of_it) for name, of_it in reports.items()]
