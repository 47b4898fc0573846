"""Inside a window or not: tables of boundaries, clock changes, and a brute-force check."""

import datetime as dt
import math
import time
from itertools import product
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.time import (
    FIRST_INSTANT,
    LAST_INSTANT,
    OPEN,
    UNKNOWN,
    Bound,
    Daily,
    Occurrence,
    Span,
    Window,
    hull,
    in_force,
    in_window,
    iso,
    last_end,
    spans,
    to_datetime,
    to_instant,
)

INF = math.inf


def z(text: str) -> int:
    return to_instant(dt.datetime.fromisoformat(text))


def at(clock: str, zone: str) -> int:
    return to_instant(dt.datetime.fromisoformat(clock).replace(tzinfo=ZoneInfo(zone)))


def span(start: Bound | int, end: Bound | int) -> Span:
    return Span(*(b if isinstance(b, Bound) else Bound.at(b) for b in (start, end)))


KNOWN = (span(10, 20),)
UNCERTAIN = (span(Bound(10, 13), Bound(17, 20)),)
TWO = (span(10, 20), span(20, 30))
APART = (span(10, 20), span(25, 30))
SOMETIME, THROUGHOUT = False, True

BOUNDARIES = [
    # window, start, end, throughout, expected
    (KNOWN, 9, 9, SOMETIME, False),
    (KNOWN, 10, 10, SOMETIME, True),
    (KNOWN, 19, 19, SOMETIME, True),
    (KNOWN, 20, 20, SOMETIME, False),
    (KNOWN, 20, 20, THROUGHOUT, False),
    (KNOWN, 10, 20, SOMETIME, True),
    (KNOWN, 9, 20, SOMETIME, None),
    (KNOWN, 10, 21, SOMETIME, None),
    (KNOWN, 5, 10, SOMETIME, False),
    (KNOWN, 5, 10, THROUGHOUT, False),
    (KNOWN, 20, 25, SOMETIME, False),
    (KNOWN, 5, 11, THROUGHOUT, True),
    (KNOWN, 19, 25, THROUGHOUT, True),
    (KNOWN, 5, 25, THROUGHOUT, True),
    (UNCERTAIN, 9, 9, SOMETIME, False),
    (UNCERTAIN, 10, 10, SOMETIME, None),
    (UNCERTAIN, 12, 12, SOMETIME, None),
    (UNCERTAIN, 13, 13, SOMETIME, True),
    (UNCERTAIN, 16, 16, SOMETIME, True),
    (UNCERTAIN, 17, 17, SOMETIME, None),
    (UNCERTAIN, 20, 20, SOMETIME, False),
    (UNCERTAIN, 13, 17, SOMETIME, True),
    (UNCERTAIN, 12, 17, SOMETIME, None),
    (UNCERTAIN, 5, 13, THROUGHOUT, None),
    (UNCERTAIN, 5, 14, THROUGHOUT, True),
    (TWO, 15, 25, SOMETIME, True),
    (TWO, 20, 20, SOMETIME, True),
    (TWO, 9, 25, SOMETIME, None),
    (APART, 15, 27, SOMETIME, None),
    (APART, 20, 25, SOMETIME, False),
    (APART, 19, 26, THROUGHOUT, True),
    # An empty core is legal: nothing is certainly inside, though every reading would overlap.
    ((span(Bound(10, 18), Bound(12, 20)),), 15, 15, SOMETIME, None),
    ((span(Bound(10, 18), Bound(12, 20)),), 5, 25, THROUGHOUT, None),
    # The spans of an uncertain hand-over: every reading covers 15, but no core does.
    ((span(10, Bound(14, 16)), span(Bound(14, 16), 20)), 15, 15, SOMETIME, None),
    # An unknown end is not an open one.
    ((Span(Bound.at(10), UNKNOWN),), 15, 15, SOMETIME, None),
    ((Span(Bound.at(10), UNKNOWN),), 9, 9, SOMETIME, False),
    ((Span(Bound.at(10), OPEN),), 15, 15, SOMETIME, True),
    ((Span(Bound.at(10), OPEN),), 10, LAST_INSTANT, SOMETIME, True),
    ((Span(UNKNOWN, Bound.at(20)),), 15, 15, SOMETIME, None),
    ((Span(UNKNOWN, Bound.at(20)),), 20, 20, SOMETIME, False),
    ((Span(UNKNOWN, UNKNOWN),), 15, 15, SOMETIME, None),
    ((Span(UNKNOWN, OPEN),), 15, 99, THROUGHOUT, None),
    ((Span(Bound.at(10), Bound(20, INF)),), 19, 19, SOMETIME, True),
    ((Span(Bound.at(10), Bound(20, INF)),), 20, 20, SOMETIME, None),
    ((Span(Bound.at(10), Bound(-INF, 20)),), 15, 15, SOMETIME, None),
]


