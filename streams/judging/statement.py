"""What a report says, as the verdict needs it: what of it is compared with claims, and when.

Made once, where a report is read. Plain values, that another process can be handed.
"""

from __future__ import annotations

from typing import NamedTuple

from schemas.events import Impact, Report
from schemas.places import Place
from schemas.time import Occurrence

ATTRIBUTED = frozenset({"confirmed", "likely"})


class Part(NamedTuple):
    """The whole of a report (`impact` is None), or the whole as one of its impacts refines it."""

    impact: int | None
    occurrence: Occurrence
    targets: tuple[str | None, ...]
    places: tuple[Place | None, ...]


StatementScope = tuple[tuple[str | None, ...], tuple[Place | None, ...]]
"""Targets and places."""


class SimpleStatement(NamedTuple):
    """What a report without impacts says, leaving out when; see `Statement`."""

    reporter_party: str | None
    actor: str | None
    confidence: str | None
    act: str | None
    targets: tuple[str | None, ...]
    places: tuple[Place | None, ...]


class Statement(NamedTuple):
    """What one report says, leaving out when; `confidence` None: it names no actor.

    `scopes`: the targets and the places of the whole, then of each impact. `size`: how many parts,
    targets and places it speaks of.
    """

    reporter_party: str | None
    actor: str | None
    confidence: str | None
    act: str | None
    scopes: tuple[StatementScope, ...]
    size: int

    @property
    def attributed(self) -> bool:
        """Does it name who acted, and is it at least likely?"""
        return self.actor is not None and self.confidence in ATTRIBUTED


class TimedStatement(NamedTuple):
    """What one report says, and when it happened according to each part of it."""

    statement: Statement
    occurrences: tuple[Occurrence, ...]


def parts(report: Report) -> tuple[Part, ...]:
    """The whole of `report`, then each impact: what an impact gives replaces the whole's."""
    whole = Part(None, report.occurred.occurrence, report.targets, report.places)
    if not report.impacts:
        return (whole,)
    impacts = enumerate(report.impacts)
    return (whole, *(_refined(whole, number, impact) for number, impact in impacts))


def _refined(whole: Part, number: int, impact: Impact) -> Part:
    return Part(
        number,
        whole.occurrence if impact.occurred is None else impact.occurred.occurrence,
        whole.targets if impact.targets is None else impact.targets,
        whole.places if impact.place is None else (impact.place,),
    )


def timed_statement(report: Report) -> TimedStatement:
    """What `report` says, and when."""
    each = parts(report)
    scopes = tuple([(part.targets, part.places) for part in each])
    occurrences = tuple([part.occurrence for part in each])
    return TimedStatement(_statement(simple_statement(report), scopes), occurrences)


def simple_statement(report: Report) -> SimpleStatement:
    """What `report` says of the whole."""
    actor = report.actor
    return SimpleStatement(
        report.reported_by.party,
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
    size = sum([1 + len(targets) + len(places) for targets, places in scopes])
    return Statement(whole.reporter_party, whole.actor, whole.confidence, whole.act, scopes, size)
