"""What a report says, as the verdict needs it: what of it is compared with claims, and when.

Made once, where a report is read. Plain values, that another process can be handed.
"""

from __future__ import annotations

from typing import NamedTuple

from schemas.events import Impact, Occurred, Report, ReportDenial
from schemas.places import OneOf, Place, Point
from schemas.time import Occurrence

ATTRIBUTED = frozenset({"confirmed", "likely"})


class Part(NamedTuple):
    """The whole of a report (`impact` is None), or the whole as one of its impacts refines it."""

    impact: int | None
    occurred: Occurred
    targets: tuple[str | None, ...]
    places: tuple[Place | None, ...]


StatementScope = tuple[tuple[str | None, ...], tuple[Place | None, ...]]
"""Targets and places."""


class ReportedBy(NamedTuple):
    """Who says it: a name, what kind of source that is, and for which party it speaks."""

    name: str
    kind: str | None
    party: str | None


class SimpleStatement(NamedTuple):
    """What a report without impacts says, leaving out when; see `Statement`."""

    reporter: ReportedBy
    actor: str | None
    confidence: str | None
    act: str | None
    targets: tuple[str | None, ...]
    places: tuple[Place | None, ...]


class Statement(NamedTuple):
    """What one report says, leaving out when; `confidence` None: it names no actor.

    `scopes`: the targets and the places of the whole, then of each impact; a denial speaks of none.
    `size`: how many parts, targets and places it speaks of.
    """

    reporter: ReportedBy
    actor: str | None
    confidence: str | None
    act: str | None
    scopes: tuple[StatementScope, ...]
    size: int

    @property
    def denies(self) -> bool:
        """Does it say that this did not happen?"""
        return not self.scopes

    @property
    def attributed(self) -> bool:
        """Does it name who acted, and is it at least likely?"""
        return self.actor is not None and self.confidence in ATTRIBUTED


class TimedStatement(NamedTuple):
    """What one report says, and when the act was according to each part of it.

    `start`, `end`: the earliest and the latest that it gives, as they were reported.
    """

    statement: Statement
    occurrences: tuple[Occurrence, ...]
    start: int
    end: int


def parts(report: Report) -> tuple[Part, ...]:
    """The whole of `report`, then each impact: what an impact gives replaces the whole's."""
    whole = Part(None, report.occurred, report.targets, report.places)
    if not report.impacts:
        return (whole,)
    impacts = enumerate(report.impacts)
    return (whole, *(_refined(whole, number, impact) for number, impact in impacts))


def _refined(whole: Part, number: int, impact: Impact) -> Part:
    return Part(
        number,
        whole.occurred if impact.occurred is None else impact.occurred,
        whole.targets if impact.targets is None else impact.targets,
        whole.places if impact.place is None else (impact.place,),
    )


def _weight(place: Place | None) -> int:
    """How many positions and codes a place holds."""
    if isinstance(place, Point):
        return 1 + len(place.codes)
    return sum(map(_weight, place.one_of)) if isinstance(place, OneOf) else 1


def timed_statement(report: Report | ReportDenial) -> TimedStatement:
    """What `report` says, and when."""
    if isinstance(report, ReportDenial):
        denial = Statement(reporter(report), None, None, None, (), 1)
        return TimedStatement(denial, (), 0, 0)
    each = parts(report)
    scopes = tuple([(part.targets, part.places) for part in each])
    occurrences = tuple([part.occurred.occurrence for part in each])
    starts, ends = zip(*[part.occurred.reported for part in each], strict=True)
    says = _statement(simple_statement(report), scopes)
    return TimedStatement(says, occurrences, min(starts), max(ends))


def reporter(report: Report | ReportDenial) -> ReportedBy:
    """Who reports it."""
    by = report.reported_by
    return ReportedBy(by.name, by.kind, by.party)


def simple_statement(report: Report) -> SimpleStatement:
    """What `report` says of the whole."""
    actor = report.actor
    return SimpleStatement(
        reporter(report),
        None if actor is None else actor.party,
        None if actor is None else actor.confidence,
        report.act,
        report.targets,
        report.places,
    )


def statement(simple: SimpleStatement) -> Statement:
    """The statement of a report without impacts: for all that say the same one is enough."""
    return _statement(simple, ((simple.targets, simple.places),))


def _statement(whole: SimpleStatement, scopes: tuple[StatementScope, ...]) -> Statement:
    size = sum([1 + len(targets) + sum(map(_weight, places)) for targets, places in scopes])
    return Statement(whole.reporter, whole.actor, whole.confidence, whole.act, scopes, size)
