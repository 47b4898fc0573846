"""Where the events of an import were: points get their codes, provinces by name become codes.

Without boundaries a point keeps what its source says of it, and a province is its country.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from analytics.boundaries.points import Gazetteer
from analytics.importing.making import Making
from schemas.places import MAX_RADIUS_KM

PlaceJson = dict[str, Any]
NAMED = ("within", "named")
"""The members of a place that a source gives by the name of a province and its country's code."""


class Placed:
    """Gives the events of an import the codes of their places."""

    def __init__(self, gazetteer: Gazetteer | None) -> None:
        self._gazetteer = gazetteer
        self._codes: dict[tuple[str, str], str] = {}

    def __call__(self, makings: Sequence[Making]) -> None:
        """Replace the places by name in these events, and add codes to points."""
        points: list[PlaceJson] = []
        for making in makings:
            _replace(making.data, self._resolved)
            points += _points(making.data)
        if self._gazetteer is None or not points:
            return
        good = [one for one in points if _is_on_the_globe(one)]
        lats, lons, radii = (
            np.array([one.get(name, 0) for one in good], float)
            for name in ("lat", "lon", "radius_km")
        )
        for point, codes in zip(good, self._gazetteer.codes(lats, lons, radii), strict=True):
            # Where the boundaries cannot tell, what the source says still stands.
            if codes:
                point["codes"] = list(codes)

    def _resolved(self, place: Any) -> Any:  # noqa: ANN401 - JSON
        if not isinstance(place, dict):
            return place
        if "one_of" in place:
            options = [self._resolved(one) for one in place["one_of"]]
            # Provinces of one country are all that country where nobody knows their codes.
            different = [one for n, one in enumerate(options) if one not in options[:n]]
            return {"one_of": different} if len(different) > 1 else different[0]
        if set(place) != set(NAMED):
            return place
        country, name = (str(place[one]) for one in NAMED)
        if (country, name) not in self._codes:
            found = None if self._gazetteer is None else self._gazetteer.named(country, name)
            self._codes[country, name] = found or country
        return self._codes[country, name]


def _replace(data: PlaceJson, resolved: Any) -> None:  # noqa: ANN401 - a function of JSON
    if isinstance(places := data.get("places"), list):
        found = [resolved(one) for one in places]
        # Two provinces without codes of their own are one country.
        data["places"] = [one for number, one in enumerate(found) if one not in found[:number]]
    for impact in data.get("impacts", ()):
        if isinstance(impact, dict) and "place" in impact:
            impact["place"] = resolved(impact["place"])


def _points(data: PlaceJson) -> Iterator[PlaceJson]:
    places = data.get("places")
    impacts = data.get("impacts", ())
    for place in [
        *(places if isinstance(places, list) else ()),
        *(one.get("place") for one in impacts if isinstance(one, dict)),
    ]:
        if isinstance(place, dict):
            for one in place.get("one_of", [place]):
                if isinstance(one, dict) and "lat" in one and "lon" in one:
                    yield one


def _is_on_the_globe(point: PlaceJson) -> bool:
    lat, lon, radius = (point.get(name, 0) for name in ("lat", "lon", "radius_km"))
    if not all(isinstance(one, int | float) for one in (lat, lon, radius)):
        return False
    return bool(abs(lat) <= 90 and abs(lon) <= 180 and 0 <= radius <= MAX_RADIUS_KM)  # noqa: PLR2004
