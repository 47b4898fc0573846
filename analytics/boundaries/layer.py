"""One set of boundaries, and which code holds for all of a circle by it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
import shapely

from analytics.boundaries.areas import Areas
from analytics.boundaries.borders import KM_PER_DEGREE, Borders, Numbers
from analytics.boundaries.names import common, containers
from schemas.borders import Floats

TERRITORIAL_SEA_KM = 12 * 1.852
"""Twelve nautical miles: article 3 of the United Nations Convention on the Law of the Sea."""


MOST_BOXES = 4
MOST_LATITUDE = 85.0
_CELL = 10.0
_FAR_KM = 4 * TERRITORIAL_SEA_KM
"""What is asked of a circle by the sea reaches no farther than that from it."""


class MapPart(NamedTuple):
    """Part of the world, in degrees."""

    west: float
    south: float
    east: float
    north: float


WORLD = MapPart(-np.inf, -np.inf, np.inf, np.inf)


class HeldCode(NamedTuple):
    """The finest code that holds for all of a circle, "" if none does; and whose land it meets."""

    code: str
    met: frozenset[str]


NOWHERE = HeldCode("", frozenset())


class Layer:
    """Compares circles with areas."""

    def __init__(self, areas: Areas) -> None:
        self.areas = areas
        self._codes = sorted(set(areas.codes))
        self._on_land = cache(self._held_on_land)
        self._drawn: list[MapPart] = []
        self._boxes = shapely.bounds(areas.polygons)

    def _draw(self, box: MapPart) -> None:
        """Have the borders of a box at hand, and of those before; all, if these are many.

        Those of a continent take a fifth of the time and memory of all.
        """
        if self._drawn and _covers(self._drawn[-1], box):
            return
        drawn = WORLD if len(self._drawn) >= MOST_BOXES else _around_both(box, *self._drawn[-1:])
        self._drawn.append(drawn)
        # An edge in the box is one of every area that it ends: all of these are here.
        west, south, east, north = drawn
        is_here = (self._boxes[:, 0] <= east) & (self._boxes[:, 2] >= west)
        is_here &= (self._boxes[:, 1] <= north) & (self._boxes[:, 3] >= south)
        numbers = {code: number for number, code in enumerate(self._codes)}
        of = [numbers[self.areas.codes[at]] for at in np.flatnonzero(is_here).tolist()]
        self._borders = Borders(self.areas.polygons[is_here], np.array(of, dtype=np.int64))
        self._on_land.cache_clear()

    def held(self, lats: Floats, lons: Floats, radii_km: Floats) -> list[HeldCode]:
        """What holds for each circle."""
        error = self.areas.error_km
        self._draw(_box_of(lats, lons, float(radii_km.max(initial=0)) + error))
        points, within = self._borders.containing(lats, lons)
        inside = _listed(points, within, len(lats))
        is_land = np.zeros(len(lats), dtype=bool)
        is_land[points] = True
        # By the sea, what is near is another question than on land.
        asked = np.flatnonzero(is_land) if self.areas.is_world else np.arange(len(lats))
        circles, borders = self._borders.near(lats[asked], lons[asked], radii_km[asked] + error)
        near = _listed(asked[circles], borders, len(lats))
        found = [self._on_land(one, met) for one, met in zip(inside, near, strict=True)]
        if self.areas.is_world:
            self._by_sea(found, lats, lons, radii_km, is_land)
        return found

    def _held_on_land(self, inside: tuple[int, ...], near: tuple[int, ...]) -> HeldCode:
        """The code of a circle whose centre is in `inside`, with these borders in reach."""
        sides = [self._borders.sides[border] for border in near]
        areas = set(inside).union(*(left + right for left, right in sides))
        met = frozenset(self._codes[area] for area in areas)
        chains = {area: containers(self._codes[area]) for area in areas}
        candidates = {code for area in inside for code in chains[area] if code}
        for code in sorted(candidates, key=lambda one: (-len(containers(one)), one)):
            if not all(are_one_in_other(code, other) for other in met):
                continue
            # It lies within one area, or leaves it only for others within the same code.
            stays = any(
                code in chains[area]
                and all((area in left) == (area in right) for left, right in sides)
                for area in inside
            )
            if stays or all(
                any(code in chains[area] for area in left)
                and any(code in chains[area] for area in right)
                for left, right in sides
            ):
                return HeldCode(code, met)
        return HeldCode("", met)

    def _by_sea(
        self,
        found: list[HeldCode],
        lats: Floats,
        lons: Floats,
        radii_km: Floats,
        is_land: np.ndarray[tuple[int], np.dtype[np.bool_]],
    ) -> None:
        """Give circles that reach into the territorial sea the code of the coast.

        All of the circle must be within twelve miles of that coast, and nearer to it than to any
        other. What is at sea lies in no subdivision; what is on land does, though the circle that
        says how well its position is known reaches into the sea.
        """
        open_ = [not one.code and "" not in one.met for one in found]
        asked = np.flatnonzero(np.array(open_) & (radii_km <= TERRITORIAL_SEA_KM))
        away = np.zeros(len(asked))
        at_sea = ~is_land[asked]
        away[at_sea] = self._borders.nearest_km(
            lats[asked[at_sea]], lons[asked[at_sea]], TERRITORIAL_SEA_KM
        )
        is_within = away + radii_km[asked] <= TERRITORIAL_SEA_KM
        asked, away = asked[is_within], away[is_within]
        reach = away + 2 * (radii_km[asked] + self.areas.error_km)
        circles, borders = self._borders.near(lats[asked], lons[asked], reach)
        for at, near, km in zip(
            asked.tolist(), _listed(circles, borders, len(asked)), away.tolist(), strict=True
        ):
            met = found[at].met | self._met(near)
            # Of one country; and of one subdivision of it, as far as its circle is on land.
            is_one = bool(met) and "" not in met and bool(common(met))
            code = common(found[at].met or met) if is_one else ""
            is_far = km > self.areas.error_km
            found[at] = HeldCode(code.partition("-")[0] if is_far else code, met)

    def _met(self, near: tuple[int, ...]) -> frozenset[str]:
        sides = (self._borders.sides[border] for border in near)
        return frozenset(self._codes[area] for left, right in sides for area in left + right)


def _box_of(lats: Floats, lons: Floats, radius_km: float) -> MapPart:
    """A box around all circles of this radius, in steps of ten degrees; near a pole the world."""
    if not len(lats):
        return MapPart(0, 0, 0, 0)
    high = (radius_km + _FAR_KM) / KM_PER_DEGREE
    farthest = max(-lats.min(), lats.max()) + high
    if farthest >= MOST_LATITUDE:
        return WORLD
    wide = high / np.cos(np.radians(farthest))
    west, east = lons.min() - wide, lons.max() + wide
    if west < -180 or east > 180:  # noqa: PLR2004
        return WORLD
    low = [float(np.floor(one / _CELL) * _CELL) for one in (west, lats.min() - high)]
    high_ = [float(np.ceil(one / _CELL) * _CELL) for one in (east, lats.max() + high)]
    return MapPart(*low, *high_)


def _covers(one: MapPart, other: MapPart) -> bool:
    return _around_both(one, other) == one


def _around_both(*boxes: MapPart) -> MapPart:
    wests, souths, easts, norths = zip(*boxes, strict=True)
    return MapPart(min(wests), min(souths), max(easts), max(norths))


@cache
def are_one_in_other(one: str, other: str) -> bool:
    """Whether one of two codes is within the other, or they are the same; "" is no code."""
    if not one or not other:
        return False
    return one in containers(other) or other in containers(one)


def _listed(ones: Numbers, others: Numbers, many: int) -> Sequence[tuple[int, ...]]:
    """For each of `many` numbers the tuple of those that it is paired with; pairs are in order."""
    found: list[tuple[int, ...]] = [()] * many
    firsts = np.flatnonzero(np.diff(ones, prepend=-1))
    ends = np.append(firsts, len(ones))[1:]
    values = others.tolist()
    for one, first, end in zip(ones[firsts].tolist(), firsts.tolist(), ends.tolist(), strict=True):
        found[one] = tuple(values[first:end])
    return found
