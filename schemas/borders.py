"""Whether a circle on the globe crosses the border of a drawn area; distances are geodesic.

Most of a border is far from a circle or certainly inside of it, which chords through the earth
show at once; only the rest is measured on the ellipsoid. The answers equal those of measuring all
of it, point by point: `tests/bounds` checks that.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Geod
from shapely import affinity
from shapely.geometry.base import BaseGeometry

KM_PER_DEGREE = 110.5
"""Slightly less than the length of any degree of latitude: boxes made with it are large enough."""
ON_BORDER = 1e-9
"""Degrees (a tenth of a millimetre) within which a point is on a border."""
POLE = 90 - ON_BORDER
STEPS_PER_RADIUS = 32
MAX_STEPS = 20_000
FLAT_KM = 10_000.0
"""How far from the centre of a projection straight lines may still be measured in it."""
WGS84 = Geod(ellps="WGS84")
MAX_CROSSINGS = 20_000
"""How often the geometries of one area may cross before they are not united any more."""

# The least and the greatest radius of curvature of the ellipsoid, in km: no arc on it bends more,
# or less. The greatest with some room, since a geodesic is no plane curve.
_LEAST_RADIUS = WGS84.b**2 / WGS84.a / 1000
_GREATEST_RADIUS = 1.001 * WGS84.a**2 / WGS84.b / 1000
_KM_PER_DEGREE_AT_MOST = 111.8
# How much the projection may stretch lengths, up to `FLAT_KM` from the centre.
_STRETCHED = 2.0
# Differences from the radius above this exceed any rounding error.
_SURE = 1e-9
_TOGETHER = 16
_MAX_CANDIDATES = 1_000_000

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]
Box = tuple[float, float, float, float]
"""West, south, east and north, in degrees."""


class TooOften(ValueError):  # noqa: N818 - named as what it says
    """Geometries that cross one another too often to be united."""


class Circle(NamedTuple):
    """All within `radius_km` of a position in degrees."""

    lat: float
    lon: float
    radius_km: float


class Drawn:
    """A drawn area, and its border in short pieces.

    Both are repeated to the west and to the east, so that a circle may be compared anywhere and
    the seam at 180 degrees, where GeoJSON has to cut, is no border.
    """

    def __init__(self, shapes: Sequence[BaseGeometry]) -> None:
        """TooOften: the shapes cross one another more than `MAX_CROSSINGS` times."""
        if crossings(shapes) > MAX_CROSSINGS:
            raise TooOften
        once = shapely.union_all(list(shapes))
        turns = [affinity.translate(once, turn) for turn in (-360, 0, 360)]
        west, _, east, _ = once.bounds
        if west > -180 and east < 180:  # noqa: PLR2004
            self._world = shapely.multipolygons(shapely.get_parts(turns))
        else:
            self._world = shapely.union_all(turns)
        self._border = self._world.boundary
        shapely.prepare(self._world)
        shapely.prepare(self._border)
        self._at, self._starts = _segments(self._border)
        self._through = _through(self._at)
        self._degrees = _lengths(self._at[self._starts], self._at[self._starts + 1])
        self._pieces = _Pieces(self._through, self._starts, self._degrees)

    @property
    def weight(self) -> int:
        """Its number of positions: some 200 bytes each."""
        return len(self._at)

    def contains(self, circle: Circle) -> bool | None:
        """Is all of `circle` within? Unknown where it crosses the border."""
        centre = shapely.Point(circle.lon, circle.lat)
        inside = bool(self._world.covers(centre))
        if circle.radius_km == 0:
            return inside or bool(shapely.dwithin(self._border, centre, ON_BORDER))
        box = _box_around(circle)
        if self._border.intersects(shapely.box(*box)) and self._comes_near(circle, box, inside):
            return None
        return inside

    def _comes_near(self, circle: Circle, box: Box, inside: bool) -> bool:
        """Is some point of the border nearer than the radius (or, from outside, as near)?"""
        radius = circle.radius_km
        centre = _through(np.array([[circle.lon, circle.lat]]))
        numbers = self._pieces.near(centre, radius)
        if not len(numbers):
            return False
        starts = self._starts[numbers]
        chord = _chords(self._through[starts], centre)
        # Each position begins a segment, or is where its ring ends and began.
        is_border = np.abs(self._at[starts, 1]) < POLE
        if (is_border & (_at_most(chord) < radius * (1 - _SURE))).any():
            return True
        other = _chords(self._through[starts + 1], centre)
        may_be = _least(chord, other, self._degrees[numbers]) <= radius * (1 + _SURE)
        if not may_be.any():
            return False
        starts = starts[may_be]
        from_, to = _clipped(self._at[starts], self._at[starts + 1], box)
        nearest = _km_to(from_, to, self._step(radius, box), circle)
        return nearest < radius or (nearest == radius and not inside)

    def _step(self, radius: float, box: Box) -> float:
        """How many degrees long the lines are that are measured: as if all in the box were."""
        step = radius / KM_PER_DEGREE / STEPS_PER_RADIUS
        if self._degrees.sum() <= step * MAX_STEPS:
            return step
        from_, to = _clipped(self._at[self._starts], self._at[self._starts + 1], box)
        return max(step, float(_lengths(from_, to).sum()) / MAX_STEPS)


class _Pieces:
    """A border in pieces of some segments that follow each other, each within a ball."""

    def __init__(self, through: Floats, starts: Indices, degrees: Floats) -> None:
        self._count = len(starts)
        begins = np.arange(0, self._count, _TOGETHER)
        ends = np.minimum(begins + _TOGETHER, self._count) - 1
        self._middles = (through[starts[begins]] + through[starts[ends] + 1]) / 2
        middles = np.repeat(self._middles, ends - begins + 1, axis=0)
        away = np.maximum(_chords(through[starts], middles), _chords(through[starts + 1], middles))
        self._radii = np.maximum.reduceat(away + _longest(degrees) / 2, begins)

    def near(self, centre: Floats, radius: float) -> Indices:
        """The numbers of the segments that may have a point within `radius`."""
        least = _at_least(np.maximum(_chords(self._middles, centre) - self._radii, 0))
        pieces = np.flatnonzero(least <= radius * (1 + _SURE))
        numbers = (pieces[:, None] * _TOGETHER + np.arange(_TOGETHER)).ravel()
        return numbers[numbers < self._count]


def crossings(shapes: Sequence[BaseGeometry]) -> int:
    """How often the borders of these cross one another; of too many, not all are counted."""
    if len(shapes) == 1:
        return 0
    tree = shapely.STRtree(shapes)
    ours, others = tree.query(shapes)
    if not (ours < others).any():
        return 0
    parts = [_segments(shape.boundary) for shape in shapes]
    first = np.concatenate([at[starts] for at, starts in parts])
    last = np.concatenate([at[starts + 1] for at, starts in parts])
    whose = np.repeat(np.arange(len(parts)), [len(starts) for _, starts in parts])
    boxes = shapely.box(*np.minimum(first, last).T, *np.maximum(first, last).T)
    tree = shapely.STRtree(boxes)
    met = candidates = 0
    for begin in range(0, len(boxes), 256):
        one, other = tree.query(boxes[begin : begin + 256])
        one += begin
        apart = whose[one] < whose[other]
        one, other = one[apart], other[apart]
        candidates += len(one)
        met += int(_cross(first[one], last[one], first[other], last[other]).sum())
        if met > MAX_CROSSINGS or candidates > _MAX_CANDIDATES:
            return MAX_CROSSINGS + 1
    return met


def _cross(a: Floats, b: Floats, c: Floats, d: Floats) -> NDArray[np.bool_]:
    """Does the segment from `a` to `b` cross that from `c` to `d`? To touch is not to cross."""
    return (_side(a, b, c) * _side(a, b, d) < 0) & (_side(c, d, a) * _side(c, d, b) < 0)


def _side(a: Floats, b: Floats, c: Floats) -> Floats:
    (ux, uy), (vx, vy) = (b - a).T, (c - a).T
    side: Floats = np.sign(ux * vy - uy * vx)
    return side


def _segments(border: BaseGeometry) -> tuple[Floats, Indices]:
    """The positions of a border, and those from which a segment leads to the next position."""
    at, line = shapely.get_coordinates(shapely.get_parts(border), return_index=True)
    return at, np.flatnonzero(line[1:] == line[:-1])


def _box_around(circle: Circle) -> Box:
    """A box in degrees that contains the circle. The poles, being no border, are left out."""
    high = circle.radius_km / KM_PER_DEGREE
    farthest = abs(circle.lat) + high
    wide = 180.0
    if farthest < 89:  # noqa: PLR2004 - nearer to a pole a circle may be all round it
        wide = min(wide, 1.01 * high / math.cos(math.radians(farthest)))
    south, north = max(circle.lat - high, -POLE), min(circle.lat + high, POLE)
    return circle.lon - wide, south, circle.lon + wide, north


def _clipped(first: Floats, last: Floats, box: Box) -> tuple[Floats, Floats]:
    """The parts of the segments that lie in `box`: their starts and their ends."""
    enter, leave = np.zeros(len(first)), np.ones(len(first))
    meets = np.ones(len(first), dtype=bool)
    for axis in (0, 1):
        low, high, begins = box[axis], box[axis + 2], first[:, axis]
        way = last[:, axis] - begins
        # Parallel to a side, all of it is between the sides, or nothing.
        still = way == 0
        meets &= ~(still & ((begins < low) | (begins > high)))
        along = np.where(still, 1.0, way)
        at_low, at_high = (low - begins) / along, (high - begins) / along
        enter = np.where(still, enter, np.maximum(enter, np.minimum(at_low, at_high)))
        leave = np.where(still, leave, np.minimum(leave, np.maximum(at_low, at_high)))
    meets &= enter <= leave
    first, last = first[meets], last[meets]
    enter, leave = enter[meets, None], leave[meets, None]
    from_ = np.where(enter == 0, first, first + enter * (last - first))
    to = np.where(leave == 1, last, first + leave * (last - first))
    return from_, to


def _lengths(from_: Floats, to: Floats) -> Floats:
    """The lengths of segments, in degrees."""
    lengths: Floats = np.hypot(to[:, 0] - from_[:, 0], to[:, 1] - from_[:, 1])
    return lengths


def _through(at: Floats) -> Floats:
    """Positions on the ellipsoid in km from the centre of the earth, along its axes."""
    lon, lat = np.radians(at).T
    square = 1 - (WGS84.b / WGS84.a) ** 2
    normal = WGS84.a / 1000 / np.sqrt(1 - square * np.sin(lat) ** 2)
    flat = normal * np.cos(lat)
    return np.column_stack(
        (flat * np.cos(lon), flat * np.sin(lon), normal * (1 - square) * np.sin(lat))
    )


def _chords(through: Floats, centre: Floats) -> Floats:
    """How far, straight through the earth, positions are from a centre (or each from its own)."""
    away = through - centre
    chords: Floats = np.sqrt(np.einsum("ij,ij->i", away, away))
    return chords


def _at_most(chord: Floats) -> Floats:
    """The upper bound of the geodesic distance that belongs to a chord, in km.

    An arc that bends no more than a circle is no longer than that circle's arc over the same chord
    (Schur's theorem): up to a quarter of the way round, beyond which nothing is said.
    """
    arc: Floats = 2 * _LEAST_RADIUS * np.arcsin(np.minimum(chord / (2 * _LEAST_RADIUS), 1))
    return np.where(chord < _LEAST_RADIUS, arc, np.inf)


def _at_least(chord: Floats) -> Floats:
    """The lower bound of the geodesic distance that belongs to a chord, in km."""
    arc: Floats = 2 * _GREATEST_RADIUS * np.arcsin(np.minimum(chord / (2 * _GREATEST_RADIUS), 1))
    return np.where(chord < _LEAST_RADIUS, arc, chord)


def _longest(degrees: Floats) -> Floats:
    """The maximum length in km of a line of so many degrees, also in the projection."""
    return _STRETCHED * _KM_PER_DEGREE_AT_MOST * degrees


def _least(chord: Floats, other: Floats, degrees: Floats) -> Floats:
    """How near a line may come whose ends have these distances and are `degrees` apart."""
    # Each of its points is within half its length of one of the ends.
    return (_at_least(chord) + _at_least(other) - _longest(degrees)) / 2


def _km_to(from_: Floats, to: Floats, step: float, circle: Circle) -> float:
    """The distance from the centre of `circle` to the nearest point of lines.

    If it is more than the radius, anything more. In the azimuthal equidistant projection round the
    centre, in which distances from there are true. What is straight in GeoJSON is not straight on
    the globe: lines are cut into short ones.
    """
    if not len(from_):
        return math.inf
    points, short = _cut(from_, to, step)
    centre = _through(np.array([[circle.lon, circle.lat]]))
    chords = _chords(_through(points), centre)
    farthest = circle.radius_km * (1 + _SURE)
    degrees = _lengths(points[:-1], points[1:])
    close = short & (_least(chords[:-1], chords[1:], degrees) <= farthest)
    wanted = _at_least(chords) <= farthest
    wanted[:-1] |= close
    wanted[1:] |= close
    if not wanted.any():
        return math.inf
    lon, lat = points[wanted].T
    azimuth, _, metres = WGS84.inv(
        np.full(len(lon), circle.lon), np.full(len(lat), circle.lat), lon, lat
    )
    km, angle = np.zeros(len(points)), np.zeros(len(points))
    km[wanted], angle[wanted] = np.asarray(metres) / 1000, np.radians(azimuth)
    joined = close & (km[1:] < FLAT_KM) & (km[:-1] < FLAT_KM)
    flat = np.column_stack((km * np.sin(angle), km * np.cos(angle)))
    return min(float(km[wanted].min()), _to_origin(flat[:-1][joined], flat[1:][joined]))


def _cut(from_: Floats, to: Floats, step: float) -> tuple[Floats, NDArray[np.bool_]]:
    """Each line cut into the fewest equal parts of at most `step`.

    The positions one after another, and between which two that follow each other there is a part.
    """
    parts = np.maximum(np.ceil(_lengths(from_, to) / step), 1).astype(np.intp)
    line = np.repeat(np.arange(len(parts)), parts + 1)
    number = np.arange(len(line)) - np.repeat(np.cumsum(parts + 1) - (parts + 1), parts + 1)
    share = (number / parts[line])[:, None]
    points = from_[line] + share * (to[line] - from_[line])
    points[number == parts[line]] = to
    return points, line[1:] == line[:-1]


def _to_origin(from_: Floats, to: Floats) -> float:
    """The distance from the origin to the nearest of these segments in a plane."""
    if not len(from_):
        return math.inf
    way = to - from_
    squared = np.einsum("ij,ij->i", way, way)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(squared > 0, -np.einsum("ij,ij->i", from_, way) / squared, 0)
    nearest = from_ + share.clip(0, 1)[:, None] * way
    return float(np.hypot(*nearest.T).min())
