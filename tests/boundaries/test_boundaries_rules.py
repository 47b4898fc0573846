"""Which code holds for all of a circle, on squares where the answer is plain: a degree is 111 km."""

from __future__ import annotations

import numpy as np
import pytest

from analytics.boundaries.boundaries import Boundaries
from analytics.boundaries.layer import TERRITORIAL_SEA_KM, Layer
from tests.boundaries.conftest import areas, code_of

# Two provinces of one country, beside another country, in a sea; all on the equator.
WORLD = areas(("AA-1", (0, 0, 1, 1)), ("AA-2", (1, 0, 2, 1)), ("BB-1", (2, 0, 3, 1)))


@pytest.mark.parametrize(
    ("lat", "lon", "radius_km", "codes"),
    [
        (0.5, 0.5, 0, ("AA-1",)),
        (0.5, 0.5, 20, ("AA-1",)),
        (0.5, 0.95, 3, ("AA-1",)),  # 5.5 km from the province
        (0.5, 0.95, 5, ("AA",)),  # and the borders' own error is 1 km
        (0.5, 1.05, 5, ("AA",)),
        (0.5, 1.95, 5, ()),
        (0.5, 1.5, 54, ("AA-2",)),
        (0.5, 1.5, 56, ()),
        (0.5, 1.0, 40, ("AA",)),
        (0.5, 1.0, 0, ("AA",)),
        (0.5, 2.0, 0, ()),
        (0.1, 0.5, 20, ("AA-1",)),  # 11 km from the sea: what is within twelve miles is the coast's
        (0.1, 0.5, 23, ()),
        (0.02, 1.0, 5, ("AA",)),
        (0.02, 2.0, 5, ()),
        (-0.005, 0.5, 0, ("AA-1",)),  # in the sea by less than the borders' error
        (-0.05, 0.5, 0, ("AA",)),  # what is at sea is in no province
        (-0.15, 0.5, 5, ("AA",)),
        (-0.15, 0.5, 6, ()),  # some of it is more than twelve miles away
        (-0.25, 0.5, 0, ()),
        (-0.05, 2.04, 0, ()),  # nearer to one coast, by less than the error
        (-0.05, 2.2, 0, ("BB",)),
        (10, 10, 100, ()),
        (90, 0, 10, ()),
        (0.5, 0.5, 20_000, ()),
    ],
)
def test_a_code_holds_for_all_of_a_circle(
    lat: float, lon: float, radius_km: float, codes: tuple[str, ...]
) -> None:
    assert code_of(WORLD, lat, lon, radius_km) == codes


def test_of_two_coasts_the_nearer_one_must_be_nearer_for_all_of_the_circle() -> None:
    # A strait of 22 km.
    strait = areas(("AA-1", (0, 0, 1, 1)), ("BB-1", (0, 1.2, 1, 2)))
    assert code_of(strait, 0.99, 0.5, 5) == ("AA-1",)
    assert code_of(strait, 0.99, 0.5, 12) == ()
    assert code_of(strait, 1.05, 0.5, 0) == ("AA",)
    assert code_of(strait, 1.1, 0.5, 0) == ()


def test_an_area_in_a_hole_of_another_is_not_in_it() -> None:
    holed = "POLYGON ((0 0, 3 0, 3 3, 0 3, 0 0), (1 1, 2 1, 2 2, 1 2, 1 1))"
    world = areas(("AA-1", holed), ("AA-2", (1, 1, 2, 2)))
    assert code_of(world, 1.5, 1.5, 5) == ("AA-2",)
    assert code_of(world, 1.5, 1.5, 70) == ("AA",)
    assert code_of(world, 0.5, 0.5, 5) == ("AA-1",)


def test_land_without_a_code_gives_none_to_what_reaches_it() -> None:
    world = areas(("AA-1", (0, 0, 1, 1)), ("", (1, 0, 2, 1)))
    assert code_of(world, 0.5, 0.95, 3) == ("AA-1",)
    assert code_of(world, 0.5, 0.95, 6) == ()
    assert code_of(world, 0.5, 1.5) == ()


def test_a_country_and_its_provinces_may_be_drawn_on_one_another() -> None:
    world = areas(("AA", (0, 0, 3, 1)), ("AA-1", (0, 0, 1, 1)), ("BB", (3, 0, 4, 1)))
    assert code_of(world, 0.5, 0.5, 5) == ("AA-1",)
    # Beyond the province is its country, not the sea.
    assert code_of(world, 0.5, 0.97, 5) == ("AA",)
    assert code_of(world, 0.5, 2.0, 5) == ("AA",)
    assert code_of(world, 0.5, 2.97, 5) == ()
    assert code_of(world, 0.02, 0.5, 5) == ("AA",)


def test_subdivisions_within_one_another_have_that_in_common() -> None:
    # Paris and the department beside it are both in the region of Île-de-France.
    world = areas(("FR-75C", (0, 0, 1, 1)), ("FR-92", (1, 0, 2, 1)), ("FR-62", (2, 0, 3, 1)))
    assert code_of(world, 0.5, 1.0, 5) == ("FR-IDF",)
    assert code_of(world, 0.5, 2.0, 5) == ("FR",)


def test_the_seam_at_180_degrees_is_no_border() -> None:
    world = areas(("AA-1", (179, 0, 180, 1)), ("AA-1", (-180, 0, -179, 1)))
    assert code_of(world, 0.5, 180, 10) == ("AA-1",)
    assert code_of(world, 0.5, -179.99, 10) == ("AA-1",)
    assert code_of(world, -0.1, -179.99, 5) == ("AA",)


def test_many_circles_at_once_are_what_each_is_by_itself() -> None:
    random = np.random.default_rng(3)
    lats, lons = random.uniform(-0.4, 1.4, 400), random.uniform(-0.4, 3.4, 400)
    radii = random.choice([0.0, 1.0, 5.0, 30.0, 400.0], 400)
    boundaries = Boundaries(Layer(WORLD), None)
    together = boundaries.codes(lats, lons, radii)
    singly = [boundaries.codes([la], [lo], [km])[0] for la, lo, km in zip(lats, lons, radii)]  # noqa: B905
    assert together == singly
    assert len(set(together)) == 6


@pytest.mark.parametrize("wrong", [(91, 0, 0), (0, 181, 0), (0, 0, -1), (float("nan"), 0, 0)])
def test_what_is_no_position_is_refused(wrong: tuple[float, float, float]) -> None:
    with pytest.raises(ValueError, match="position 0 is not on the globe"):
        code_of(WORLD, *wrong)


def test_no_positions_have_no_codes() -> None:
    assert Boundaries(Layer(WORLD), None).codes([], [], []) == []
    assert 22 < TERRITORIAL_SEA_KM < 23
