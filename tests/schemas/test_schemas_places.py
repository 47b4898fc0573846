"""Within an area or not: codes, circles measured on the globe, borders, holes and seams."""

import math
import time
from typing import Any

import pytest
from pyproj import Geod

from schemas.places import MAX_VERTICES, Area, Place, Point, Polygonal, polygonal, within

KYIV = Point(50.45, 30.52)
GLOBE = Geod(ellps="WGS84")

Ring = list[list[float]]


def box(west: float, south: float, east: float, north: float) -> Ring:
    return [[west, south], [east, south], [east, north], [west, north], [west, south]]


def area(*rings: Ring) -> Polygonal:
    return polygonal({"type": "Polygon", "coordinates": list(rings)})


def moved(origin: Point, km: float, azimuth: float) -> tuple[float, float]:
    """Longitude and latitude of the place that lies `km` from `origin`."""
    lon, lat, _ = GLOBE.fwd(origin.lon, origin.lat, azimuth, km * 1000)
    return lon, lat


CODES = [
    (("UA",), "UA", True, "itself"),
    (("UA",), "UA-30", True, "a subdivision is in its country"),
    (("UA-30",), "UA-30", True, "itself"),
    (("UA-30",), "UA", None, "a country against its own part"),
    (("UA-30",), "UA-32", False, "siblings"),
    (("UA",), "RU", False, "another country"),
    (("UA",), "RU-BEL", False, "a part of another country"),
    (("UA-30",), "RU", False, "another country against a part"),
    (("UA", "RU"), "RU-BEL", True, "one of several"),
    (("GB-ENG",), "GB-LND", True, "a child in the parent that ISO gives it"),
    (("GB-LND",), "GB-ENG", None, "a parent against its child"),
    (("GB-SCT",), "GB-LND", False, "a child of another parent"),
    (("FR-GES",), "FR-67", True, "a grandchild"),
    (("FR-67",), "FR-GES", None, "a grandparent"),
    (("GB",), "GB-LND", True, "a grandchild in its country"),
    ((), "UA", None, "the area was not said"),
    ((), None, None, "nothing was said"),
    (("UA",), None, None, "a place not named"),
    (("UA", None), "RU", None, "and others not named"),
    (("UA", None), "UA-30", True, "named ones are within"),
    ((None,), "RU", None, "only others not named"),
    (("UA",), KYIV, None, "no boundaries are shipped"),
]


@pytest.mark.parametrize(("scope", "place", "expected", "why"), CODES)
def test_codes(scope: Area, place: Place | None, expected: bool | None, why: str) -> None:
    assert within(scope, place) is expected, why


SQUARE = area(box(30, 50, 31, 51))
HOLED = area(box(30, 50, 31, 51), box(30.4, 50.4, 30.6, 50.6))

SHAPES = [
    ((SQUARE,), Point(50.5, 30.5), True, "a point inside"),
    ((SQUARE,), Point(50.5, 29.5), False, "a point outside"),
    ((SQUARE,), Point(50.5, 30), True, "a point on the border"),
    ((SQUARE,), Point(50, 30), True, "a point on a corner"),
    ((SQUARE,), Point(50.5, 30, 0.001), None, "a circle on the border"),
    ((SQUARE,), Point(50.5, 30.5, 30), True, "a circle inside"),
    ((SQUARE,), Point(50.5, 30.5, 40), None, "a circle that crosses"),
    ((SQUARE,), Point(50.5, 30.5, 500), None, "a circle that contains the area"),
    ((SQUARE,), Point(50.5, 29, 60), False, "a circle outside"),
    ((HOLED,), Point(50.5, 30.5), False, "a point in a hole"),
    ((HOLED,), Point(50.5, 30.5, 5), False, "a circle in a hole"),
    ((HOLED,), Point(50.5, 30.5, 10), None, "a circle across the border of a hole"),
    ((HOLED,), Point(50.5, 30.2, 30), None, "a circle that contains part of a hole"),
    ((HOLED,), Point(50.5, 30.2, 10), True, "a circle beside a hole"),
    ((SQUARE,), "UA-30", None, "a code against a geometry"),
    ((SQUARE, "UA"), "UA-30", True, "a code against a code, beside a geometry"),
    ((SQUARE, "UA"), Point(10, 10), None, "outside of the geometry, unknown for the code"),
    ((SQUARE, "UA"), Point(50.5, 30.5), True, "inside of the geometry"),
    ((SQUARE, None), Point(10, 10), None, "outside, but others are not named"),
    ((SQUARE,), None, None, "a place not named"),
    (
        (SQUARE, area(box(31, 50, 32, 51))),
        Point(50.5, 31, 20),
        True,
        "a circle across two geometries of one area",
    ),
]


@pytest.mark.parametrize(("scope", "place", "expected", "why"), SHAPES)
def test_shapes(scope: Area, place: Place | None, expected: bool | None, why: str) -> None:
    assert within(scope, place) is expected, why


