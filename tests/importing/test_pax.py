"""`truce import pax`: ceasefires among peace agreements, in the shape of the published table."""

from __future__ import annotations

from typing import Any

from tests.support.importing import imported

HEADER = "Con,Contp,PP,PPName,Reg,AgtId,Agt,Dat,Status,Agtp,Stage,Part,Loc1ISO,Loc2ISO,CeProv,GCh"


def row(
    number: int = 1,
    *,
    day: str = "2031-05-06",
    kind: str = "Intra",
    stage: str = "Cea",
    part: str = "On behalf of the Government of Sudan: A; On behalf of the ABC-X: B",
    second: str = "",
    provisions: str = "1",
) -> str:
    return (
        f'Sudan,Government,12.0,A process,Africa,{number},A truce,{day},Signed,{kind},{stage},"{part}",'
        f"SDN,{second},{provisions},0"
    )


def the_claim(**cells: Any) -> dict[str, Any]:
    (data,) = imported("pax", HEADER, row(**cells)).data
    return data


def test_the_day_of_the_signature_is_not_the_start_and_the_end_is_not_known() -> None:
    data = the_claim()
    assert data["window"] == [
        {
            "start": {"earliest": "2031-05-05T22:00:00Z"},
            "as_stated": "signed 2031-05-06; A truce; Signed",
        }
    ]
    assert "prohibits" not in data


def test_signatories_are_bound_and_a_government_is_its_country() -> None:
    assert the_claim()["bound_parties"] == ["ABC-X", "SDN"]
    assert the_claim(part="Village A;\nVillage B")["bound_parties"] == ["Village A", "Village B"]
    assert the_claim()["claimed_by"]["role"] == "observer"
    assert the_claim()["conflict"] == "pax-12"


def test_where_it_holds_is_its_countries_but_not_for_a_local_conflict() -> None:
    assert the_claim()["area"] == ["SD"]
    assert the_claim(second="SSD")["area"] == ["SD", "SS"]
    assert the_claim(second="XXX")["area"] == ["SD", None]
    assert "area" not in the_claim(kind="Intrastate/local conflict")


def test_other_agreements_are_skipped_and_a_day_that_does_not_fit_is_refused() -> None:
    found = imported(
        "pax",
        HEADER,
        row(1, stage="Pre", provisions="0"),
        row(2, stage="Imp", provisions="2"),
        row(3, part=""),
        row(4, day="06/05/2031"),
    )
    assert found.skipped == {"no ceasefire": 1, "no signatory is named": 1}
    assert [one["claim_id"] for one in found.data] == ["pax-2"]
    assert [one.split(": ")[:2] for one in found.refused] == [["rows.csv:5", "Dat"]]
    assert found.rows == 4
    assert any("gch" in one.lower() for one in found.notes)
