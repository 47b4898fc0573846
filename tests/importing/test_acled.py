"""ACLED: exports of both layouts, the list of deleted events, and aggregates that are refused."""

from __future__ import annotations

from typing import Any

import pytest

from analytics.importing.problems import ImportFailed
from tests.support.importing import imported

NEW = (
    "event_id_cnty,event_date,time_precision,disorder_type,event_type,sub_event_type,actor1,actor2,"
    "iso,country,admin1,latitude,longitude,geo_precision,notes,fatalities,timestamp"
)
OLD = NEW.replace("disorder_type", "event_id_no_cnty")
ROW = {
    "event_id_cnty": "YEM1", "event_date": "2024-06-30", "time_precision": "1",
    "disorder_type": "x", "event_id_no_cnty": "1", "event_type": "Explosions/Remote violence",
    "sub_event_type": "Air/drone strike", "actor1": "Military Forces of Yemen (2012-)",
    "actor2": "B", "iso": "887", "country": "Yemen", "admin1": "Taizz", "latitude": "13.5",
    "longitude": "44", "geo_precision": "1", "notes": "", "fatalities": "0",
    "timestamp": "1720000000",
}  # fmt: skip
HOUTHIS = "Military Forces of Yemen (2016-) Supreme Political Council"


def row(header: str = NEW, **cells: str) -> str:
    return ",".join((ROW | cells)[name] for name in header.split(","))


def data(**cells: str) -> dict[str, Any]:
    found = imported("acled", NEW, row(**cells))
    assert found.refused == []
    return found.data[0]


@pytest.mark.parametrize(
    ("cells", "occurred"),
    [
        ({}, ("2024-06-29T21:00:00Z", "2024-06-30T21:00:00Z")),
        ({"event_date": "30 June 2024"}, ("2024-06-29T21:00:00Z", "2024-06-30T21:00:00Z")),
        ({"time_precision": "2"}, ("2024-06-23T21:00:00Z", "2024-07-06T21:00:00Z")),
        ({"time_precision": "3"}, ("2024-05-31T21:00:00Z", "2024-06-30T21:00:00Z")),
    ],
)
def test_a_day_is_local_and_its_precision_makes_it_longer(
    cells: dict[str, str], occurred: tuple[str, str]
) -> None:
    found = data(**cells)["occurred"]
    assert (found["start"], found["end"]) == occurred


@pytest.mark.parametrize(
    ("cells", "act", "party"),
    [
        ({}, "strike", "YEM"),
        ({"actor1": HOUTHIS}, "strike", "Houthis"),
        ({"actor1": "Clan Militia (Yemen)"}, "strike", "Clan Militia (Yemen)"),
        ({"actor1": "Unidentified Armed Group (Yemen)"}, "strike", None),
        ({"event_type": "Battles", "sub_event_type": "Armed clash"}, "hostile_act", None),
        ({"sub_event_type": "Abduction/forced disappearance"}, "abduction", "YEM"),
        (
            {"event_type": "Strategic developments", "sub_event_type": "Disrupted weapons use"},
            "hostile_act",
            None,
        ),
    ],
)
def test_actors_are_known_by_their_exact_names_and_a_clash_has_none(
    cells: dict[str, str], act: str, party: str | None
) -> None:
    found = data(**cells)
    assert (found["act"], found.get("actor", {}).get("party")) == (act, party)


@pytest.mark.parametrize(
    ("cells", "effects"),
    [
        ({}, None),
        ({"fatalities": "2"}, {"killed": 2}),
        ({"fatalities": "3", "notes": "Unknown fatalities coded as 3."}, {"killed": {"min": 1}}),
        ({"fatalities": "10", "notes": "several died (coded as 10)"}, {"killed": {"min": 1}}),
    ],
)
def test_fatalities_by_a_convention_are_never_exact(
    cells: dict[str, str], effects: dict[str, Any] | None
) -> None:
    assert data(**cells).get("effects") == effects


def test_a_province_by_its_name_and_points_by_precision() -> None:
    assert data(geo_precision="3")["places"] == ["YE"]
    assert data(geo_precision="2")["places"][0]["radius_km"] == 25


def test_rows_that_are_no_violence_are_skipped_and_counted() -> None:
    found = imported(
        "acled",
        OLD,
        row(OLD, event_type="Protests", sub_event_type="Peaceful protest"),
        row(OLD, event_type="Strategic developments", sub_event_type="Agreement"),
        row(OLD, event_date="06/30/2024"),
        row(OLD, event_id_cnty="YEM2", sub_event_type="Teleportation"),
        row(OLD, event_id_cnty="YEM3"),
    )

    assert found.skipped == {"a protest or a riot": 1, "a strategic development": 1}
    assert found.refused == [
        "rows.csv:4: event_date: '06/30/2024' is not a day (YYYY-MM-DD, or 30 June 2024)",
        "rows.csv:5: sub_event_type: 'Teleportation' is not a kind of event that is known",
    ]
    assert [(one["id"].split(":")[0], one["time"]) for one in found.events] == [
        ("acled-YEM3", "2024-07-03T09:46:40Z")
    ]


def test_what_was_deleted_and_never_imported_is_skipped() -> None:
    found = imported("acled", "event_id_cnty,deleted_timestamp", "YEM1,1720000000", "YEM2,soon")

    assert found.skipped == {"deleted by ACLED, and never imported": 1}
    assert found.refused == [
        "rows.csv:3: deleted_timestamp: 'soon' is not a time in seconds since 1970"
    ]


def test_an_aggregate_is_refused_by_its_header() -> None:
    with pytest.raises(ImportFailed, match="this is the weekly aggregate: it counts events"):
        imported("acled", "WEEK;REGION;COUNTRY;EVENTS", "2024-06-29;Middle East;Yemen;4")
