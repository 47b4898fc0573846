"""The installed boundaries: places that are known, and what their codes mean by ISO today."""

from __future__ import annotations

from collections import Counter
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from pyproj import Geod

from analytics.boundaries.areas import Areas
from analytics.boundaries.boundaries import Boundaries
from analytics.boundaries.layer import Layer
from analytics.boundaries.names import containers
from analytics.boundaries.natural_earth import FILE, Coder, columns_of, natural_earth
from schemas.places import place_codes, subdivision_parents

# fmt: off
PLACES = {
    "Kyiv": (50.45, 30.52, 0, "UA-30"),
    "Kyiv, somewhere": (50.45, 30.52, 5, "UA-30"),
    "Kyiv and around": (50.45, 30.52, 25, "UA"),
    "Kharkiv": (49.99, 36.23, 10, "UA-63"),
    "Kharkiv, to beyond the border": (49.99, 36.23, 40, ""),
    "Belgorod": (50.60, 36.58, 5, "RU-BEL"),
    "Odesa, by the sea": (46.48, 30.73, 5, "UA-51"),
    "off Odesa": (46.35, 31.00, 1, "UA"),
    "amid the Black Sea": (43.50, 32.00, 0, ""),
    "between two oblasts": (49.00, 31.50, 150, "UA"),
    "Simferopol": (44.95, 34.10, 5, "UA-43"),
    "Sevastopol": (44.60, 33.53, 1, "UA-40"),
    "Kerch": (45.35, 36.47, 1, "UA-43"),
    "Donetsk": (48.00, 37.80, 5, "UA-14"),
    "Moscow": (55.75, 37.62, 5, "RU-MOW"),  # the file has it and its region swapped
    "Dmitrov": (56.35, 37.52, 5, "RU-MOS"),
    "Tehran": (35.70, 51.40, 5, "IR-23"),  # IR-07 until 2020, which is Fars now
    "Shiraz": (29.60, 52.53, 5, "IR-07"),
    "Mashhad": (36.30, 59.60, 5, "IR-09"),
    "Tabriz": (38.08, 46.29, 5, "IR-03"),
    "Gaza": (31.52, 34.45, 0, ""),  # the strip is hardly wider than its borders are exact
    "Nablus": (32.22, 35.26, 1, "PS"),
    "Tel Aviv": (32.08, 34.78, 1, "IL-TA"),
    "East Jerusalem": (31.79, 35.24, 0, ""),
    "the Golan": (33.00, 35.80, 0, ""),
    "Prishtina": (42.66, 21.16, 1, ""),
    "Dakhla": (23.70, -15.93, 1, ""),
    "Siachen": (35.40, 77.20, 0, ""),
    "Northern Nicosia": (35.30, 33.30, 1, "CY"),
    "Hargeisa": (9.56, 44.06, 1, "SO"),
    "Aleppo": (36.20, 37.15, 5, "SY-HL"),
    "Hodeidah": (14.80, 42.95, 1, "YE-HU"),
    "Soqotra": (12.55, 54.00, 5, "YE-SU"),
    "Mukalla": (14.54, 49.13, 1, "YE-HD"),
    "Tripoli in Lebanon": (34.43, 35.85, 0, "LB"),  # Akkar, which split off, has no polygon
    "Gardez": (33.60, 69.22, 5, "AF-PIA"),  # the file has Paktia and Paktika swapped
    "Sharana": (33.17, 68.73, 5, "AF-PKA"),
    "Nili": (33.72, 66.13, 5, "AF-DAY"),
    "Nyala": (12.05, 24.88, 5, "SD-DS"),
    "Ed Daein": (11.46, 26.13, 5, "SD-DE"),
    "Zalingei": (12.90, 23.48, 5, "SD-DC"),
    "Kirkuk": (35.47, 44.39, 5, "IQ-KI"),
    "Goma, at the border": (-1.68, 29.22, 1, ""),
    "Qyzylorda": (44.85, 65.50, 5, "KZ-43"),
    "Paris": (48.86, 2.35, 1, "FR-IDF"),
    "Hong Kong": (22.35, 114.15, 2, "HK"),
    "the date line": (66.50, 179.90, 20, "RU-CHU"),
    "the pole": (90.00, 0.00, 10, ""),
}
# fmt: on


def test_places_have_the_codes_that_they_are_known_by(installed: Boundaries) -> None:
    lats, lons, radii, codes = zip(*PLACES.values(), strict=True)
    found = installed.codes(lats, lons, radii)
    expected = [(code,) if code else () for code in codes]
    assert dict(zip(PLACES, found, strict=True)) == dict(zip(PLACES, expected, strict=True))


@pytest.fixture(scope="module")
def world() -> Areas:
    found = natural_earth()
    assert found is not None
    return found


@pytest.mark.parametrize(
    "name", ["Kharkiv, to beyond the border", "off Odesa", "amid the Black Sea", "Kerch", "Gaza"]
)
def test_the_borders_around_a_place_are_enough_for_it(world: Areas, name: str) -> None:
    lat, lon, radius, code = PLACES[name]
    alone = Boundaries(Layer(world), None)
    assert alone.codes([lat], [lon], [radius]) == [(code,) if code else ()]


def test_borders_that_are_drawn_later_change_no_answer(world: Areas) -> None:
    one_by_one = Boundaries(Layer(world), None)
    found = {
        name: one_by_one.codes([lat], [lon], [radius])
        for name, (lat, lon, radius, _) in PLACES.items()
    }
    assert found == {name: [(code,) if code else ()] for name, (_, _, _, code) in PLACES.items()}


