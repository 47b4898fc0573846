"""The outlines of areas for maps: those of the installed boundaries, made coarse enough to draw.

To be looked at, never to be compared with: that is what `analytics.boundaries` does.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from analytics.boundaries.areas import BoundariesError

TOLERANCE = 0.015
"""How far a line may be from that of the boundaries, in degrees."""
LEAST_RING = 4
MAPS_KEPT = 16

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


def read_outlines() -> Outlines | None:
    """Those of the installed boundaries; None: none are installed, or they cannot be read."""
    import shapely

    from analytics.boundaries.natural_earth import natural_earth

    try:
        areas = natural_earth()
    except BoundariesError:
        return None
    if areas is None:
        return None
    return Outlines(list(shapely.simplify(areas.polygons, TOLERANCE)), list(areas.codes))


class LaterOutlines:
    """Outlines that are read in a thread of their own: until they are there, there are none."""

    def __init__(self, when_there: Callable[[], None] | None = None) -> None:
        self._found: Outlines | None = None
        self._when_there = when_there
        self._thread: threading.Thread | None = None

    def _read(self) -> None:
        self._found = read_outlines()
        if self._found is not None and self._when_there is not None:
            self._when_there()

    def __call__(self) -> Outlines | None:
        """What there is of them now; they are begun to be read when first wanted."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._read, daemon=True, name="outlines")
            self._thread.start()
        return self._found
