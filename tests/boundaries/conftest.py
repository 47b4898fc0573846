"""The installed boundaries, opened once, and small worlds of squares."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import shapely

from analytics.boundaries.areas import Areas
from analytics.boundaries.boundaries import Boundaries, open_boundaries
from analytics.boundaries.layer import Layer


@pytest.fixture(scope="session")
def installed() -> Boundaries:
    return open_boundaries(None)


Box = tuple[float, float, float, float]


def areas(*drawn: tuple[str, Box | str], error_km: float = 1.0, is_world: bool = True) -> Areas:
    """Areas by their codes: boxes of west, south, east and north, or WKT."""
    shapes = [
        shapely.from_wkt(shape) if isinstance(shape, str) else shapely.box(*shape)
        for _, shape in drawn
    ]
    codes = [code for code, _ in drawn]
    polygons = np.array(shapes, dtype=object)
    return Areas("squares", polygons, codes, error_km, is_world, dict)


def code_of(drawn: Areas, lat: float, lon: float, radius_km: float = 0) -> Sequence[str]:
    [found] = Boundaries(Layer(drawn), None).codes([lat], [lon], [radius_km])
    return found
