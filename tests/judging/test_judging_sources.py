"""Who says so: denials, what the evidence is worth, and admissions.

None of it moves a verdict but the denial of somebody independent.
"""

from __future__ import annotations

from typing import Any

import pytest

from schemas.verdicts import Sources
from tests.support.given import claim, given, report, report_denied, report_retracted

MINISTRY: dict[str, Any] = {"name": "Ministry of AAA", "kind": "military", "party": "AAA"}
NEIGHBOUR: dict[str, Any] = {"name": "Neighbour", "party": "CCC"}
MONITOR: dict[str, Any] = {"name": "Mission", "kind": "monitor"}
AGENCY: dict[str, Any] = {"name": "Agency", "kind": "media"}
BY_CCC: dict[str, Any] = {"party": "CCC", "confidence": "confirmed"}
SILENT: dict[str, Any] = {"act": None}

# fmt: off
DENIED: list[tuple[str, list[str], str | None]] = [
    ("one independent denial turns five that agree undetermined",
     [*(report(name) for name in "abcde"), report_denied()],                            "undetermined"),
    ("a denial by a party that is bound moves nothing",
     [report(), report_denied(reported_by=MINISTRY)],                                   "violation"),
    ("a denial by the side of an actor that no claim binds moves nothing",
     [report(), report("b", actor=BY_CCC), report_denied(reported_by=NEIGHBOUR)],       "undetermined"),
    ("without that report of theirs it is an independent one",
     [report(), report_denied(reported_by=NEIGHBOUR)],                                  "undetermined"),
    ("a clear stays clear",
     [report(act="blockade"), report_denied()],                                         "clear"),
    ("where all assertions abstain a denial changes nothing",
     [report(**SILENT), report_denied()],                                               "undetermined"),
    ("beside one that does not abstain it counts",
     [report(**SILENT), report("b", act="blockade"), report_denied()],                  "clear"),
    ("denied and never asserted, there is no incident",
     [report_denied()],                                                                 None),
    ("the last assertion is retracted",
     [report(), report_denied(), report_retracted()],                                   None),
    ("the last assertion is revised into a denial",
     [report(), report_denied("r")],                                                    None),
    ("the denial is revised into an assertion",
     [report(), report_denied(), report("n")],                                          "violation"),
    ("the denial is retracted",
     [report(), report_denied(), report_retracted("n")],                                "violation"),
    ("what else a denial says is not judged",
     [report(), report_denied(reported_by=MINISTRY, actor={"party": "BBB", "confidence": "confirmed"},
                              occurred={"start": "2020-01-01T00:00:00Z"}, places=["RU"])], "violation"),
]
# fmt: on


@pytest.mark.parametrize(
    ("lines", "verdict"), [case[1:] for case in DENIED], ids=[case[0] for case in DENIED]
)
def test_a_denial(lines: list[str], verdict: str | None) -> None:
    assert given([claim(), *lines]).verdict == verdict
    assert given([*lines, claim()]).verdict == verdict, "whatever is known first"


def test_a_denial_makes_no_known_actor_and_moves_no_time() -> None:
    said: dict[str, Any] = {"actor": {"party": "BBB", "confidence": "confirmed"}}
    lines = [claim(), report(), report_denied(occurred={"start": "2026-01-20T00:00:00Z"}, **said)]
    only, plain = given(lines).only, given(lines[:2]).only
    assert only is not None
    assert plain is not None
    assert (only.party, only.occurred_start, only.occurred_end) == (
        plain.party,
        plain.occurred_start,
        plain.occurred_end,
    )


def test_a_denied_violation_releases_nobody() -> None:
    reciprocal = claim(conditions={"reciprocal": True})
    later = report(
        "s",
        "j",
        actor={"party": "BBB", "confidence": "confirmed"},
        occurred={"start": "2026-01-20T00:00:00Z"},
    )
    released = given([reciprocal, report(), later]).verdicts()
    assert released["truce", "j"].verdict == "clear"
    bound = given([reciprocal, report(), later, report_denied()]).verdicts()
    assert bound["truce", "j"].verdict == "violation"


def sources(*lines: str) -> Sources:
    only = given([claim(), *lines]).only
    assert only is not None
    return only.sources


