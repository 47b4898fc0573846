"""`still_bound`, the sixth criterion: who is released by the violations of others. Pure."""

from __future__ import annotations

from typing import NamedTuple

from analytics.ledger.rows import Release
from schemas.claims import Claim
from schemas.events import Assertion
from schemas.kleene import all_of
from streams.judging.incident import Incident


class Released(NamedTuple):
    """What the violations by one set of parties do to the others under a reciprocal claim.

    `since` is the earliest moment at which one of those violations may have begun, `until` the
    earliest moment by which one of them is certainly over (both in microseconds since 1970).
    Where several parties are named for one violation, `incident_id` is the incident that began
    first and `next_since` the start of the one after it: no incident can release itself.
    """

    parties: frozenset[str]
    since: int
    until: int
    incident_id: str | None = None
    next_since: int | None = None


def is_reciprocal(claim: Claim) -> bool:
    """Does this claim bind a party only as long as the others keep to it?"""
    return isinstance(claim, Assertion) and claim.conditions.reciprocal


def release(incident: Incident) -> Release:
    """What `incident` is to others if it is a violation: who, from when, and over by when.

    An instant is over one microsecond later: two instants at the same moment are not in order.
    """
    return Release(
        incident_id=incident.incident_id,
        parties=incident.statements.known_actors,
        start=incident.act_start,
        until=max(o.end if o.end > o.start else o.end + 1 for o in incident.occurrences),
    )


def still_bound(
    claim: Assertion, released: tuple[Released, ...], incident: Incident
) -> bool | None:
    """Do the claim's conditions still bind whoever acted?

    Under `reciprocal` a certain violation by another party, certainly earlier, releases; one that
    may have been earlier, or may have been by another party, leaves it unknown. So does
    `conditions.other`, which nobody can judge. Without conditions it is yes.
    """
    conditions = claim.conditions
    other = None if conditions.other is not None else True
    if not conditions.reciprocal or not released:
        return other
    return all_of((_still_bound_after(released, claim, incident), other))


def _still_bound_after(
    released: tuple[Released, ...], claim: Assertion, incident: Incident
) -> bool | None:
    """Is whoever may have acted still bound, whoever of them it was?

    A party is not if another one was certainly earlier: where several are named for a violation, it
    was certainly another one only for those who are not among them.
    """
    before = [by for by in released if _may_be_before(by, incident)]
    if not before:
        return True
    candidates = incident.statements.known_actors or claim.parties
    certainly = [by.parties for by in before if _is_certainly_before(by, incident)]
    if certainly and frozenset.intersection(*certainly).isdisjoint(candidates):
        return False
    # Nobody is released by what nobody else has done.
    return True if all(by.parties == candidates and len(candidates) == 1 for by in before) else None


def _may_be_before(by: Released, incident: Incident) -> bool:
    since = by.next_since if by.incident_id == incident.incident_id else by.since
    # An instant lies after `since`; an interval has moments after it up to its excluded end.
    return since is not None and since < incident.act_end


def _is_certainly_before(by: Released, incident: Incident) -> bool:
    return by.until <= incident.act_start
