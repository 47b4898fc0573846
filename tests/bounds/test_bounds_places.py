"""Circles against drawn areas: the quick way answers like the plain one, and small events stay small."""

from __future__ import annotations

import math
import time
from typing import Any

import pytest
import shapely
from hypothesis import assume, given
from hypothesis import strategies as st

from schemas import places
from schemas.borders import WGS84, Circle, Drawn, TooOften, crossings
from schemas.events import ClaimEvent, parse_event
from schemas.places import Point, Polygonal, _within, polygonal, within
from streams.judging.commitment import Commitment
from streams.judging.incident import Reported
from streams.judging.judge import judge
from tests.bounds import hostile
from tests.bounds.plain_places import box_around, km_to, plainly_within, united
from tests.support.given import reported
from tests.support.trying import in_parts, tried

NEAR_ENOUGH = 5e-6
"""Of a radius: so exact is a distance to a border, whose lines are measured in 32nds of it."""


@st.composite
def polygons(draw: st.DrawFn) -> Polygonal:
    """A ring round some point, often at a pole or at the seam, and maybe with a hole."""
    lon = draw(st.sampled_from([-180.0, 180.0, 0.0]) | st.floats(-180, 180))
    lat = draw(st.sampled_from([-90.0, 90.0, 0.0]) | st.floats(-90, 90))
    size, digits = draw(st.sampled_from([0.5, 3, 20, 80])), draw(st.sampled_from([0, 2, 6]))

    def ring(far: float, count: int) -> list[list[float]]:
        turns = sorted(draw(st.lists(st.floats(0, math.tau), min_size=count, max_size=count)))
        found = []
        for turn in turns:
            here = far * draw(st.floats(0.4, 1))
            found.append(
                [
                    min(180, max(-180, round(lon + here * math.cos(turn), digits))),
                    min(90, max(-90, round(lat + here * math.sin(turn), digits))),
                ]
            )
        return [*found, found[0]]

    rings = [ring(size, draw(st.integers(3, 12)))]
    if draw(st.integers(0, 3)) == 0:
        rings.append(ring(size * 0.3, 4))
    try:
        return polygonal({"type": "Polygon", "coordinates": rings})
    except ValueError:
        assume(False)
        raise


@st.composite
def areas_and_circles(draw: st.DrawFn) -> tuple[tuple[Polygonal, ...], Point]:
    """Some polygons, and a circle: often round a point of a border, or as wide as it is far."""
    area = tuple(draw(st.lists(polygons(), min_size=1, max_size=3)))
    shape = draw(st.sampled_from(area)).shape
    west, south, east, north = shape.bounds
    kind = draw(st.integers(0, 3))
    if kind == 0:
        lon, lat = draw(st.sampled_from(shapely.get_coordinates(shape).tolist()))
    elif kind == 1:
        on = shape.boundary.interpolate(draw(st.floats(0, 1)), normalized=True)
        lon, lat = on.x, on.y
    else:
        lon, lat = draw(st.floats(west - 5, east + 5)), draw(st.floats(south - 5, north + 5))
    centre = Point(min(90, max(-90, lat)), min(180, max(-180, lon)))
    radius = draw(st.sampled_from([0.0, 0.001, 1, 50, 300, 3000, 20_000])) * draw(st.floats(0.5, 1))
    circle = centre._replace(radius_km=radius)
    border = united(area)[1].intersection(box_around(circle))
    if radius and draw(st.booleans()) and not border.is_empty:
        to_border = km_to(border, circle)
        circle = centre._replace(
            radius_km=min(
                20_000, to_border * draw(st.sampled_from([0.999, 0.99999, 1.00001, 1.001]))
            )
        )
    return area, circle


@in_parts
@tried()
@given(drawn=areas_and_circles())
def test_the_quick_way_answers_as_the_plain_one(
    part: int, drawn: tuple[tuple[Polygonal, ...], Point]
) -> None:
    area, circle = drawn
    if circle.radius_km:
        assume(circle.radius_km > 1e-6)
        border = united(area)[1].intersection(box_around(circle))
        if not border.is_empty:
            to_border = km_to(border, circle)
            assume(abs(to_border - circle.radius_km) > NEAR_ENOUGH * circle.radius_km)
    assert within(area, circle) is plainly_within(area, circle)


