"""Whether a circle lies in a drawn area, measured point by point all along the border.

What `schemas.borders` answers in a quicker way, and must answer alike.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import shapely
from shapely import affinity
from shapely.geometry.base import BaseGeometry

from schemas.borders import (
    FLAT_KM,
    KM_PER_DEGREE,
    MAX_STEPS,
    ON_BORDER,
    STEPS_PER_RADIUS,
    WGS84,
)
from schemas.places import Point, Polygonal


@lru_cache(maxsize=1024)
def united(geometries: tuple[Polygonal, ...]) -> tuple[BaseGeometry, BaseGeometry]:
    """The union of `geometries`, and its border.

    Both are repeated to the west and to the east, so that a circle may be compared anywhere and
    the seam at 180 degrees, where GeoJSON has to cut, is no border.
    """
    once = shapely.union_all([geometry.shape for geometry in geometries])
    turns = [affinity.translate(once, turn) for turn in (-360, 0, 360)]
    west, _, east, _ = once.bounds
    if west > -180 and east < 180:
        world = shapely.multipolygons(shapely.get_parts(turns))
    else:
        world = shapely.union_all(turns)
    border = world.boundary
    shapely.prepare(world)
    shapely.prepare(border)
    return world, border


def plainly_within(geometries: tuple[Polygonal, ...], circle: Point) -> bool | None:
    world, border = united(geometries)
    centre = shapely.Point(circle.lon, circle.lat)
    inside = bool(world.covers(centre))
    if circle.radius_km == 0:
        return inside or bool(shapely.dwithin(border, centre, ON_BORDER))
    box = box_around(circle)
    near = border.intersection(box)
    if near.is_empty:
        return inside
    distance = km_to(near, circle)
    if inside:
        return True if distance >= circle.radius_km else None
    return False if distance > circle.radius_km else None


def box_around(circle: Point) -> BaseGeometry:
    """A box in degrees that contains the circle. The poles, being no border, are left out."""
    high = circle.radius_km / KM_PER_DEGREE
    farthest = abs(circle.lat) + high
    wide = 180.0
    if farthest < 89:
        wide = min(wide, 1.01 * high / math.cos(math.radians(farthest)))
    pole = 90 - ON_BORDER
    return shapely.box(
        circle.lon - wide,
        max(circle.lat - high, -pole),
        circle.lon + wide,
        min(circle.lat + high, pole),
    )


def km_to(border: BaseGeometry, circle: Point) -> float:
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
