"""The map: areas by code with how many incidents each has, and points with their radius."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from analytics.charts.outlines import MapBox, Outline, Outlines
from analytics.pages.model import CodeCount, Spot
from analytics.report.texts import ENGLISH, ReportWords
from schemas.verdicts import BY_GRAVITY

SIZE, PAD = 640.0, 36.0
KM_OF_A_DEGREE = 111.2
LEAST_DEGREES = 1.0
ROOM = 0.05
MOST_AREAS = 250
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


class DrawnArea(NamedTuple):
    """An area as an SVG path; `count` None: nothing is said of it, it is only drawn."""

    path: str
    label: tuple[float, float]
    known: CodeCount | None
    verdict: str
    says: str


class MapProjection(NamedTuple):
    """Equirectangular, true to scale at the middle."""

    west: float
    north: float
    scale: float
    squeeze: float

    def xy(self, lat: float, lon: float) -> tuple[float, float]:
        """Where a place stands, in pixels."""
        x = PAD + (lon - self.west) * self.scale * self.squeeze
        return round(x, 1), round(PAD + (self.north - lat) * self.scale, 1)


class Map(NamedTuple):
    """All that is drawn."""

    width: float
    height: float
    lines: list[GridLine]
    areas: list[DrawnArea]
    spots: list[DrawnSpot]
    projection: MapProjection
    pad: float = PAD


def map_of(
    spots: Sequence[Spot],
    codes: Sequence[CodeCount] = (),
    outlines: Outlines | None = None,
    words: ReportWords = ENGLISH,
) -> Map | None:
    """Where everything stands, and what is said of it in these words.

    None: nothing has a point, or an outline.
    """
    counts = {one.code: one for one in codes if "-" in one.code}
    named = [] if outlines is None else outlines.of(tuple(counts))
    boxes = [one.box for one in named] + [_box(one) for one in spots]
    if not boxes:
        return None
    west, south, east, north = _roomy(boxes)
    squeeze = max(math.cos(math.radians((south + north) / 2)), 0.1)
    scale = SIZE / max((east - west) * squeeze, north - south)
    projection = MapProjection(west, north, scale, squeeze)
    width = (east - west) * squeeze * scale + 2 * PAD
    height = (north - south) * scale + 2 * PAD
    around = [] if outlines is None else outlines.within((west, south, east, north), MOST_AREAS)
    areas = [_area(one, None, projection, words) for one in around if one.code not in counts]
    areas += [_area(one, counts[one.code], projection, words) for one in named]
    lines = _grid(projection, (south, north), (west, east))
    # Small and certain ones stand on top of large and vague ones.
    order = sorted(spots, key=lambda one: (-one.radius_km, one.verdict != "violation"))
    drawn = [_drawn(one, projection, words) for one in order]
    return Map(round(width), round(height), lines, areas, drawn, projection)


def _box(spot: Spot) -> MapBox:
    reach = max(spot.radius_km, 1) / KM_OF_A_DEGREE
    wide = reach / max(math.cos(math.radians(spot.lat)), 0.1)
    return spot.lon - wide, spot.lat - reach, spot.lon + wide, spot.lat + reach


def _roomy(boxes: Sequence[MapBox]) -> MapBox:
    """All of the boxes, with some room, and large enough to be recognised."""
    west, south = min(one[0] for one in boxes), min(one[1] for one in boxes)
    east, north = max(one[2] for one in boxes), max(one[3] for one in boxes)
    tall = max((LEAST_DEGREES - (north - south)) / 2, ROOM * (north - south))
    wide = max((LEAST_DEGREES - (east - west)) / 2, ROOM * (east - west))
    return west - wide, max(south - tall, -90.0), east + wide, min(north + tall, 90.0)


def _area(
    outline: Outline, count: CodeCount | None, projection: MapProjection, words: ReportWords
) -> DrawnArea:
    path = "".join(
        "M" + "L".join("{} {}".format(*projection.xy(lat, lon)) for lon, lat in ring) + "z"
        for ring in outline.rings
    )
    x, y = projection.xy(outline.label[1], outline.label[0])
    if count is None:
        return DrawnArea(path, (x, y), None, "", outline.code)
    verdict = next(one for one in BY_GRAVITY if getattr(count, one) or one == BY_GRAVITY[-1])
    says = words["tip_area"].format(
        code=count.code,
        count=f"{count.incidents:,}",
        each=", ".join(
            f"{getattr(count, one)} {words[f'verdict_{one}']}"
            for one in BY_GRAVITY
            if getattr(count, one)
        ),
        maybe=words["tip_area_maybe"].format(count=count.one_of) if count.one_of else "",
    )
    return DrawnArea(path, (x, y), count, verdict, says)


def _drawn(spot: Spot, projection: MapProjection, words: ReportWords) -> DrawnSpot:
    x, y = projection.xy(spot.lat, spot.lon)
    radius = round(spot.radius_km / KM_OF_A_DEGREE * projection.scale, 1)
    size = round(GLYPH * (1 + math.log10(spot.incidents) / 2), 1)
    many = words["tip_incidents"].format(count=f"{spot.incidents:,}")
    says = words["tip_spot"].format(
        verdict=words[f"verdict_{spot.verdict}"],
        who=spot.incident_id if spot.incidents == 1 else many,
        lat=f"{spot.lat:.2f}",
        lon=f"{spot.lon:.2f}",
        km=f"{spot.radius_km:g}",
        maybe=words["tip_spot_maybe"] if spot.is_one_of else "",
    )
    return DrawnSpot(x, y, radius, size, spot, says)


def _grid(
    projection: MapProjection, lats: tuple[float, float], lons: tuple[float, float]
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