def test_an_invisible_circle_is_a_point_and_stops_nothing() -> None:
    area = (polygonal({"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 0]]]}),)
    for radius in (5e-324, 1e-300, 1e-18, 1e-12):
        assert within(area, Point(0.5, 0.9, radius)) is True
        assert within(area, Point(5, 5, radius)) is False


def seconds(what: Any, *given: Any) -> float:
    begun = time.process_time()
    what(*given)
    return time.process_time() - begun


def test_a_thousand_circles_against_the_largest_border_take_a_second() -> None:
    drawn = Drawn([polygonal(hostile.star(9_000, 1)).shape])
    circles = [Circle(**circle) for circle in hostile.circles(1_000, 2)]
    assert seconds(lambda: [drawn.contains(circle) for circle in circles]) < 10


def test_a_border_that_follows_the_circle_is_measured_and_no_more_than_that() -> None:
    """Nothing can be told from afar: all of the border lies a metre beyond the radius."""
    ring = []
    for azimuth in range(0, 36_000, 8):
        lon, lat, _ = WGS84.fwd(30.5, 50.5, azimuth / 100, 200_001)
        ring.append([round(lon, 6), round(lat, 6)])
    drawn = Drawn([polygonal({"type": "Polygon", "coordinates": [[*ring, ring[0]]]}).shape])
    circles = [Circle(50.5, 30.5, 200 - n / 1_000) for n in range(100)]
    assert drawn.contains(Circle(50.5, 30.5, 199.99)) is True
    assert drawn.contains(Circle(50.5, 30.5, 200.01)) is None
    assert seconds(lambda: [drawn.contains(circle) for circle in circles]) < 10


def test_geometries_that_cross_too_often_are_not_united_and_what_they_hold_is_unknown() -> None:
    few = [polygonal(strip) for strip in hostile.crossing_strips(100)]
    many = [polygonal(strip) for strip in hostile.crossing_strips(1_000)]
    assert 9_000 < crossings([one.shape for one in few]) <= 50 * 50 * 4
    assert within(tuple(few), Point(0.02, 0.02)) is True
    assert seconds(lambda: crossings([one.shape for one in many])) < 10
    with pytest.raises(TooOften):
        Drawn([one.shape for one in many])
    assert within(tuple(many), Point(0.02, 0.02)) is None


def test_neighbours_with_a_common_border_do_not_cross() -> None:
    def column(at: int) -> Any:
        ring = [[at, y / 10] for y in range(800)] + [[at + 1, y / 10] for y in range(799, -1, -1)]
        return polygonal({"type": "Polygon", "coordinates": [[*ring, ring[0]]]})

    area = tuple(column(at) for at in range(6))
    assert crossings([one.shape for one in area]) == 0
    assert within(area, Point(40, 1, 20)) is True


def test_what_is_remembered_of_areas_is_bounded_by_their_size() -> None:
    _within.cache_clear()
    for seed in range(40):
        within((polygonal(hostile.star(4_000, seed)),), Point(50.5, 30.5, 10))
    assert places._drawn._weight <= places.MAX_DRAWN
    assert len(places._drawn._drawn) > 1
    for seed in range(1_000):
        text = "[" + " " * 100_000 + f"{seed}]"
        within((Polygonal(text, polygonal(hostile.star(4, seed)).shape),), "UA")
    assert places._held._bytes <= places.MAX_AREAS_HELD
    assert _within.cache_info().currsize < 1_000


def test_what_impacts_do_not_give_of_their_own_is_asked_once() -> None:
    """A report of 1,000 places and 1,000 impacts that say only how many were hurt: 2,000,000 pairs."""
    where = [{"lat": 50 + n / 1_000, "lon": 30.5, "radius_km": n / 10} for n in range(1_000)]
    report = reported(
        places=where,
        targets=["energy", "health"] * 500,
        impacts=[{"effects": {"killed": n}} for n in range(1_000)],
    )
    terms = {"acts": ["strike"], "targets": ["energy"] * 900}
    event = parse_event(hostile.claim(area=["UA"] * 900, prohibits=terms))
    assert isinstance(event, ClaimEvent)
    incident = Reported("i", {"r": report})
    commitment = Commitment("t", {"c": event.data}, {})
    assert seconds(lambda: judge(commitment, incident)) < 5
