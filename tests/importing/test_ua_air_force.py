"""`truce import ua-air-force`: raids from rows of models, in the shape of the published table."""

from __future__ import annotations

from typing import Any

from tests.support.importing import Imported, imported

OLD = (
    "time_start,time_end,model,launch_place,target,carrier,launched,destroyed,not_reach_goal,"
    "cross_border_belarus,back_russia,still_attacking,destroyed_details,launched_details,"
    "launch_place_details,source"
)
NEW = (
    "time_start,time_end,model,launch_place,target,target_main,launched,destroyed,not_reach_goal,"
    "still_attacking,border_crossing,is_shahed,num_hit_location,num_fall_fragment_location,carrier,"
    "turbojet,turbojet_destroyed,affected region,destroyed_details,launched_details,"
    "launch_place_details,source"
)


def row(
    start: str,
    end: str,
    model: str,
    target: str,
    launched: str = "2.0",
    destroyed: str = "1.0",
    *,
    by: str = "kpszsu/posts/p1",
    lost: str = "",
    hit: str = "",
    regions: str = "",
) -> str:
    """A row of the newer layout."""
    cells = [start, end, model, "", target, "", launched, destroyed, lost, "", "{}", "", hit, "",
             "", "", "", f'"{regions}"', "", "", "", by]  # fmt: skip
    return ",".join(cells)


def old_row(start: str, end: str, target: str, launched: str) -> str:
    """A row of the layout of 16 columns."""
    return f"{start},{end},Kalibr,,{target},,{launched},0,,,,,{{'a': NaN}},,,kpszsu/posts/p1"


def raids(*rows: str, header: str = NEW, **more: Any) -> Imported:
    return imported("ua-air-force", header, *rows, **more)


def the_raid(*rows: str, header: str = NEW) -> dict[str, Any]:
    (data,) = raids(*rows, header=header).data
    return data


def test_times_are_those_of_kyiv_in_winter_and_in_summer() -> None:
    winter = the_raid(row("2031-01-10 18:00", "2031-01-11 8:30", "Kalibr", "Ukraine"))
    summer = the_raid(row("2031-07-10 18:00", "2031-07-10 18:00", "Kalibr", "Ukraine"))
    assert winter["occurred"] == {
        "start": "2031-01-10T16:00:00Z",
        "end": "2031-01-11T06:30:00Z",
        "certainty": "sometime",
        "as_stated": "2031-01-10 18:00 to 2031-01-11 8:30",
    }
    assert summer["occurred"]["start"] == "2031-07-10T15:00:00Z"
    assert "end" not in summer["occurred"]


def test_a_day_alone_is_the_local_day_and_ends_at_the_next_midnight() -> None:
    whole = the_raid(row("2031-01-10", "2031-01-10", "Kalibr", "Ukraine"))
    morning = the_raid(
        old_row("2031-01-10", "2031-01-10 08:00", "Odesa oblast", "68.0"), header=OLD
    )
    assert (whole["occurred"]["start"], whole["occurred"]["end"]) == (
        "2031-01-09T22:00:00Z",
        "2031-01-10T22:00:00Z",
    )
    assert whole["report_id"] == "air-force-2031-01-10"
    assert morning["occurred"]["end"] == "2031-01-10T06:00:00Z"
    assert morning["weapons"] == [{"type": "Kalibr", "launched": 68, "intercepted": 0}]
    assert morning["places"] == ["UA-51"]


def test_a_range_stays_a_range_and_what_did_not_arrive_is_no_interception() -> None:
    rows = (
        row(
            "2031-01-10", "2031-01-10", "Lancet", "Ukraine", "88 to 90", "7", lost="3.0", hit="2.0"
        ),
        row("2031-01-10", "2031-01-10", "Lancet", "Sumy oblast", "2", "", lost="1"),
    )
    data = the_raid(*rows)
    assert data["weapons"] == [{"type": "Lancet", "launched": {"min": 90, "max": 92}}]
    assert data["effects"] == {"not_reached": 4, "locations_hit": 2}


def test_models_of_one_night_are_one_raid_and_reconnaissance_another() -> None:
    found = raids(
        row("2031-01-10 18:00", "2031-01-11 08:00", "Iskander-M", "Kyiv and Sumy"),
        row("2031-01-10 18:00", "2031-01-11 08:00", "X-101/X-555 and Kalibr", "Ukraine"),
        row("2031-01-10 18:00", "2031-01-11 08:00", "Orlan-10 and ZALA", "south"),
    )
    missiles, scouts = found.data
    assert missiles["act"] == "missile_strike"
    assert missiles["places"] == ["UA", "UA-30", "UA-59"]
    assert [one["type"] for one in missiles["weapons"]] == ["Iskander-M", "X-101/X-555 and Kalibr"]
    assert scouts["act"] == "reconnaissance"
    assert found.rows == 3


