"""The map: points with their radius, over a grid of degrees; codes are listed beside it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from analytics.pages.model import Spot

SIZE, PAD = 640.0, 36.0
KM_OF_A_DEGREE = 111.2
LEAST_DEGREES = 1.0
STEPS = (0.25, 0.5, 1, 2, 5, 10, 20, 45)
GLYPH = 7.0


class DrawnSpot(NamedTuple):
    """A glyph; `radius` is how far around it may have been, in pixels."""

    x: float
    y: float
    radius: float
    size: float
    spot: Spot
    says: str


class GridLine(NamedTuple):
    """A line of the grid."""

    x1: float
    y1: float
    x2: float
    y2: float
    label: str


class Map(NamedTuple):
    """All that is drawn."""

    width: float
    height: float
    lines: list[GridLine]
    spots: list[DrawnSpot]


class _Projection(NamedTuple):
    """Equirectangular, true to scale at the middle."""

    west: float
    north: float
    scale: float
    squeeze: float

    def xy(self, lat: float, lon: float) -> tuple[float, float]:
        x = PAD + (lon - self.west) * self.scale * self.squeeze
        return round(x, 1), round(PAD + (self.north - lat) * self.scale, 1)


def map_of(spots: Sequence[Spot]) -> Map | None:
    """Where everything stands; None: nothing has a point."""
    if not spots:
        return None
    reach = [max(one.radius_km, 1) / KM_OF_A_DEGREE for one in spots]
    south = min(one.lat - r for one, r in zip(spots, reach, strict=True))
    north = max(one.lat + r for one, r in zip(spots, reach, strict=True))
    west, east = min(one.lon for one in spots), max(one.lon for one in spots)
    middle = (south + north) / 2
    squeeze = max(math.cos(math.radians(middle)), 0.1)
    room = max((LEAST_DEGREES - (north - south)) / 2, 0.04 * (north - south))
    south, north = max(south - room, -90.0), min(north + room, 90.0)
    margin = max(max(reach) / squeeze, (LEAST_DEGREES / squeeze - (east - west)) / 2, 0.02)
    west, east = west - margin, east + margin
    scale = SIZE / max((east - west) * squeeze, north - south)
    projection = _Projection(west, north, scale, squeeze)
    width = (east - west) * squeeze * scale + 2 * PAD
    height = (north - south) * scale + 2 * PAD
    lines = _grid(projection, (south, north), (west, east))
    # Small and certain ones stand on top of large and vague ones.
    order = sorted(spots, key=lambda one: (-one.radius_km, one.verdict != "violation"))
    return Map(round(width), round(height), lines, [_drawn(one, projection) for one in order])


def _drawn(spot: Spot, projection: _Projection) -> DrawnSpot:
    x, y = projection.xy(spot.lat, spot.lon)
    radius = round(spot.radius_km / KM_OF_A_DEGREE * projection.scale, 1)
    size = round(GLYPH * (1 + math.log10(spot.incidents) / 2), 1)
    who = spot.incident_id if spot.incidents == 1 else f"{spot.incidents:,} incidents"
    where = f"{spot.lat:.2f}, {spot.lon:.2f}, within {spot.radius_km:g} km"
    maybe = ", one of several possible places" if spot.is_one_of else ""
    return DrawnSpot(x, y, radius, size, spot, f"{spot.verdict}: {who} at {where}{maybe}")


def _grid(
    projection: _Projection, lats: tuple[float, float], lons: tuple[float, float]
) -> list[GridLine]:
    length = max(lats[1] - lats[0], (lons[1] - lons[0]) * projection.squeeze)
    step = next((one for one in STEPS if length / one <= 6), STEPS[-1])  # noqa: PLR2004
    found = []
    for number in range(math.ceil(lats[0] / step), math.floor(lats[1] / step) + 1):
        lat = number * step
        (x1, y), (x2, _) = projection.xy(lat, lons[0]), projection.xy(lat, lons[1])
        found.append(GridLine(x1, y, x2, y, f"{abs(lat):g}°{'N' if lat >= 0 else 'S'}"))
    for number in range(math.ceil(lons[0] / step), math.floor(lons[1] / step) + 1):
        lon = number * step
        (x, y1), (_, y2) = projection.xy(lats[1], lon), projection.xy(lats[0], lon)
        found.append(GridLine(x, y1, x, y2, f"{abs(lon):g}°{'E' if lon >= 0 else 'W'}"))
    return found