@pytest.mark.parametrize(("window", "start", "end", "throughout", "expected"), BOUNDARIES)
def test_in_window(
    window: Window, start: int, end: int, throughout: bool, expected: bool | None
) -> None:
    assert in_window(window, Occurrence(start, end, throughout)) is expected
    if start == end:
        assert in_force(window, start) is expected


bounds = st.tuples(st.integers(0, 8), st.integers(0, 8)).map(lambda b: Bound(min(b), max(b)))
uncertain_spans = st.builds(Span, bounds, bounds).filter(lambda s: s.start.earliest < s.end.latest)


def readings(part: Span) -> list[range]:
    starts = range(int(part.start.earliest), int(part.start.latest) + 1)
    ends = range(int(part.end.earliest), int(part.end.latest) + 1)
    return [range(start, end) for start, end in product(starts, ends)]


def moment_inside(window: tuple[Span, ...], moment: int) -> bool | None:
    """Inside of one span whatever its reading, outside of all whatever theirs, or neither."""
    inside = [[moment in reading for reading in readings(part)] for part in window]
    if any(all(part) for part in inside):
        return True
    return None if any(any(part) for part in inside) else False


@settings(max_examples=400, deadline=None)
@given(
    window=st.lists(uncertain_spans, min_size=1, max_size=3).map(tuple),
    times=st.tuples(st.integers(-1, 10), st.integers(-1, 10)),
    throughout=st.booleans(),
)
def test_in_window_is_what_every_reading_says(
    window: tuple[Span, ...], times: tuple[int, int], throughout: bool
) -> None:
    start, end = min(times), max(times)
    moments = [moment_inside(window, m) for m in (range(start, end) if end > start else [start])]
    if all(m is False for m in moments):
        expected: bool | None = False
    elif throughout:
        expected = True if True in moments else None
    else:
        expected = True if all(m is True for m in moments) else None
    assert in_window(window, Occurrence(start, end, throughout)) is expected
    assert in_window(window[::-1], Occurrence(start, end, throughout)) is expected


# Hard case 4: whose midnight?


@pytest.mark.parametrize(
    ("day", "expected"), [("2025-04-13T00:10", False), ("2025-04-12T23:59", True)]
)
def test_the_end_of_12_april_in_moscow_is_the_same_in_kyiv(day: str, expected: bool) -> None:
    window = (span(at("2025-04-11T00:00", "Europe/Moscow"), at("2025-04-13", "Europe/Moscow")),)
    moment = at(day, "Europe/Kyiv")
    assert in_window(window, Occurrence(moment, moment)) is expected


def test_in_winter_kyiv_is_an_hour_behind_moscow() -> None:
    until_midnight_in_moscow = (span(z("2026-01-01T00:00Z"), at("2026-02-01", "Europe/Moscow")),)
    for clock, expected in (("2026-01-31T22:59", True), ("2026-01-31T23:00", False)):
        moment = at(clock, "Europe/Kyiv")
        assert in_force(until_midnight_in_moscow, moment) is expected


def test_until_1_february_may_or_may_not_include_the_day() -> None:
    end = Bound(at("2026-02-01", "Europe/Kyiv"), at("2026-02-02", "Europe/Kyiv"))
    window = (Span(Bound.at(at("2026-01-29", "Europe/Kyiv")), end),)
    answers = [in_force(window, at(f"2026-{day}T12:00", "Europe/Kyiv")) for day in DAYS]
    assert answers == [True, None, False]


