"""How much was launched and intercepted, and who was hurt: bounds over reports, never their sum."""

from __future__ import annotations

from typing import Any

from analytics.ledger.ledger import Ledger
from tests.analytics.written import report, report_retracted
from tests.statistics.told import told, view

MUNITIONS = "weapon, launched_min, launched_max, intercepted_min, intercepted_max, reports"
CASUALTIES = "incident_id, effect, least, most, reports"


def by_report(ledger: Ledger, **reports: Any) -> None:
    """One incident, whose reports give these weapons."""
    told(ledger, *(report("i", name, weapons=weapons) for name, weapons in reports.items()))


def hurt(ledger: Ledger, **reports: Any) -> None:
    """One incident, whose reports say these."""
    told(ledger, *(report("i", name, **said) for name, said in reports.items()))


def test_the_least_and_the_most_over_reports_are_never_their_sum(ledger: Ledger) -> None:
    by_report(
        ledger,
        force=[{"type": "missile", "launched": 71, "intercepted": 38}],
        outlet=[{"type": "missile", "launched": 70}],
        agency=[{"type": "missile", "launched": {"min": 70}, "intercepted": {"max": 40}}],
    )
    assert view(ledger, "munitions", MUNITIONS) == [("missile", 70, 71, 38, 40, 3)]


def test_entries_of_one_type_add_up_within_a_report(ledger: Ledger) -> None:
    by_report(
        ledger,
        one=[
            {"type": "drone", "launched": 300, "intercepted": 280},
            {"type": "missile", "launched": 3},
            {"type": "drone", "launched": {"min": 100, "max": 150}},
        ],
        two=[{"type": "drone", "launched": 420}],
    )
    assert view(ledger, "munitions", MUNITIONS) == [
        # How many of the second entry were intercepted is not said: at least the 280 of the first.
        ("drone", 400, 450, 280, None, 2),
        ("missile", 3, 3, None, None, 1),
    ]


def test_a_weapon_that_is_only_named_has_a_row_without_numbers(ledger: Ledger) -> None:
    by_report(ledger, one=[{"type": "mine"}], two=None)
    assert view(ledger, "munitions", MUNITIONS) == [("mine", None, None, None, None, 1)]


def test_at_least_and_at_most_leave_the_other_limit_open(ledger: Ledger) -> None:
    by_report(
        ledger,
        one=[{"type": "drone", "launched": {"min": 70}, "intercepted": {"max": 3}}],
        two=[{"type": "drone", "launched": {"min": 80, "max": None}}],
    )
    assert view(ledger, "munitions", MUNITIONS) == [("drone", 70, None, None, 3, 2)]


def test_at_least_more_than_another_says_moves_the_most(ledger: Ledger) -> None:
    by_report(
        ledger,
        one=[{"type": "drone", "launched": {"min": 80}}],
        two=[{"type": "drone", "launched": 71}],
    )
    assert view(ledger, "munitions", MUNITIONS) == [("drone", 71, 80, None, None, 2)]


def test_only_what_stands_and_asserts_gives_numbers(ledger: Ledger) -> None:
    by_report(
        ledger,
        one=[{"type": "drone", "launched": 5}],
        gone=[{"type": "drone", "launched": 50}],
    )
    told(ledger, report("i", "mod", weapons=[{"type": "drone", "launched": 0}], stance="denies"))
    told(ledger, report_retracted("i", "gone"))
    assert view(ledger, "munitions", MUNITIONS) == [("drone", 5, 5, None, None, 1)]


def test_casualties_are_the_least_and_the_most_by_name(ledger: Ledger) -> None:
    hurt(
        ledger,
        one={"effects": {"killed": 12, "injured": {"min": 30}}},
        two={"effects": {"killed": 15, "hours_without_heat": 1.5}},
        three={"effects": {"killed": {"min": 10, "max": 14}}},
        silent={},
    )
    assert view(ledger, "casualties", CASUALTIES) == [
        ("i", "hours_without_heat", 1.5, 1.5, 1),
        ("i", "injured", 30, None, 1),
        ("i", "killed", 10, 15, 3),
    ]


def test_impacts_are_parts_and_add_up_only_where_the_whole_gives_none_of_that_name(
    ledger: Ledger,
) -> None:
    hurt(
        ledger,
        parts={
            "impacts": [
                {"place": "UA-63", "effects": {"killed": 2, "destroyed": 1}},
                {"place": "UA-30", "effects": {"killed": {"min": 1, "max": 3}}},
            ]
        },
        whole={
            "effects": {"killed": 7},
            "impacts": [{"effects": {"killed": 2, "injured": 4}}, {"effects": {"killed": 3}}],
        },
    )
    assert view(ledger, "casualties", CASUALTIES) == [
        ("i", "destroyed", 1, 1, 1),
        ("i", "injured", 4, 4, 1),
        ("i", "killed", 3, 7, 2),
    ]


def test_incidents_of_one_name_in_two_conflicts_are_two(ledger: Ledger) -> None:
    told(
        ledger,
        report(effects={"killed": 1}),
        report(conflict="elsewhere", effects={"killed": 5}),
    )
    assert view(ledger, "casualties", "conflict, least, most") == [
        ("elsewhere", 5, 5),
        ("testland", 1, 1),
    ]
