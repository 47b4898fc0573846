"""Whether the JSON text of an event gives each name once, so that all who read it read the same.

The text was validated before: other faults of an event are not checked here.
"""

from __future__ import annotations

import json
from collections import Counter

from schemas.events import Event, ReportDenial, ReportEvent
from schemas.fields import Count, Range
from schemas.places import OneOf, Place, Point
from schemas.reports import Impact, Report

_BLANKS = b" \t\r\n"


class RepeatedError(ValueError):
    """A name that is given twice in one JSON object; the message is the name."""


def check_names(raw: bytes, event: Event) -> None:
    """Refuse the JSON text `raw` of `event` if it gives a name twice.

    RepeatedError: it does. ValueError, RecursionError: it holds what is no JSON to some, e.g. NaN,
    in a value that another of the same name hides.
    """
    if not are_plainly_once(raw, event):
        read_names(raw)


def are_plainly_once(text: bytes, *events: Event) -> bool:
    """Do the texts of `events`, which are in `text`, give each name once, as far as is plain?

    Without its blanks, a text has one `":` for each name, and maybe more inside of strings. All
    that a report says is kept, so if its text has no more of them than it has distinct names, none
    is given twice, and nothing is hidden. Of claims, of which there are few, areas keep no names.
    """
    reports = [event for event in events if isinstance(event, ReportEvent)]
    if len(reports) < len(events):
        return False
    return text.translate(None, _BLANKS).count(b'":') == sum(map(_distinct_names, reports))


def read_names(raw: bytes) -> None:
    """Read all of `raw`, name by name; raises as `check_names` does."""
    _strict.decode(raw.decode())


def _distinct_names(event: ReportEvent) -> int:
    """How many names the text of `event` gives, if none twice; never more than it gives.

    (`isinstance` is slow for a model where the answer is no.)
    """
    report = event.data
    names = len(event.__pydantic_fields_set__) + _in_whole(report)
    for weapon in report.weapons:
        names += len(weapon.__pydantic_fields_set__)
        for count in (weapon.launched, weapon.intercepted):
            if type(count) is Range:
                names += len(count.__pydantic_fields_set__)
    if report.effects:
        names += _in_effects(report.effects)
    for place in report.places:
        names += _in_place(place)
    for impact in report.impacts:
        names += _in_impact(impact)
    return names


def _in_whole(report: Report | ReportDenial) -> int:
    names = len(report.__pydantic_fields_set__) + len(report.reported_by.__pydantic_fields_set__)
    if report.occurred is not None:
        names += len(report.occurred.__pydantic_fields_set__)
    actor = report.actor
    return names if actor is None else names + len(actor.__pydantic_fields_set__)


def _in_impact(impact: Impact) -> int:
    names = len(impact.__pydantic_fields_set__) + _in_place(impact.place)
    if impact.occurred is not None:
        names += len(impact.occurred.__pydantic_fields_set__)
    return names + _in_effects(impact.effects or {})


def _in_effects(effects: dict[str, Count]) -> int:
    names = len(effects)
    for count in effects.values():
        if type(count) is Range:
            names += len(count.__pydantic_fields_set__)
    return names


def _in_place(place: Place | None) -> int:
    if isinstance(place, OneOf):
        return 1 + sum(map(_in_place, place.one_of))
    if not isinstance(place, Point):
        return 0
    # A radius of 0, or an empty list, may have been given or left out.
    return 2 + bool(place.radius_km) + bool(place.codes)


def _each_once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    names = dict(pairs)
    if len(names) < len(pairs):
        times = Counter(name for name, _ in pairs)
        raise RepeatedError(next(name for name, count in times.items() if count > 1)[:200])
    return names


def _no_constant(name: str) -> None:
    msg = f"{name} is no number"
    raise ValueError(msg)


_strict = json.JSONDecoder(object_pairs_hook=_each_once, parse_constant=_no_constant)
