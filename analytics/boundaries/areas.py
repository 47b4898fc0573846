"""What boundaries are made of before they are compared with anything: areas with codes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class BoundariesError(ValueError):
    """Boundaries cannot be used; the message is one line that names the file and its fault."""


AreaNames = Mapping[str, Sequence[str]]
"""By code, the names of the area in any language, the usual one first."""


class Areas(NamedTuple):
    """Polygons in degrees with the code of each; "" is land of which no code can be said.

    `error_km`: how far a border may be drawn from where it is. `is_world`: all land is drawn, so
    that what is not is the sea. `names` reads what the areas are called.
    """

    title: str
    polygons: NDArray[np.object_]
    codes: Sequence[str]
    error_km: float
    is_world: bool
    names: Callable[[], AreaNames]