DAYS = ("01-31", "02-01", "02-02")


# Daily hours


def daily(
    from_: str, to: str, zone: str, start: Bound = UNKNOWN, end: Bound = OPEN
) -> tuple[Daily]:
    clock = dt.time.fromisoformat
    return (Daily(clock(from_), clock(to), zone, start, end),)


def expanded(window: Window, lo: str, hi: str) -> list[tuple[str, str]]:
    """The spans by their latest starts and earliest ends: unlike the others, these are known."""
    return [(iso(s.hull[0]), iso(s.hull[1])) for s in spans(window, z(lo), z(hi))]


CLOCK_CHANGES = [
    # Kyiv, 2026-03-29: 03:00 EET becomes 04:00 EEST, so 03:00-03:59 are skipped.
    ("08:00", "14:00", "Europe/Kyiv", "2026-03-28", ("06:00", "12:00")),
    ("08:00", "14:00", "Europe/Kyiv", "2026-03-29", ("05:00", "11:00")),
    ("02:30", "05:00", "Europe/Kyiv", "2026-03-29", ("00:30", "02:00")),
    ("03:30", "05:00", "Europe/Kyiv", "2026-03-29", ("01:30", "02:00")),
    ("02:00", "03:30", "Europe/Kyiv", "2026-03-29", ("00:00", "01:30")),
    ("03:30", "04:15", "Europe/Kyiv", "2026-03-29", None),
    # Kyiv, 2026-10-25: 04:00 EEST becomes 03:00 EET, so 03:00-03:59 are repeated; the first counts.
    ("03:30", "05:00", "Europe/Kyiv", "2026-10-25", ("00:30", "03:00")),
    ("02:00", "03:30", "Europe/Kyiv", "2026-10-25", ("23:00", "00:30")),
    ("03:15", "03:45", "Europe/Kyiv", "2026-10-25", ("00:15", "00:45")),
    ("02:00", "04:00", "Europe/Kyiv", "2026-10-25", ("23:00", "02:00")),
    # Gaza, 2023-04-29: 02:00 becomes 03:00. 2023-10-28: 02:00 becomes 01:00.
    ("08:00", "14:00", "Asia/Gaza", "2023-04-28", ("06:00", "12:00")),
    ("08:00", "14:00", "Asia/Gaza", "2023-04-29", ("05:00", "11:00")),
    ("02:30", "08:00", "Asia/Gaza", "2023-04-29", ("00:30", "05:00")),
    ("01:30", "08:00", "Asia/Gaza", "2023-10-28", ("22:30", "06:00")),
    ("00:00", "01:30", "Asia/Gaza", "2023-10-28", ("21:00", "22:30")),
]


@pytest.mark.parametrize(("from_", "to", "zone", "day", "expected"), CLOCK_CHANGES)
def test_daily_hours_across_clock_changes(
    from_: str, to: str, zone: str, day: str, expected: tuple[str, str] | None
) -> None:
    window = daily(from_, to, zone)
    noon = z(f"{day}T12:00Z")
    found = [
        (iso(start)[11:16], iso(end)[11:16])
        for start, end in (s.hull for s in spans(window, noon - 18 * HOUR, noon + 12 * HOUR))
        if to_datetime(int(start)).astimezone(ZoneInfo(zone)).date() == dt.date.fromisoformat(day)
    ]
    assert found == ([expected] if expected else [])


HOUR = 3_600_000_000


@pytest.mark.parametrize(
    ("from_", "to"), [("22:00", "06:00"), ("14:00", "08:00"), ("00:00", "00:00")]
)
def test_to_not_after_from_ends_next_day(from_: str, to: str) -> None:
    window = daily(from_, to, "UTC", Bound.at(z("2026-01-01T00:00Z")))
    first = expanded(window, "2026-01-02T00:00Z", "2026-01-03T00:00Z")[-1]
    assert first == (f"2026-01-02T{from_}:00Z", f"2026-01-03T{to}:00Z")


