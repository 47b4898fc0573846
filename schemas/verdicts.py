"""The words of a verdict: its criteria, its values, its evidence, what makes a version.

Plain values with named fields, each list of names once. No rules of how a verdict is reached.
"""

from __future__ import annotations

from typing import Generic, Literal, NamedTuple, TypeVar, get_args

RULES = "2026-11-30"
"""Which rules judge: another date wherever the same log may be judged otherwise than before."""

ClaimOutcome = Literal["violation", "clear", "undetermined"]
"""What an incident is under one claim."""
Outcome = Literal["violation", "clear", "contested", "undetermined"]
"""What an incident is under one commitment."""

CLAIM_OUTCOMES: tuple[ClaimOutcome, ...] = get_args(ClaimOutcome)
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
Grade = Literal["one_sided", "reported", "corroborated", "verified"]
"""What the evidence of a verdict is worth, from the least on."""
# From the gravest on.
BY_GRAVITY: tuple[Outcome, ...] = ("violation", "contested", "undetermined", "clear")


OfEach = TypeVar("OfEach")


class PerCriterion(NamedTuple, Generic[OfEach]):
    """Something for each criterion, such as its answer, or the words for it."""

    in_window: OfEach
    party_bound: OfEach
    act_prohibited: OfEach
    target_covered: OfEach
    in_area: OfEach
    still_bound: OfEach


class Criteria(PerCriterion[bool | None]):
    """The criteria of one claim by one report: yes, no or unknown (`None`)."""

    __slots__ = ()


CRITERIA = Criteria._fields


class ClaimVerdict(NamedTuple):
    """The verdict on one claim; `before_conditions` is what it is without `still_bound`."""

    claim_id: str
    verdict: ClaimOutcome
    criteria: Criteria
    before_conditions: ClaimOutcome


class Sources(NamedTuple):
    """Who says so, of one incident under one commitment; none of it moves the verdict.

    `independent_reports`: how many assertions are by independent reporters. `evidence`: None where
    no report supports a yes. `admitted`: a supporting reporter names its own party as the actor.
    `denied_by`: the names of all who deny it, in order.
    """

    independent_reports: int
    evidence: Grade | None
    admitted: bool
    denied_by: tuple[str, ...]


class Decision(NamedTuple):
    """A judgement without its times: many incidents share it, under many commitments."""

    verdict: Outcome
    party: str | None
    sources: Sources
    claims: tuple[ClaimVerdict, ...]


class Judgement(NamedTuple):
    """The verdict on one commitment, with those of its claims that the incident can touch.

    `occurred_start`, `occurred_end`: microseconds since 1970, over all reports and impacts.
    """

    commitment_id: str
    verdict: Outcome
    party: str | None
    occurred_start: int
    occurred_end: int
    sources: Sources
    claims: tuple[ClaimVerdict, ...]


_Fields = TypeVar("_Fields", Judgement, Sources, Criteria)


class ClaimAmendable(NamedTuple):
    """The parts of a claim's verdict that may change within a version."""

    before_conditions: ClaimOutcome


def is_same_party(before: Judgement | None, after: Judgement | None) -> bool:
    """Is there a judgement before and after, of the same party?"""
    return before is not None and after is not None and before.party == after.party


def is_same_version(before: Judgement | None, after: Judgement | None) -> bool:
    """Does the version of a commitment's verdict stay? All but its claims belongs to it."""
    return (
        before is not None
        and after is not None
        and before._replace(claims=()) == after._replace(claims=())
    )


def changed(before: Judgement, after: Judgement) -> tuple[str, ...]:
    """The names of what differs, as a message has them, in order; () where nothing does.

    A criterion is named where it differs for a claim that both have, `claims` where the verdict on
    one does, or one came or went.
    """
    old, new = ({row.claim_id: row for row in judged.claims} for judged in (before, after))
    found = {*_differing(before, after), *_differing(before.sources, after.sources)}
    found -= {"claims", "sources"}
    has_moved = old.keys() != new.keys()
    for name in old.keys() & new.keys():
        was, now = old[name], new[name]
        found.update(_differing(was.criteria, now.criteria))
        has_moved = has_moved or was.verdict != now.verdict
    if has_moved:
        found.add("claims")
    return tuple(sorted(found))


def _differing(before: _Fields, after: _Fields) -> list[str]:
    """The names of the fields that differ: most often none."""
    if before == after:
        return []
    named = zip(before._fields, before, after, strict=True)
    return [name for name, was, now in named if was != now]


def is_same_claim_version(
    before: ClaimVerdict | None, after: ClaimVerdict | None, *, same_party: bool
) -> bool:
    """Does the version of a claim's verdict stay? A new verdict, criterion or party opens another.

    Both are of one claim. `same_party`: see `is_same_party`, of the judgements that they belong to.
    """
    return (
        same_party
        and before is not None
        and after is not None
        and before.verdict == after.verdict
        and before.criteria == after.criteria
    )


def is_same_throughout(before: Judgement | None, after: Judgement | None) -> bool:
    """Do all versions stay, that of the commitment's verdict and those of its claims'?"""
    if before is None or after is None or not is_same_version(before, after):
        return False
    old = {claim.claim_id: claim for claim in before.claims}
    return old.keys() == {claim.claim_id for claim in after.claims} and all(
        is_same_claim_version(old[claim.claim_id], claim, same_party=True) for claim in after.claims
    )
