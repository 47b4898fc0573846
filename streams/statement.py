"""What a report says, as the verdict needs it: what of it is compared with claims, and when.

Made once, where a report is read. Plain values, that another process can be handed.
"""

from __future__ import annotations

from collections.abc import Hashable
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


class Account(NamedTuple):
    """What one report says, leaving out when; `confidence` None: it names no actor.

    `scopes`: the targets and the places of the whole, then of each impact. `size`: how many parts,
    targets and places it tells of.
    """

    reporter_party: str | None
    actor: str | None
    confidence: str | None
    act: str | None
    scopes: tuple[tuple[tuple[str | None, ...], tuple[Place | None, ...]], ...]
    size: int

    @property
    def attributed(self) -> bool:
        """Does it name who acted, and is it at least likely?"""
        return self.actor is not None and self.confidence in ATTRIBUTED


class Statement(NamedTuple):
    """What one report says, and when it happened according to each part of it."""

    account: Account
    occurrences: tuple[Occurrence, ...]


def gist(report: Report) -> tuple[Hashable, ...]:
    """All of what `report` says, leaving out when, that its account is made of.

    Of reports without impacts only: of those that have the same, one account is enough.
    """
    actor = report.actor
    return (
        report.reported_by.party,
        None if actor is None else (actor.party, actor.confidence),
        report.act,
        report.targets,
        report.places,
    )


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


def statement(report: Report) -> Statement:
    """What `report` says, and when."""
    each = parts(report)
    actor = report.actor
    scopes = tuple([part[2:] for part in each])
    said = Account(
        report.reported_by.party,
        None if actor is None else actor.party,
        None if actor is None else actor.confidence,
        report.act,
        scopes,
        sum([1 + len(targets) + len(places) for targets, places in scopes]),
    )
    return Statement(said, tuple([part.occurrence for part in each]))
