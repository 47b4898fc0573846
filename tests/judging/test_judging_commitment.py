"""Over the claims of one commitment: rival readings, denials, the actor; and who was released."""

from __future__ import annotations

import tracemalloc
from typing import Any

import pytest

from analytics.ledger.rows import FirstJudged, Rejudged
from schemas.events import parse_event
from streams.judging.fold import effect_of, fold
from streams.judging.incident import Incident
from streams.judging.judge import judge
from streams.judging.statement import timed_statement
from tests.support.given import (
    CONFLICT,
    Given,
    claim,
    claim_retracted,
    denial,
    given,
    pairs,
    report,
    report_retracted,
    reported,
)

ELSEWHEN = [{"start": "2026-03-01T00:00:00Z", "end": "2026-04-01T00:00:00Z"}]
UNSURE = [{"end": "2026-02-01T00:00:00Z"}]
NOBODY: dict[str, Any] = {"actor": None}
BBB: dict[str, Any] = {"actor": {"party": "BBB", "confidence": "confirmed"}}
TERMS: dict[str, Any] = {"conditions": {"reciprocal": True}}

CASES: list[tuple[str, list[str], dict[str, Any], str]] = [
    ("all violated", [claim("1"), claim("2")], {}, "violation"),
    ("all clear", [claim("1"), claim("2", area=["MD"])], {"places": ["FR"]}, "clear"),
    ("one violated, one clear", [claim("1"), claim("2", area=["MD"])], {}, "contested"),
    (
        "one violated, one elsewhere in time",
        [claim("1"), claim("2", window=ELSEWHEN)],
        {},
        "contested",
    ),
    ("one violated, one unknown", [claim("1"), claim("2", window=UNSURE)], {}, "contested"),
    (
        "one clear, one unknown",
        [claim("1", area=["MD"]), claim("2", window=UNSURE)],
        {},
        "undetermined",
    ),
    ("one unknown", [claim("1", window=UNSURE)], {}, "undetermined"),
    ("violated, and denied for the actor", [claim(), denial()], {}, "contested"),
    (
        "violated, and denied for somebody else",
        [claim(), denial(bound_parties=["BBB"])],
        {},
        "violation",
    ),
    (
        "a claim that does not bind the actor has no say",
        [claim("1"), claim("2", bound_parties=["BBB"])],
        {},
        "violation",
    ),
    ("no claim speaks of the actor", [claim(bound_parties=["BBB"])], {}, "clear"),
    (
        "an unknown actor: every claim speaks",
        [claim("1"), claim("2", bound_parties=["CCC"])],
        NOBODY,
        "undetermined",
    ),
    (
        "an unknown actor outside all terms",
        [claim("1"), denial()],
        {**NOBODY, "places": ["FR"]},
        "clear",
    ),
]


@pytest.mark.parametrize(
    ("claims", "statement", "verdict"),
    [case[1:] for case in CASES],
    ids=[case[0] for case in CASES],
)
def test_commitment(claims: list[str], statement: dict[str, Any], verdict: str) -> None:
    judgement = given([*claims, report(**statement)]).only
    assert judgement is not None
    assert judgement.verdict == verdict


def test_a_denial_has_no_verdict_of_its_own() -> None:
    judgement = given([claim(), denial(), report()]).only
    assert judgement is not None
    assert [row.claim_id for row in judgement.claims] == ["c"]
    assert given([denial(), report()]).verdicts() == {}


def test_party_is_the_known_actor_if_there_is_exactly_one() -> None:
    both = [claim(), report("a"), report("b", actor={"party": "BBB", "confidence": "likely"})]
    judgement = given(both).only
    assert judgement is not None
    assert judgement.party is None
    assert judgement.verdict == "violation", "either way a bound party did it"
    judgement = given([claim(), report(actor={"party": "AAA", "confidence": "alleged"})]).only
    assert judgement is not None
    assert judgement.party is None


def test_independent_reports_are_those_not_made_by_a_bound_party() -> None:
    by = [
        report("a", reported_by={"name": "Ministry", "party": "AAA"}),
        report("b", reported_by={"name": "Army", "party": "BBB"}),
        report("c", reported_by={"name": "Neighbour", "party": "CCC"}),
        report("d"),
    ]
    judgement = given([claim(), *by]).only
    assert judgement is not None
    assert judgement.sources.independent_reports == 2


def test_three_outlets_with_one_wrong_date_are_one_incident() -> None:
    night = {"start": "2026-02-03T18:00:00Z", "end": "2026-02-04T07:30:00Z"}
    judgement = given([claim(), report("a"), report("b"), report("c", occurred=night)]).only
    assert judgement is not None
    assert judgement.verdict == "undetermined", "one report has it after the end"
    assert len(given([claim(), report("a"), report("b")]).verdicts()) == 1


