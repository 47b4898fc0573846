"""The borders between areas with codes, and which of them come near to circles.

An area is drawn by polygons in degrees whose edges are straight in longitude and latitude. Areas
are numbers here; what their codes mean, and what follows, is not for this module.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import shapely
from numpy.typing import NDArray

from schemas.borders import Floats

Numbers = NDArray[np.int64]

EDGES_IN_A_RUN = 8
KM_PER_DEGREE = 110.5
"""Slightly less than the length of any degree of latitude, or of longitude at the equator."""
MEASURED_KM = 300.0
"""Up to this radius the distance is computed; beyond, whatever is in the circle's box counts."""
_GRID = 1e7
_PAIRS_TOGETHER = 2_000_000
_CIRCLES_TOGETHER = 50_000


class Borders:
    """The edges at which one area ends, in runs that have the same areas on both sides.

    `sides[border]` are the areas on the left and those on the right. An area is on one side only:
    an edge between two of its polygons is no border.
    """

    def __init__(self, polygons: NDArray[np.object_], areas: Numbers) -> None:
        """`polygons`: (Multi)Polygons; `areas`: which area each belongs to."""
        parts, of = shapely.get_parts(polygons, return_index=True)
        self._parts = shapely.orient_polygons(parts)
        self._areas = areas[of]
        self._boxes = shapely.STRtree(shapely.box(*shapely.bounds(self._parts).T))
        edges, borders, self.sides = _edges(self._parts, self._areas)
        starts, lines = _runs(edges, borders)
        self._edges, self._starts = edges, np.append(starts, len(edges))
        self._border = borders[starts]
        self._tree = shapely.STRtree(lines)

    def containing(self, lats: Floats, lons: Floats) -> tuple[Numbers, Numbers]:
        """(Point, area) of every area that a point lies in, in order and without repeats."""
        points, parts = self._boxes.query(shapely.points(lons, lats))
        order = np.argsort(parts, kind="stable")
        points, parts = points[order], parts[order]
        found = np.zeros(len(points), dtype=bool)
        bounds = np.flatnonzero(np.diff(parts, prepend=-1, append=-1))
        for start, end in pairwise(bounds.tolist()):
            part, at = self._parts[parts[start]], points[start:end]
            # Kept prepared: the next call may ask of the same.
            shapely.prepare(part)
            found[start:end] = shapely.intersects_xy(part, lons[at], lats[at])
        return _pairs(points[found], self._areas[parts[found]])

    def near(self, lats: Floats, lons: Floats, radii_km: Floats) -> tuple[Numbers, Numbers]:
        """(Circle, border) of every border that comes into a circle, in order, without repeats.

        None that does is left out; one that is slightly farther may be among them.
        """
        found: list[tuple[Numbers, Numbers]] = []
        for at, runs in self._boxed(lats, lons, radii_km):
            circle, border = at, self._border[runs]
            # Most of what is in the box of a circle is near by its first position already.
            is_near = (radii_km[at] > MEASURED_KM) | (
                self._km_to(self._edges[self._starts[runs], :2], lats[at], lons[at], radii_km[at])
                <= radii_km[at]
            )
            known = _pairs(circle[is_near], border[is_near])
            rest = np.flatnonzero(~is_near)
            rest = rest[~_is_among(known, circle[rest], border[rest], len(self.sides))]
            km = self._km(runs[rest], lats[at[rest]], lons[at[rest]], radii_km[at[rest]])
            rest = rest[km <= radii_km[at[rest]]]
            found += [known, (circle[rest], border[rest])]
        circles = [circle for circle, _ in found]
        borders = [border for _, border in found]
        none = [np.empty(0, np.int64)]
        return _pairs(np.concatenate(none + circles), np.concatenate(none + borders))

    def nearest_km(self, lats: Floats, lons: Floats, most_km: float) -> Floats:
        """How far the nearest border is from each point; infinite if farther than `most_km`."""
        least, most = np.full(len(lats), np.inf), np.full(len(lats), most_km)
        for at, runs in self._boxed(lats, lons, most):
            np.minimum.at(least, at, self._km(runs, lats[at], lons[at], most[at]))
        return np.where(least <= most_km, least, np.inf)

    def _boxed(
        self, lats: Floats, lons: Floats, radii_km: Floats
    ) -> Iterator[tuple[Numbers, Numbers]]:
        """(Circle, run) of each run in the box around a circle, a million or so at a time."""
        for first in range(0, len(lats), _CIRCLES_TOGETHER):
            some = np.arange(first, min(first + _CIRCLES_TOGETHER, len(lats)))
            high = radii_km[some] / KM_PER_DEGREE
            south, north = lats[some] - high, lats[some] + high
            wide = _half_width(lats[some], high)
            for turn in (-360.0, 0.0, 360.0):
                west, east = lons[some] - wide + turn, lons[some] + wide + turn
                is_here = (west <= 180) & (east >= -180)  # noqa: PLR2004
                boxes = shapely.box(west[is_here], south[is_here], east[is_here], north[is_here])
                at, runs = self._tree.query(boxes)
                at = some[is_here][at]
                for start in range(0, len(at), _PAIRS_TOGETHER):
                    yield at[start : start + _PAIRS_TOGETHER], runs[start : start + _PAIRS_TOGETHER]

    def _km(self, runs: Numbers, lats: Floats, lons: Floats, radii_km: Floats) -> Floats:
        """The distance of each point from a run: never more than the real one, and nearly that."""
        across = _across(lats, radii_km)
        least = np.full(len(runs), np.inf)
        firsts, ends = self._starts[runs], self._starts[runs + 1]
        for step in range(EDGES_IN_A_RUN):
            x0, y0, x1, y1 = self._edges[np.minimum(firsts + step, ends - 1)].T
            # By the shorter way around the globe.
            centre = lons + np.round((x0 - lons) / 360) * 360
            x0, x1 = (x0 - centre) * across, (x1 - centre) * across
            y0, y1 = (y0 - lats) * KM_PER_DEGREE, (y1 - lats) * KM_PER_DEGREE
            dx, dy = x1 - x0, y1 - y0
            length = dx * dx + dy * dy
            share = np.clip(-(x0 * dx + y0 * dy) / np.where(length == 0, 1, length), 0, 1)
            np.minimum(least, np.hypot(x0 + share * dx, y0 + share * dy), out=least)
        return least

    @staticmethod
    def _km_to(at: Floats, lats: Floats, lons: Floats, radii_km: Floats) -> Floats:
        x, y = at.T
        turn = np.round((x - lons) / 360) * 360
        east = (x - turn - lons) * _across(lats, radii_km)
        return np.asarray(np.hypot(east, (y - lats) * KM_PER_DEGREE))


