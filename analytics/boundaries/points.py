"""The points in the JSON of an event that say nothing of what they lie in, and their codes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from numpy.typing import ArrayLike


class Gazetteer(Protocol):
    """What knows where points and provinces are: the boundaries."""

    def codes(self, lats: ArrayLike, lons: ArrayLike, radii_km: ArrayLike) -> list[tuple[str, ...]]:
        """The codes that hold for all of each circle, finest first."""

    def named(self, country: str, name: str) -> str | None:
        """The code of the province of that name in a country (ISO 3166-1 alpha-2)."""


class Located(NamedTuple):
    """How many points got the code of a subdivision, that of a country, and none."""

    in_parts: int
    in_countries: int
    nowhere: int

    def and_(self, other: Located) -> Located:
        """Both together."""
        return Located(*(one + another for one, another in zip(self, other, strict=True)))


NONE = Located(0, 0, 0)


def unlocated(event: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The points without `codes` in an event that is valid otherwise."""
    return [
        place
        for place in _places(event.get("data", {}))
        if isinstance(place, dict) and "lat" in place and not place.get("codes")
    ]


def locate(boundaries: Gazetteer, points: Sequence[dict[str, Any]]) -> Located:
    """Give each point its codes, where any hold."""
    if not points:
        return NONE
    found = boundaries.codes(
        [point["lat"] for point in points],
        [point["lon"] for point in points],
        [point.get("radius_km") or 0 for point in points],
    )
    for point, codes in zip(points, found, strict=True):
        if codes:
            point["codes"] = list(codes)
    parts = sum(bool(codes) and "-" in codes[0] for codes in found)
    nowhere = sum(not codes for codes in found)
    return Located(parts, len(found) - parts - nowhere, nowhere)


def _places(data: Mapping[str, Any]) -> Iterator[Any]:
    """Every place that a report names, and each that one of several may be."""
    places = list(data.get("places") or ())
    places += [impact.get("place") for impact in data.get("impacts") or ()]
    for place in places:
        if isinstance(place, dict) and "one_of" in place:
            yield from place["one_of"]
        else:
            yield place
