"""How many requests a second are let in."""

from __future__ import annotations

import time
from collections.abc import Callable


class Rate:
    """So many a second on average, and as many at once: a token bucket."""

    def __init__(self, per_second: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_second = per_second
        self._clock = clock
        self._left = float(per_second)
        self._at = clock()

    def wait(self) -> float:
        """Take one, and 0.0; or, if none is left, how many seconds until there is one."""
        now = self._clock()
        self._left = min(self._per_second, self._left + (now - self._at) * self._per_second)
        self._at = now
        if self._left < 1:
            return (1 - self._left) / self._per_second
        self._left -= 1
        return 0.0