def _across(lats: Floats, radii_km: Floats) -> Floats:
    """How long a degree of longitude is where it is shortest within a circle, in km."""
    farthest = np.minimum(np.abs(lats) + radii_km / KM_PER_DEGREE, 90)
    return KM_PER_DEGREE * np.cos(np.radians(farthest))


def _half_width(lats: Floats, high: Floats) -> Floats:
    """How many degrees of longitude a circle reaches to each side; all, if it has a pole in it."""
    cosine = np.cos(np.radians(lats))
    sine = np.sin(np.radians(np.minimum(high, 90)))
    is_polar = np.abs(lats) + high >= 90  # noqa: PLR2004
    share = np.clip(sine / np.where(is_polar, 1, cosine), 0, 1)
    return np.where(is_polar, 360.0, np.degrees(np.arcsin(share)) * 1.01)


Side = tuple[int, ...]
"""The areas on one side of a border."""


def _edges(
    parts: NDArray[np.object_], areas: Numbers
) -> tuple[Floats, Numbers, list[tuple[Side, Side]]]:
    """Every edge at which an area ends (x0, y0, x1, y1), which border it is of, and the borders."""
    rings, of_part = shapely.get_rings(parts, return_index=True)
    at, of_ring = shapely.get_coordinates(rings, return_index=True)
    follows = np.flatnonzero(of_ring[1:] == of_ring[:-1])
    owners = areas[of_part[of_ring[follows]]]
    _, places = np.unique(_place(at), return_inverse=True)
    a, b = places[follows], places[follows + 1]
    is_edge = a != b
    follows, owners, a, b = follows[is_edge], owners[is_edge], a[is_edge], b[is_edge]
    keys = np.minimum(a, b) * (places.max(initial=0) + 1) + np.maximum(a, b)
    firsts, borders, sides = _sides(keys, owners, a > b)
    at_first = follows[firsts]
    return np.hstack([at[at_first], at[at_first + 1]]), borders, sides


