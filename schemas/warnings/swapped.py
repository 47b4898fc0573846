"""Whether a position has its latitude and longitude exchanged, by where all else of it is.

No boundaries are needed: what is far from every place that the conflict is known for, and comes
near to one of them once exchanged, was probably meant the other way round.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

LatLon = tuple[float, float]
"""Latitude and longitude, in degrees."""

NEAR_KM = 300.0
TIMES_NEARER = 2.0
MOST_PLACES = 100
EARTH_KM = 6_371.0
_CELL = 0.5


def landmarks(positions: Iterable[LatLon]) -> list[LatLon]:
    """Some of the positions, no two of them close to one another: enough to compare with."""
    found: dict[tuple[int, int], LatLon] = {}
    for lat, lon in positions:
        if len(found) == MOST_PLACES:
            break
        found.setdefault((round(lat / _CELL), round(lon / _CELL)), (lat, lon))
    return list(found.values())


def exchanged(position: LatLon, known: Sequence[LatLon]) -> LatLon | None:
    """`position` the other way round, if that is more likely to be meant by what is `known`."""
    lat, lon = position
    if not known or abs(lon) > 90 or position == (0.0, 0.0):  # noqa: PLR2004 - no latitude
        return None
    far = min(distance_km(position, other) for other in known)
    if far <= NEAR_KM:
        return None
    near = min(distance_km((lon, lat), other) for other in known)
    return (lon, lat) if near * TIMES_NEARER < far else None


def distance_km(one: LatLon, other: LatLon) -> float:
    """The distance on a sphere."""
    lat, lon, other_lat, other_lon = map(math.radians, (*one, *other))
    half = (
        math.sin((other_lat - lat) / 2) ** 2
        + math.cos(lat) * math.cos(other_lat) * math.sin((other_lon - lon) / 2) ** 2
    )
    return 2 * EARTH_KM * math.asin(min(math.sqrt(half), 1.0))