def test_what_may_strike_or_look_leaves_the_act_open() -> None:
    alone = the_raid(row("2031-01-10", "2031-01-10", "Unknown UAV", "south"))
    beside = the_raid(
        row("2031-01-10", "2031-01-10", "Unknown UAV", "south"),
        row("2031-01-10", "2031-01-10", "KN-23", "Odesa"),
    )
    assert "act" not in alone
    assert beside["act"] == "strike"


def test_where_something_was_hit_is_added_and_other_names_are_told() -> None:
    found = raids(
        row("2031-01-10", "2031-01-10", "KAB", "Ukraine", regions="['Kyiv oblast', 'Atlantis']"),
        row("2031-01-10", "2031-01-10", "KAB", '"Poltava oblast, Myrhorod Raion"'),
    )
    assert found.data[0]["places"] == ["UA", "UA-32", "UA-53", None]
    assert len(found.notes) == 1
    assert "Atlantis" in found.notes[0]


NIGHT = row("2031-01-10 18:00", "2031-01-11 08:00", "Kalibr", "Ukraine")


def test_a_regional_row_inside_one_raid_is_a_report_of_it_and_not_added_up() -> None:
    found = raids(
        NIGHT,
        row("2031-01-11 02:00", "2031-01-11 03:00", "Kalibr", "south", by="PvKPivden/posts/a"),
    )
    assert {one["incident_id"] for one in found.data} == {
        "air-force-2031-01-10-18:00-to-2031-01-11-08:00"
    }
    assert len({one["report_id"] for one in found.data}) == 2
    assert found.data[1]["reported_by"]["name"] == "Air Command South"


def test_a_regional_row_that_only_overlaps_or_is_elsewhere_is_marked() -> None:
    day = row("2031-01-11", "2031-01-11", "Kalibr", "south", by="PvKPivden/posts/a")
    overlapping = raids(NIGHT, day).data[1]
    elsewhere = raids(
        row("2031-01-10 18:00", "2031-01-11 08:00", "Kalibr", "Sumy oblast"),
        row("2031-01-11 02:00", "2031-01-11 03:00", "Kalibr", "west", by="PvkZahid/posts/a"),
    ).data[1]
    later = raids(
        NIGHT, row("2031-01-11 08:00", "2031-01-11 09:00", "Kalibr", "west", by="PvkZahid/posts/a")
    ).data[1]
    assert overlapping["incident_id"] == overlapping["report_id"] == "air-command-south-2031-01-11"
    assert overlapping["occurred"]["as_stated"] == "2031-01-11; may repeat the Air Force"
    assert elsewhere["occurred"]["as_stated"].endswith("may repeat the Air Force")
    assert "repeat" not in later["occurred"]["as_stated"]


def test_what_does_not_fit_refuses_its_row_and_the_rest_goes_on() -> None:
    found = raids(
        NIGHT,
        row("2031-02-30", "2031-03-01", "Kalibr", "Ukraine"),
        row("2031-01-10", "2031-01-09", "Kalibr", "Ukraine"),
        row("2031-01-10", "2031-01-10", "Kalibr", "Ukraine", launched="many", by="nobody/posts/1"),
        row("2031-01-12", "2031-01-12", "Zeppelin", "Ukraine", "1", "2", by="nobody/posts/1"),
    )
    assert [one.split(": ")[:2] for one in found.refused] == [
        ["rows.csv:3", "time_start"],
        ["rows.csv:4", "time_end"],
        ["rows.csv:5", "launched"],
    ]
    assert len(found.data) == 2
    assert found.data[1]["reported_by"] == {"name": "nobody", "kind": "other"}
    assert {one.split(": ")[1] for one in found.notes} == {"source", "model", "destroyed"}


def test_a_corrected_time_keeps_the_id_and_what_is_left_out_is_gone() -> None:
    first = raids(NIGHT, row("2031-01-12", "2031-01-12", "Kalibr", "Ukraine", by="kpszsu/posts/p2"))
    again = raids(
        row("2031-01-10 17:00", "2031-01-11 08:00", "Kalibr", "Ukraine"),
        row("2031-01-13", "2031-01-13", "Kalibr", "Ukraine", by="kpszsu/posts/p3"),
        before=first.data,
    )
    corrected, added = again.data
    assert corrected["report_id"] == first.data[0]["report_id"]
    assert corrected["occurred"]["start"] == "2031-01-10T15:00:00Z"
    assert added["report_id"] == "air-force-2031-01-13"
    assert again.gone == ["air-force-2031-01-12"]
    assert raids(NIGHT, before=first.data[:1]).data == []