def test_daily_spans_are_clipped_to_uncertain_bounds() -> None:
    ten, twelve = z("2026-01-05T10:00Z"), z("2026-01-05T12:00Z")
    window = daily("08:00", "14:00", "UTC", Bound(ten, twelve), Bound.at(z("2026-01-06T09:00Z")))
    assert list(spans(window, z("2026-01-01T00:00Z"), z("2026-01-09T00:00Z"))) == [
        Span(Bound(ten, twelve), Bound.at(z("2026-01-05T14:00Z"))),
        Span(Bound.at(z("2026-01-06T08:00Z")), Bound.at(z("2026-01-06T09:00Z"))),
    ]
    answers = {
        "2026-01-05T09:59Z": False,
        "2026-01-05T10:00Z": None,
        "2026-01-05T11:59Z": None,
        "2026-01-05T12:00Z": True,
        "2026-01-05T14:00Z": False,
        "2026-01-06T08:59Z": True,
        "2026-01-06T09:00Z": False,
        "2026-01-07T09:00Z": False,
    }
    assert {clock: in_force(window, z(clock)) for clock in answers} == answers


def test_two_daily_parts_that_touch_leave_no_hole() -> None:
    halves = daily("08:00", "20:00", "Europe/Kyiv", Bound.at(0)) + daily(
        "20:00", "08:00", "Europe/Kyiv", Bound.at(0)
    )
    month = Occurrence(z("2026-03-10T00:00Z"), z("2026-04-10T00:00Z"))
    assert in_window(halves, month) is True
    assert in_window(halves[:1], month) is None


def test_spans_are_found_lazily() -> None:
    endless = spans(daily("08:00", "14:00", "Asia/Gaza", Bound.at(0)), -INF, INF)
    assert next(endless).core == (6 * HOUR, 12 * HOUR)


@pytest.mark.parametrize("bound", [UNKNOWN, Bound.at(FIRST_INSTANT), Bound.at(z("2025-01-01T00Z"))])
@pytest.mark.parametrize("throughout", [SOMETIME, THROUGHOUT])
def test_thousands_of_years_are_answered_at_once(bound: Bound, throughout: bool) -> None:
    window = daily("08:00", "14:00", "Asia/Gaza", bound) * 3
    began = time.perf_counter()
    answer = in_window(window, Occurrence(FIRST_INSTANT, LAST_INSTANT, throughout))
    assert time.perf_counter() - began < 0.5
    assert answer is (True if throughout and bound != UNKNOWN else None)


def test_the_walk_through_touching_daily_parts_ends() -> None:
    halves = daily("08:00", "20:00", "UTC", Bound.at(0)) + daily(
        "20:00", "08:00", "UTC", Bound.at(0)
    )
    began = time.perf_counter()
    assert in_window(halves, Occurrence(9 * HOUR, LAST_INSTANT)) is None
    assert time.perf_counter() - began < 2


zones = st.sampled_from(["Europe/Kyiv", "Asia/Gaza", "Pacific/Apia", "UTC", "America/St_Johns"])
clocks = st.builds(dt.time, st.integers(0, 23), st.sampled_from([0, 15, 30]))
moments = st.integers(z("2011-12-20T00Z"), z("2027-01-01T00Z")).map(to_datetime)


@settings(max_examples=300, deadline=None)
@given(from_=clocks, to=clocks, zone=zones, moment=moments)
def test_an_instant_is_in_daily_hours_if_some_day_has_it(
    from_: dt.time, to: dt.time, zone: str, moment: dt.datetime
) -> None:
    rules = ZoneInfo(zone)
    local_day = moment.astimezone(rules).date()
    expected = False
    for offset in range(-4, 5):
        day = local_day + dt.timedelta(days=offset)
        last = day + dt.timedelta(days=1) if to <= from_ else day
        start = dt.datetime.combine(day, from_, rules).astimezone(dt.UTC)
        end = dt.datetime.combine(last, to, rules).astimezone(dt.UTC)
        expected |= start <= moment < end
    part = Daily(from_, to, zone, Bound.at(z("2000-01-01T00:00Z")), OPEN)
    assert in_force((part,), to_instant(moment)) is expected