@pytest.mark.parametrize("radius_km", [0, 3, 18, 90, 300])
def test_a_code_holds_at_every_point_of_the_circle(
    installed: Boundaries, world: Areas, radius_km: float
) -> None:
    """Whatever is sampled in it, and as far beyond as borders may be misdrawn, is in that code."""
    random = np.random.default_rng(int(radius_km))
    # Around vertices of borders: that is where it may go wrong.
    edges = shapely.get_coordinates(world.polygons[random.integers(0, len(world.polygons), 250)])
    near = edges[random.integers(0, len(edges), 900)]
    lats = np.clip(near[:, 1] + random.normal(0, 0.2 + radius_km / 111, 900), -85, 85)
    lons = (near[:, 0] + random.normal(0, 0.2 + radius_km / 111, 900) + 180) % 360 - 180
    found = installed.codes(lats, lons, np.full(900, radius_km))
    assert 20 < sum(map(bool, found)) < 900

    each = 60
    circle = np.repeat(np.arange(900), each)
    share = np.sqrt(random.uniform(0, 1, 900 * each))
    share[::2] = 1
    bearing = random.uniform(0, 360, 900 * each)
    # Along an edge that is straight in degrees the border is drawn as far off as it is.
    metres = share * (radius_km + world.error_km) * 999
    x, y, _ = Geod(ellps="WGS84").fwd(lons[circle], lats[circle], bearing, metres)
    at, areas = shapely.STRtree(world.polygons).query(shapely.points(x, y), "intersects")
    wrong = {
        (circle[point], found[circle[point]], world.codes[area])
        for point, area in zip(at, areas, strict=True)
        if found[circle[point]] and found[circle[point]][0] not in containers(world.codes[area])
    }
    assert wrong == set()
    # What of a circle is on no land is in the territorial sea.
    dry = set(at.tolist())
    wet = {int(circle[point]) for point in range(900 * each) if point not in dry}
    assert all(not found[one] or radius_km <= 23 for one in wet)


@pytest.fixture(scope="module")
def rows() -> list[dict[str, Any]]:
    [folder] = find_spec("giso").submodule_search_locations  # type: ignore[union-attr, misc]
    wanted = ("adm1_code", "iso_3166_2", "name", "name_en", "gn_name", "name_local", "name_alt")
    columns = columns_of(Path(folder, *FILE), wanted)
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def test_every_code_is_one_of_the_iso_lists(world: Areas, rows: list[dict[str, Any]]) -> None:
    assert {code for code in world.codes if code} <= place_codes()
    assert len(rows) == 4_596
    assert sum(row["iso_3166_2"].endswith("~") for row in rows) == 188
    assert sum(row["iso_3166_2"] not in subdivision_parents() for row in rows) == 617
    # Of land there is none that is left out: what has no code has a polygon.
    assert Counter(world.codes)[""] == 40


def test_where_iso_has_other_codes_now_the_name_decides(rows: list[dict[str, Any]]) -> None:
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    codes = dict(zip(columns["adm1_code"], Coder().codes(columns), strict=True))
    iran = [row for row in rows if row["iso_3166_2"].startswith("IR-")]
    assert len({codes[row["adm1_code"]] for row in iran}) == len(iran) == 31
    kept = [row["name"] for row in iran if codes[row["adm1_code"]] == row["iso_3166_2"]]
    assert kept == ["Golestan", "South Khorasan"]


def test_what_is_said_of_the_file_is_about_the_file(rows: list[dict[str, Any]]) -> None:
    rules = Coder().rules
    polygons = {row["adm1_code"] for row in rows}
    given = {row["iso_3166_2"] for row in rows}
    listed, meant = place_codes(), {*rules["polygons"].values(), *rules["codes"].values()}
    assert set(rules["polygons"]) <= polygons
    assert set(rules["codes"]) <= given
    assert meant - {""} <= listed
    assert set(rules["within"]) | set(rules["countries_too"]) <= set(subdivision_parents())
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    drawn = {one for code in Coder()._codes_of(columns) if code for one in containers(code)}
    for missing, inside in rules["within"].items():
        assert set(inside) <= drawn, missing
        assert all(one[:2] == missing[:2] for one in inside)
        assert missing not in drawn
    assert {part["of"] for part in rules["parts"]} <= given


@pytest.mark.parametrize(
    ("country", "name", "code"),
    [
        ("UA", "Kyiv", "UA-30"),
        ("UA", "Kiev", "UA-30"),
        ("UA", "Київ", "UA-30"),
        ("UA", "Kyiv City", "UA-30"),
        ("UA", "Kyiv Oblast", "UA-32"),
        ("UA", "Київська область", "UA-32"),
        ("UA", "Харківська область", "UA-63"),
        ("UA", "kharkivs\u2019ka oblast\u2019", "UA-63"),
        ("UA", "Crimea", "UA-43"),
        ("RU", "Crimea", None),
        ("RU", "Moscow", "RU-MOW"),
        ("RU", "Moscow Oblast", "RU-MOS"),
        ("RU", "Белгородская область", "RU-BEL"),
        ("IR", "Tehran", "IR-23"),
        ("IR", "East Azerbaijan", "IR-03"),
        ("YE", "Hodeidah", "YE-HU"),
        ("YE", "Al Ḩudaydah", "YE-HU"),
        ("SY", "Rif Dimashq", "SY-RD"),
        ("SY", "حلب", "SY-HL"),
        ("SY", "Atlantis", None),
        ("XX", "Aleppo", None),
        ("SY", "", None),
    ],
)
def test_a_province_is_found_by_its_name_in_any_script(
    installed: Boundaries, country: str, name: str, code: str | None
) -> None:
    assert installed.named(country, name) == code
