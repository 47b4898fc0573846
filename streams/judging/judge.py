"""The verdict: does an incident, as reported, break a commitment, as claimed?

Pure. Every answer is yes, no or unknown (`True`, `False`, `None`) in strong Kleene logic; nothing
here reads a clock, does I/O or knows in which order events arrived.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple

from analytics.ledger.rows import (
    ClaimOutcome,
    ClaimVerdict,
    Criteria,
    Decision,
    FirstJudged,
    Judgement,
    Outcome,
)
from schemas.claims import Claim
from schemas.events import Assertion, Denial, Report
from schemas.kleene import all_of, any_of, unanimous
from schemas.places import Place, within
from schemas.time import Occurrence, Span, Window, in_window
from schemas.vocabulary import act_prohibited, target_covered
from streams.judging.statement import Account, Statement, StatementScope, statement

# How many decisions are remembered, of a kilobyte each: most reports say what others have said.
MOST_DECIDED = 16_384
# Of at most so many parts, targets, places and answers: one of 1,000 impacts would take 400 KB.
LARGEST_DECIDED = 64
# How many commitments, and answers, may be decided together: an incident seldom touches more.
MOST_MET, LARGEST_MET = 8, 32

Answers = tuple[bool | None, ...]
"""Answers in turn: `in_window` for every part of every report, or `still_bound` for every claim."""


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


class Terms:
    """What the claims of a commitment say, leaving out when: equal if nothing else differs."""

    __slots__ = ("_content", "_hash", "assertions", "bound_parties", "claims")

    def __init__(self, claims: Mapping[str, Claim]) -> None:
        # Of those that are equal, one stands for all: no window of these claims may be looked at.
        self.claims = claims
        self.assertions = _assertions(claims)
        self.bound_parties = frozenset(
            p for _, claim in self.assertions for p in claim.bound_parties
        )
        self._content = tuple(
            (claim_id, claim.bound_parties, *_scopes(claim))
            for claim_id, claim in sorted(claims.items())
        )
        self._hash = hash(self._content)

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Terms) and self._content == other._content


def _assertions(claims: Mapping[str, Claim]) -> list[tuple[str, Assertion]]:
    return [(name, claim) for name, claim in sorted(claims.items()) if isinstance(claim, Assertion)]


def _scopes(claim: Claim) -> tuple[object, ...]:
    if isinstance(claim, Denial):
        return ()
    return claim.prohibits.acts, claim.prohibits.targets, claim.area


@lru_cache(maxsize=1_024)
def _same(terms: Terms) -> Terms:
    """The first of all that are equal to these: to find it by itself is quick."""
    return terms


@dataclass(frozen=True)
class Commitment:
    """One undertaking: its standing claims by id, and who was released under reciprocal ones."""

    commitment_id: str
    claims: Mapping[str, Claim]
    released: Mapping[str, tuple[Released, ...]]

    @cached_property
    def terms(self) -> Terms:
        """What the claims say, leaving out when; one for all commitments that say the same."""
        return _same(Terms(self.claims))

    @cached_property
    def assertions(self) -> list[tuple[str, Assertion]]:
        """The claims that are no denials, by id."""
        return _assertions(self.claims)

    @cached_property
    def windows(self) -> list[Window]:
        """When each of `assertions` holds."""
        return [claim.terms_window for _, claim in self.assertions]

    @cached_property
    def unconditional(self) -> Answers | None:
        """`still_bound` of each of `assertions` whatever happens; None: it depends."""
        if any(
            claim.conditions.reciprocal or claim.conditions.other for _, claim in self.assertions
        ):
            return None
        return tuple(True for _ in self.assertions)

    @cached_property
    def plain(self) -> Answers | None:
        """`unconditional`, if all that counts of a time is how it lies to the windows' bounds.

        None: there are daily hours, or conditions.
        """
        parts = (part for window in self.windows for part in window)
        return self.unconditional if all(isinstance(part, Span) for part in parts) else None


class Answer(NamedTuple):
    """What one report, or one part of it, says of one claim."""

    broken: bool | None
    abstains: bool
    criteria: tuple[Criteria, ...]


class Accounts:
    """What `each` report of an incident says, leaving out when.

    `known_actors` are the parties that one names as `confirmed` or `likely`, `size` is how many
    parts, targets and places they tell of.
    """

    __slots__ = ("each", "known_actors", "size")

    def __init__(self, each: tuple[Account, ...], size: int) -> None:
        self.each, self.size = each, size
        self.known_actors = frozenset(
            [said.actor for said in each if said.actor is not None and said.attributed]
        )


# One for all that say the same: what was decided of them is then found by their identity.
_same_accounts = lru_cache(maxsize=MOST_DECIDED)(Accounts)


def accounts_of(each: tuple[Account, ...]) -> Accounts:
    """What these reports say together."""
    size = each[0].size if len(each) == 1 else sum([said.size for said in each])
    return (Accounts if size > LARGEST_DECIDED else _same_accounts)(each, size)


class Incident:
    """One incident: what its standing reports say, by their ids. A value: nothing may be changed.

    `accounts` are what they say, `occurrences` when it happened according to every part of every
    one, `start` and `end` from when to when at the most; `of_impact`: of some, only that is timed.
    """

    __slots__ = ("accounts", "end", "incident_id", "occurrences", "of_impact", "start")

    def __init__(self, incident_id: str, statements: Mapping[str, Statement]) -> None:
        # All at once: every one is asked for by each commitment that the incident touches.
        self.incident_id = incident_id
        if len(statements) == 1:
            [(said, self.occurrences)] = statements.values()
            self.accounts = accounts_of((said,))
        else:
            self.accounts = accounts_of(tuple([said for said, _ in statements.values()]))
            self.occurrences = tuple([o for _, when in statements.values() for o in when])
        if len(self.occurrences) == 1:
            self.start, self.end, _, self.of_impact = self.occurrences[0]
        else:
            self.start = min([o.start for o in self.occurrences], default=0)
            self.end = max([o.end for o in self.occurrences], default=0)
            self.of_impact = any(o.of_impact for o in self.occurrences)


class Reported(Incident):
    """One incident with its standing reports as they were made, to be explained."""

    __slots__ = ("reports",)

    def __init__(self, incident_id: str, reports: Mapping[str, Report]) -> None:
        super().__init__(incident_id, {name: statement(report) for name, report in reports.items()})
        self.reports = reports


def party_bound(claim: Assertion, said: Account) -> bool | None:
    """Is the actor bound? Unknown unless the attribution is at least `likely`."""
    return said.actor in claim.parties if said.attributed else None


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
    What impacts do not give of their own is asked of the whole, and once.
    """
    whole_targets, whole_places = scopes[0]
    of_whole = _targets_covered(claim, whole_targets), _places_in_area(claim, whole_places)
    found = []
    for targets, places in scopes:
        hit = of_whole[0] if targets is whole_targets else _targets_covered(claim, targets)
        at = of_whole[1] if places is whole_places else _places_in_area(claim, places)
        found.append((None if hit.is_mixed and at.is_mixed else hit.answer, at.answer))
    return found


