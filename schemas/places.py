"""Where something happened and where a promise holds: ISO 3166 codes, circles, GeoJSON areas.

No boundaries of countries are shipped: a point against a code, or a code against a geometry, is
unknown. Distances are geodesic, on the WGS 84 ellipsoid.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple, NoReturn

import numpy as np
import pycountry
import shapely
from pyproj import Geod
from shapely import affinity
from shapely.geometry import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from schemas.kleene import any_of

KINDS = ("Polygon", "MultiPolygon")
MAX_VERTICES = 10_000
MAX_RADIUS_KM = 20_000.0
MAX_HEIGHT = 1e9
KM_PER_DEGREE = 110.5
"""A little less than a degree of latitude is anywhere: a box drawn by it is large enough."""
ON_BORDER = 1e-9
"""Degrees (a tenth of a millimetre) within which a point is on a border."""
STEPS_PER_RADIUS = 32
MAX_STEPS = 20_000
FLAT_KM = 10_000.0
"""How far from its centre a projection may still be measured in with straight lines."""
WGS84 = Geod(ellps="WGS84")


class Point(NamedTuple):
    """Somewhere within `radius_km` of a position in degrees (WGS 84)."""

    lat: float
    lon: float
    radius_km: float = 0.0


@dataclass(frozen=True, slots=True)
class Polygonal:
    """A GeoJSON Polygon or MultiPolygon; two are equal if their texts are."""

    geojson: str
    shape: Polygon | MultiPolygon = field(compare=False, repr=False)


Place = str | Point
AreaPart = str | Polygonal
Area = tuple[AreaPart | None, ...]


@lru_cache(maxsize=1)
def subdivision_parents() -> Mapping[str, str | None]:
    """Every ISO 3166-2 code, with the code of the subdivision that it is part of, if any."""
    return {part.code: part.parent_code for part in pycountry.subdivisions}


@lru_cache(maxsize=1)
def place_codes() -> frozenset[str]:
    """Every ISO 3166-1 alpha-2 and ISO 3166-2 code."""
    countries = {country.alpha_2 for country in pycountry.countries}
    return frozenset(countries | subdivision_parents().keys())


def polygonal(geometry: object) -> Polygonal:
    """The area of a bare GeoJSON geometry, in degrees of longitude and latitude.

    ValueError: not a valid Polygon or MultiPolygon, or of more than `MAX_VERTICES` positions.
    """
    if not isinstance(geometry, dict) or geometry.get("type") not in KINDS:
        _refuse("expected an ISO 3166 code, or a bare GeoJSON Polygon or MultiPolygon")
    unknown = geometry.keys() - {"type", "coordinates", "bbox"}
    if unknown:
        _refuse(f"unknown field {min(unknown)[:100]!r} in a GeoJSON geometry")
    bbox = geometry.get("bbox", [0] * 4)
    if not isinstance(bbox, list) or len(bbox) not in {4, 6} or not all(map(_is_finite, bbox)):
        _refuse("expected 'bbox' to be a list of 4 or 6 numbers")
    coordinates = geometry.get("coordinates")
    nested = [coordinates] if geometry["type"] == "Polygon" else coordinates
    if not isinstance(nested, list) or not nested:
        _refuse("expected 'coordinates' to be a list that is not empty")
    left = [MAX_VERTICES]
    polygons = [Polygon(rings[0], rings[1:]) for rings in (_rings(one, left) for one in nested)]
    shape = polygons[0] if len(polygons) == 1 else MultiPolygon(polygons)
    if not shape.is_valid:
        _refuse(f"the geometry is not valid: {shapely.is_valid_reason(shape)[:200]}")
    text = json.dumps({"type": geometry["type"], "coordinates": coordinates})
    return Polygonal(text, shape)


def _refuse(reason: str) -> NoReturn:
    raise ValueError(reason)


def _rings(rings: object, left: list[int]) -> list[list[tuple[float, float]]]:
    if not isinstance(rings, list) or not rings:
        _refuse("expected each polygon to be a list of rings")
    checked = []
    for ring in rings:
        if not isinstance(ring, list) or len(ring) < 4:  # noqa: PLR2004 - a closed triangle
            _refuse("expected each ring to be a list of at least 4 positions")
        left[0] -= len(ring)
        if left[0] < 0:
            _refuse(f"expected at most {MAX_VERTICES:,} positions in a geometry")
        positions = [_position(position) for position in ring]
        if positions[0] != positions[-1]:
            _refuse("expected each ring to end at the position where it starts")
        checked.append(positions)
    return checked


def _is_finite(number: object) -> bool:
    # Whatever is kept of an event must be a number to every reader: 1e999 is none to some.
    if isinstance(number, bool) or not isinstance(number, int | float):
        return False
    return -MAX_HEIGHT <= number <= MAX_HEIGHT


def _position(position: object) -> tuple[float, float]:
    match position:
        case [int() | float() as lon, int() | float() as lat, *rest] if (
            len(rest) < 2  # noqa: PLR2004 - a height is allowed
            and all(map(_is_finite, rest))
            and not isinstance(lon, bool)
            and not isinstance(lat, bool)
            and -180 <= lon <= 180  # noqa: PLR2004
            and -90 <= lat <= 90  # noqa: PLR2004
        ):
            return float(lon), float(lat)
    msg = "expected each position to be [longitude, latitude], within -180..180 and -90..90"
    raise ValueError(msg)


@lru_cache(maxsize=65_536)
def within(area: Area, place: Place | None) -> bool | None:
    """Is all of `place` within `area`?

    An empty area was not said, None in one means "and others not named", and None for the place
    is one that was not named: each unknown. The geometries of one area count as one.
    """
    if not area or place is None:
        return None
    geometries = tuple(part for part in area if isinstance(part, Polygonal))
    answers: list[bool | None] = [
        None if part is None else _within_code(part, place)
        for part in area
        if not isinstance(part, Polygonal)
    ]
    if geometries:
        answers.append(_within_shape(geometries, place) if isinstance(place, Point) else None)
    return any_of(answers)


def _within_code(code: str, place: Place) -> bool | None:
    if isinstance(place, Point):
        return None
    if code in _containers(place):
        return True
    return None if place in _containers(code) else False


def _containers(code: str) -> Iterator[str]:
    """`code` itself, whatever ISO gives as its parents, and its country."""
    parents = subdivision_parents()
    at: str | None = code
    while at is not None:
        yield at
        at = parents.get(at)
    yield code.partition("-")[0]


@lru_cache(maxsize=1024)
def _united(geometries: tuple[Polygonal, ...]) -> tuple[BaseGeometry, BaseGeometry]:
    """The union of `geometries`, and its border.

    Both are repeated to the west and to the east, so that a circle may be compared anywhere and
    the seam at 180 degrees, where GeoJSON has to cut, is no border.
    """
    once = shapely.union_all([geometry.shape for geometry in geometries])
    turns = [affinity.translate(once, turn) for turn in (-360, 0, 360)]
    west, _, east, _ = once.bounds
    if west > -180 and east < 180:  # noqa: PLR2004
        world = shapely.multipolygons(shapely.get_parts(turns))
    else:
        world = shapely.union_all(turns)
    border = world.boundary
    shapely.prepare(world)
    shapely.prepare(border)
    return world, border


def _within_shape(geometries: tuple[Polygonal, ...], circle: Point) -> bool | None:
    world, border = _united(geometries)
    centre = shapely.Point(circle.lon, circle.lat)
    inside = bool(world.covers(centre))
    if circle.radius_km == 0:
        return inside or bool(shapely.dwithin(border, centre, ON_BORDER))
    box = _box_around(circle)
    if not border.intersects(box):
        return inside
    distance = _km_to(border.intersection(box), circle)
    if inside:
        return True if distance >= circle.radius_km else None
    return False if distance > circle.radius_km else None


def _box_around(circle: Point) -> BaseGeometry:
    """A box in degrees that contains the circle. The poles, being no border, are left out."""
    high = circle.radius_km / KM_PER_DEGREE
    farthest = abs(circle.lat) + high
    wide = 180.0
    if farthest < 89:  # noqa: PLR2004 - nearer to a pole a circle may be all round it
        wide = min(wide, 1.01 * high / math.cos(math.radians(farthest)))
    pole = 90 - ON_BORDER
    return shapely.box(
        circle.lon - wide,
        max(circle.lat - high, -pole),
        circle.lon + wide,
        min(circle.lat + high, pole),
    )


def _km_to(border: BaseGeometry, circle: Point) -> float:
    """The distance from the centre of `circle` to the nearest point of `border`.

    In the azimuthal equidistant projection round the centre, in which distances from there are
    true. What is straight in GeoJSON is not straight on the globe: lines are cut into short ones.
    """
    step = circle.radius_km / KM_PER_DEGREE / STEPS_PER_RADIUS
    step = max(step, border.length / MAX_STEPS)
    lines = shapely.get_parts(shapely.segmentize(border, step))
    points, line = shapely.get_coordinates(lines, return_index=True)
    count = len(points)
    azimuth, _, metres = WGS84.inv(
        np.full(count, circle.lon), np.full(count, circle.lat), points[:, 0], points[:, 1]
    )
    km, angle = np.asarray(metres) / 1000, np.radians(azimuth)
    nearest = float(km.min())
    joined = (line[1:] == line[:-1]) & (km[1:] < FLAT_KM) & (km[:-1] < FLAT_KM)
    if joined.any():
        flat = np.column_stack((km * np.sin(angle), km * np.cos(angle)))
        pairs = np.stack((flat[:-1][joined], flat[1:][joined]), axis=1)
        segments = shapely.linestrings(pairs)
        nearest = min(nearest, float(shapely.distance(segments, shapely.Point(0, 0)).min()))
    return nearest