@pytest.mark.parametrize("centre", [KYIV, Point(0, 0), Point(-51.7, -57.9), Point(78.2, 15.6)])
@pytest.mark.parametrize("km", [1, 10, 100])
def test_ten_km_are_ten_km(centre: Point, km: float) -> None:
    """A circle of nearly 10 km fits into a polygon drawn 10 km round; one of 10.02 does not."""
    ring = [list(moved(centre, km, 360 * n / 720)) for n in range(720)]
    disc = (area([*ring, ring[0]]),)
    assert within(disc, centre._replace(radius_km=km * 0.999)) is True
    assert within(disc, centre._replace(radius_km=km * 1.002)) is None
    lon, lat = moved(centre, 2 * km, 70)
    assert within(disc, Point(lat, lon, km * 0.998)) is False
    assert within(disc, Point(lat, lon, km * 1.002)) is None


def test_what_is_straight_in_geojson_is_straight_in_degrees() -> None:
    """The edge along 60 degrees north is 111 km nearer to the pole than a great circle's chord."""
    north = (area(box(-60, 60, 60, 80)),)
    assert within(north, Point(59, 0, 111)) is False
    assert within(north, Point(59, 0, 112)) is None
    assert within(north, Point(61, 0, 111)) is True


FIJI = polygonal(
    {
        "type": "MultiPolygon",
        "coordinates": [[box(177, -20, 180, -15)], [box(-180, -20, -178, -15)]],
    }
)


@pytest.mark.parametrize(
    ("lon", "radius", "expected"),
    [
        (180, 0, True),
        (-180, 0, True),
        (179.99, 50, True),
        (-179.99, 50, True),
        (-178, 5, None),
        (-177, 5, False),
    ],
)
def test_the_antimeridian_is_no_border(lon: float, radius: float, expected: bool | None) -> None:
    assert within((FIJI,), Point(-17, lon, radius)) is expected


def test_a_pole_is_no_border() -> None:
    cap = (area(box(-180, 60, 180, 90)),)
    answers = [within(cap, Point(lat, 0, 500)) for lat in (90, 89, 70, 64, 60, 50)]
    assert answers == [True, True, True, None, None, False]


def test_equal_geometries_are_one() -> None:
    assert area(box(30, 50, 31, 51)) == SQUARE
    assert len({SQUARE, area(box(30, 50, 31, 51)), HOLED}) == 2


TRIANGLE = [[0, 0], [1, 0], [0, 1], [0, 0]]
REFUSED: list[tuple[Any, str]] = [
    ({"type": "Point", "coordinates": [0, 0]}, "bare GeoJSON Polygon"),
    ({"type": "Feature", "geometry": {}}, "bare GeoJSON Polygon"),
    ([], "bare GeoJSON Polygon"),
    ({"type": ["Polygon"], "coordinates": []}, "bare GeoJSON Polygon"),
    ({"type": "Polygon"}, "list of rings"),
    ({"type": "Polygon", "coordinates": []}, "list of rings"),
    ({"type": "MultiPolygon", "coordinates": []}, "coordinates"),
    ({"type": "MultiPolygon", "coordinates": [TRIANGLE]}, "4 positions"),
    ({"type": "Polygon", "coordinates": [TRIANGLE[:3]]}, "4 positions"),
    ({"type": "Polygon", "coordinates": [[*TRIANGLE[:3], [2, 2]]]}, "end at the position"),
    ({"type": "Polygon", "coordinates": [[[0, 0], [181, 0], [0, 1], [0, 0]]]}, "-180..180"),
    ({"type": "Polygon", "coordinates": [[[0, 0], [1, 91], [0, 1], [0, 0]]]}, "-90..90"),
    ({"type": "Polygon", "coordinates": [[[0, 0], [True, 0], [0, 1], [0, 0]]]}, "position"),
    ({"type": "Polygon", "coordinates": [[[0, 0], ["1", 0], [0, 1], [0, 0]]]}, "position"),
    ({"type": "Polygon", "coordinates": [[[0, 0], [math.nan, 0], [0, 1], [0, 0]]]}, "position"),
    ({"type": "Polygon", "coordinates": [[[0, 0], [math.inf, 0], [0, 1], [0, 0]]]}, "position"),
    ({"type": "Polygon", "coordinates": [[[0], [1, 0], [0, 1], [0]]]}, "position"),
    ({"type": "Polygon", "coordinates": [TRIANGLE], "crs": {}}, "unknown field 'crs'"),
    ({"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [0, 1], [1, 0], [0, 0]]]}, "not valid"),
    ({"type": "Polygon", "coordinates": [[[0, 0]] * (MAX_VERTICES + 1)]}, "10,000"),
]


@pytest.mark.parametrize(("geometry", "why"), REFUSED)
def test_what_is_not_an_area_is_refused(geometry: Any, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        polygonal(geometry)


def test_the_largest_geometry_is_judged_in_time() -> None:
    count = MAX_VERTICES - 1
    ring = [
        [170 * radius * math.cos(angle), 80 * radius * math.sin(angle)]
        for angle, radius in ((2 * math.pi * n / count, 1 - n % 2 / 2) for n in range(count))
    ]
    star = (area([*ring, ring[0]]),)
    began = time.perf_counter()
    assert within(star, Point(10, 10, 10)) is True
    assert within(star, Point(10, 10, 19_000)) is None
    assert time.perf_counter() - began < 5
