"""Compliance day by day, and how much of each day was watched, by numbers that were made by hand."""

from __future__ import annotations

from typing import Any

import pytest

from tests.statistics.folded import Folded, columns_of
from tests.statistics.test_compliance import during, january
from tests.support.given import claim, coverage, report

WINDOW = [{"start": january(9), "end": january(14)}]
COUNTS = "day(day), lower, upper, unattributed"
OF_AAA = "claim_id = 'c' AND party = 'AAA'"
SQUARE: dict[str, Any] = {
    "type": "Polygon",
    "coordinates": [[[30.0, 50.0], [31.0, 50.0], [31.0, 51.0], [30.0, 51.0], [30.0, 50.0]]],
}


def daily(folded: Folded, columns: str, where: str = OF_AAA) -> list[tuple[Any, ...]]:
    sql = f"SELECT {columns} FROM compliance_daily WHERE {where} ORDER BY day"  # noqa: S608
    return folded.ask(sql)


def watched(folded: Folded, where: str = OF_AAA) -> dict[int, float | None]:
    """The share of each day that was watched."""
    return dict(daily(folded, "day(day), watched", where))


def test_an_incident_is_on_each_day_that_it_may_have_been_on(folded: Folded) -> None:
    folded.fold(
        claim(window=WINDOW),
        report(incident_id="i", **during(january(9, 12))),
        report(incident_id="j", **during(january(9, 20), january(10, 4))),
        report(incident_id="k", **during(january(11, 5)), actor=None),
        report(incident_id="l", **during(january(11, 6)), targets=["infrastructure"]),
        report(incident_id="m", **during(january(8), january(13))),
        report(incident_id="n", **during(january(12, 5)), targets=["residential"]),
        coverage(end=january(13)),
    )
    # m may have been before the truce: it is undetermined, and no day has it for certain.
    assert daily(folded, COUNTS) == [(9, 1, 3, 0), (10, 0, 2, 0), (11, 0, 2, 1), (12, 0, 1, 0)]


def test_mutual_blame_and_nobodys_incidents_are_those_of_both(folded: Folded) -> None:
    both = report("s", actor={"party": "BBB", "confidence": "likely"})
    nobodys = report(incident_id="j", actor=None)
    folded.fold(claim(window=WINDOW), report(), both, nobodys)
    for of in (OF_AAA, "claim_id IS NULL AND party = 'BBB'"):
        assert daily(folded, COUNTS, of) == [(9, 0, 0, 0), (10, 0, 1, 1)]


def test_days_are_those_of_the_hull(folded: Folded) -> None:
    start = {"earliest": january(9), "latest": january(10)}
    folded.fold(claim(window=[{"start": start, "end": january(12)}]), coverage(end=january(20)))
    assert [day for (day,) in daily(folded, "day(day)")] == [9, 10, 11]


def test_a_share_of_a_day_is_watched(folded: Folded) -> None:
    looked = [
        coverage("w", start=january(10, 6), end=january(10, 12)),
        coverage("x", start=january(10, 9), end=january(10, 18), quality="partial"),
        coverage("y", start=january(11), end=january(12), quality="denied"),
        coverage("z", start=january(12, 18), end=january(14)),
    ]
    folded.fold(claim(window=WINDOW), *looked)
    assert watched(folded) == {9: 0, 10: 0.5, 11: 0, 12: 0.25, 13: 1}
    # Nobody has watched what is still to come.
    folded.fold(claim(window=WINDOW), *looked, recorded_at=january(13, 6))
    assert watched(folded) == {9: 0, 10: 0.5, 11: 0, 12: 0.25, 13: 0.25}