def test_hull_of_a_window() -> None:
    assert hull(APART) == (10, 30)
    assert hull(UNCERTAIN) == (10, 20)
    assert hull(daily("08:00", "14:00", "UTC", Bound(5, 7))) == (5, INF)
    assert hull((Span(UNKNOWN, OPEN), span(1, 2))) == (-INF, INF)


@given(st.integers(FIRST_INSTANT, LAST_INSTANT))
def test_an_instant_survives_its_text(instant: int) -> None:
    assert to_instant(dt.datetime.fromisoformat(iso(instant))) == instant
    assert to_instant(to_datetime(instant)) == instant


def test_texts_of_limits() -> None:
    assert iso(0) == "1970-01-01T00:00:00Z"
    assert iso(1) == "1970-01-01T00:00:00.000001Z"
    assert (iso(INF), iso(-INF)) == ("infinity", "-infinity")


def test_naive_and_unrepresentable_times_are_refused() -> None:
    with pytest.raises(ValueError, match="offset"):
        to_instant(dt.datetime(2026, 1, 1))  # noqa: DTZ001 - it is the point
    with pytest.raises(ValueError, match="9999"):
        to_instant(dt.datetime.fromisoformat("9999-12-31T23:59:59-14:00"))


EIGHT_TO_TWO = (dt.time(8), dt.time(14), "UTC")
DAYS_START = Bound.at(z("2026-01-10T00:00Z"))
NOON, EVENING = z("2026-01-15T12:00Z"), z("2026-01-15T20:00Z")
TWO_O_CLOCK = Bound.at(z("2026-01-15T14:00Z"))
LAST_ENDS = [
    # window, expected
    (KNOWN, Bound.at(20)),
    (UNCERTAIN, Bound(17, 20)),
    (APART, Bound.at(30)),
    ((span(10, OPEN),), OPEN),
    ((span(10, UNKNOWN), span(10, 20)), Bound(20, INF)),
    # Daily hours: in the middle of the last of them, long after, in the night after, next week.
    ((Daily(*EIGHT_TO_TWO, DAYS_START, Bound.at(NOON)),), Bound.at(NOON)),
    ((Daily(*EIGHT_TO_TWO, DAYS_START, Bound.at(EVENING)),), TWO_O_CLOCK),
    ((Daily(*EIGHT_TO_TWO, DAYS_START, Bound.at(z("2026-01-16T07:00Z"))),), TWO_O_CLOCK),
    # The end is somewhere in the night, or between two days' hours, or not known, or open.
    ((Daily(*EIGHT_TO_TWO, DAYS_START, Bound(EVENING, z("2026-01-16T07:00Z"))),), TWO_O_CLOCK),
    ((Daily(*EIGHT_TO_TWO, DAYS_START, Bound(NOON, EVENING)),), Bound(NOON, TWO_O_CLOCK.latest)),
    ((Daily(*EIGHT_TO_TWO, DAYS_START, UNKNOWN),), UNKNOWN),
    ((Daily(*EIGHT_TO_TWO, DAYS_START, OPEN),), OPEN),
    # Hours that never come.
    ((Daily(*EIGHT_TO_TWO, Bound.at(z("2026-01-15T15:00Z")), Bound.at(EVENING)),), UNKNOWN),
]


@pytest.mark.parametrize(("window", "expected"), LAST_ENDS)
def test_a_window_is_over_when_its_last_hours_are(window: Window, expected: Bound) -> None:
    assert last_end(window) == expected


def test_the_last_end_of_centuries_of_daily_hours_is_found_at_once() -> None:
    end = Bound(z("2026-01-01T00:00Z"), z("9000-01-01T00:00Z"))
    began = time.perf_counter()
    assert last_end((Daily(*EIGHT_TO_TWO, DAYS_START, end),)) == end
    assert time.perf_counter() - began < 0.1
