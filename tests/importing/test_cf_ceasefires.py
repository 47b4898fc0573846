"""`truce import cf-ceasefires`: a claim for each actor, in the shape of the published table."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.importing import imported

HEADER = (
    "cc,location,cf_id,ucdp_actor_id,actor_name,ucdp_acd_id,cf_dec_yr,cf_dec_month,cf_dec_day,"
    "cf_effect_yr,cf_effect_month,cf_effect_day,end_yr,end_month,end_day,partial"
)
NOT_KNOWN = (-1, -1, -1)
Day = tuple[int | str, int | str, int | str]


def row(
    number: int = 1,
    *,
    declared: Day = NOT_KNOWN,
    effect: Day = NOT_KNOWN,
    end: Day = NOT_KNOWN,
    partial: int = 0,
    actor: str = "112,Government of Sudan",
    country: str = "625,Sudan",
) -> str:
    days = ",".join(str(part) for day in (declared, effect, end) for part in day)
    return f"{country},{number},{actor},309,{days},{partial}"


def the_claim(**cells: Any) -> dict[str, Any]:
    (data,) = imported("cf-ceasefires", HEADER, row(**cells)).data
    return data


@pytest.mark.parametrize(
    ("effect", "earliest", "latest"),
    [
        ((2031, 5, 6), "2031-05-05T22:00:00Z", "2031-05-06T22:00:00Z"),
        ((2031, 5, -1), "2031-04-30T22:00:00Z", "2031-05-31T22:00:00Z"),
        ((2031, -1, -1), "2030-12-31T22:00:00Z", "2031-12-31T22:00:00Z"),
    ],
)
def test_an_unknown_day_or_month_is_an_uncertain_bound(
    effect: Day, earliest: str, latest: str
) -> None:
    window = the_claim(effect=effect, end=effect)["window"][0]
    assert window["start"] == window["end"] == {"earliest": earliest, "latest": latest}


def test_it_begins_after_it_was_declared_and_an_unknown_end_is_not_open() -> None:
    declared = the_claim(declared=(2031, 5, 6))["window"][0]
    within_the_year = the_claim(declared=(2031, 5, 6), effect=(2031, -1, -1))["window"][0]
    assert declared["start"] == {"earliest": "2031-05-05T22:00:00Z"}
    assert "end" not in declared
    assert within_the_year["start"]["earliest"] == "2031-05-05T22:00:00Z"
    assert "start" not in the_claim()["window"][0]


def test_each_actor_is_bound_by_a_claim_of_its_own() -> None:
    found = imported("cf-ceasefires", HEADER, row(), row(actor="-1,ABC/X"))
    assert [one["bound_parties"] for one in found.data] == [["SDN"], ["ABC/X"]]
    assert {one["commitment_id"] for one in found.data} == {"cf-625-1"}
    assert {one["claim_id"] for one in found.data} == {"cf-625-1-112", "cf-625-1-abc-x"}
    assert {one["conflict"] for one in found.data} == {"ucdp-309"}


def test_what_a_partial_ceasefire_prohibits_and_where_is_unsaid() -> None:
    whole, partial = the_claim(), the_claim(partial=1)
    assert whole["prohibits"] == {"acts": ["hostile_act"], "targets": ["any"]}
    assert whole["area"] == ["SD"]
    assert "prohibits" not in partial
    assert "area" not in partial


def test_what_does_not_fit_is_refused_and_what_took_no_effect_is_skipped() -> None:
    found = imported(
        "cf-ceasefires",
        HEADER,
        row(1, end=(2031, 2, 30)),
        row(2, effect=(2031, 5, 1), end=(2031, 4, 1)),
        row(3, effect=(0, 0, 0)),
        row(4, country="100,Sudan"),
        row(5, effect=("soon", 1, 1)),
    )
    assert [one.split(": ")[:2] for one in found.refused] == [
        ["rows.csv:2", "end_yr"],
        ["rows.csv:3", "end_yr"],
        ["rows.csv:6", "cf_effect_yr"],
    ]
    assert found.skipped == {"did not take effect": 1}
    assert "Sudan" in found.notes[0]
    assert found.rows == 5
