"""UCDP's two datasets: when, where, who and how many, as its rows have it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.importing import imported

HEADER = (
    "id,code_status,type_of_violence,conflict_name,dyad_name,side_a,side_b,where_prec,adm_1,"
    "latitude,longitude,country,country_id,event_clarity,date_prec,date_start,date_end,"
    "deaths_civilians,deaths_unknown,best,high,low,gwnoa,relid,geom_wkt,priogrid_gid"
)
ROW = {
    "id": "1", "code_status": "Clear", "type_of_violence": "1", "conflict_name": "Aland - Bland",
    "dyad_name": "A - B", "side_a": "Government of Ukraine", "side_b": "B", "where_prec": "1",
    "adm_1": "Sumy oblast", "latitude": "51", "longitude": "34", "country": "Ukraine",
    "country_id": "369", "event_clarity": "1", "date_prec": "1",
    "date_start": "2026-01-05 00:00:00.000", "date_end": "2026-01-05 00:00:00.000",
    "deaths_civilians": "0", "deaths_unknown": "0", "best": "2", "high": "2", "low": "2",
    "gwnoa": "369.0", "relid": "R", "geom_wkt": "POINT (34 51)", "priogrid_gid": "1",
}  # fmt: skip


def row(**cells: str) -> str:
    given = ROW | cells
    return ",".join(given[name] for name in HEADER.split(","))


def data(**cells: str) -> dict[str, Any]:
    found = imported("ucdp-candidate", HEADER, row(**cells))
    assert found.refused == []
    return found.data[0]


@pytest.mark.parametrize(
    ("cells", "occurred"),
    [
        ({}, ("2026-01-04T22:00:00Z", "2026-01-05T22:00:00Z")),
        ({"date_end": "2026-01-11"}, ("2026-01-04T22:00:00Z", "2026-01-11T22:00:00Z")),
        # The day on which the clocks go forward has 23 hours.
        (
            {"date_start": "2026-03-29T00:00:00", "date_end": "2026-03-29T00:00:00"},
            ("2026-03-28T22:00:00Z", "2026-03-29T21:00:00Z"),
        ),
        # From Kamchatka's midnight to Kaliningrad's.
        ({"country_id": "365"}, ("2026-01-04T12:00:00Z", "2026-01-05T22:00:00Z")),
        ({"country_id": "700"}, ("2026-01-04T19:30:00Z", "2026-01-05T19:30:00Z")),
    ],
)
def test_days_are_those_of_the_countrys_clocks_to_the_next_midnight(
    cells: dict[str, str], occurred: tuple[str, str]
) -> None:
    found = data(**cells)["occurred"]
    assert (found["start"], found["end"]) == occurred


@pytest.mark.parametrize(
    ("cells", "places"),
    [
        ({}, [{"lat": 51, "lon": 34, "radius_km": 5, "codes": ["UA"]}]),
        ({"where_prec": "2"}, [{"lat": 51, "lon": 34, "radius_km": 25, "codes": ["UA"]}]),
        ({"where_prec": "4"}, ["UA"]),
        ({"where_prec": "5", "adm_1": ""}, ["UA"]),
        ({"where_prec": "6"}, ["UA"]),
        ({"where_prec": "7"}, None),
        ({"where_prec": "6", "country_id": "666", "adm_1": "Gaza Strip"}, ["PS"]),
        ({"where_prec": "6", "country_id": "345"}, ["RS"]),
    ],
)
def test_precision_becomes_a_radius_a_province_a_country_or_nothing(
    cells: dict[str, str], places: list[Any] | None
) -> None:
    assert data(**cells).get("places") == places


class OnlySumy:
    """Boundaries that know one province, and that all points are in it."""

    def codes(self, lats: Any, lons: Any, radii_km: Any) -> list[tuple[str, ...]]:
        return [("UA-59",) for _ in lats]

    def named(self, country: str, name: str) -> str | None:
        return "UA-59" if (country, name) == ("UA", "Sumy oblast") else None


def test_boundaries_give_codes_to_points_and_to_provinces_by_name() -> None:
    found = imported(
        "ucdp-candidate",
        HEADER,
        row(id="1"),
        row(id="2", where_prec="3"),
        row(id="3", where_prec="4", adm_1="Elsewhere"),
        gazetteer=OnlySumy(),
    )
    assert [one["places"] for one in found.data] == [
        [{"lat": 51, "lon": 34, "radius_km": 5, "codes": ["UA-59"]}],
        ["UA-59"],
        ["UA"],
    ]


ONE_SIDED = {"type_of_violence": "3", "side_b": "Civilians"}


@pytest.mark.parametrize(
    ("cells", "actor"),
    [
        ({}, None),
        ({"type_of_violence": "2"}, None),
        (ONE_SIDED, {"party": "UKR", "confidence": "likely"}),
        (ONE_SIDED | {"event_clarity": "2"}, {"party": "UKR", "confidence": "alleged"}),
        (ONE_SIDED | {"side_a": "IS", "gwnoa": "NaN"}, {"party": "IS", "confidence": "likely"}),
        (ONE_SIDED | {"side_a": "XXX369"}, None),
    ],
)
def test_only_violence_against_civilians_has_a_direction(
    cells: dict[str, str], actor: dict[str, str] | None
) -> None:
    assert data(**cells).get("actor") == actor


@pytest.mark.parametrize(
    ("cells", "effects"),
    [
        ({}, {"killed": 2}),
        ({"best": "68.0", "low": "68.0", "high": "68.0"}, {"killed": 68}),
        ({"high": "5"}, {"killed": {"min": 2, "max": 5}}),
        ({"low": "-1", "best": "NaN", "high": "4"}, {"killed": {"max": 4}}),
        (
            {"deaths_civilians": "1", "deaths_unknown": "1"},
            {"killed": 2, "killed_civilians": {"min": 1, "max": 2}},
        ),
    ],
)
def test_the_dead_are_exact_only_where_low_best_and_high_are_the_same(
    cells: dict[str, str], effects: dict[str, Any]
) -> None:
    assert data(**cells)["effects"] == effects


def test_low_above_high_is_told_and_the_widest_range_taken() -> None:
    found = imported("ucdp-candidate", HEADER, row(low="9", best="9", high="4"))

    assert found.notes == [
        "rows.csv:2: low: low 9, best 9 and high 4 are not in order; taken: killed 4 to 9"
    ]
    assert found.data[0]["effects"] == {"killed": {"min": 4, "max": 9}}


@pytest.mark.parametrize(
    ("cells", "why"),
    [
        ({"date_start": "05/01/2026"}, "date_start: '05/01/2026' is not a day (YYYY-MM-DD)"),
        ({"date_end": "2026-01-04"}, "date_end: before the start, 2026-01-05"),
        (
            {"country_id": "9999"},
            "country_id: '9999' is not the number of a country by Gleditsch and Ward",
        ),
        ({"where_prec": "8"}, "where_prec: '8' is not a number from 1 to 7"),
        ({"latitude": ""}, "latitude: blank; expected a number of degrees"),
        ({"best": "some"}, "best: 'some' is not a number"),
    ],
)
def test_a_value_that_does_not_fit_refuses_its_row(cells: dict[str, str], why: str) -> None:
    found = imported("ucdp-candidate", HEADER, row(**cells), row(id="2"))

    assert found.refused == [f"rows.csv:2: {why}"]
    assert [one["report_id"] for one in found.data] == ["ucdp-2"]


def test_candidate_and_final_give_an_event_one_id_and_cover_months_and_years() -> None:
    candidate = imported("ucdp-candidate", HEADER, row())
    final = imported("ucdp-ged", HEADER, row())

    assert candidate.events == final.events
    assert candidate.data[0]["conflict"] == "aland-bland"
    assert candidate.scopes == [
        "2026-01 to 2026-01: 2025-12-31T22:00:00Z to 2026-01-31T22:00:00Z in UA"
    ]
    assert final.scopes == ["2026 to 2026: 2025-12-31T22:00:00Z to 2026-12-31T22:00:00Z in UA"]
