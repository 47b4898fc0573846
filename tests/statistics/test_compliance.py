"""Counts of violations and days, by numbers that were made by hand."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from tests.statistics.folded import Folded, columns_of
from tests.support.given import claim, report

COUNTS = "violations_lower, violations_upper, unattributed"
FREE = "violation_free_days_lower, violation_free_days_upper"
DAYS = f"days, {FREE}, unobserved_days"
BY_PARTY = f"SELECT party, {COUNTS} FROM compliance WHERE claim_id IS NULL ORDER BY party"  # noqa: S608
CLEAR: dict[str, Any] = {"targets": ["residential"]}
SAID_BY_BBB: dict[str, Any] = {
    "reported_by": {"name": "Ministry B", "kind": "government", "party": "BBB"}
}
SAID_BY_AAA: dict[str, Any] = {
    "reported_by": {"name": "Ministry A", "kind": "government", "party": "AAA"}
}
BBB_DID_IT: dict[str, Any] = {"actor": {"party": "BBB", "confidence": "confirmed"}}


def during(start: str, end: str | None = None, **said: Any) -> dict[str, Any]:
    """That an incident happened then."""
    occurred = {"start": start} if end is None else {"start": start, "end": end}
    return {"occurred": occurred, **said}


def january(day: int, hour: int = 0) -> str:
    return f"2026-01-{day:02}T{hour:02}:00:00Z"


def quiet_until(end: str, **said: Any) -> str:
    """Something that is clear, reported to have ended then: so up to there somebody looked."""
    return report(incident_id="quiet", **during(end), **CLEAR, **said)


def test_a_truce_without_end_counts_days_up_to_the_last_report_and_says_so(folded: Folded) -> None:
    window = [{"start": "2014-09-05T15:00:00Z", "end": None}]
    seen = report(**during("2014-09-06T09:00:00Z"), **CLEAR)
    folded.fold(claim(window=window), seen)
    assert folded.of("compliance", f"{DAYS}, days_upper") == (2, 2, 2, None, 2)


def test_days_are_local_days_of_the_claims_zone(folded: Folded) -> None:
    week = {"start": "2026-01-04T21:00:00Z", "end": "2026-01-11T21:00:00Z", "zone": "Europe/Moscow"}
    third = during("2026-01-06T21:00:00Z", "2026-01-07T21:00:00Z")
    folded.fold(claim(window=[week]), report(**third), quiet_until("2026-01-12T00:00:00Z"))
    assert folded.of("compliance", DAYS) == (7, 6, 6, 0)


@pytest.mark.parametrize(
    ("targets", "free"),
    [(["substation"], (364, 364)), (["infrastructure"], (364, 365))],
    ids=["violation", "undetermined"],
)
def test_sometime_in_a_year_is_one_day_of_it(
    folded: Folded, targets: list[str], free: tuple[int, int]
) -> None:
    year = {"start": "2026-01-01T00:00:00Z", "end": "2027-01-01T00:00:00Z"}
    sometime = report(**during(*year.values()), targets=targets)
    folded.fold(claim(window=[year]), sometime)
    assert folded.of("compliance", f"days, {FREE}") == (365, *free)


def test_mutual_blame_counts_in_both_uppers_and_in_no_lower(folded: Folded) -> None:
    folded.fold(claim(), report("a", **SAID_BY_AAA, **BBB_DID_IT), report("b", **SAID_BY_BBB))
    assert folded.ask(BY_PARTY) == [("AAA", 0, 1, 0), ("BBB", 0, 1, 0)]


def test_who_denies_names_no_actor_and_looked_at_nothing(folded: Folded) -> None:
    denied = {"stance": "denies", "reported_by": {"name": "Outlet"}}
    folded.fold(
        claim(),
        report("a", **SAID_BY_AAA, **BBB_DID_IT),
        report("b", **SAID_BY_BBB),
        report("c", stance="denies", **SAID_BY_AAA),
        report("d", stance="denies", **SAID_BY_BBB),
        report("e", "j", actor=None),
        report("f", "j", **during(january(20)), **denied),
    )
    assert folded.ask(BY_PARTY) == [("AAA", 0, 1, 1), ("BBB", 0, 1, 1)]
    # Of two incidents on the tenth, the last day that somebody reported on.
    assert folded.of("compliance", DAYS) == (10, 9, 10, 21)


def test_what_nobody_is_known_to_have_done_stands_beside_the_bounds(folded: Folded) -> None:
    nobodys = [report(incident_id=f"i{n}", actor=None) for n in range(95)]
    folded.fold(claim(), *nobodys)
    assert folded.ask(BY_PARTY) == [("AAA", 0, 0, 95), ("BBB", 0, 0, 95)]
    # Any of them may have been AAA's: so their day is not certainly free.
    assert folded.of("compliance", FREE) == (9, 10)


def test_an_alleged_actor_is_not_known(folded: Folded) -> None:
    folded.fold(claim(), report(actor={"party": "AAA", "confidence": "alleged"}))
    assert folded.of("compliance", COUNTS) == (0, 0, 1)


def test_what_another_is_known_to_have_done_is_nothing_of_this_party(folded: Folded) -> None:
    folded.fold(claim(), report(**BBB_DID_IT))
    assert folded.of("compliance", f"{COUNTS}, {FREE}") == (0, 0, 0, 10, 10)


# fmt: off
TOUCHED = [
    # Undetermined incidents and violations from day to day of January; of 20 days, free ones.
    ("one that is a violation", [], [(3, 4)], (19, 19)),
    ("a night is on one of two days, or on both", [], [(3, 5)], (18, 19)),
    ("one of three days is one of them", [], [(3, 6)], (19, 19)),
    ("a day has room for many", [], [(3, 4), (3, 4), (3, 5)], (18, 19)),
    ("two of three days can be the same", [], [(3, 6), (3, 6)], (18, 19)),
    ("there are no more than three", [], [(3, 6)] * 5, (17, 19)),
    ("what is short leaves less for what is long", [], [(3, 4), (4, 5), (3, 6), (3, 6)], (17, 18)),
    ("of what overlaps one day may be enough", [], [(2, 8), (6, 12), (7, 16)], (17, 19)),
    ("of what does not, each needs its own", [], [(1, 4), (4, 7), (7, 10)], (17, 17)),
    ("it is the end of the first that counts", [], [(1, 10), (2, 4), (3, 8), (8, 14)], (15, 18)),
    ("what is undetermined may be nothing", [(3, 4), (5, 7), (8, 11)], [], (16, 20)),
    ("or may be beside what is certain", [(3, 5)], [(4, 5)], (18, 19)),
    ("each finds a day of its own, if one can", [], [(1, 4), (1, 4), (1, 4), (1, 5), (1, 6)], (15, 19)),
    ("and none that would take another's", [], [(2, 6), (2, 5), (3, 6), (2, 5), (2, 6)], (16, 19)),
]
# fmt: on


@pytest.mark.parametrize(
    ("undetermined", "violations", "free"),
    [case[1:] for case in TOUCHED],
    ids=[case[0] for case in TOUCHED],
)
def test_free_days_have_both_bounds(
    folded: Folded,
    undetermined: list[tuple[int, int]],
    violations: list[tuple[int, int]],
    free: tuple[int, int],
) -> None:
    open_: dict[str, Any] = {"targets": ["infrastructure"]}
    folded.fold(
        claim(window=[{"start": january(1), "end": january(21)}]),
        *(
            report(incident_id=f"v{n}", **during(january(first), january(after)))
            for n, (first, after) in enumerate(violations)
        ),
        *(
            report(incident_id=f"u{n}", **during(january(first), january(after)), **open_)
            for n, (first, after) in enumerate(undetermined)
        ),
        quiet_until(january(25)),
    )
    assert folded.of("compliance", DAYS) == (20, *free, 0)


def test_days_after_the_last_report_are_unobserved_and_not_free(folded: Folded) -> None:
    folded.fold(claim(), quiet_until(january(3, 12)))
    assert folded.of("compliance", DAYS) == (3, 3, 3, 28)


def test_nothing_is_observed_where_nobody_reported(folded: Folded) -> None:
    folded.fold(claim())
    assert folded.of("compliance", f"{DAYS}, days_upper") == (0, 0, 0, 31, 0)


def test_a_report_looks_no_further_than_to_when_it_was_recorded(folded: Folded) -> None:
    ahead = quiet_until("2026-01-20T00:00:00Z")
    folded.fold(claim(), ahead, recorded_at="2026-01-05T06:00:00Z")
    assert folded.of("compliance", DAYS) == (5, 5, 5, 26)


def test_days_are_those_of_the_core_and_days_upper_those_of_the_hull(folded: Folded) -> None:
    start = {"earliest": january(3), "latest": january(5)}
    end = {"earliest": january(10), "latest": january(12)}
    folded.fold(claim(window=[{"start": start, "end": end}]), quiet_until(january(20)))
    assert folded.of("compliance", f"{DAYS}, days_upper") == (5, 5, 5, 0, 9)


# fmt: off
KNOWN = [
    ({"start": january(3)}, (None, None, None, None, None)),
    ({"end": january(3)}, (None, None, None, None, None)),
    ({"start": {"latest": january(3)}, "end": january(5)}, (2, 2, 2, 0, None)),
    ({"start": january(3), "end": {"earliest": january(5)}}, (2, 2, 2, 0, None)),
    ({"start": january(3), "end": {"latest": january(5)}}, (None, None, None, None, 2)),
    ({"start": january(15), "end": None}, (5, 5, 5, None, 5)),
    # The bounds cross: nothing is certainly inside.
    ({"start": {"earliest": january(1), "latest": january(9)}, "end": {"earliest": january(5), "latest": january(12)}},
     (0, 0, 0, 0, 11)),
]
# fmt: on


@pytest.mark.parametrize(("window", "expected"), KNOWN)
def test_what_is_not_known_of_a_window_is_null(
    folded: Folded, window: dict[str, Any], expected: tuple[int | None, ...]
) -> None:
    folded.fold(claim(window=[window]), quiet_until("2026-01-19T12:00:00Z"))
    assert folded.of("compliance", f"{DAYS}, days_upper") == expected


# fmt: off
HOURS = [
    # From and to, the clocks' zone, when the truce begins and ends, and its days.
    ("08:00", "14:00", "UTC", january(1), january(8), 7),
    ("08:00", "14:00", "UTC", january(1, 15), january(8, 7), 6),
    ("08:00", "14:00", "UTC", january(1, 13), january(8, 9), 8),
    ("22:00", "04:00", "UTC", january(1, 5), january(1, 21), 0),
    ("22:00", "04:00", "UTC", january(1, 5), january(2, 5), 2),
    ("22:00", "00:00", "UTC", january(1), january(8, 6), 7),
    ("22:00", "04:00", "Asia/Gaza", "2026-01-01T22:00:00Z", "2026-01-03T22:00:00Z", 2),
]
# fmt: on


@pytest.mark.parametrize(("begins", "ends", "zone", "start", "end", "expected"), HOURS)
def test_a_day_counts_that_daily_hours_touch(
    folded: Folded, begins: str, ends: str, zone: str, start: str, end: str, expected: int
) -> None:
    daily = {"from": begins, "to": ends, "zone": zone}
    folded.fold(
        claim(window=[{"daily": daily, "start": start, "end": end}]), quiet_until(january(20))
    )
    assert folded.of("compliance", DAYS) == (expected, expected, expected, 0)


def test_a_commitment_has_the_zone_of_its_claims_if_they_agree(folded: Folded) -> None:
    night = {"start": "2026-01-04T21:00:00Z", "end": "2026-01-06T21:00:00Z"}
    moscow, utc = {**night, "zone": "Europe/Moscow"}, night
    ask = "SELECT days FROM compliance WHERE claim_id IS NULL AND party = 'AAA'"
    end = quiet_until(january(20))
    folded.fold(claim(window=[moscow]), claim("d", window=[moscow]), end)
    assert folded.ask(ask) == [(2,)]
    folded.fold(claim(window=[moscow]), claim("d", window=[utc]), end)
    assert folded.ask(ask) == [(3,)]


def test_the_commitment_as_a_whole_spans_its_claims(folded: Folded) -> None:
    late = [{"start": january(20), "end": january(22)}]
    early = [{"start": january(10), "end": january(15)}]
    whole = "claim_id IS NULL AND party = 'AAA'"
    folded.fold(claim(window=early), claim("d", window=late), quiet_until(january(25)))
    columns = "day(window_start), day(window_end), days, unobserved_days"
    assert folded.of("compliance", columns, whole) == (10, 22, 7, 0)
    unknown = claim("e", window=[{"end": None}])
    folded.fold(claim(window=early), unknown, quiet_until(january(25)))
    columns = "window_start, window_end, days, days_upper, violation_free_days_upper"
    assert folded.of("compliance", columns, whole) == (None,) * 5


def test_the_first_violation_has_an_earliest_and_a_latest_moment(folded: Folded) -> None:
    folded.fold(
        claim(),
        report(incident_id="i", **during(january(3), january(9))),
        report(incident_id="j", **during(january(5), january(6))),
        report(incident_id="k", **during(january(2)), targets=["infrastructure"]),
    )
    columns = "first_violation_at, seconds_to_first_violation, first_violation_latest"
    third, sixth = (dt.datetime(2026, 1, day, tzinfo=dt.UTC) for day in (3, 6))
    assert folded.of("compliance", columns) == (third, 2 * 86_400.0, sixth)


def test_the_columns_are_those_of_the_contract(folded: Folded) -> None:
    found = [name for name, *_ in folded.ask("DESCRIBE compliance")]
    assert found == columns_of(
        "conflict commitment_id claim_id party window_start window_end violations_lower "
        "violations_upper unattributed first_violation_at seconds_to_first_violation "
        "first_violation_latest violation_free_days_lower violation_free_days_upper days "
        "days_upper unobserved_days rate_before rate_during rate_after rate_ratio "
        "rate_ratio_low rate_ratio_high"
    )
