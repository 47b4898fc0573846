"""The axis of time: where a moment stands on it, and its ticks on the clocks of a zone."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import NamedTuple

from analytics.pages.zones import MICROSECONDS, ReaderZone
from schemas.time import Instant

LEFT, RIGHT = 12.0, 1188.0
WIDTH = 1200
HOUR = 3_600 * MICROSECONDS
DAY = 24 * HOUR
SHORTEST = HOUR
LONGEST = 400 * 365 * DAY
NEAR_NOW = 5 * 365 * DAY
# Within what every calendar and zone can say, with room for the ticks on both sides.
EARLIEST = -62_135_596_800 * MICROSECONDS + 31 * DAY
LATEST = 253_402_300_800 * MICROSECONDS - 31 * DAY
MOST_TICKS = 11
_MONTHS = (1, 2, 3, 6, 12, 24, 60, 120, 240, 600, 1_200)
_HOURS = (1, 3, 6, 12)
_DAYS = (1, 2, 4, 7, 14)


def day_label(day: dt.date, months: Sequence[str]) -> str:
    """`3 Feb`."""
    return f"{day.day} {months[day.month - 1]}"


class Tick(NamedTuple):
    """A line at `x`, with what it says; `is_strong`: a new day, or a new year."""

    x: float
    label: str
    is_strong: bool


class Axis(NamedTuple):
    """A span of time, in us since 1970, over the width of a picture."""

    start: Instant
    end: Instant

    def x(self, instant: Instant) -> float:
        """Where a moment stands; what is beyond, at the edge."""
        share = (instant - self.start) / (self.end - self.start)
        return round(LEFT + (RIGHT - LEFT) * min(max(share, 0.0), 1.0), 1)

    def has(self, instant: Instant) -> bool:
        """Whether the moment is within."""
        return self.start <= instant <= self.end

    def ticks(self, zone: ReaderZone, months: Sequence[str]) -> list[Tick]:
        """About ten lines at round times on the clocks of the zone; `months`: their names."""
        start, end = zone.local(self.start), zone.local(self.end)
        if start is None or end is None:
            return []
        length = self.end - self.start
        for hours in _HOURS:
            if length <= hours * HOUR * MOST_TICKS:
                return self._by_hours(zone, start, hours, months)
        for days in _DAYS:
            if length <= days * DAY * MOST_TICKS:
                return self._by_days(zone, start.date(), days, months)
        step = next((m for m in _MONTHS if length <= m * 30.4 * DAY * MOST_TICKS), _MONTHS[-1])
        return self._by_months(zone, start.date(), step, months)

    def _by_hours(
        self, zone: ReaderZone, start: dt.datetime, hours: int, names: Sequence[str]
    ) -> list[Tick]:
        found, moment = [], zone.midnight(start.date())
        step = hours * HOUR
        while moment <= self.end:
            local = zone.local(moment)
            if moment >= self.start and local is not None:
                is_day = local.hour == 0
                label = day_label(local, names) if is_day else f"{local:%H:%M}"
                found.append(Tick(self.x(moment), label, is_day))
            moment += step
        return found

    def _by_days(
        self, zone: ReaderZone, day: dt.date, days: int, names: Sequence[str]
    ) -> list[Tick]:
        found = []
        # The same days whatever the span begins with, so that panning moves no tick.
        day -= dt.timedelta(days=day.toordinal() % days)
        while (moment := zone.midnight(day)) <= self.end:
            if moment >= self.start:
                found.append(Tick(self.x(moment), day_label(day, names), day.day == 1))
            day += dt.timedelta(days=days)
        return found

    def _by_months(
        self, zone: ReaderZone, day: dt.date, months: int, names: Sequence[str]
    ) -> list[Tick]:
        found = []
        number = max((day.year * 12 + day.month - 1) // months * months, dt.date.min.year * 12)
        last = (dt.date.max.year + 1) * 12
        while number < last:
            first = dt.date(number // 12, number % 12 + 1, 1)
            moment = zone.midnight(first)
            if moment > self.end:
                break
            if moment >= self.start:
                is_year = first.month == 1
                label = f"{first:%Y}" if is_year else names[first.month - 1]
                found.append(Tick(self.x(moment), label, is_year))
            number += months
        return found


def axis_over(start: Instant, end: Instant) -> Axis:
    """An axis over the span, made longer if it is too short to be drawn, and bounded."""
    length = min(max(end - start, SHORTEST), LONGEST)
    first = min(max((start + end) // 2 - length // 2, EARLIEST), LATEST - length)
    return Axis(first, first + length)


def around(reach: tuple[Instant, Instant] | None, now: Instant) -> Axis:
    """An axis over all that is known, with a little room on both sides."""
    if reach is None:
        return Axis(now - 7 * DAY, now + DAY)
    start, end = reach
    if end - start > LONGEST:
        # A year 9999 means that nobody knows: what is near to now is shown.
        near = min(max(now, start), end)
        start, end = max(start, near - NEAR_NOW), min(end, near + NEAR_NOW)
    room = max((end - start) // 30, HOUR)
    return axis_over(start - room, end + room)
