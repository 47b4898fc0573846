"""The outlines of areas for maps: those of the installed boundaries, made coarse enough to draw.

To be looked at, never to be compared with: that is what `analytics.boundaries` does.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from analytics.boundaries.areas import AreaNames, Areas, BoundariesError
from analytics.boundaries.names import PlaceNames

TOLERANCE = 0.015
"""How far a line may be from that of the boundaries, in degrees."""
LEAST_RING = 4
MAPS_KEPT = 16

logger = logging.getLogger("analytics")

Ring = list[tuple[float, float]]
"""Longitude and latitude, point by point."""
MapBox = tuple[float, float, float, float]
"""West, south, east, north."""


class Outline(NamedTuple):
    """An area: its code, its rings, a point inside for its label, and its extent."""

    code: str
    rings: list[Ring]
    label: tuple[float, float]
    box: MapBox


class Outlines:
    """All that the boundaries have; `find`: those of codes, or that meet a box."""

    def __init__(self, shapes: Sequence[Any], codes: Sequence[str]) -> None:
        self._shapes, self._codes = shapes, codes
        # What a map is drawn anew for is mostly something else than where it is.
        self.of = lru_cache(MAPS_KEPT)(self._of)
        self.within = lru_cache(MAPS_KEPT)(self._within)

    def _of(self, codes: tuple[str, ...]) -> list[Outline]:
        """Those of these codes; one that has none is left out."""
        wanted = set(codes)
        found = zip(self._shapes, self._codes, strict=True)
        return [_outline(code, shape) for shape, code in found if code in wanted]

    def _within(self, box: MapBox, most: int) -> list[Outline]:
        """Those that meet the box, cut to it; at most so many."""
        import shapely

        frame = shapely.box(*box)
        found: list[Outline] = []
        for shape, code in zip(self._shapes, self._codes, strict=True):
            if code and len(found) < most and shapely.intersects(frame, shape):
                cut = shapely.clip_by_rect(shape, *box)
                if not shapely.is_empty(cut):
                    found.append(_outline(code, cut))
        return found


def _outline(code: str, shape: Any) -> Outline:  # noqa: ANN401 - shapely has no types
    import shapely

    polygons = [one for one in shapely.get_parts(shape) if one.geom_type == "Polygon"]
    rings = [
        [(round(lon, 3), round(lat, 3)) for lon, lat in shapely.get_coordinates(ring)]
        for polygon in polygons
        for ring in (polygon.exterior, *polygon.interiors)
    ]
    inside = shapely.point_on_surface(shape)
    west, south, east, north = shapely.bounds(shape)
    kept = [ring for ring in rings if len(ring) >= LEAST_RING]
    return Outline(code, kept, (inside.x, inside.y), (west, south, east, north))


def read_outlines(own: Path | None = None) -> Outlines | None:
    """Those of the installed boundaries, and before them those of a file of one's own.

    None: there are neither. BoundariesError: they cannot be read.
    """
    areas = _areas(own)
    return _simplified(areas) if areas else None


def _areas(own: Path | None) -> list[Areas]:
    from analytics.boundaries.natural_earth import natural_earth
    from analytics.boundaries.own import own_areas

    found = [] if own is None else [own_areas(own)]
    shipped = natural_earth()
    return found if shipped is None else [*found, shipped]


def _simplified(sources: Sequence[Areas]) -> Outlines:
    """What one source draws, the next does not draw again: of a country it has the parts still."""
    import shapely

    shapes: list[Any] = []
    codes: list[str] = []
    drawn: set[str] = set()
    for source in sources:
        kept = [number for number, code in enumerate(source.codes) if code not in drawn]
        shapes += list(shapely.simplify(source.polygons[kept], TOLERANCE))
        codes += [source.codes[number] for number in kept]
        drawn.update(code for code in source.codes if code)
    return Outlines(shapes, codes)


class LaterOutlines:
    """Outlines that are read in a thread of their own: until they are there, there are none."""

    def __init__(self, own: Path | None, when_there: Callable[[], None]) -> None:
        """`own`: a file of boundaries of one's own."""
        self._own = own
        self._found: Outlines | None = None
        self._names: list[Callable[[], AreaNames]] = []
        self._when_there = when_there
        self._thread = threading.Thread(target=self._read, daemon=True, name="outlines")
        self._begun = threading.Lock()

    def _read(self) -> None:
        try:
            areas = _areas(self._own)
        except BoundariesError as error:
            logger.warning("maps have no outlines: %s", error)
            return
        self._names = [one.names for one in areas]
        if areas:
            self._found = _simplified(areas)
            self._when_there()

    def __call__(self) -> Outlines | None:
        """What there is of them now; they are begun to be read when first wanted."""
        with self._begun:
            if self._thread.ident is None:
                self._thread.start()
        return self._found

    @cached_property
    def place_names(self) -> PlaceNames:
        """What the areas are called, in any script; waits until they are read."""
        self()
        self._thread.join()
        return PlaceNames([read() for read in self._names])