def test_a_commitment_reported_after_the_incident_judges_it() -> None:
    state = given([report()])
    assert state.verdicts() == {}
    judgement = state.when(claim()).only
    assert judgement is not None
    assert judgement.verdict == "violation"


def test_a_retroactive_extension_flips_each_earlier_verdict_once() -> None:
    late: dict[str, Any] = {"occurred": {"start": "2026-02-05T00:00:00Z"}}
    state = given([claim(), report(incident_id="1", **late), report(incident_id="2", **late)])
    assert state.verdicts() == {}
    state.when(claim(window=[{"start": "2026-01-01T00:00:00Z", "end": "2026-02-08T00:00:00Z"}]))
    assert [(c.incident_id, c.after and c.after.verdict) for c in state.history[-1]] == [
        ("1", "violation"),
        ("2", "violation"),
    ]


def test_revision_of_a_count_changes_no_verdict() -> None:
    killed = [report(effects={"killed": n}) for n in (12, 15, 12)]
    state = given([claim(), *killed])
    assert [len(changes) for changes in state.history] == [0, 1, 0, 0]


def test_a_duplicate_is_a_no_op() -> None:
    lines = [claim(), report()]
    state = given([*lines, *lines])
    assert [len(changes) for changes in state.history] == [0, 1, 0, 0]


def test_a_retracted_report_takes_its_verdict_away() -> None:
    state = given([claim(), report("a"), report("b", targets=["residential"])])
    assert state.verdict == "undetermined"
    assert state.when(report_retracted("b")).verdict == "violation"
    assert state.when(report_retracted("a")).verdicts() == {}


def test_a_retracted_claim_takes_its_verdicts_away() -> None:
    state = given([claim("1"), claim("2", area=["MD"]), report()])
    assert state.verdict == "contested"
    assert state.when(claim_retracted("2")).verdict == "violation"
    assert state.when(claim_retracted("1")).verdicts() == {}


def test_retracting_what_does_not_stand_changes_nothing_and_a_later_one_stands() -> None:
    state = given([report_retracted(), claim_retracted(), claim(), report()])
    assert state.verdict == "violation"


def test_overlapping_truces_give_one_verdict_each() -> None:
    state = given([claim(commitment_id="one"), claim(commitment_id="two", area=["MD"]), report()])
    assert {pair: j.verdict for pair, j in state.verdicts().items()} == {
        ("one", "i"): "violation",
        ("two", "i"): "clear",
    }


def test_a_new_rival_claim_elsewhere_in_time_contests_what_stood() -> None:
    state = given([claim("1"), report()])
    assert state.when(claim("2", window=ELSEWHEN)).verdict == "contested"


