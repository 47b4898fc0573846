"""Keeps the libraries' log short: what they say over and over is written once in a while."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable

SECONDS_BETWEEN_TWO = 60.0


class RateLimitFilter(logging.Filter):
    """Lets pass what one line of a program says once in so many seconds, and counts the rest."""

    def __init__(
        self, seconds: float = SECONDS_BETWEEN_TWO, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__()
        self._seconds, self._clock = seconds, clock
        self._said: dict[tuple[str, int], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to write it; if some like it were not, it says how many."""
        line, now = (record.pathname, record.lineno), self._clock()
        since, left_out = self._said.get(line, (-math.inf, 0))
        if now < since + self._seconds:
            self._said[line] = (since, left_out + 1)
            return False
        self._said[line] = (now, 0)
        if left_out:
            record.msg = f"{record.getMessage()} (and {left_out} more like this since the last)"
            record.args = ()
        return True
