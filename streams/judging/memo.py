"""The only memory of `judge`: a decision is reused where reports say the same.

Pure caches of pure functions, each of a bounded size: what is remembered is what the plain rules
say, and forgetting any of it changes nothing but the time that it takes.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from analytics.ledger.rows import FirstJudged
from schemas.time import Occurrence, in_window
from schemas.verdicts import Decision, Judgement
from streams.judging.commitment import Commitment, Terms
from streams.judging.incident import Incident, IncidentStatements
from streams.judging.judge import Answers, decide, judge, may_be_inside
from streams.judging.statement import Statement

# How many decisions are remembered, of a kilobyte each: most reports say what others say.
MOST_DECIDED = 16_384
# Of at most so many parts, targets, places and answers: one of 1,000 impacts would take 400 KB.
LARGEST_DECIDED = 64
# How many commitments, and answers, may be decided together: an incident seldom touches more.
MOST_MATCHED, LARGEST_MATCH = 8, 32


def judge_remembering(commitment: Commitment, incident: Incident) -> Judgement | None:
    """What `judge` says."""
    return judge(commitment, incident, _decide)


def _decide(
    terms: Terms, statements: IncidentStatements, when: tuple[Answers, ...], bound: Answers
) -> Decision:
    size = statements.size + sum(map(len, when))
    return (decide if size > LARGEST_DECIDED else _decided)(terms, statements, when, bound)


_decided = lru_cache(maxsize=MOST_DECIDED)(decide)


class WindowMatch:
    """How incidents of one occurrence lie to the windows of the commitments that they touch.

    `each`: what the claims of a commitment say, and `in_window` and `still_bound` of them.
    """

    __slots__ = ("_hash", "each")

    def __init__(self, each: tuple[tuple[Terms, tuple[Answers, ...], Answers], ...]) -> None:
        self.each = each
        self._hash = hash(each)

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        return isinstance(other, WindowMatch) and self.each == other.each


class Matched(NamedTuple):
    """The commitments that one occurrence touches, by id, and how it lies to their windows."""

    commitment_ids: tuple[str, ...]
    window_match: WindowMatch


@lru_cache(maxsize=1_024)
def _one_of_equal(match: WindowMatch) -> WindowMatch:
    """The first of all that are equal to this one: to find it by itself is quick."""
    return match


def one_statement(statement: Statement) -> IncidentStatements:
    """What an incident of one report says: of a small one the same object for all that say it."""
    return (_of_one if statement.size > LARGEST_DECIDED else _same_of_one)(statement)


def _of_one(statement: Statement) -> IncidentStatements:
    return IncidentStatements((statement,))


_same_of_one = lru_cache(maxsize=MOST_DECIDED)(_of_one)


def match_windows(commitments: Iterable[Commitment], occurrence: Occurrence) -> Matched | None:
    """Compare an occurrence with the windows of all of these.

    The answer is the same for every occurrence that lies alike to the bounds of these windows.
    None: some commitment has conditions or daily hours, or they are too many to be remembered
    together.
    """
    matched = []
    answers = 0
    for commitment in commitments:
        if commitment.is_conditional or commitment.has_daily_hours:
            return None
        when = tuple([(in_window(window, occurrence),) for window in commitment.windows])
        if any(map(may_be_inside, when)):
            bound = tuple([True for _ in when])
            matched.append((commitment.commitment_id, (commitment.terms, when, bound)))
            answers += len(when)
    if len(matched) > MOST_MATCHED or answers > LARGEST_MATCH:
        return None
    match = _one_of_equal(WindowMatch(tuple([of_one for _, of_one in matched])))
    return Matched(tuple([name for name, _ in matched]), match)


def judge_first(conflict: str, incident: Incident, matched: Matched) -> FirstJudged:
    """What `judge` says of an incident of one occurrence under each commitment that it touches."""
    return FirstJudged(
        conflict,
        incident.incident_id,
        incident.start,
        incident.end,
        matched.commitment_ids,
        decide_all(matched.window_match, incident.statements),
    )


def decide_all(match: WindowMatch, statements: IncidentStatements) -> tuple[Decision, ...]:
    """The verdicts on all of the commitments that a new incident of one occurrence touches."""
    is_small = statements.size + LARGEST_MATCH <= LARGEST_DECIDED
    return (_decided_all if is_small else _decide_all)(match, statements)


def _decide_all(match: WindowMatch, statements: IncidentStatements) -> tuple[Decision, ...]:
    return tuple([_decide(terms, statements, when, bound) for terms, when, bound in match.each])


_decided_all = lru_cache(maxsize=MOST_DECIDED // MOST_MATCHED)(_decide_all)
