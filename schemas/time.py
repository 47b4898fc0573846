"""Instants, half-open windows with uncertain bounds, and whether something happened inside.

An instant is an `int` of microseconds since 1970-01-01T00:00:00Z. Nothing here reads a clock.
"""

from __future__ import annotations

import datetime as dt
import heapq
import math
from collections.abc import Iterator
from functools import lru_cache
from importlib import resources
from itertools import islice
from typing import NamedTuple
from zoneinfo import ZoneInfo

Instant = int
Limit = int | float
"""An instant, or `-math.inf` / `math.inf`."""

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_NAIVE_EPOCH = dt.datetime(1970, 1, 1)  # noqa: DTZ001 - its texts get their Z by hand
MICROSECOND = dt.timedelta(microseconds=1)
DAY = dt.timedelta(days=1) // MICROSECOND
UNIX_DAY, LAST_DAY = EPOCH.toordinal(), dt.date.max.toordinal()
FIRST_INSTANT = (dt.datetime.min.replace(tzinfo=dt.UTC) - EPOCH) // MICROSECOND
LAST_INSTANT = (dt.datetime.max.replace(tzinfo=dt.UTC) - EPOCH) // MICROSECOND
LONGEST_WALK = 2_000
"""How many spans one comparison may walk through before the answer is given up as unknown."""
LONGEST_DAYS = 100
"""Whether daily hours cover an occurrence longer than this is not computed, and so unknown."""


def to_instant(moment: dt.datetime) -> Instant:
    """The instant of an aware `moment`. ValueError: naive, or outside of 0001..9999 in UTC."""
    try:
        passed = moment - EPOCH
    except TypeError:
        msg = "a time without an offset is not an instant"
        raise ValueError(msg) from None
    instant = (passed.days * 86_400 + passed.seconds) * 1_000_000 + passed.microseconds
    if not FIRST_INSTANT <= instant <= LAST_INSTANT:
        msg = "outside of the years 0001 to 9999 in UTC"
        raise ValueError(msg)
    return instant


def to_datetime(instant: Instant) -> dt.datetime:
    """`instant` as a datetime in UTC."""
    return EPOCH + dt.timedelta(microseconds=instant)


def iso(limit: Limit) -> str:
    """RFC 3339 with Z, to the second where it is whole; `infinity` and `-infinity` beyond all."""
    if isinstance(limit, float) and math.isinf(limit):
        return "infinity" if limit > 0 else "-infinity"
    return (_NAIVE_EPOCH + dt.timedelta(microseconds=limit)).isoformat() + "Z"


class Bound(NamedTuple):
    """One end of a window: known where both are equal, otherwise somewhere in between."""

    earliest: Limit
    latest: Limit

    @classmethod
    def at(cls, instant: Instant) -> Bound:
        """A known bound."""
        return cls(instant, instant)


UNKNOWN = Bound(-math.inf, math.inf)
OPEN = Bound(math.inf, math.inf)
"""The end of a window that stands until revised: known, and not the same as `UNKNOWN`."""


class Span(NamedTuple):
    """A half-open interval [start, end) whose bounds may be uncertain."""

    start: Bound
    end: Bound

    @property
    def core(self) -> tuple[Limit, Limit]:
        """[latest start, earliest end): inside whatever the bounds are. May be empty."""
        return self.start.latest, self.end.earliest

    @property
    def hull(self) -> tuple[Limit, Limit]:
        """[earliest start, latest end): outside of it is outside whatever the bounds are."""
        return self.start.earliest, self.end.latest


class Daily(NamedTuple):
    """Every day [from_, to) on the clocks of `zone`, clipped to [start, end).

    `to` not after `from_` is on the next day. A local time that a clock change skips or repeats is
    read with fold=0 (PEP 495): as if the clocks had not yet been changed.
    """

    from_: dt.time
    to: dt.time
    zone: str
    start: Bound
    end: Bound


Window = tuple[Span | Daily, ...]


class Occurrence(NamedTuple):
    """When an act happened: [start, end), or the instant `start` where `end` equals it.

    `throughout`: all through it, otherwise at an unknown moment or moments inside.
    """

    start: Instant
    end: Instant
    throughout: bool = False


@lru_cache(maxsize=1)
def zone_names() -> frozenset[str]:
    """The IANA time zones known here."""
    listed = resources.files("tzdata").joinpath("zones").read_text(encoding="utf-8")
    return frozenset(listed.split())


@lru_cache(maxsize=1024)
def zone(name: str) -> ZoneInfo:
    """The rules of an IANA time zone. KeyError: there is none of this name.

    Read from the `tzdata` package only, never from the machine, so that a verdict does not depend
    on where it was computed.
    """
    if name not in zone_names():
        raise KeyError(name)
    with resources.files("tzdata.zoneinfo").joinpath(name).open("rb") as rules:
        return ZoneInfo.from_file(rules, key=name)


def hull(window: Window) -> tuple[Limit, Limit]:
    """From the earliest possible start to the latest possible end of the whole window."""
    return min(part.start.earliest for part in window), max(part.end.latest for part in window)


