"""The outlines of areas as GeoJSON, simplified for maps: to be looked at, never compared with."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from analytics.boundaries.areas import Areas
from analytics.boundaries.names import containers, listed_name

TOLERANCE_DEG = 0.02
DECIMALS = 4
"""Some 10 m."""


def outlines(
    sources: Sequence[Areas], codes: Iterable[str], tolerance_deg: float = TOLERANCE_DEG
) -> dict[str, Any]:
    """A FeatureCollection with a feature for each of the codes that is drawn, in their order.

    `properties` are `code` and `name`. Of several sources the first that draws a code does. What
    borders on one another still does when simplified; islands smaller than a square of
    `tolerance_deg` are left out.
    """
    wanted = list(dict.fromkeys(codes))
    drawn = {code: shape for code in wanted if (shape := _drawn(sources, code)) is not None}
    shapes = np.array(list(drawn.values()), dtype=object)
    if len(shapes) and tolerance_deg > 0:
        shapes = _simplified(shapes, tolerance_deg)
    rounded = [json.loads(shapely.to_geojson(shape)) for shape in shapes]
    return {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "properties": {"code": code, "name": listed_name(code)},
                "geometry": {**geometry, "coordinates": _rounded(geometry["coordinates"])},
            }
            for code, geometry in zip(drawn, rounded, strict=True)
        ],
    }


def _drawn(sources: Sequence[Areas], code: str) -> shapely.Geometry | None:
    for source in sources:
        inside = [
            polygon
            for polygon, its in zip(source.polygons, source.codes, strict=True)
            if its and code in containers(its)
        ]
        if inside:
            return shapely.union_all(inside)
    return None


def _simplified(shapes: NDArray[np.object_], tolerance_deg: float) -> NDArray[np.object_]:
    """Shared borders once, so that no gaps open between neighbours."""
    large = np.array([_without_islets(shape, tolerance_deg**2) for shape in shapes], dtype=object)
    if shapely.coverage_is_valid(large):
        return np.asarray(shapely.coverage_simplify(large, tolerance_deg))
    return np.asarray(shapely.simplify(large, tolerance_deg / 2))


def _without_islets(shape: shapely.Geometry, least: float) -> shapely.Geometry:
    parts = shapely.get_parts(shape)
    sizes = shapely.area(parts)
    kept = parts[(sizes >= least) | (sizes == sizes.max())]
    return kept[0] if len(kept) == 1 else shapely.multipolygons(kept)


def _rounded(coordinates: Any) -> Any:  # noqa: ANN401 - positions, in lists of lists
    if isinstance(coordinates, float | int):
        return round(coordinates, DECIMALS)
    return [_rounded(one) for one in coordinates]
