"""The boundaries of an import, opened when its first point or province wants a code."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from analytics.boundaries.points import Gazetteer
from streams.commands.console import err
from streams.errors import BadInput
from streams.settings import Settings


class LazyGazetteer:
    """The boundaries that the settings name; without any it knows no place, and says so once.

    Many tables have no point at all, and opening the boundaries takes longer than reading them.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def codes(self, lats: ArrayLike, lons: ArrayLike, radii_km: ArrayLike) -> list[tuple[str, ...]]:
        """The codes that hold for all of each circle, finest first. Raises BadInput."""
        if self._boundaries is None:
            return [()] * np.size(lats)
        return self._boundaries.codes(lats, lons, radii_km)

    def named(self, country: str, name: str) -> str | None:
        """The code of the province of that name in a country. Raises BadInput."""
        return None if self._boundaries is None else self._boundaries.named(country, name)

    @cached_property
    def _boundaries(self) -> Gazetteer | None:
        from analytics.boundaries.areas import BoundariesError
        from analytics.boundaries.boundaries import open_boundaries

        try:
            return open_boundaries(self._settings.boundaries)
        except BoundariesError as error:
            if self._settings.boundaries is not None:
                raise BadInput(str(error)) from error
            err(f"warning: points and provinces get no codes: {error}", style="yellow")
            return None