class TestReciprocity:
    def strike(self, incident: str, day: str, end: str | None = None, **statement: Any) -> str:
        occurred = {"start": f"2026-01-{day}Z", **({"end": f"2026-01-{end}Z"} if end else {})}
        return report(incident_id=incident, occurred=occurred, **statement)

    def verdicts(self, state: Given) -> dict[str, tuple[str, bool | None]]:
        return {
            incident: (j.verdict, j.claims[0].criteria.still_bound)
            for (_, incident), j in state.verdicts().items()
        }

    def test_a_violation_releases_the_other_party_from_then_on(self) -> None:
        first = self.strike("first", "10T12:00:00")
        answer = self.strike("answer", "11T12:00:00", **BBB)
        again = self.strike("again", "12T12:00:00")
        before = self.strike("before", "09T12:00:00", **BBB)
        expected = {
            "first": ("clear", False),
            "answer": ("clear", False),
            "again": ("clear", False),
            "before": ("violation", True),
        }
        assert self.verdicts(given([claim(**TERMS), first, answer, again, before])) == expected
        assert self.verdicts(given([before, again, answer, claim(**TERMS), first])) == expected
        without = given([claim(**TERMS), first, answer, again])
        assert self.verdicts(without) == {
            "first": ("violation", True),
            "answer": ("clear", False),
            "again": ("clear", False),
        }, "who was released may still release others: the five criteria decide"

    def test_the_same_party_releases_nobody_of_its_own(self) -> None:
        strikes = [self.strike("1", "10T12:00:00"), self.strike("2", "11T12:00:00")]
        assert self.verdicts(given([claim(**TERMS), *strikes])) == {
            "1": ("violation", True),
            "2": ("violation", True),
        }

    def test_possible_overlap_in_time_gives_unknown(self) -> None:
        raid = self.strike("raid", "10T12:00:00", "10T18:00:00")
        answer = self.strike("answer", "10T15:00:00", **BBB)
        assert self.verdicts(given([claim(**TERMS), raid, answer]))["answer"] == (
            "undetermined",
            None,
        )

    def test_touching_times_are_in_order_and_equal_instants_are_not(self) -> None:
        raid = self.strike("raid", "10T12:00:00", "10T18:00:00")
        after = self.strike("after", "10T18:00:00", **BBB)
        assert self.verdicts(given([claim(**TERMS), raid, after]))["after"] == ("clear", False)
        one = self.strike("one", "10T12:00:00")
        same = self.strike("same", "10T12:00:00", **BBB)
        assert self.verdicts(given([claim(**TERMS), one, same])) == {
            "one": ("violation", True),
            "same": ("violation", True),
        }

    def test_an_undetermined_incident_releases_nobody(self) -> None:
        unclear = self.strike("unclear", "10T12:00:00", targets=None)
        answer = self.strike("answer", "11T12:00:00", **BBB)
        assert self.verdicts(given([claim(**TERMS), unclear, answer]))["answer"] == (
            "violation",
            True,
        )

    def test_a_retraction_binds_again(self) -> None:
        state = given(
            [
                claim(**TERMS),
                self.strike("first", "10T12:00:00"),
                self.strike("answer", "11T12:00:00", **BBB),
            ]
        )
        assert self.verdicts(state)["answer"] == ("clear", False)
        state.when(report_retracted(incident_id="first"))
        assert self.verdicts(state)["answer"] == ("violation", True)

    def test_a_released_party_stays_released_whatever_else_is_claimed_in_words(self) -> None:
        terms: dict[str, Any] = {"conditions": {"reciprocal": True, "other": "weather permitting"}}
        first = self.strike("first", "10T12:00:00")
        answer = self.strike("answer", "11T12:00:00", **BBB)
        assert self.verdicts(given([claim(**terms), first, answer])) == {
            "first": ("undetermined", None),
            "answer": ("clear", False),
        }

    def test_an_unattributed_incident_may_have_been_by_the_released(self) -> None:
        first = self.strike("first", "10T12:00:00")
        unknown = self.strike("unknown", "11T12:00:00", actor=None)
        assert self.verdicts(given([claim(**TERMS), first, unknown]))["unknown"] == (
            "undetermined",
            None,
        )


def test_what_was_decided_of_large_reports_is_not_remembered() -> None:
    commitment = given([claim()]).standing.commitment(CONFLICT, "truce")

    def judge_with(impacts: int) -> None:
        statement = reported(impacts=[{"place": "UA-30"}] * impacts)
        judgement = judge(commitment, Incident("i", {"r": timed_statement(statement)}))
        assert judgement is not None
        assert judgement.verdict == "violation"

    judge_with(1_000)
    tracemalloc.start()
    try:
        for number in range(10):
            judge_with(990 - number)
        remembered, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert remembered < 200_000


KYIV_AND_AROUND = [{"lat": 50.4, "lon": 30.5 + number / 1_000} for number in range(60)]
DAILY = [{"daily": {"from": "08:00", "to": "20:00", "zone": "UTC"}}]


@pytest.mark.parametrize(
    ("claims", "statement", "kind"),
    [
        ([claim(), claim(commitment_id="other"), denial()], {}, FirstJudged),
        ([claim(), claim("elsewhen", window=ELSEWHEN)], {}, FirstJudged),
        ([claim()], {"places": KYIV_AND_AROUND}, FirstJudged),
        ([claim(str(number)) for number in range(32)], {}, FirstJudged),
        ([claim(str(number)) for number in range(33)], {}, Rejudged),
        ([claim(commitment_id=f"truce-{number}") for number in range(8)], {}, FirstJudged),
        ([claim(commitment_id=f"truce-{number}") for number in range(9)], {}, Rejudged),
        ([claim(), claim(commitment_id="other", **TERMS)], {}, Rejudged),
        ([claim(conditions={"other": "in good faith"})], {}, Rejudged),
        ([claim(), claim("by day", window=DAILY)], {}, Rejudged),
        ([claim()], {"impacts": [{"place": "UA-30"}]}, Rejudged),
    ],
)
def test_a_new_incident_is_judged_at_once_where_times_are_plain_and_not_too_much_is_asked(
    claims: list[str], statement: dict[str, Any], kind: type
) -> None:
    standing = given(claims).standing
    step = next(fold(standing, effect_of(parse_event(report(**statement))), {}))
    assert type(step) is kind
    assert isinstance(step, FirstJudged | Rejudged)
    found = given([*claims, report(**statement)]).verdicts()
    for pair in pairs(step):
        assert found[pair.commitment_id, "i"] == pair.after
        incident = Incident("i", {"r": timed_statement(reported(**statement))})
        assert pair.after == judge(standing.commitment(CONFLICT, pair.commitment_id), incident)
