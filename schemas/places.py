"""Where something happened and where a promise holds: ISO 3166 codes, circles, GeoJSON areas.

No boundaries of countries are looked at: a point against a code is what the codes that come with
it say, and a code against a geometry is unknown. Distances are geodesic, on the WGS 84 ellipsoid.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple, NoReturn

import pycountry
import shapely
from shapely.geometry import MultiPolygon, Polygon

from schemas.borders import Circle, Drawn, TooOften
from schemas.kleene import any_of

KINDS = ("Polygon", "MultiPolygon")
MAX_VERTICES = 10_000
MAX_RADIUS_KM = 20_000.0
MAX_HEIGHT = 1e9
MAX_ANSWERS = 65_536
MAX_AREAS_HELD = 64 * 2**20
"""How many bytes the texts of the areas may take whose answers are cached."""
MAX_DRAWN = 400_000
"""How many positions of areas compared with circles may be cached, at 200 bytes each."""


class Point(NamedTuple):
    """Somewhere within `radius_km` of a position in degrees (WGS 84).

    `codes`: the ISO codes of what it lies in, as far as whoever made the event knew them.
    """

    lat: float
    lon: float
    radius_km: float = 0.0
    codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of several places, nobody knows which: a name that is ambiguous."""

    one_of: tuple[str | Point, ...]


@dataclass(frozen=True, slots=True)
class Polygonal:
    """A GeoJSON Polygon or MultiPolygon; two are equal if their texts are."""

    geojson: str
    shape: Polygon | MultiPolygon = field(compare=False, repr=False)


Place = str | Point | OneOf
AreaPart = str | Polygonal
Area = tuple[AreaPart | None, ...]
CODE = r"^[A-Z]{2}(?:-[A-Z0-9]{1,3})?$"
"""The form of an ISO 3166-1 alpha-2 or ISO 3166-2 code. One that no list has stays acceptable: it
may have been withdrawn, and what the log has must not depend on the list of the day."""
MOST_ALTERNATIVES = 20
"""How many places a `one_of` may have."""
MOST_CODES = 20
"""How many codes a point may have: it lies in a few."""
MOST_OPTIONS = 1_000
"""How many places all `one_of` of a report may have together, and of its impacts."""


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
    # A stored number must be one to every reader: 1e999 is none to some.
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


def within(area: Area, place: Place | None) -> bool | None:
    """Is all of `place` within `area`?

    Of one of several places it is what holds for each of them. An empty area was not said, None in
    one means "and others not named", and None for the place is one that was not named: each
    unknown. The geometries of one area count as one; if they cross one another too often for that
    (`borders.MAX_CROSSINGS`), the answer is unknown.
    """
    if not isinstance(place, OneOf):
        return _within(area, place)
    # Asked no further than to the first that is unknown, or that differs.
    first, *others = place.one_of
    answer = _within(area, first)
    if answer is None or any(_within(area, one) is not answer for one in others):
        return None
    return answer


@lru_cache(maxsize=MAX_ANSWERS)
def _within(area: Area, place: str | Point | None) -> bool | None:
    if not area or place is None:
        return None
    _held.hold(area)
    geometries = tuple(part for part in area if isinstance(part, Polygonal))
    answers: list[bool | None] = [
        None if part is None else _within_code(part, place)
        for part in area
        if not isinstance(part, Polygonal)
    ]
    if geometries:
        answers.append(_within_shape(geometries, place) if isinstance(place, Point) else None)
    return any_of(answers)


class _Held:
    """The areas whose answers are cached: the cache is cleared when they get too large together."""

    def __init__(self) -> None:
        self._areas: set[Area] = set()
        self._bytes = 0

    def hold(self, area: Area) -> None:
        """Account for an answer by `area` that is to be cached."""
        if area in self._areas:
            return
        self._bytes += sum(
            len(part.geojson) if isinstance(part, Polygonal) else 64 for part in area
        )
        if self._bytes > MAX_AREAS_HELD:
            _within.cache_clear()
            self._areas.clear()
            self._bytes = 0
        self._areas.add(area)


_held = _Held()


def _within_code(code: str, place: str | Point) -> bool | None:
    if isinstance(place, Point):
        # One place with several codes, not several places: any that is within tells.
        answers = [_code_within(code, one) for one in place.codes]
        return True if True in answers else False if False in answers else None
    return _code_within(code, place)


@lru_cache(maxsize=MAX_ANSWERS)
def _code_within(container: str, code: str) -> bool | None:
    if container in _containers(code):
        return True
    if code in _containers(container):
        return None
    # What no list has may be a part of any other code of its country, or contain it.
    unlisted = not {container, code} <= place_codes()
    return None if unlisted and _country(container) == _country(code) else False


def _containers(code: str) -> Iterator[str]:
    """`code` itself, whatever ISO gives as its parents, and its country."""
    parents = subdivision_parents()
    at: str | None = code
    while at is not None:
        yield at
        at = parents.get(at)
    yield _country(code)


def _country(code: str) -> str:
    return code.partition("-")[0]


class _DrawnAreas:
    """Areas compared with circles, least recently used first; bounded by their size."""

    def __init__(self) -> None:
        self._drawn: dict[tuple[Polygonal, ...], Drawn | None] = {}
        self._weight = 0

    def of(self, geometries: tuple[Polygonal, ...]) -> Drawn | None:
        """These geometries together; None: they cross one another too often."""
        if geometries in self._drawn:
            drawn = self._drawn.pop(geometries)
            self._drawn[geometries] = drawn
            return drawn
        try:
            drawn = Drawn([geometry.shape for geometry in geometries])
        except TooOften:
            drawn = None
        self._weight += _weight(geometries, drawn)
        self._drawn[geometries] = drawn
        while self._weight > MAX_DRAWN and len(self._drawn) > 1:
            oldest = next(iter(self._drawn))
            self._weight -= _weight(oldest, self._drawn.pop(oldest))
        return drawn


def _weight(geometries: tuple[Polygonal, ...], drawn: Drawn | None) -> int:
    # What could not be drawn still holds its geometries.
    held = sum(len(geometry.geojson) for geometry in geometries) // 16
    return held + (0 if drawn is None else drawn.weight)


_drawn = _DrawnAreas()


def _within_shape(geometries: tuple[Polygonal, ...], circle: Point) -> bool | None:
    drawn = _drawn.of(geometries)
    lat, lon, radius_km, _ = circle
    return None if drawn is None else drawn.contains(Circle(lat, lon, radius_km))