# fmt: off
GRADES: list[tuple[str, list[str], str | None]] = [
    ("nothing supports it",                 [report(act="blockade")],                              None),
    ("an answer that is unknown is no support", [report(**SILENT)],                                None),
    ("a party that is bound",               [report(reported_by=MINISTRY)],                        "one_sided"),
    ("the other party that is bound",       [report(reported_by={"name": "Army", "party": "BBB"})], "one_sided"),
    ("one that is independent",             [report()],                                            "reported"),
    ("a party that nobody binds or names",  [report(reported_by=NEIGHBOUR)],                       "reported"),
    ("it is named as actor by another",
     [report(reported_by=NEIGHBOUR), report("b", reported_by=MINISTRY, actor={"party": "CCC"})],   "one_sided"),
    ("the same name twice",                 [report("a"), report("b")],                            "reported"),
    ("two names",                           [report("a"), report("b", reported_by=AGENCY)],        "corroborated"),
    ("two names, one of which does not support",
     [report("a"), report("b", reported_by=AGENCY, act=None)],                                     "reported"),
    ("a monitor",                           [report(reported_by=MONITOR)],                         "verified"),
    ("a monitor of a party",                [report(reported_by=MONITOR | {"party": "AAA"})],      "one_sided"),
    ("a monitor that does not support",     [report(), report("b", reported_by=MONITOR, act=None)], "reported"),
]
# fmt: on


@pytest.mark.parametrize(
    ("lines", "grade"), [case[1:] for case in GRADES], ids=[case[0] for case in GRADES]
)
def test_evidence_is_the_highest_grade_that_holds(lines: list[str], grade: str | None) -> None:
    assert sources(*lines).evidence == grade


@pytest.mark.parametrize(
    ("claims", "grade"),
    [
        ([claim(conditions={"reciprocal": True})], "reported"),
        ([claim(conditions={"other": "in good faith"})], None),
        ([claim(window=[{"start": "2027-01-01T00:00:00Z"}]), claim("b")], "reported"),
    ],
)
def test_a_report_supports_if_its_answer_with_conditions_is_yes_for_some_claim(
    claims: list[str], grade: str | None
) -> None:
    only = given([*claims, report()]).only
    assert only is not None
    assert only.sources.evidence == grade


# fmt: off
ADMITTED: list[tuple[dict[str, Any], bool]] = [
    ({"reported_by": MINISTRY},                                                                True),
    ({"reported_by": MINISTRY, "actor": {"party": "AAA", "confidence": "likely"}},             True),
    ({"reported_by": MINISTRY, "actor": {"party": "AAA", "confidence": "alleged"}},            False),
    ({"reported_by": MINISTRY, "actor": {"party": "BBB", "confidence": "confirmed"}},          False),
    ({"reported_by": MINISTRY, "act": "blockade"},                                             False),
    ({},                                                                                       False),
]
# fmt: on


@pytest.mark.parametrize(("said", "admitted"), ADMITTED)
def test_admitted_is_what_the_actors_own_side_reports_and_supports(
    said: dict[str, Any], admitted: bool
) -> None:
    assert sources(report(**said)).admitted is admitted


def test_denied_by_names_who_denies_each_once_and_in_order() -> None:
    denials = [
        report_denied("n1", reported_by={"name": "Zeta"}),
        report_denied("n2", reported_by=MINISTRY),
        report_denied("n3", reported_by={"name": "Zeta"}),
    ]
    assert sources(report(), *denials).denied_by == ("Ministry of AAA", "Zeta")
    assert sources(report()).denied_by == ()


def test_both_ministries_blame_the_other_and_deny() -> None:
    lines = [
        report("a", reported_by=MINISTRY, actor={"party": "BBB", "confidence": "confirmed"}),
        report("b", reported_by={"name": "Ministry of BBB", "party": "BBB"}),
        report_denied("c", reported_by=MINISTRY),
        report_denied("d", reported_by={"name": "Ministry of BBB", "party": "BBB"}),
    ]
    only = given([claim(), *lines]).only
    assert only is not None
    assert (only.verdict, only.party) == ("violation", None)
    assert only.sources == Sources(
        0, "one_sided", admitted=False, denied_by=("Ministry of AAA", "Ministry of BBB")
    )


def test_an_independent_report_is_an_assertion() -> None:
    assert sources(report(), report_denied()).independent_reports == 1
