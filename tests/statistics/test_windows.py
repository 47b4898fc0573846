"""When claims hold: cores and hulls, and daily hours day by day."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from tests.statistics.folded import Folded
from tests.support.given import claim, denial, report

BOUNDS = "core_start, core_end, hull_start, hull_end, open_ended"


def utc(text: str | None) -> dt.datetime | None:
    return None if text is None else dt.datetime.fromisoformat(text)


def test_a_part_has_a_core_and_a_hull(folded: Folded) -> None:
    start = {"earliest": "2026-01-03T00:00:00Z", "latest": "2026-01-05T00:00:00Z"}
    end = {"latest": "2026-01-12T00:00:00+02:00"}
    until_revised = {"start": "2026-02-01T00:00:00Z", "end": None, "zone": "Asia/Gaza"}
    folded.fold(claim(window=[{"start": start, "end": end}, until_revised]), denial())
    core, hull = utc("2026-01-05T00:00:00+00:00"), utc("2026-01-03T00:00:00+00:00")
    again = utc("2026-02-01T00:00:00+00:00")
    asked = f"SELECT part, day, {BOUNDS}, zone FROM windows ORDER BY part"  # noqa: S608
    assert folded.ask(asked) == [
        (1, None, core, None, hull, utc("2026-01-11T22:00:00+00:00"), False, None),
        (2, None, again, None, again, None, True, "Asia/Gaza"),
    ]


def test_daily_hours_are_cut_at_the_ends_of_the_truce(folded: Folded) -> None:
    daily = {"from": "22:00", "to": "04:00", "zone": "UTC"}
    entry = {"daily": daily, "start": "2026-01-03T02:00:00Z", "end": "2026-01-04T23:00:00Z"}
    folded.fold(claim(window=[entry]))
    asked = "SELECT day(day), hull_start, hull_end, core_start = hull_start, core_end = hull_end"
    assert folded.ask(f"{asked} FROM windows ORDER BY day") == [
        (2, utc("2026-01-03T02:00:00+00:00"), utc("2026-01-03T04:00:00+00:00"), True, True),
        (3, utc("2026-01-03T22:00:00+00:00"), utc("2026-01-04T04:00:00+00:00"), True, True),
        (4, utc("2026-01-04T22:00:00+00:00"), utc("2026-01-04T23:00:00+00:00"), True, True),
    ]


# In Kyiv, 03:00 becomes 04:00 on 29 March 2026, and 04:00 becomes 03:00 on 25 October.
# fmt: off
CLOCKS = [
    ("Europe/Kyiv", "2026-03-28", "02:00", "05:00", "2026-03-28T00:00:00+00:00", "2026-03-28T03:00:00+00:00"),
    ("Europe/Kyiv", "2026-03-29", "02:00", "05:00", "2026-03-29T00:00:00+00:00", "2026-03-29T02:00:00+00:00"),
    # Skipped: as if the clocks had not been changed yet. Twice: the first time.
    ("Europe/Kyiv", "2026-03-29", "03:30", "05:00", "2026-03-29T01:30:00+00:00", "2026-03-29T02:00:00+00:00"),
    ("Europe/Kyiv", "2026-10-25", "02:00", "03:30", "2026-10-24T23:00:00+00:00", "2026-10-25T00:30:00+00:00"),
    ("Europe/Kyiv", "2026-10-25", "03:30", "05:00", "2026-10-25T00:30:00+00:00", "2026-10-25T03:00:00+00:00"),
    ("Australia/Lord_Howe", "2026-04-05", "01:45", "03:00", "2026-04-04T14:45:00+00:00", "2026-04-04T16:30:00+00:00"),
]
# fmt: on


@pytest.mark.parametrize(("zone", "day", "begins", "ends", "start", "end"), CLOCKS)
def test_hours_follow_the_clocks_where_they_change(
    folded: Folded, zone: str, day: str, begins: str, ends: str, start: str, end: str
) -> None:
    daily = {"from": begins, "to": ends, "zone": zone}
    folded.fold(claim(window=[{"daily": daily, "start": "2026-01-01T00:00:00Z", "end": None}]))
    found = folded.of("windows", "hull_start, hull_end", f"day = '{day}'")
    assert found == (utc(start), utc(end))


def test_a_zone_that_the_database_does_not_know_is_utc(folded: Folded) -> None:
    daily = {"from": "08:00", "to": "14:00", "zone": "Europe/Kyiv"}
    entry = {"daily": daily, "start": "2026-01-03T00:00:00Z", "end": "2026-01-04T00:00:00Z"}
    folded.fold(claim(window=[entry]), report())
    mars = "window_parts[1], zone := 'Mars/Phobos'"
    folded.ask(f"UPDATE claim_versions SET window_parts = [struct_update({mars})]")  # noqa: S608
    start = utc("2026-01-03T08:00:00+00:00")
    assert folded.of("windows", "hull_start, zone", "day IS NOT NULL") == (start, "Mars/Phobos")
    assert folded.of("compliance", "days") == (1,)


def test_daily_hours_are_spelt_out_for_a_thousand_days_and_a_week(folded: Folded) -> None:
    daily: dict[str, Any] = {"from": "08:00", "to": "14:00", "zone": "UTC"}
    folded.fold(
        claim(window=[{"daily": daily, "start": "0001-01-02T00:00:00Z", "end": None}]),
        report(occurred={"start": "2026-06-01T12:00:00Z"}),
        recorded_at="2026-06-10T12:00:00Z",
    )
    asked = "SELECT min(day)::VARCHAR, max(day)::VARCHAR, count(*) FROM windows"
    assert folded.ask(asked) == [("2023-09-22", "2026-06-17", 1_000)]
