"""`truce import viina`: reports of news and their labels, in the shape of the published tables."""

from __future__ import annotations

from tests.support.importing import Imported, imported

INFO = (
    "viina_version,event_id,event_id_1pd,date,time,geonameid,feature_code,asciiname,ADM1_NAME,"
    "ADM1_CODE,ADM2_NAME,ADM2_CODE,longitude,latitude,GEO_PRECISION,GEO_API,location,address,"
    "report_id,source,url,text,lang"
)
LABELS = (
    "viina_version,event_id,event_id_1pd,date,geonameid,t_mil_b,a_rus_init_b,a_ukr_init_b,"
    "t_airstrike_b,t_uav_b,t_armor_b,t_artillery_b,t_firefight_b,t_ied_b,t_raid_b,t_property_b,"
    "t_hospital_b,t_milcas_b,t_civcas_b"
)


def info(
    event: int,
    same: int = 0,
    *,
    time: str = "00:00",
    precision: str = "ADM3",
    oblast: str = "Kharkiv",
    date: str = "20310203",
) -> str:
    return (
        f"v,{event},{same or event},{date},{time},7,PPL,Here,{oblast},1,R,2,36.2,50.0,{precision},"
        f'OSM,1,"a, b",9,nv,https://nv.example/{event},"one, two",ua'
    )


def labels(event: int, said: str = "") -> str:
    columns = LABELS.split(",")[5:]
    return f"v,{event},{event},20310203,7," + ",".join(
        "1" if one.removesuffix("_b") in said.split() else "0" for one in columns
    )


def events(infos: list[str], told: list[str]) -> Imported:
    return imported("viina", INFO, *infos, others={"labels.csv": [LABELS, *told]})


def test_reports_of_one_event_are_one_incident_before_each_was_published() -> None:
    found = events(
        [info(1, 1, time="08:15"), info(2, 1)],
        [labels(1, "t_mil a_rus_init t_uav t_hospital"), labels(2, "t_mil t_uav t_airstrike")],
    )
    first, second = found.data
    assert first["incident_id"] == second["incident_id"] == "viina-1"
    assert first["occurred"]["start"] == "2031-02-01T22:00:00Z"
    assert first["occurred"]["end"] == "2031-02-03T06:15:00Z"
    assert second["occurred"]["end"] == "2031-02-03T22:00:00Z"
    assert first["reported_by"] == {"name": "NV", "kind": "media"}
    assert first["actor"] == {"party": "RUS", "confidence": "alleged"}
    assert "actor" not in second
    assert (first["act"], second["act"]) == ("drone_strike", "strike")
    assert first["targets"] == ["health"]
    assert first["evidence"] == ["https://nv.example/1"]
    assert found.rows == 4


def test_where_it_was_is_as_wide_as_the_geocoding() -> None:
    found = events(
        [info(1, precision="STREET"), info(2, precision="ADM1"), info(3, oblast="Atlantis")],
        [labels(one, "t_mil t_artillery") for one in (1, 2, 3)],
    )
    assert [one["places"] for one in found.data] == [
        [{"lat": 50, "lon": 36.2, "radius_km": 1, "codes": ["UA-63"]}],
        ["UA-63"],
        [{"lat": 50, "lon": 36.2, "radius_km": 10}],
    ]
    assert "Atlantis" in found.notes[0]


def test_what_is_no_attack_is_skipped_with_its_labels() -> None:
    found = events(
        [info(1), info(2), info(3)],
        [labels(1, "t_uav"), labels(2, "t_mil"), labels(3, "t_mil t_civcas")],
    )
    assert found.skipped == {"not about military operations": 2, "no attack and no damage": 2}
    assert "act" not in found.data[0]


def test_a_row_without_its_other_half_is_refused_and_so_is_the_half_of_a_bad_one() -> None:
    found = events(
        [info(1), info(2, date="2031-02-03"), info(3)],
        [labels(2, "t_mil t_uav"), labels(3, "t_mil t_uav"), labels(4, "t_mil")],
    )
    assert sorted(one.split(": ")[0] for one in found.refused) == [
        "labels.csv:2",
        "labels.csv:4",
        "rows.csv:2",
        "rows.csv:3",
    ]
    assert len(found.data) == 1
