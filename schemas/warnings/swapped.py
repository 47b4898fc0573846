"""Whether a position has its latitude and longitude exchanged, by where all else of it is.

No boundaries are needed: what is far from every place that the conflict is known for, and comes
near to one of them once exchanged, was probably meant the other way round.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from schemas.borders import Floats

LatLon = tuple[float, float]
"""Latitude and longitude, in degrees."""

NEAR_KM = 300.0
TIMES_NEARER = 2.0
MOST_PLACES = 100
EARTH_KM = 6_371.0
_CELL = 0.5
_TOGETHER = 5_000


def landmarks(positions: Iterable[LatLon]) -> list[LatLon]:
    """Some of the positions, no two of them close to one another: enough to compare with."""
    found: dict[tuple[int, int], LatLon] = {}
    for lat, lon in positions:
        if len(found) == MOST_PLACES:
            break
        found.setdefault((round(lat / _CELL), round(lon / _CELL)), (lat, lon))
    return list(found.values())


def exchanged(
    positions: Sequence[LatLon], known: Sequence[LatLon], *, are_of_these: bool
) -> Iterator[tuple[LatLon, LatLon]]:
    """Each position that, by what is `known`, was probably meant the other way round, and that way.

    `are_of_these`: what is known are positions of these; none is compared with itself.
    """
    marks = np.array(known, dtype=float).reshape(-1, 2)
    for start in range(0, len(positions) if known else 0, _TOGETHER):
        some = np.array(positions[start : start + _TOGETHER], dtype=float)
        # No latitude is beyond 90, and 0, 0 is another mistake.
        some = some[(np.abs(some[:, 1]) <= 90) & (some != 0).any(axis=1)]  # noqa: PLR2004
        is_itself = are_of_these & (some[:, None, :] == marks).all(axis=2)
        far = _nearest_km(some, marks, is_itself)
        is_far = (far > NEAR_KM) & np.isfinite(far)
        some, far, is_itself = some[is_far], far[is_far], is_itself[is_far]
        is_likelier = _nearest_km(some[:, ::-1], marks, is_itself) * TIMES_NEARER < far
        for lat, lon in some[is_likelier].tolist():
            yield (lat, lon), (lon, lat)


def _nearest_km(some: Floats, marks: Floats, is_left_out: NDArray[np.bool_]) -> Floats:
    """How far the nearest mark is from each, on a sphere; infinite where all are left out."""
    lat, lon = np.radians(some)[:, None, :].transpose(2, 0, 1)
    other_lat, other_lon = np.radians(marks).T
    half = (
        np.sin((other_lat - lat) / 2) ** 2
        + np.cos(lat) * np.cos(other_lat) * np.sin((other_lon - lon) / 2) ** 2
    )
    km = 2 * EARTH_KM * np.arcsin(np.minimum(np.sqrt(half), 1.0))
    return np.asarray(np.where(is_left_out, np.inf, km).min(axis=1, initial=np.inf))
