"""Why an answer is what it is, in a few plain words; pure, and no judge of anything."""

from __future__ import annotations

from typing import NamedTuple

from schemas.claims import Assertion
from schemas.places import OneOf, Place, Point, Polygonal
from schemas.reports import Report
from schemas.safe_text import for_terminal
from schemas.time import Daily
from schemas.verdicts import Criteria, PerCriterion
from schemas.vocabulary import act_prohibited
from streams.judging.statement import ATTRIBUTED, Part


class Given(NamedTuple):
    """One part of one report, the claim that it was compared with, and the answers."""

    claim: Assertion
    report: Report
    part: Part
    criteria: Criteria


def reason(criterion: str, given: Given) -> str:
    """Why the answer to `criterion` is no or unknown (for yes: that it is)."""
    answer: bool | None = getattr(given.criteria, criterion)
    if answer is True:
        yes: str = getattr(YES, criterion)
        return yes
    why: str = getattr(_NOT_YES, criterion)(given, answer)
    return why


YES = PerCriterion(
    in_window="inside the window",
    party_bound="by a party that is bound",
    act_prohibited="an act that is prohibited",
    target_covered="on a target that is protected",
    in_area="inside the area",
    still_bound="while it still bound",
)


def _window(given: Given, answer: bool | None) -> str:
    if answer is False:
        return "it was outside of the window"
    if given.part.occurred.of == "impact":
        return "only the impact is timed, and the act may have begun earlier"
    bounds = [b for part in given.claim.terms_window for b in (part.start, part.end)]
    if any(bound.earliest != bound.latest for bound in bounds):
        return "the bounds of the window are not known well enough"
    if any(isinstance(part, Daily) for part in given.claim.terms_window):
        return "its time reaches over the hours of the window"
    return "its time reaches over a bound of the window"


def _party(given: Given, answer: bool | None) -> str:
    actor = given.report.actor
    if actor is None or actor.party is None:
        return "the report names no actor"
    if answer is False:
        return f"{actor.party} is not bound"
    if actor.confidence not in ATTRIBUTED:
        return f"{actor.party} is only {'alleged' if actor.confidence == 'alleged' else 'named'}"
    return "who acted is not known"


def _act(given: Given, answer: bool | None) -> str:
    acts, act = given.claim.prohibits.acts, given.report.act
    if answer is False:
        return f"{act} is not prohibited"
    if not acts:
        return "which acts are prohibited was not said"
    if act is None:
        return "the report names no act"
    if act_prohibited(tuple(a for a in acts if a is not None) or acts, act) is None:
        return f"{act} is broader than what is prohibited"
    return "which other acts are prohibited was not said"


def _target(given: Given, answer: bool | None) -> str:
    scope, targets = given.claim.prohibits.targets, given.part.targets
    if answer is False:
        return f"{_listed(targets)} {'is' if len(targets) == 1 else 'are'} not protected"
    if not scope:
        return "which targets are protected was not said"
    if not targets:
        return "the report names no target"
    if None in scope:
        return "which other targets are protected was not said"
    if None in targets:
        return "other targets were not named"
    return (
        "which of the targets was hit where was not said, or one is broader than what is protected"
    )


def _area(given: Given, answer: bool | None) -> str:
    area, places = given.claim.area, given.part.places
    if answer is False:
        return f"{_listed(places)} {'is' if len(places) == 1 else 'are'} outside of the area"
    if not area:
        return "where it holds was not said"
    if not places:
        return "the report names no place"
    if None in area:
        return "which other places it holds for was not said"
    if None in places:
        return "other places were not named"
    return "the place is not known as finely as the area"


def _bound(given: Given, answer: bool | None) -> str:
    other = given.claim.conditions.other
    if answer is False:
        return "another party had broken it before"
    if other is not None:
        return f"it has a condition: {for_terminal(other)}"
    return "another party may have broken it before"


_NOT_YES = PerCriterion(
    in_window=_window,
    party_bound=_party,
    act_prohibited=_act,
    target_covered=_target,
    in_area=_area,
    still_bound=_bound,
)


def scope_in_words(claim: Assertion) -> str:
    """What a claim prohibits and where: `strike on energy in UA, RU`."""
    acts, targets = claim.prohibits.acts, claim.prohibits.targets
    act = ", ".join(map(place_in_words, acts)).replace("any", "any act") or "acts not said"
    target = ", ".join(map(place_in_words, targets)).replace("any", "any target")
    area = ", ".join(map(place_in_words, claim.area))
    aimed = f"on {target}" if target else "(targets not said)"
    return f"{act} {aimed} {f'in {area}' if area else '(area not said)'}"


def place_in_words(place: Place | Polygonal | None) -> str:
    """A place or a part of an area, as one would note it down."""
    match place:
        case None:
            return "others"
        case Point():
            near = f" +-{place.radius_km:g} km" if place.radius_km else ""
            inside = f" in {'/'.join(place.codes)}" if place.codes else ""
            return f"{place.lat:g},{place.lon:g}{near}{inside}"
        case OneOf():
            return " or ".join(map(place_in_words, place.one_of))
        case Polygonal():
            return "a drawn area"
        case str():
            return place


def _listed(things: tuple[Place | None, ...] | tuple[str | None, ...]) -> str:
    words = [place_in_words(thing) for thing in things]
    shown = words if len(words) <= 4 else [*words[:3], f"{len(words) - 3} more"]  # noqa: PLR2004
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"


def part_in_words(part: Part, report: Report) -> str:
    """`whole`, or `impact 1: UA-30, heating` with what the impact itself gives."""
    if part.impact is None:
        return "whole"
    impact = report.impacts[part.impact]
    given = [] if impact.place is None else [place_in_words(impact.place)]
    given += [place_in_words(target) for target in impact.targets or ()]
    return f"impact {part.impact + 1}" + (f": {', '.join(given)}" if given else "")
