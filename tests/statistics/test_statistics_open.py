"""What reports do not agree on, and why a verdict is open."""

from __future__ import annotations

from typing import Any

from analytics.ledger.ledger import Ledger
from schemas.verdicts import ClaimVerdict
from tests.analytics.written import YES, Step, changed, claim, judged, report, write
from tests.statistics.told import NOW, told, view

DISAGREEMENTS = "field, distinct_values, values_by_report"
UNKNOWNS = "claim_id, criterion, unsaid_by_claim, reports"


def value(words: str, *reports: str) -> dict[str, Any]:
    return {"value": words, "reports": list(reports)}


def test_reports_that_say_the_same_or_nothing_do_not_disagree(ledger: Ledger) -> None:
    told(
        ledger,
        report(act="strike", targets=["energy", "water"], places=["UA-30", "UA-63"]),
        report(report_id="s", targets=["water", "energy"], places=["UA-63", "UA-30"]),
        report(report_id="t", actor=None),
        report(report_id="mod", act="raid", stance="denies"),
        report("j", act="raid"),
    )
    assert view(ledger, "disagreements", DISAGREEMENTS) == []


def test_each_field_that_differs_is_told_with_who_says_what(ledger: Ledger) -> None:
    point = {"lat": 50.45, "lon": 30.52}
    told(
        ledger,
        report(
            act="strike",
            targets=["energy", None],
            places=["UA-30", point],
            weapons=[{"type": "drone", "launched": 71}],
            effects={"killed": 12},
        ),
        report(
            report_id="s",
            actor={"party": "BBB", "confidence": "alleged"},
            act="missile_strike",
            targets=["energy"],
            places=["UA-63"],
            occurred={"start": "2026-01-12T12:00:00Z", "end": "2026-01-12T13:30:00Z"},
            weapons=[{"type": "drone", "launched": {"min": 70}}],
            effects={"killed": {"min": 12, "max": 15}},
        ),
        report(report_id="t", effects={"killed": 12, "injured": 1}),
    )
    assert view(ledger, "disagreements", DISAGREEMENTS) == [
        ("act", 2, [value("missile_strike", "s"), value("strike", "r")]),
        ("actor", 2, [value("AAA", "r", "t"), value("BBB", "s")]),
        ("effects.killed", 2, [value("12", "r", "t"), value("12..15", "s")]),
        (
            "occurred.end",
            2,
            [value("2026-01-12T12:00:00Z", "r", "t"), value("2026-01-12T13:30:00Z", "s")],
        ),
        ("places", 2, [value("50.45,30.52 within 0.0 km, UA-30", "r"), value("UA-63", "s")]),
        ("targets", 2, [value("energy", "s"), value("energy, others", "r")]),
        ("weapons.drone.launched", 2, [value("70..", "s"), value("71", "r")]),
    ]


def judge(ledger: Ledger, *events: str, **criteria: bool | None) -> None:
    """One incident that the claim leaves undetermined, with these criteria."""
    verdict = ClaimVerdict("c", "undetermined", YES._replace(**criteria), "undetermined")
    judgement = judged("undetermined", claims=[verdict])
    *before, last = events
    write(
        ledger,
        *(Step(event, NOW) for event in before),
        Step(last, NOW, (changed(None, judgement),)),
    )


def test_an_unknown_criterion_names_the_reports_that_leave_it_out(ledger: Ledger) -> None:
    terms: dict[str, Any] = {
        "prohibits": {"acts": ["strike"], "targets": ["energy"]},
        "area": ["UA"],
    }
    judge(
        ledger,
        claim(**terms),
        report(act="strike", targets=["energy"], places=["UA-30"]),
        report(report_id="s", actor={"party": "AAA", "confidence": "alleged"}, act="strike"),
        report(report_id="t", actor=None, places=["UA"]),
        party_bound=None,
        act_prohibited=None,
        target_covered=None,
        in_area=None,
    )
    assert view(ledger, "unknowns", UNKNOWNS) == [
        ("c", "act_prohibited", False, ["t"]),
        ("c", "in_area", False, ["s"]),
        ("c", "party_bound", False, ["s", "t"]),
        ("c", "target_covered", False, ["s", "t"]),
    ]


def test_a_claim_that_does_not_say_it_is_told_apart(ledger: Ledger) -> None:
    judge(
        ledger,
        claim(window=[{"start": "2026-01-10T22:00:00Z"}]),
        report(act="strike", targets=["energy"], places=["UA-30"]),
        in_window=None,
        act_prohibited=None,
        target_covered=None,
        in_area=None,
    )
    assert view(ledger, "unknowns", UNKNOWNS) == [
        ("c", "act_prohibited", True, []),
        ("c", "in_area", True, []),
        ("c", "in_window", True, []),
        ("c", "target_covered", True, []),
    ]


def test_an_open_end_is_said_and_a_straddled_bound_is_nobodys_silence(ledger: Ledger) -> None:
    judge(
        ledger,
        claim(window=[{"start": "2026-01-10T22:00:00Z", "end": None}]),
        report(),
        in_window=None,
    )
    assert view(ledger, "unknowns", UNKNOWNS) == [("c", "in_window", False, [])]


def test_what_is_certain_is_not_listed(ledger: Ledger) -> None:
    write(ledger, Step(claim(), NOW), Step(report(), NOW, (changed(None, judged()),)))
    assert view(ledger, "unknowns", UNKNOWNS) == []


def test_where_every_criterion_is_known_it_is_a_contradiction(ledger: Ledger) -> None:
    judge(ledger, claim(), report(), report(report_id="mod", stance="denies"))
    assert view(ledger, "unknowns", UNKNOWNS) == [("c", None, False, ["mod"])]
