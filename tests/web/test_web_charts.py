"""Where marks stand: what is certain is solid, what is not fades, and no zone moves a mark."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest

from analytics.charts.axis import Axis, around, axis_over
from analytics.charts.daily import daily
from analytics.charts.map import map_of
from analytics.charts.outlines import Outlines, read_outlines
from analytics.charts.timeline import Content, timeline
from analytics.pages.model import Band, Bin, CodeCount, Day, Mark, Spot
from analytics.pages.zones import UTC, zone_named
from analytics.report.texts import texts
from schemas.claims import Claim
from schemas.events import ClaimEvent, parse_event
from schemas.time_fields import read_instant as at
from tests.analytics.written import claim

MONTHS = texts("en")["months"].split()
AXIS = Axis(at("2026-01-01T00:00:00Z"), at("2026-01-11T00:00:00Z"))


def known() -> dict[tuple[str, str, str], Claim]:
    event = parse_event(claim())
    assert isinstance(event, ClaimEvent)
    return {("testland", "truce", "c"): event.data}


def drawn(band: Band) -> list[tuple[str, bool]]:
    content = Content(known(), [band], [], [], [], [])
    [row] = timeline(content, AXIS, UTC, at("2026-01-05T00:00:00Z")).claims
    return [(piece.kind, piece.is_open) for piece in row.pieces]


@pytest.mark.parametrize(
    ("core", "hull", "is_open", "pieces"),
    [
        (("02", "04"), ("02", "04"), False, [("core", False)]),
        (
            ("03", "04"),
            ("02", "05"),
            False,
            [("fade_in", False), ("core", False), ("fade_out", False)],
        ),
        (("05", "04"), ("02", "06"), False, [("maybe", False)]),
        (("02", None), ("02", None), True, [("core", True)]),
        ((None, "04"), (None, "05"), False, [("maybe", False)]),
        (("03", "04"), (None, "04"), False, [("fade_in", False), ("core", False)]),
    ],
)
def test_only_what_certainly_holds_is_solid(
    core: tuple[str | None, str | None],
    hull: tuple[str | None, str | None],
    is_open: bool,
    pieces: list[tuple[str, bool]],
) -> None:
    starts, ends, least, most = (
        None if day is None else at(f"2026-01-{day}T00:00:00Z") for day in (*core, *hull)
    )
    assert drawn(Band("truce", "c", starts, ends, least, most, is_open, False)) == pieces


def test_a_zone_moves_ticks_and_no_mark() -> None:
    kyiv = zone_named("Europe/Kyiv")
    assert kyiv is not None
    start, end = at("2026-02-02T16:00:00Z"), at("2026-02-03T07:30:00Z")
    mark = Mark("truce", "night", "violation", "RUS", start, end, True)
    axis = Axis(at("2026-01-30T00:00:00Z"), at("2026-02-05T00:00:00Z"))
    content = Content({}, [], [mark], [], [], [])
    here, there = (timeline(content, axis, zone, start) for zone in (UTC, kyiv))
    assert here.lanes[0].marks[0].x == there.lanes[0].marks[0].x
    [utc_day], [kyiv_day] = (
        [t.x for t in one.ticks if t.label == "1 Feb"] for one in (here, there)
    )
    assert utc_day > kyiv_day
    assert "2026-02-02 18:00 Europe/Kyiv (16:00 UTC)" in there.lanes[0].marks[0].says
    assert "denied" in there.lanes[0].marks[0].says
    said = timeline(content, axis, UTC, start, texts("uk")).lanes[0].marks[0].says
    assert said.startswith("порушення: night, сторона RUS, колись від")


def test_days_of_a_clock_that_is_set_forth_have_their_own_midnights() -> None:
    kyiv = zone_named("Europe/Kyiv")
    assert kyiv is not None
    assert (
        kyiv.midnight(dt.date(2026, 3, 30)) - kyiv.midnight(dt.date(2026, 3, 29))
        == 23 * 3600 * 10**6
    )
    assert zone_named("Europe/Nowhere") is None
    assert zone_named("../../etc/passwd") is None


@pytest.mark.parametrize("years", [0, 1, 30, 390])
def test_any_span_has_a_few_ticks(years: int) -> None:
    start = at("1910-01-01T00:00:00Z")
    axis = axis_over(start, start + years * 365 * 86_400 * 10**6)
    assert 1 <= len(axis.ticks(UTC, MONTHS)) <= 14
    assert len(around(None, start).ticks(UTC, MONTHS)) > 3


def test_an_end_in_the_year_9999_hides_nothing_of_today() -> None:
    now = at("2026-02-03T00:00:00Z")
    axis = around((at("2026-01-01T00:00:00Z"), at("9999-12-31T23:59:59Z")), now)
    assert axis.has(now)
    assert axis.end - axis.start < 6 * 365 * 86_400 * 10**6
    # Nor where it begins only after today.
    start = at("2026-02-10T00:00:00Z")
    axis = around((start, at("9999-12-31T23:59:59Z")), now)
    assert axis.has(start)
    assert axis.end - axis.start < 6 * 365 * 86_400 * 10**6


def test_a_thousand_marks_become_bars_that_lead_closer() -> None:
    bins = [Bin("violation", 3, 10), Bin("clear", 159, 1)]
    found = timeline(Content({}, [], None, bins, [], []), AXIS, UTC, AXIS.start)
    assert found.is_binned
    assert [(lane.verdict, lane.incidents) for lane in found.lanes] == [
        ("violation", 10),
        ("clear", 1),
    ]
    assert found.lanes[0].bars[0].height > found.lanes[1].bars[0].height


def test_bars_stack_what_is_certain_what_may_be_and_what_is_unattributed() -> None:
    [party] = daily([Day("AAA", dt.date(2026, 1, 10), 1, 3, 2, 0.5)]).parties
    [bar] = party.bars
    assert bar.base > bar.lower > bar.upper > bar.unattributed
    assert "1 to 3, 2 unattributed; watched 50% of the day" in bar.says
    assert daily([]).parties == []


def test_an_area_has_the_colour_of_the_gravest_verdict_in_it() -> None:
    import shapely

    outlines = Outlines(
        [shapely.box(30, 49, 31, 51), shapely.box(31, 49, 33, 51)], ["UA-30", "UA-32"]
    )
    codes = [CodeCount("UA-30", 3, 0, 1, 2, 0, 3, 1), CodeCount("UA", 1, 1, 0, 0, 0, 1, 0)]
    found = map_of([], codes, outlines)
    assert found is not None
    assert [(one.verdict, one.known is None) for one in found.areas] == [
        ("", True),
        ("contested", False),
    ]
    assert "1 contested, 2 undetermined" in found.areas[1].says
    assert map_of([], codes, None) is None
    spot = Spot("violation", False, 50.4, 30.5, 0, 4, "i")
    alone = map_of([spot])
    assert alone is not None
    assert len(alone.lines) > 2


def test_outlines_of_ones_own_come_before_the_installed_ones(tmp_path: Path) -> None:
    corners = [[36, 49], [37, 49], [37, 50], [36, 50], [36, 49]]
    feature = {
        "type": "Feature",
        "properties": {"code": "UA-63"},
        "geometry": {"type": "Polygon", "coordinates": [corners]},
    }
    file = tmp_path / "own.geojson"
    file.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    found = read_outlines(file)
    assert found is not None
    assert [one.box for one in found.of(("UA-63",))] == [(36, 49, 37, 50)]
    assert len(found.of(("UA-30",))) == 1