def answer(
    claim: Assertion, said: Account, when: Answers, *, still_bound: bool | None = True
) -> Answer:
    """Did a report that says this, with its parts in the window or not, see `claim` broken?

    The AND of the criteria, OR-ed over the whole and its impacts.
    """
    # Who did what is said of the whole: an impact refines when, where and what was hit.
    bound = party_bound(claim, said)
    act = act_prohibited(claim.prohibits.acts, said.act)
    rows = tuple(
        [
            Criteria(in_window, bound, act, *covered, still_bound)
            for covered, in_window in zip(covered_in_area(claim, said.scopes), when, strict=True)
        ]
    )
    broken = any_of([all_of(row) for row in rows])
    return Answer(broken, broken is None and _is_only_silent(claim, said, rows[0]), rows)


def _is_only_silent(claim: Assertion, said: Account, whole: Criteria) -> bool:
    """Is the answer unknown only because the report leaves out what the claim speaks of?

    Silence is no veto against other reports. A doubtful time, an `alleged` actor or a condition is
    not silence, and neither is a scope that the claim itself left unsaid.
    """
    if len(said.scopes) > 1 or whole.in_window is None or whole.still_bound is None:
        return False
    [(targets, places)] = said.scopes
    left_out = Criteria(
        in_window=False,
        party_bound=said.actor is None and said.confidence != "alleged",
        act_prohibited=said.act is None and _speaks(claim.prohibits.acts),
        target_covered=not targets and _speaks(claim.prohibits.targets),
        in_area=not places and _speaks(claim.area),
        still_bound=False,
    )
    return all(silent for silent, row in zip(left_out, whole, strict=True) if row is None)


