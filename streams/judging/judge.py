"""The verdict: does an incident, as reported, break a commitment, as claimed?

The rules of `docs/rules.md` in their order:

- the criteria: `in_window` and `act_prohibited` are those of `schemas.time` and
  `schemas.vocabulary`; `party_bound`; `target_covered` and `in_area` in `covered_in_area`;
  `still_bound` is that of `reciprocity`
- one claim by one report: `answer`, and when a report abstains
- by claim: `judge_claim`; by commitment: `overall`
- what the evidence is worth, and who denies: `sources`

Pure. Every answer is yes, no or unknown (`True`, `False`, `None`) in strong Kleene logic; nothing
here reads a clock, does I/O, remembers anything or knows in which order events arrived.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import compress
from typing import NamedTuple

from schemas.claims import Claim
from schemas.events import Assertion
from schemas.kleene import all_of, any_of, unanimous
from schemas.places import Place, within
from schemas.time import in_window
from schemas.verdicts import (
    ClaimOutcome,
    ClaimVerdict,
    Criteria,
    Decision,
    Grade,
    Judgement,
    Outcome,
    Sources,
)
from schemas.vocabulary import act_prohibited, target_covered
from streams.judging.commitment import Commitment, Terms
from streams.judging.incident import Incident, IncidentStatements
from streams.judging.reciprocity import still_bound
from streams.judging.statement import ReportedBy, Statement, StatementScope

MOST_DENIERS = 100
"""How many who deny are named, the first in order."""

Answers = tuple[bool | None, ...]
"""Answers in turn: `in_window` for every part of every report, or `still_bound` for every claim."""


def party_bound(claim: Assertion, statement: Statement) -> bool | None:
    """Is the actor bound? Unknown unless the attribution is at least `likely`."""
    return statement.actor in claim.parties if statement.attributed else None


class _Covered(NamedTuple):
    """Whether any of some targets, or places, is covered, and whether it is some and not all."""

    answer: bool | None
    is_mixed: bool


def _covered(answers: list[bool | None]) -> _Covered:
    return _Covered(any_of(answers), 0 < answers.count(True) < len(answers))


def _targets_covered(claim: Assertion, targets: tuple[str | None, ...]) -> _Covered:
    scope = claim.prohibits.targets
    # There are some tens of targets, however often a list may name each.
    distinct = targets if len(targets) == 1 else set(targets) or (None,)
    return _covered([target_covered(scope, target) for target in distinct])


def _places_in_area(claim: Assertion, places: tuple[Place | None, ...]) -> _Covered:
    area = claim.area
    distinct = places if len(places) == 1 else set(places) or (None,)
    return _covered([within(area, place) for place in distinct])


def covered_in_area(
    claim: Assertion, scopes: tuple[StatementScope, ...]
) -> list[tuple[bool | None, bool | None]]:
    """`target_covered` and `in_area` of each part of a report.

    Any covered is yes, all known not to be is no. Where only some of the places and only some of
    the targets are covered, nobody said which target was where: `target_covered` is unknown.
    What impacts leave out is answered for the whole, once.
    """
    whole_targets, whole_places = scopes[0]
    of_whole = _targets_covered(claim, whole_targets), _places_in_area(claim, whole_places)
    found = []
    for targets, places in scopes:
        hit = of_whole[0] if targets is whole_targets else _targets_covered(claim, targets)
        at = of_whole[1] if places is whole_places else _places_in_area(claim, places)
        found.append((None if hit.is_mixed and at.is_mixed else hit.answer, at.answer))
    return found


class Answer(NamedTuple):
    """What one report says of one claim."""

    broken: bool | None
    abstains: bool
    criteria: tuple[Criteria, ...]


def answer(
    claim: Assertion, statement: Statement, when: Answers, *, still_bound: bool | None = True
) -> Answer:
    """Did a report that says this, with its parts in the window or not, see `claim` broken?

    The AND of the criteria, OR-ed over the whole and its impacts.
    """
    # Who did what is said of the whole: an impact refines when, where and what was hit.
    bound = party_bound(claim, statement)
    act = act_prohibited(claim.prohibits.acts, statement.act)
    rows = tuple(
        [
            Criteria(in_window, bound, act, target_covered, in_area, still_bound)
            for (target_covered, in_area), in_window in zip(
                covered_in_area(claim, statement.scopes), when, strict=True
            )
        ]
    )
    broken = any_of([all_of(row) for row in rows])
    return Answer(broken, broken is None and _is_only_silent(claim, statement, rows[0]), rows)


def _is_only_silent(claim: Assertion, statement: Statement, whole: Criteria) -> bool:
    """Is the answer unknown only because the report leaves out what the claim speaks of?

    Silence is no veto against other reports: such a report abstains. A doubtful time, an `alleged`
    actor or a condition is not silence, and neither is a scope that the claim itself left unsaid.
    """
    if len(statement.scopes) > 1 or whole.in_window is None or whole.still_bound is None:
        return False
    [(targets, places)] = statement.scopes
    left_out = Criteria(
        in_window=False,
        party_bound=statement.actor is None and statement.confidence != "alleged",
        act_prohibited=statement.act is None and _speaks(claim.prohibits.acts),
        target_covered=not targets and _speaks(claim.prohibits.targets),
        in_area=not places and _speaks(claim.area),
        still_bound=False,
    )
    return all(silent for silent, row in zip(left_out, whole, strict=True) if row is None)


def _speaks(scope: tuple[object, ...]) -> bool:
    return any(term is not None for term in scope)


class ClaimAnswers(NamedTuple):
    """The verdict on one claim, and whether each assertion saw the claim broken."""

    verdict: ClaimVerdict
    broken: tuple[bool | None, ...]


def judge_claim(
    claim_id: str,
    claim: Assertion,
    each: tuple[Statement, ...],
    when: Answers,
    bound: bool | None,
    *,
    denied: bool,
) -> ClaimAnswers:
    """The verdict on one claim over what each report says, and what it is without conditions.

    What all assertions and their impacts agree on is shown, criterion by criterion. `denied`:
    somebody independent says that it did not happen.
    """
    of_parts = iter(when)
    parts = [(statement, tuple([next(of_parts) for _ in statement.scopes])) for statement in each]
    unconditional = [answer(claim, *one) for one in parts]
    answers = unconditional
    if bound is not True:
        answers = [answer(claim, *one, still_bound=bound) for one in parts]
    verdict = ClaimVerdict(
        claim_id=claim_id,
        verdict=_agreed(answers, denied=denied),
        criteria=_common(answers),
        before_conditions=_agreed(unconditional, denied=denied),
    )
    return ClaimAnswers(verdict, tuple([one.broken for one in answers]))


def _agreed(answers: list[Answer], *, denied: bool) -> ClaimOutcome:
    """Of those that do not abstain all yes is a violation, all no is clear.

    A denial is one more no, beside an assertion that does not abstain.
    """
    said = [one.broken for one in answers if not one.abstains]
    broken = unanimous([*said, False] if said and denied else said)
    if broken is None:
        return "undetermined"
    return "violation" if broken else "clear"


def _common(answers: list[Answer]) -> Criteria:
    rows = [row for one in answers for row in one.criteria]
    return rows[0] if len(rows) == 1 else Criteria(*map(unanimous, zip(*rows, strict=True)))


def overall(
    claims: Mapping[str, Claim], actors: frozenset[str], rows: list[ClaimVerdict]
) -> Outcome:
    """Over the claims that speak of the actor; a denial, or a window elsewhere, is a clear."""
    judged: dict[str, ClaimOutcome] = {row.claim_id: row.verdict for row in rows}
    speaking = {
        judged.get(claim_id, "clear")
        for claim_id, claim in claims.items()
        if not actors or not actors.isdisjoint(claim.parties)
    }
    if speaking <= {"clear"}:
        return "clear"
    if speaking == {"violation"}:
        return "violation"
    return "contested" if "violation" in speaking else "undetermined"


def decide(
    terms: Terms, statements: IncidentStatements, when: tuple[Answers, ...], bound: Answers
) -> Decision:
    """The verdict, once it is known of each claim's window when it was inside, and if it bound.

    Times count for nothing else, so `memo` can reuse the answer for equal statements.
    """
    actors = statements.known_actors
    denied = any(is_independent(reporter, terms, statements) for reporter in statements.denials)
    judged = [
        judge_claim(claim_id, claim, statements.each, answers, still, denied=denied)
        for (claim_id, claim), answers, still in zip(terms.assertions, when, bound, strict=True)
        if may_be_inside(answers)
    ]
    rows = [one.verdict for one in judged]
    supports = [True in answers for answers in zip(*[one.broken for one in judged], strict=True)]
    return Decision(
        verdict=overall(terms.claims, actors, rows),
        party=next(iter(actors)) if len(actors) == 1 else None,
        sources=sources(terms, statements, supports),
        claims=tuple(rows),
    )


def is_independent(reporter: ReportedBy, terms: Terms, statements: IncidentStatements) -> bool:
    """Does it speak neither for a party that a claim binds, nor for one that is named as actor?"""
    party = reporter.party
    return party not in terms.bound_parties and party not in statements.named_actors


def sources(terms: Terms, statements: IncidentStatements, supports: list[bool]) -> Sources:
    """Who says so; `supports`: whether the answer of each assertion is yes for some claim."""
    independent = [is_independent(one.reporter, terms, statements) for one in statements.each]
    # Each is in every version and message: were they more, those would grow with their square.
    denied_by = tuple(sorted({by.name for by in statements.denials})[:MOST_DENIERS])
    if True not in supports:
        return Sources(independent.count(True), None, False, denied_by)
    supporting = list(compress(statements.each, supports))
    free = [one.reporter for one in supporting if is_independent(one.reporter, terms, statements)]
    grade: Grade = "one_sided"
    if free:
        grade = "corroborated" if len({by.name for by in free}) > 1 else "reported"
    if "monitor" in [by.kind for by in free]:
        grade = "verified"
    admitted = [one.attributed and one.reporter.party == one.actor for one in supporting]
    return Sources(independent.count(True), grade, True in admitted, denied_by)


def may_be_inside(when: Answers) -> bool:
    """May some part of some report be inside of a window for which these are `in_window`?"""
    return when.count(False) < len(when)


Decide = Callable[[Terms, IncidentStatements, tuple[Answers, ...], Answers], Decision]


def judge(commitment: Commitment, incident: Incident, decide: Decide = decide) -> Judgement | None:
    """The verdict on one commitment, or None where the incident cannot touch any of its windows.

    `decide`: another that says what `decide` says.
    """
    occurrences = incident.occurrences
    when = tuple([tuple([in_window(w, o) for o in occurrences]) for w in commitment.windows])
    if not any(map(may_be_inside, when)):
        return None
    bound = tuple(
        [
            still_bound(claim, commitment.released.get(claim_id, ()), incident)
            for claim_id, claim in commitment.terms.assertions
        ]
    )
    decision = decide(commitment.terms, incident.statements, when, bound)
    return Judgement(
        commitment.commitment_id,
        decision.verdict,
        decision.party,
        incident.start,
        incident.end,
        decision.sources,
        decision.claims,
    )