# fmt: off
AREAS = [
    # The area of the claim, and those that were watched in the four quarters of the day.
    ("the same code", ["UA-30"], [["UA-30"], None, None, None], 0.25),
    ("its country", ["UA-30"], [["UA"], ["UA-30"], None, None], 0.5),
    ("a part is not the whole", ["UA"], [["UA-30"], None, None, None], 0),
    ("all of them, together", ["UA-30", "UA-32"], [["UA-30", "UA-32"], ["UA-32"], ["UA"], ["UA-30"]], 0.5),
    ("another one", ["UA-30"], [["UA-32"], ["RU"], None, None], 0),
    ("not said by the claim", None, [["UA"], ["UA"], ["UA"], ["UA"]], None),
    ("others not named by the claim", ["UA", None], [["UA"], None, None, None], None),
    ("a geometry of the claim", ["UA", SQUARE], [["UA"], None, None, None], None),
    ("not said by who watched", ["UA"], [["UA"], [], None, None], None),
    ("others not named by who watched", ["UA"], [["UA"], ["UA-30", None], None, None], None),
    ("a geometry by who watched", ["UA"], [["UA"], [SQUARE], None, None], None),
    ("not said, where all is watched anyhow", ["UA"], [["UA"], ["UA", None], ["UA"], ["UA"]], 1),
]
# fmt: on


@pytest.mark.parametrize(
    ("area", "looked", "share"), [case[1:] for case in AREAS], ids=[case[0] for case in AREAS]
)
def test_all_of_the_area_is_watched(
    folded: Folded, area: list[Any] | None, looked: list[Any], share: float | None
) -> None:
    quarters = [
        coverage(f"w{n}", area=area or None, start=january(10, n * 6), end=_end_of_quarter(n))
        for n, area in enumerate(looked)
        if area is not None
    ]
    end = coverage("e", area=["PL"], start=january(13), end=january(14))
    folded.fold(claim(window=WINDOW, area=area), *quarters, end)
    assert watched(folded)[10] == share


def _end_of_quarter(number: int) -> str:
    return january(10, number * 6 + 6) if number < 3 else january(11)


def test_who_watched_is_not_known_where_nobody_says_so(folded: Folded) -> None:
    folded.fold(claim(window=WINDOW), report())
    assert watched(folded) == {9: None, 10: None}


def test_days_are_local_and_have_their_own_length(folded: Folded) -> None:
    # In Kyiv, the 29th of March 2026 has 23 hours.
    week = {"start": "2026-03-27T22:00:00Z", "end": "2026-03-30T21:00:00Z", "zone": "Europe/Kyiv"}
    eleven_hours = coverage(start="2026-03-28T22:00:00Z", end="2026-03-29T09:00:00Z")
    folded.fold(claim(window=[week]), eleven_hours)
    assert watched(folded) == {28: 0, 29: pytest.approx(11 / 23)}


def test_the_commitment_is_watched_where_the_areas_of_all_its_claims_are(folded: Folded) -> None:
    both = [claim(window=WINDOW, area=["UA-30"]), claim("d", window=WINDOW, area=["UA-32"])]
    folded.fold(
        *both,
        coverage(area=["UA-30"], start=january(10), end=january(10, 12)),
        coverage("x", area=["UA-32"], start=january(10, 6), end=january(10, 18)),
    )
    assert watched(folded)[10] == 0.5
    assert watched(folded, "claim_id IS NULL AND party = 'AAA'")[10] == 0.25


def test_the_columns_are_those_of_the_contract(folded: Folded) -> None:
    found = [name for name, *_ in folded.ask("DESCRIBE compliance_daily")]
    assert found == columns_of(
        "conflict commitment_id claim_id party day lower upper unattributed watched"
    )


def test_what_is_said_of_thousands_of_years_is_answered(folded: Folded) -> None:
    ages = {"start": "0001-01-01T00:00:00Z"}
    folded.fold(
        claim(window=[{**ages, "end": None}]),
        report(occurred={"start": "0001-06-01T00:00:00Z"}),
        report("r2", "j", occurred={"start": "2026-01-10T12:00:00Z"}),
        coverage(start="0001-01-01T00:00:00Z", end="9999-01-01T00:00:00Z"),
        recorded_at="2026-01-20T00:00:00Z",
    )
    asked = "SELECT count(*), max(day)::VARCHAR FROM compliance_daily GROUP BY claim_id, party"
    assert set(folded.ask(asked)) == {(36_600, "2026-01-19")}
