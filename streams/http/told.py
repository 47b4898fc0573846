"""What a post is told beside what is wrong with it: outcomes, changed verdicts and warnings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from analytics.outcomes import MOST_CHANGES_NAMED, VerdictChange
from schemas.openapi import (
    MAX_PROBLEMS_LISTED,
    PostedOutcome,
    PostedVerdict,
    PostedWarning,
    Told,
)
from schemas.safe_text import for_terminal
from schemas.warnings.warning import EventWarning

if TYPE_CHECKING:
    from streams.http.body import Posted
    from streams.http.taking import TakenEvents


def told_of(posted: Posted, taken: TakenEvents | None, warnings: Sequence[PostedWarning]) -> Told:
    """All of it; `taken`: what became of the events, None if that was only tried."""
    told = Told(warnings=list(warnings) or None)
    if taken is None or taken.known is None:
        return told
    revised = {one.number: one.earlier.number for one in posted.revisions.found}
    told.known_already = len(taken.known)
    told.outcomes = []
    for place, (line, index) in enumerate(posted.places[:MAX_PROBLEMS_LISTED]):
        one = PostedOutcome(line=line, index=index, outcome="taken")
        if taken.refused[place] is not None:
            one.outcome = "refused"
        elif place in taken.known:
            one.outcome = "known"
        else:
            one.revises = revised.get(place)
        told.outcomes.append(one)
    told.verdicts = [one for change in taken.changes for one in _changed(change)]
    told.verdicts_changed = sum(change.changed for change in taken.changes)
    return told


def _changed(change: VerdictChange) -> list[PostedVerdict]:
    party = change.party_after if change.after is not None else change.party_before
    return [
        PostedVerdict.model_validate(
            {
                "conflict": conflict,
                "commitment_id": commitment,
                "incident_id": incident,
                "before": change.before,
                "after": change.after,
                "party": party,
            }
        )
        for conflict, commitment, incident in change.pairs[:MOST_CHANGES_NAMED]
    ]


def posted_warnings(
    warnings: Sequence[EventWarning], places: Sequence[tuple[int | None, int | None]]
) -> list[PostedWarning]:
    """The warnings of a post, each with its line or its index."""
    by_line = bool(places) and places[0][0] is not None
    found = []
    for one in warnings:
        number = None if one.whence is None else one.whence.number
        found.append(
            PostedWarning(
                line=number if by_line else None,
                index=None if by_line else number,
                field=for_terminal(one.field),
                reason=for_terminal(one.said),
            )
        )
    return found
