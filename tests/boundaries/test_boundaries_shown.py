"""What maps and forms are given: outlines as GeoJSON, and places for what is typed."""

from __future__ import annotations

import pytest
import shapely
from shapely.geometry import shape

from analytics.boundaries.boundaries import Boundaries
from analytics.boundaries.outlines import outlines
from tests.boundaries.conftest import areas

# Two provinces with a border of many steps, an islet, and a country.
STEPS = ", ".join(f"1.{step:02d} {0.1 * step}" for step in range(1, 10))
BACK = ", ".join(f"1.{step:02d} {0.1 * step}" for step in range(9, 0, -1))
DRAWN = areas(
    ("AA-1", f"POLYGON ((0 0, 1 0, {STEPS}, 1 1, 0 1, 0 0))"),
    ("AA-2", f"POLYGON ((1 0, 2 0, 2 1, 1 1, {BACK}, 1 0))"),
    ("AA-2", (5, 5, 5.01, 5.01)),
    ("", (6, 0, 7, 1)),
)


def test_outlines_are_simpler_and_neighbours_stay_neighbours() -> None:
    found = outlines([DRAWN], ["AA-2", "AA-1", "AA-2", "BB", "AA-9"], 0.1)
    assert [one["properties"]["code"] for one in found["features"]] == ["AA-2", "AA-1"]
    second, first = (shape(one["geometry"]) for one in found["features"])
    assert (first.geom_type, second.geom_type) == ("Polygon", "Polygon")
    assert len(first.exterior.coords) < 10
    assert first.intersection(second).area == pytest.approx(0, abs=1e-6)
    assert first.union(second).area == pytest.approx(2, abs=0.05)


def test_a_country_is_its_parts_together() -> None:
    [country] = outlines([DRAWN], ["AA"], 0)["features"]
    assert shapely.area(shape(country["geometry"])) == pytest.approx(2.0001)
    assert outlines([DRAWN], [], 0)["features"] == []


def test_of_several_sources_the_first_that_has_a_code_draws_it() -> None:
    own = areas(("AA-1", (0, 0, 0.5, 0.5)))
    [found] = outlines([own, DRAWN], ["AA-1"], 0)["features"]
    assert shapely.area(shape(found["geometry"])) == pytest.approx(0.25)


def test_installed_outlines_have_crimea_with_ukraine(installed: Boundaries) -> None:
    ukraine, russia, kharkiv = installed.outlines(["UA", "RU", "UA-63"], 0.05)["features"]
    simferopol, sumy = shapely.Point(34.1, 44.95), shapely.Point(34.8, 50.9)
    assert shape(ukraine["geometry"]).contains(shapely.multipoints([simferopol, sumy]))
    assert not shape(russia["geometry"]).intersects(simferopol)
    assert ukraine["properties"] == {"code": "UA", "name": "Ukraine"}
    assert kharkiv["properties"] == {"code": "UA-63", "name": "Kharkivska oblast"}
    assert len(str(kharkiv)) < 3_000


@pytest.mark.parametrize(
    ("typed", "codes"),
    [
        ("харк", ["UA-63"]),
        ("Kharkiv", ["UA-63"]),
        ("kyi", ["UA-30", "UA-32"]),
        ("حلب", ["SY-HL"]),
        ("sudan", ["SD", "SS"]),
        ("syria", ["SY"]),
        ("Крым", ["UA-43"]),
        ("  ", []),
        ("xyzzy", []),
    ],
)
def test_what_is_typed_suggests_places_in_any_script(
    typed: str, codes: list[str], installed: Boundaries
) -> None:
    assert [one.code for one in installed.search(typed, 5)][: len(codes) or 1] == codes
