"""One set of boundaries, and which code holds for all of a circle by it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, cached_property
from typing import NamedTuple

import numpy as np

from analytics.boundaries.areas import Areas
from analytics.boundaries.borders import Borders, Numbers
from analytics.boundaries.names import common, containers
from schemas.borders import Floats

TERRITORIAL_SEA_KM = 12 * 1.852
"""Twelve nautical miles: article 3 of the United Nations Convention on the Law of the Sea."""


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

    @cached_property
    def _borders(self) -> Borders:
        # Made when circles are first compared: names and outlines need none.
        numbers = {code: number for number, code in enumerate(self._codes)}
        areas = np.array([numbers[code] for code in self.areas.codes], dtype=np.int64)
        return Borders(self.areas.polygons, areas)

    def held(self, lats: Floats, lons: Floats, radii_km: Floats) -> list[HeldCode]:
        """What holds for each circle."""
        error = self.areas.error_km
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