def _place(at: Floats) -> Numbers:
    """One number a position, to a centimetre: neighbours seldom agree on the last bit."""
    lon, lat = np.rint(at * _GRID).astype(np.int64).T
    return np.asarray((lon + 1_800_000_000) * 1_800_000_001 + lat + 900_000_000)


def _sides(
    keys: Numbers, owners: Numbers, is_turned: NDArray[np.bool_]
) -> tuple[Numbers, Numbers, list[tuple[Side, Side]]]:
    """Of every edge at which an area ends its first number, which border it is of, the borders.

    The area of an edge is on its left: an outer ring runs counter-clockwise, an inner one
    clockwise. The same edge turned has its area on the right.
    """
    order = np.argsort(keys, kind="stable")
    groups = np.flatnonzero(np.diff(keys[order], prepend=-1))
    sizes = np.diff(groups, append=len(order))
    firsts = order[groups]
    left, right = owners[firsts], np.full(len(firsts), -1)
    is_pair = sizes == 2  # noqa: PLR2004
    second = order[groups[is_pair] + 1]
    faces = is_turned[second] != is_turned[firsts[is_pair]]
    right[np.flatnonzero(is_pair)[faces]] = owners[second[faces]]
    # Areas that lie in one another share edges, or lie on one another.
    is_odd = sizes > 2  # noqa: PLR2004
    is_odd[np.flatnonzero(is_pair)[~faces]] = True

    known: dict[tuple[Side, Side], int] = {}
    pairs, of_pair = np.unique(np.column_stack([left, right]), axis=0, return_inverse=True)
    numbers = np.array(
        [
            known.setdefault(((one,), () if other < 0 else (other,)), len(known))
            for one, other in pairs.tolist()
        ],
        dtype=np.int64,
    )
    borders = numbers[of_pair.ravel()]
    for group in np.flatnonzero(is_odd):
        members = order[groups[group] : groups[group] + sizes[group]]
        same = is_turned[members] == is_turned[members[0]]
        sides = _side(owners[members[same]]), _side(owners[members[~same]])
        borders[group] = known.setdefault(sides, len(known))
    found = list(known)
    is_border = np.array([one != other for one, other in found], dtype=bool)[borders]
    # In the order of the rings: what follows one another stands together.
    kept = np.flatnonzero(is_border)
    kept = kept[np.argsort(firsts[kept])]
    return firsts[kept], borders[kept], found


def _side(areas: Numbers) -> Side:
    return tuple(sorted(set(areas.tolist())))


def _runs(edges: Floats, borders: Numbers) -> tuple[Numbers, NDArray[np.object_]]:
    """Where runs of edges start that follow one another along one border, and their lines."""
    if not len(edges):
        return np.empty(0, np.int64), np.empty(0, np.object_)
    goes_on = (edges[1:, :2] == edges[:-1, 2:]).all(axis=1) & (borders[1:] == borders[:-1])
    numbers = np.arange(len(edges))
    begun = np.maximum.accumulate(np.where(np.append(False, goes_on), 0, numbers))
    is_start = (numbers - begun) % EDGES_IN_A_RUN == 0
    starts = np.flatnonzero(is_start)
    runs = np.cumsum(is_start) - 1
    ends = np.append(starts[1:], len(edges)) - 1
    at = np.vstack([edges[:, :2], edges[ends, 2:]])
    order = np.argsort(np.concatenate([runs, np.arange(len(starts))]), kind="stable")
    of_run = np.concatenate([runs, np.arange(len(starts))])[order]
    return starts, shapely.linestrings(at[order], indices=of_run)


def _pairs(ones: Numbers, others: Numbers) -> tuple[Numbers, Numbers]:
    """The pairs in order, each once."""
    if not len(ones):
        return ones, others
    most = int(others.max()) + 1
    together = np.sort(ones * most + others)
    # np.unique would hash them, and take three times as long.
    together = together[np.flatnonzero(np.diff(together, prepend=-1))]
    return together // most, together % most


def _is_among(
    pairs: tuple[Numbers, Numbers], ones: Numbers, others: Numbers, most: int
) -> NDArray[np.bool_]:
    """Which of these pairs are among those, which are in order."""
    known = pairs[0] * most + pairs[1]
    if not len(known):
        return np.zeros(len(ones), dtype=bool)
    wanted = ones * most + others
    at = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
    return np.asarray(known[at] == wanted)
