"""The criteria of one claim by one report, and the AND, OR and silence rules over them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.given import claim, given, report

YES, NO, UNKNOWN = True, False, None
UNCERTAIN_END = [
    {
        "start": "2026-01-01T00:00:00Z",
        "end": {"earliest": "2026-02-01T00:00:00Z", "latest": "2026-02-02T00:00:00Z"},
    }
]


def occurred(start: str, end: str | None = None, **more: str) -> dict[str, str]:
    return {"start": start, **({} if end is None else {"end": end}), **more}


# (rule, what the claim says otherwise, what the report says otherwise, criterion, answer)
CASES: list[tuple[str, dict[str, Any], dict[str, Any], str, bool | None]] = [
    ("an instant inside", {}, {}, "in_window", YES),
    (
        "an instant at the start is inside",
        {},
        {"occurred": occurred("2026-01-01T00:00:00Z")},
        "in_window",
        YES,
    ),
    (
        "between the earliest and the latest end nobody knows",
        {"window": UNCERTAIN_END},
        {"occurred": occurred("2026-02-01T12:00:00Z")},
        "in_window",
        UNKNOWN,
    ),
    (
        "a raid that straddles the start is never pro-rated",
        {},
        {"occurred": occurred("2025-12-31T22:00:00Z", "2026-01-01T03:00:00Z")},
        "in_window",
        UNKNOWN,
    ),
    (
        "a shelling throughout that straddles the start did happen inside",
        {},
        {
            "occurred": occurred(
                "2025-12-31T22:00:00Z", "2026-01-01T03:00:00Z", certainty="throughout"
            )
        },
        "in_window",
        YES,
    ),
    (
        "a landing on the tenth day was launched inside: nothing flies for longer than a day",
        {},
        {"occurred": occurred("2026-01-10T12:00:00Z", of="impact")},
        "in_window",
        YES,
    ),
    (
        "a landing on the first day may have been launched before",
        {},
        {"occurred": occurred("2026-01-01T23:59:00Z", of="impact")},
        "in_window",
        UNKNOWN,
    ),
    (
        "a landing after a day to the minute was launched inside",
        {},
        {"occurred": occurred("2026-01-02T00:00:00Z", of="impact")},
        "in_window",
        YES,
    ),
    (
        "a mortar shell that flies for two minutes was fired inside",
        {},
        {"occurred": occurred("2026-01-01T00:02:00Z", of="impact", flight="PT2M")},
        "in_window",
        YES,
    ),
    (
        "it may have been fired before",
        {},
        {"occurred": occurred("2026-01-01T00:01:59Z", of="impact", flight="PT2M")},
        "in_window",
        UNKNOWN,
    ),
    (
        "a landing five minutes after the end may have been launched inside",
        {},
        {"occurred": occurred("2026-02-01T00:05:00Z", of="impact")},
        "in_window",
        UNKNOWN,
    ),
    (
        "a landing is of an act at some time before it, whatever is said of all through it",
        {},
        {
            "occurred": occurred(
                "2026-01-01T12:00:00Z", "2026-01-01T13:00:00Z", of="impact", certainty="throughout"
            )
        },
        "in_window",
        UNKNOWN,
    ),
    (
        "an impact during a window of less than a day is never certain",
        {"window": [{"start": "2026-01-10T00:00:00Z", "end": "2026-01-10T23:59:00Z"}]},
        {"occurred": occurred("2026-01-10T23:00:00Z", of="impact")},
        "in_window",
        UNKNOWN,
    ),
    (
        "a window of unknown start has no certain moment",
        {"window": [{"end": "2026-02-01T00:00:00Z"}]},
        {},
        "in_window",
        UNKNOWN,
    ),
    (
        "an open end is knowledge",
        {"window": [{"start": "2026-01-01T00:00:00Z", "end": None}]},
        {},
        "in_window",
        YES,
    ),
    (
        "an unknown end is not an open one",
        {"window": [{"start": "2026-01-01T00:00:00Z"}]},
        {},
        "in_window",
        UNKNOWN,
    ),
    (
        "a likely actor counts",
        {},
        {"actor": {"party": "BBB", "confidence": "likely"}},
        "party_bound",
        YES,
    ),
    (
        "an alleged actor is unknown",
        {},
        {"actor": {"party": "AAA", "confidence": "alleged"}},
        "party_bound",
        UNKNOWN,
    ),
    (
        "an alleged outsider is unknown",
        {},
        {"actor": {"party": "CCC", "confidence": "alleged"}},
        "party_bound",
        UNKNOWN,
    ),
    (
        "a party without a confidence is unknown",
        {},
        {"actor": {"party": "AAA"}},
        "party_bound",
        UNKNOWN,
    ),
    ("no actor is unknown", {}, {"actor": None}, "party_bound", UNKNOWN),
    (
        "a known outsider is not bound",
        {},
        {"actor": {"party": "CCC", "confidence": "confirmed"}},
        "party_bound",
        NO,
    ),
    ("an act is-a wider one", {}, {"act": "ballistic_missile_strike"}, "act_prohibited", YES),
    ("a wider act against a narrower term", {}, {"act": "hostile_act"}, "act_prohibited", UNKNOWN),
    ("neither act is-a the other", {}, {"act": "raid"}, "act_prohibited", NO),
    ("no act reported", {}, {"act": None}, "act_prohibited", UNKNOWN),
    ("acts not said", {"prohibits": {"targets": ["energy"]}}, {}, "act_prohibited", UNKNOWN),
    (
        "acts empty is not said",
        {"prohibits": {"acts": [], "targets": ["energy"]}},
        {},
        "act_prohibited",
        UNKNOWN,
    ),
    (
        "any act, even none reported",
        {"prohibits": {"acts": ["any"]}},
        {"act": None},
        "act_prohibited",
        YES,
    ),
    (
        "and others not named",
        {"prohibits": {"acts": ["strike", None]}},
        {"act": "raid"},
        "act_prohibited",
        UNKNOWN,
    ),
    (
        "others do not weaken a yes",
        {"prohibits": {"acts": ["strike", None]}},
        {},
        "act_prohibited",
        YES,
    ),
    ("a substation is energy", {}, {}, "target_covered", YES),
    ("an apartment block is not", {}, {"targets": ["residential"]}, "target_covered", NO),
    (
        "one of two targets is enough",
        {},
        {"targets": ["residential", "heating"]},
        "target_covered",
        YES,
    ),
    (
        "infrastructure may be energy",
        {},
        {"targets": ["infrastructure"]},
        "target_covered",
        UNKNOWN,
    ),
    ("no target reported", {}, {"targets": None}, "target_covered", UNKNOWN),
    ("targets empty is not reported", {}, {"targets": []}, "target_covered", UNKNOWN),
    (
        "any target, even none reported",
        {"prohibits": {"acts": ["strike"], "targets": ["any"]}},
        {"targets": None},
        "target_covered",
        YES,
    ),
    (
        "and other targets not named",
        {"prohibits": {"acts": ["strike"], "targets": ["energy", None]}},
        {"targets": ["health"]},
        "target_covered",
        UNKNOWN,
    ),
    ("a city in the country", {}, {}, "in_area", YES),
    ("another country", {}, {"places": ["RU-BEL"]}, "in_area", NO),
    (
        "the country against a part of it",
        {"area": ["UA-30"]},
        {"places": ["UA"]},
        "in_area",
        UNKNOWN,
    ),
    ("a sibling subdivision", {"area": ["UA-30"]}, {"places": ["UA-63"]}, "in_area", NO),
    (
        "Kyiv and the various towns",
        {"area": ["UA-30", None]},
        {"places": ["UA-63"]},
        "in_area",
        UNKNOWN,
    ),
    ("no place reported", {}, {"places": None}, "in_area", UNKNOWN),
    ("area not said", {"area": None}, {}, "in_area", UNKNOWN),
    ("one of two places is enough", {}, {"places": ["RU-BEL", "UA-30"]}, "in_area", YES),
    ("a point against a code", {}, {"places": [{"lat": 50.45, "lon": 30.52}]}, "in_area", UNKNOWN),
    (
        "some places and some targets: which was where is unsaid",
        {"area": ["UA-30"]},
        {"places": ["UA-30", "UA-63"], "targets": ["residential", "substation"]},
        "target_covered",
        UNKNOWN,
    ),
    (
        "all places, some targets: it was here",
        {"area": ["UA-30"]},
        {"places": ["UA-30"], "targets": ["residential", "substation"]},
        "target_covered",
        YES,
    ),
    (
        "some places, all targets: there too",
        {"area": ["UA-30"]},
        {"places": ["UA-30", "UA-63"], "targets": ["heating", "substation"]},
        "target_covered",
        YES,
    ),
    ("no condition", {}, {}, "still_bound", YES),
    (
        "a condition in free words",
        {"conditions": {"other": "as long as it snows"}},
        {},
        "still_bound",
        UNKNOWN,
    ),
    ("reciprocal, nobody broke it", {"conditions": {"reciprocal": True}}, {}, "still_bound", YES),
]


@pytest.mark.parametrize(
    ("terms", "statement", "criterion", "expected"),
    [case[1:] for case in CASES],
    ids=[case[0] for case in CASES],
)
def test_criterion(
    terms: dict[str, Any], statement: dict[str, Any], criterion: str, expected: bool | None
) -> None:
    judgement = given([claim(**terms), report(**statement)]).only
    assert judgement is not None
    (row,) = judgement.claims
    assert getattr(row.criteria, criterion) is expected


@pytest.mark.parametrize(
    "when",
    [
        occurred("2026-02-01T00:00:00Z"),
        occurred("2025-12-31T23:59:59.999999Z"),
        occurred("2026-02-01T00:00:00Z", "2026-02-01T01:00:00Z"),
        occurred("2025-12-31T20:00:00Z", "2026-01-01T00:00:00Z"),
        occurred("2025-12-31T20:00:00Z", "2026-01-01T00:00:00Z", certainty="throughout"),
        occurred("2026-02-02T00:00:00Z", of="impact"),
    ],
)
def test_what_is_certainly_outside_has_no_row(when: dict[str, str]) -> None:
    assert given([claim(), report(occurred=when)]).verdicts() == {}


# (rule, terms, report, verdict of the claim)
WHOLE: list[tuple[str, dict[str, Any], dict[str, Any], str]] = [
    ("all yes", {}, {}, "violation"),
    ("any no", {}, {"targets": ["residential"]}, "clear"),
    ("a no beats an unknown", {}, {"targets": ["residential"], "actor": None}, "clear"),
    ("unknown otherwise", {}, {"targets": None}, "undetermined"),
    ("unattributed", {}, {"actor": None}, "undetermined"),
    (
        "Kyiv flats and a Kharkiv substation never break energy in Kyiv",
        {"area": ["UA-30"]},
        {
            "places": ["UA-30", "UA-63"],
            "targets": ["residential", "substation"],
            "impacts": [
                {"place": "UA-30", "targets": ["residential"]},
                {"place": "UA-63", "targets": ["substation"]},
            ],
        },
        "undetermined",
    ),
    (
        "one impact that is prohibited is enough",
        {"area": ["UA-63"]},
        {
            "places": ["UA-30", "UA-63"],
            "targets": None,
            "impacts": [{"place": "UA-63", "targets": ["power_generation"]}],
        },
        "violation",
    ),
    (
        "an impact refines the time as well",
        {},
        {
            "occurred": occurred("2025-12-31T20:00:00Z", "2026-01-01T04:00:00Z"),
            "impacts": [{"occurred": occurred("2026-01-01T02:00:00Z")}],
        },
        "violation",
    ),
    (
        "launched inside, landed outside",
        {},
        {
            "occurred": occurred("2026-01-31T23:50:00Z"),
            "impacts": [
                {"occurred": occurred("2026-02-01T00:10:00Z", of="impact"), "place": "UA-30"}
            ],
        },
        "violation",
    ),
    (
        "launched outside, landed inside",
        {},
        {
            "occurred": occurred("2025-12-31T23:50:00Z"),
            "impacts": [
                {"occurred": occurred("2026-01-01T00:10:00Z", of="impact"), "place": "UA-30"}
            ],
        },
        "undetermined",
    ),
]


@pytest.mark.parametrize(
    ("terms", "statement", "verdict"), [case[1:] for case in WHOLE], ids=[case[0] for case in WHOLE]
)
def test_claim_by_one_report(
    terms: dict[str, Any], statement: dict[str, Any], verdict: str
) -> None:
    judgement = given([claim(**terms), report(**statement)]).only
    assert judgement is not None
    (row,) = judgement.claims
    assert row.verdict == verdict


SILENT: list[tuple[str, dict[str, Any], dict[str, Any], str]] = [
    ("leaves out the target", {}, {"targets": None}, "violation"),
    ("leaves out the act", {}, {"act": None}, "violation"),
    ("leaves out the place", {}, {"places": None}, "violation"),
    ("leaves out the actor", {}, {"actor": None}, "violation"),
    (
        "leaves out all of them",
        {},
        {"actor": None, "act": None, "places": None, "targets": None},
        "violation",
    ),
    ("alleges the actor", {}, {"actor": {"party": "AAA", "confidence": "alleged"}}, "undetermined"),
    ("alleges somebody", {}, {"actor": {"confidence": "alleged"}}, "undetermined"),
    ("names a wider target", {}, {"targets": ["infrastructure"]}, "undetermined"),
    (
        "gives a straddling time and no target",
        {},
        {"targets": None, "occurred": occurred("2025-12-31T22:00:00Z", "2026-01-01T03:00:00Z")},
        "undetermined",
    ),
    ("has impacts", {}, {"targets": None, "impacts": [{"place": "UA-30"}]}, "undetermined"),
    ("says no", {}, {"targets": ["residential"]}, "undetermined"),
]


@pytest.mark.parametrize(
    ("terms", "statement", "verdict"),
    [case[1:] for case in SILENT],
    ids=[case[0] for case in SILENT],
)
def test_silence_is_no_veto_when_another_report(
    terms: dict[str, Any], statement: dict[str, Any], verdict: str
) -> None:
    judgement = given([claim(**terms), report("full"), report("other", **statement)]).only
    assert judgement is not None
    (row,) = judgement.claims
    assert row.verdict == verdict


def test_if_all_reports_abstain_the_claim_is_undetermined() -> None:
    judgement = given([claim(), report("a", targets=None), report("b", act=None)]).only
    assert judgement is not None
    assert judgement.verdict == "undetermined"


def test_silence_where_the_claim_itself_said_nothing_is_no_abstention() -> None:
    unsaid = claim(prohibits={"acts": ["strike"]})
    judgement = given([unsaid, report("a", targets=None), report("b", act="raid")]).only
    assert judgement is not None
    assert judgement.verdict == "undetermined", "unknown and no are not unanimous"


def test_criteria_show_what_all_reports_agree_on() -> None:
    judgement = given([claim(), report("a"), report("b", targets=None), report("c")]).only
    assert judgement is not None
    (row,) = judgement.claims
    assert row.verdict == "violation"
    assert row.criteria == (YES, YES, YES, UNKNOWN, YES, YES)
