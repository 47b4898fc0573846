"""`truce import ua-sirens`: alerts of three layouts, in the shape of the published tables."""

from __future__ import annotations

from tests.support.importing import imported

OFFICIAL = "oblast,raion,hromada,level,started_at,finished_at,source"
VOLUNTEER = "region,started_at,finished_at,naive"
BY_OBLAST = "region,started_at,finished_at,n_subalerts"


def test_an_alert_is_of_a_sensor_and_names_neither_actor_nor_act() -> None:
    found = imported(
        "ua-sirens", BY_OBLAST, "Odeska oblast,2031-01-01 00:10:20+00,2031-01-01 01:10:20+00,3"
    )
    (data,) = found.data
    assert data["reported_by"]["kind"] == "sensor"
    assert "actor" not in data
    assert "act" not in data
    assert data["occurred"] == {
        "start": "2031-01-01T00:10:20Z",
        "end": "2031-01-01T01:10:20Z",
        "of": "impact",
    }
    assert data["places"] == ["UA-51"]
    assert data["effects"] == {"alerts": 3}


def test_an_end_that_was_made_up_is_not_read() -> None:
    found = imported(
        "ua-sirens",
        VOLUNTEER,
        "Kyiv City,2031-01-01 00:10:20+00:00,2031-01-01 00:40:20+00:00,True",
        "Kyiv City,2031-01-01 02:10:20+00:00,2031-01-01 02:40:20+00:00,False",
    )
    assert "end" not in found.data[0]["occurred"]
    assert found.data[0]["occurred"]["as_stated"] == "the end is not known"
    assert found.data[1]["occurred"]["end"] == "2031-01-01T02:40:20Z"


def test_a_hromada_is_in_its_oblast_and_an_unknown_oblast_is_told() -> None:
    found = imported(
        "ua-sirens",
        OFFICIAL,
        "Sumska oblast,A raion,B hromada,hromada,2031-01-01 00:00:00+00:00,,official",
        "Atlantida oblast,,,oblast,2031-01-01 00:00:00+00:00,2031-01-01 01:00:00+00:00,official",
        "Sumska oblast,,,oblast,2031-01-01 00:00:00,2031-01-01 01:00:00+00:00,official",
    )
    assert [one["places"] for one in found.data] == [["UA-59"], ["UA"]]
    assert "B hromada" in found.data[0]["occurred"]["as_stated"]
    assert "Atlantida" in found.notes[0]
    assert [one.split(": ")[:2] for one in found.refused] == [["rows.csv:4", "started_at"]]


def test_an_edition_takes_back_alerts_of_its_own_layout_only() -> None:
    first = "Odeska oblast,2031-01-01 00:00:00+00,2031-01-01 01:00:00+00,1"
    false = "Odeska oblast,2031-01-01 02:00:00+00,2031-01-01 03:00:00+00,1"
    last = "Odeska oblast,2031-01-01 04:00:00+00,2031-01-01 05:00:00+00,1"
    stood = imported("ua-sirens", BY_OBLAST, first, false, last).data
    newer = imported("ua-sirens", BY_OBLAST, first, last, before=stood)
    other = imported(
        "ua-sirens", VOLUNTEER, first.replace(",1", ",False"), last.replace(",1", ",False"),
        before=stood,
    )  # fmt: skip
    assert newer.data == []
    assert newer.gone == [stood[1]["report_id"]]
    assert other.gone == []
