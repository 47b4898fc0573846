"""Times as a reader wants to see them: in a chosen zone, and never in one that nobody chose."""

from __future__ import annotations

import datetime as dt
from functools import cache
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from schemas.time import Instant, iso

MICROSECONDS = 1_000_000
_FIRST, _LAST = -62_135_596_800, 253_402_300_799
_DAY_OF_SECONDS = 86_400


class ReaderZone(NamedTuple):
    """A time zone by its IANA name; `clock` is what it does to a moment."""

    name: str
    clock: ZoneInfo

    @property
    def is_utc(self) -> bool:
        """Whether there is nothing to say beside it."""
        return self.name == "UTC"

    def local(self, instant: Instant) -> dt.datetime | None:
        """The moment (us since 1970) on the clocks of the zone; None: no calendar has it."""
        seconds = instant // MICROSECONDS
        if not _FIRST + _DAY_OF_SECONDS <= seconds <= _LAST - _DAY_OF_SECONDS:
            return None
        return dt.datetime.fromtimestamp(seconds, self.clock)

    def text(self, instant: Instant) -> str:
        """`2026-02-03 10:30`, to the second where it has seconds."""
        found = self.local(instant)
        if found is None:
            return iso(instant)
        return f"{found:%Y-%m-%d %H:%M:%S}" if found.second else f"{found:%Y-%m-%d %H:%M}"

    def day(self, instant: Instant) -> str:
        """`2026-02-03`."""
        return self.text(instant)[:10]

    def both(self, instant: Instant) -> str:
        """`2026-02-03 10:30 Europe/Kyiv (08:30 UTC)`, the day of UTC only if it is another."""
        here = self.text(instant)
        if self.is_utc:
            return f"{here} UTC"
        there = UTC.text(instant)
        there = there[11:] if there[:10] == here[:10] else there
        return f"{here} {self.name} ({there} UTC)"

    def midnight(self, day: dt.date) -> Instant:
        """When a day begins there, in us since 1970."""
        moment = dt.datetime.combine(day, dt.time(), self.clock)
        return int(moment.timestamp()) * MICROSECONDS


UTC = ReaderZone("UTC", ZoneInfo("UTC"))


@cache
def zone_names() -> tuple[str, ...]:
    """The names that can be chosen, in order: those of places, and UTC."""
    found = {name for name in available_timezones() if "/" in name and not name.startswith("Etc/")}
    return ("UTC", *sorted(one for one in found if not one.startswith(("posix/", "right/"))))


def zone_named(name: str) -> ReaderZone | None:
    """The zone of that name; None: there is none."""
    if name == "UTC" or not name:
        return UTC
    if name not in zone_names():
        return None
    try:
        return ReaderZone(name, ZoneInfo(name))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
