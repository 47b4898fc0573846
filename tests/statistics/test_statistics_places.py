"""Where it was: codes, points, what a point lies in, and names that are ambiguous."""

from __future__ import annotations

from analytics.ledger.ledger import Ledger
from tests.analytics.written import report
from tests.statistics.told import told, view

PLACES = "report_id, impact, place, one_of, code, lat, lon, radius_km"
POINT = {"lat": 50.45, "lon": 30.52}


def test_each_code_and_each_point_of_a_report_has_a_row(ledger: Ledger) -> None:
    told(ledger, report(places=["UA-63", {**POINT, "radius_km": 10}, None, POINT]))
    assert view(ledger, "places", PLACES) == [
        ("r", None, 1, None, "UA-63", None, None, None),
        ("r", None, 2, None, None, 50.45, 30.52, 10.0),
        # The third says that there are others.
        ("r", None, 4, None, None, 50.45, 30.52, 0.0),
    ]


def test_the_place_of_an_impact_has_its_number(ledger: Ledger) -> None:
    told(
        ledger,
        report(impacts=[{"effects": {"destroyed": 1}}, {"place": "UA-30"}, {"place": POINT}]),
    )
    assert view(ledger, "places", PLACES) == [
        ("r", 2, 1, None, "UA-30", None, None, None),
        ("r", 3, 1, None, None, 50.45, 30.52, 0.0),
    ]


def test_a_report_without_places_has_no_row(ledger: Ledger) -> None:
    told(ledger, report(), report("j", places=[]), report("k", places=[None]))
    assert view(ledger, "places", PLACES) == []


def test_a_point_has_a_row_for_each_code_that_it_lies_in(ledger: Ledger) -> None:
    told(ledger, report(places=[{**POINT, "radius_km": 5, "codes": ["UA-30", "UA"]}]))
    assert view(ledger, "places", PLACES) == [
        ("r", None, 1, None, "UA", 50.45, 30.52, 5.0),
        ("r", None, 1, None, "UA-30", 50.45, 30.52, 5.0),
    ]


def test_each_reading_of_an_ambiguous_name_has_a_row_with_its_number(ledger: Ledger) -> None:
    ambiguous = {"one_of": ["YE-SA", {**POINT, "codes": ["UA-30"]}]}
    told(ledger, report(places=["UA-63", ambiguous], impacts=[{"place": ambiguous}]))
    assert view(ledger, "places", PLACES) == [
        ("r", 1, 1, 1, "YE-SA", None, None, None),
        ("r", 1, 1, 2, "UA-30", 50.45, 30.52, 0.0),
        ("r", None, 1, None, "UA-63", None, None, None),
        ("r", None, 2, 1, "YE-SA", None, None, None),
        ("r", None, 2, 2, "UA-30", 50.45, 30.52, 0.0),
    ]


def test_a_report_that_denies_names_no_place(ledger: Ledger) -> None:
    told(ledger, report(places=["UA-30"], stance="denies"))
    assert view(ledger, "places", PLACES) == []