def _speaks(scope: tuple[object, ...]) -> bool:
    return any(term is not None for term in scope)


def still_bound(
    claim: Assertion, released: tuple[Released, ...], incident: Incident
) -> bool | None:
    """Do the claim's conditions still bind whoever acted?

    Under `reciprocal` a certain violation by another party, certainly earlier, releases; one that
    may have been earlier, or may have been by another party, leaves it unknown.
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
    candidates = incident.accounts.known_actors or claim.parties
    certainly = [by.parties for by in before if _is_certainly_before(by, incident)]
    if certainly and frozenset.intersection(*certainly).isdisjoint(candidates):
        return False
    # Nobody is released by what nobody else has done.
    return True if all(by.parties == candidates and len(candidates) == 1 for by in before) else None


def _may_be_before(by: Released, incident: Incident) -> bool:
    since = by.next_since if by.incident_id == incident.incident_id else by.since
    # An instant lies after `since`; an interval has moments after it up to its excluded end.
    return since is not None and since < incident.end


def _is_certainly_before(by: Released, incident: Incident) -> bool:
    return by.until <= incident.start and not incident.of_impact


def judge(commitment: Commitment, incident: Incident) -> Judgement | None:
    """The verdict on one commitment, or None where the incident cannot touch any of its windows."""
    occurrences = incident.occurrences
    when = tuple([tuple([in_window(w, o) for o in occurrences]) for w in commitment.windows])
    if not any(map(_touches, when)):
        return None
    bound = commitment.unconditional
    if bound is None:
        bound = tuple(
            [
                still_bound(claim, commitment.released.get(claim_id, ()), incident)
                for claim_id, claim in commitment.assertions
            ]
        )
    accounts = incident.accounts
    is_large = accounts.size + len(occurrences) * len(when) > LARGEST_DECIDED
    decide = _decide if is_large else _decided
    verdict, party, independent, rows = decide(commitment.terms, accounts, when, bound)
    start, end = incident.start, incident.end
    return Judgement(commitment.commitment_id, verdict, party, start, end, independent, rows)


def _touches(answers: Answers) -> bool:
    """May some part of some report be inside of a window for which these are `in_window`?"""
    return answers.count(False) < len(answers)


class WindowMatch:
    """What is asked of an incident under each of some commitments, once times were compared.

    `each`: what the claims say, `in_window` and `still_bound` of them. To find what was decided, it
    is known by its identity: to compare all of it takes longer than to decide.
    """

    __slots__ = ("each",)

    def __init__(self, each: tuple[tuple[Terms, tuple[Answers, ...], Answers], ...]) -> None:
        self.each = each


_same_asked = lru_cache(maxsize=1_024)(WindowMatch)


class Met(NamedTuple):
    """The commitments that one occurrence touches, by id, and what is asked under each of them."""

    commitment_ids: tuple[str, ...]
    asked: WindowMatch


def meet(commitments: Iterable[Commitment], occurrence: Occurrence) -> Met | None:
    """Compare an occurrence with the windows of all of these.

    The answer is the same for every occurrence that lies alike to the bounds of these windows.
    None: some commitment is not `plain`, or they are too many to be remembered together.
    """
    met = []
    answers = 0
    for commitment in commitments:
        bound = commitment.plain
        if bound is None:
            return None
        when = tuple([(in_window(window, occurrence),) for window in commitment.windows])
        if any(map(_touches, when)):
            met.append((commitment.commitment_id, (commitment.terms, when, bound)))
            answers += len(when)
    if len(met) > MOST_MET or answers > LARGEST_MET:
        return None
    return Met(tuple([name for name, _ in met]), _same_asked(tuple([asks for _, asks in met])))


def judge_first(conflict: str, incident: Incident, met: Met) -> FirstJudged:
    """What `judge` says of an incident of one occurrence under each commitment that it touches."""
    decisions = decide_all(met.asked, incident.accounts)
    start, end = incident.start, incident.end
    return FirstJudged(conflict, incident.incident_id, start, end, met.commitment_ids, decisions)


def decide_all(asked: WindowMatch, accounts: Accounts) -> tuple[Decision, ...]:
    """The verdicts on all of the commitments that a new incident of one occurrence touches."""
    return (_decided_all if _is_small(accounts) else _decide_all)(asked, accounts)


def _is_small(accounts: Accounts) -> bool:
    """Together with the answers of any `Met`, may what is decided of them be remembered?"""
    return accounts.size + LARGEST_MET <= LARGEST_DECIDED


def _decide_all(asked: WindowMatch, accounts: Accounts) -> tuple[Decision, ...]:
    decide = _decided if _is_small(accounts) else _decide
    return tuple([decide(terms, accounts, when, bound) for terms, when, bound in asked.each])


def _decide(
    terms: Terms, accounts: Accounts, when: tuple[Answers, ...], bound: Answers
) -> Decision:
    """The verdict, once it is known of each claim's window when it was inside, and if it bound.

    Times count for nothing else: what another report has said in this way need not be asked again.
    """
    each, actors = accounts.each, accounts.known_actors
    claims = zip(terms.assertions, when, bound, strict=True)
    rows = [
        _judge_claim(claim_id, claim, each, answers, still)
        for (claim_id, claim), answers, still in claims
        if _touches(answers)
    ]
    return Decision(
        verdict=_overall(terms.claims, actors, rows),
        party=next(iter(actors)) if len(actors) == 1 else None,
        independent_reports=len(
            [1 for said in each if said.reporter_party not in terms.bound_parties]
        ),
        claims=tuple(rows),
    )


_decided = lru_cache(maxsize=MOST_DECIDED)(_decide)
_decided_all = lru_cache(maxsize=MOST_DECIDED // MOST_MET)(_decide_all)


def _judge_claim(
    claim_id: str,
    claim: Assertion,
    accounts: tuple[Account, ...],
    answers: Answers,
    bound: bool | None,
) -> ClaimVerdict:
    """The verdict on one claim, whose window some report may have it inside of."""
    of_parts = iter(answers)
    told = [(said, tuple([next(of_parts) for _ in said.scopes])) for said in accounts]
    plain = [answer(claim, *one) for one in told]
    said = plain if bound is True else [answer(claim, *one, still_bound=bound) for one in told]
    return ClaimVerdict(
        claim_id=claim_id,
        verdict=_agreed(said),
        criteria=_common(said),
        before_conditions=_agreed(plain),
    )


def _agreed(said: list[Answer]) -> ClaimOutcome:
    broken = unanimous([one.broken for one in said if not one.abstains])
    if broken is None:
        return "undetermined"
    return "violation" if broken else "clear"


def _common(said: list[Answer]) -> Criteria:
    """What all standing reports and their impacts agree on, criterion by criterion."""
    rows = [row for one in said for row in one.criteria]
    return rows[0] if len(rows) == 1 else Criteria(*map(unanimous, zip(*rows, strict=True)))


def _overall(
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