def last_end(window: Window) -> Bound:
    """When the window is over for good: of daily hours, when the last of them end.

    A window of which nothing remains, because its hours never come, has no known end.
    """
    ends = [end for part in window for end in _ends(part)]
    if not ends:
        return UNKNOWN
    return Bound(max(end.earliest for end in ends), max(end.latest for end in ends))


def _ends(part: Span | Daily) -> Iterator[Bound]:
    end = part.end
    if isinstance(part, Span) or math.isinf(end.latest) or end.latest - end.earliest > DAY:
        yield end
        return
    # Hours begin every day, and a clock change may take those of one day away.
    for span in spans((part,), end.earliest - 2 * DAY, end.latest):
        yield span.end


def spans(window: Window, lo: Limit, hi: Limit) -> Iterator[Span]:
    """The spans of `window` that may overlap [lo, hi): part by part, daily ones lazily, in order.

    A daily span is clipped to its part's bounds, and inherits their uncertainty.
    """
    for part in window:
        start, end = part.start, part.end
        if not (start.earliest < hi and lo < end.latest):
            continue
        if isinstance(part, Span):
            yield part
            continue
        for begins, ends in _days(part, max(lo, start.earliest), min(hi, end.latest)):
            yield Span(
                Bound(max(begins, start.earliest), max(begins, start.latest)),
                Bound(min(ends, end.earliest), min(ends, end.latest)),
            )


def in_window(window: Window, occurrence: Occurrence) -> bool | None:
    """Was it inside of `window`, whatever the window's uncertain bounds are?

    Yes: an instant, or an interval `throughout`, overlaps a core; an interval in which it happened
    `sometime` lies within the union of the cores. No: it overlaps no hull. Touching is no overlap.
    """
    start, end, throughout = occurrence
    # An instant lasts one microsecond here: the same comparisons then serve for both.
    stop = end if end > start else start + 1
    if not _overlaps(window, start, stop, certain=False):
        return False
    if throughout or end == start:
        inside = _overlaps(window, start, stop, certain=True)
    else:
        inside = _within_cores(window, start, stop)
    return True if inside else None


def in_force(window: Window, now: Instant) -> bool | None:
    """Is `now` inside of `window`?"""
    return in_window(window, Occurrence(now, now))


def _overlaps(window: Window, lo: Limit, hi: Limit, *, certain: bool) -> bool:
    """Does [lo, hi) overlap a core (`certain`), or a hull, of `window`?"""
    for part in window:
        start, end = part.start, part.end
        from_, to = (start[1], end[0]) if certain else (start[0], end[1])
        if (
            from_ < hi
            and lo < to
            and from_ < to
            and (
                isinstance(part, Span)
                or next(_days(part, max(lo, from_), min(hi, to)), None) is not None
            )
        ):
            return True
    return False


def _within_cores(window: Window, lo: Limit, hi: Limit) -> bool:
    """Is all of [lo, hi) within the union of the cores? Walks no further than to the first hole."""
    for part in window:
        if isinstance(part, Span) and part.start[1] <= lo and hi <= part.end[0]:
            return True
    if len(window) == 1 and isinstance(window[0], Span):
        return False
    if hi - lo > LONGEST_DAYS * DAY:
        window = tuple(part for part in window if isinstance(part, Span))
    reached = lo
    pieces = heapq.merge(*(_cores(part, lo, hi) for part in window))
    for begins, ends in islice(pieces, LONGEST_WALK):
        if begins > reached:
            return False
        reached = max(reached, ends)
        if reached >= hi:
            return True
    return False


def _cores(part: Span | Daily, lo: Limit, hi: Limit) -> Iterator[tuple[Limit, Limit]]:
    """The cores of `part`, as far as they lie in [lo, hi), in order."""
    lo, hi = max(lo, part.start.latest), min(hi, part.end.earliest)
    if lo >= hi:
        return
    if isinstance(part, Span):
        yield lo, hi
        return
    for begins, ends in _days(part, lo, hi):
        yield max(begins, lo), min(ends, hi)


def _days(daily: Daily, lo: Limit, hi: Limit) -> Iterator[tuple[Instant, Instant]]:
    """The days' [from, to) that overlap [lo, hi), not clipped, in the order of their starts."""
    rules = zone(daily.zone)
    next_day = 1 if daily.to <= daily.from_ else 0
    # A local day ends less than 16 hours after the day of the same date in UTC.
    first = 1 if lo == -math.inf else max(1, int(lo // DAY) + UNIX_DAY - 1 - next_day)
    for day in range(first, LAST_DAY + 1):
        begins = _local(day, daily.from_, rules)
        if begins >= hi:
            return
        ends = _local(day + next_day, daily.to, rules)
        # A clock change may leave nothing of a short pause.
        if lo < ends and begins < ends:
            yield begins, ends


def _local(day: int, clock: dt.time, rules: ZoneInfo) -> Instant:
    """The instant at which the clocks of a zone show `clock` on the `day` with this ordinal."""
    date = dt.date.fromordinal(min(day, LAST_DAY))
    offset = rules.utcoffset(dt.datetime.combine(date, clock)) or dt.timedelta(0)
    seconds = clock.hour * 3600 + clock.minute * 60 + clock.second
    return (day - UNIX_DAY) * DAY + seconds * 1_000_000 - offset // MICROSECOND
