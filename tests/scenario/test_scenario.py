"""The shipped scenario, verdict by verdict: each expectation is derived by hand from the rules.

It checks the file and the judging against each other. How rules behave in general is not tested
here, and neither is the way from a broker to the database.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from schemas.verdicts import Criteria, Judgement
from tests.support.given import given
from tests.support.logged import Scratch, records

EXAMPLES = Path(__file__).parents[2] / "schemas" / "examples"
LINES = tuple((EXAMPLES / "energy-truce-2026.jsonl").read_text(encoding="utf-8").splitlines())
EVENTS: tuple[dict[str, Any], ...] = tuple(json.loads(line) for line in LINES)

TRUCE = "energy-truce-2026"
ODESA = "2026-01-27-odesa"
TERNIVKA = "2026-02-01-ternivka"
BARRAGE = "2026-02-03-barrage"
BELGOROD = "2026-02-03-belgorod"
INCIDENTS = (ODESA, TERNIVKA, BARRAGE, BELGOROD)

ANSWERS = {"y": True, "n": False, "?": None}


class Expected(NamedTuple):
    """One row of `claim_verdicts`.

    `criteria` is the six answers in order: in_window, party_bound, act_prohibited, target_covered,
    in_area, still_bound; `y` yes, `n` no, `?` unknown or not agreed on.
    """

    claim: str
    incident: str
    verdict: str
    criteria: str
    reason: str


CLAIM_VERDICTS = (
    # Trump, 29 January: any strike on "Kyiv and the various towns", a week without a first day.
    Expected("E26-1", ODESA, "undetermined", "?yyy?y",
        "perhaps in the week, which has no certain core; Odesa may be one of the various towns"),
    Expected("E26-1", TERNIVKA, "undetermined", "?yyy?y",
        "perhaps in the week; perhaps one of the towns; any target is prohibited, a bus too"),
    Expected("E26-1", BARRAGE, "undetermined", "?yyy?y",
        "all reports perhaps in the week; on the area they differ: Kyiv is, Kharkiv may be meant"),
    Expected("E26-1", BELGOROD, "undetermined", "??yy?y",
        "perhaps in the week; the actor only alleged; other places were not named"),
    # Peskov as quoted by Reuters, 30 January: Kyiv, a week until 1 February, scope declined.
    Expected("E26-4a", ODESA, "clear", "yyy?ny",
        "certainly inside the window, but Odesa is certainly not Kyiv: one no is enough"),
    Expected("E26-4a", TERNIVKA, "clear", "?yy?ny",
        "1 February may be in or out (until which hour?), but Dnipropetrovsk region is not Kyiv"),
    # Peskov as quoted by RIA, 30 January: Ukraine, until 1 February, no first day, scope not said.
    Expected("E26-4b", ODESA, "undetermined", "?yy?yy",
        "before the statement, so perhaps before the start; which targets were spared was not said"),
    Expected("E26-4b", TERNIVKA, "undetermined", "?yy?yy",
        "1 February may be in or out; which targets were spared was not said"),
    # Zelenskyy, 30 January: energy only, both sides, everywhere, a week from that night.
    Expected("E26-5", TERNIVKA, "clear", "yyynyy",
        "a bus is transport and not energy, whoever its passengers work for"),
    Expected("E26-5", BARRAGE, "violation", "yyy?yy",
        "two reports say yes, a night apart; the air force names no target and abstains"),
    Expected("E26-5", BELGOROD, "undetermined", "y?yyy?",
        "only alleged; and Ukraine, if it was Ukraine, may have been released by the barrage"),
    # Trump, 3 February: "Sunday to Sunday", neither area nor targets.
    Expected("E26-6", ODESA, "undetermined", "yyy??y",
        "Tuesday lies between the Sundays in every zone; neither area nor targets were said"),
    Expected("E26-6", TERNIVKA, "undetermined", "?yy??y",
        "the last Sunday may be in or out; neither area nor targets were said"),
)  # fmt: skip

NO_ROW = (
    ("E26-3", ODESA, "a denial has no terms to be judged by"),
    ("E26-3", TERNIVKA, "a denial has no terms to be judged by"),
    ("E26-3", BARRAGE, "a denial has no terms to be judged by"),
    ("E26-3", BELGOROD, "a denial has no terms to be judged by"),
    ("E26-4a", BARRAGE, "the latest end, midnight after 1 February in Kyiv, is before it"),
    ("E26-4b", BARRAGE, "the latest end, midnight after 1 February in Kyiv, is before it"),
    ("E26-6", BARRAGE, "the latest end, midnight after Sunday in Washington, is before it"),
    ("E26-4a", BELGOROD, "over since 1 February in every reading"),
    ("E26-4b", BELGOROD, "over since 1 February in every reading"),
    ("E26-6", BELGOROD, "over since the Sunday in every reading"),
    ("E26-5", ODESA, "the week began two days after the strike"),
)


class Overall(NamedTuple):
    """One row of `verdicts`."""

    incident: str
    verdict: str
    party: str | None
    independent_reports: int
    reason: str


VERDICTS = (
    Overall(ODESA, "undetermined", "RUS", 1,
        "of the five that bind Russia two are clear, 4a by area and 5 by time; a company reports"),
    Overall(TERNIVKA, "undetermined", "RUS", 0,
        "clear by two, undetermined by three; the one who reports is of a bound party"),
    Overall(BARRAGE, "contested", "RUS", 2,
        "a violation by one version, over by three; the air force is of a bound party"),
    Overall(BELGOROD, "undetermined", None, 1,
        "no known actor, so every claim speaks: undetermined by two, clear by the others"),
)  # fmt: skip


class Pinned(NamedTuple):
    """What the evidence on one incident is worth."""

    incident: str
    evidence: str | None
    reason: str


GRADES = (
    Pinned(ODESA, None, "the one report supports no claim: it was early, or elsewhere"),
    Pinned(TERNIVKA, None, "the governor's report is of a bound party, and supports no claim"),
    Pinned(BARRAGE, "corroborated",
        "agency and Underlines speak for no party; the air force does, and names no target"),
    Pinned(BELGOROD, None, "an alleged actor supports nothing"),
)  # fmt: skip


class Known(NamedTuple):
    """What was known of one incident right after one event: claim verdicts, and all together."""

    after: str
    incident: str
    verdict: str | None
    claims: dict[str, str]
    reason: str


HISTORY = (
    Known("odesa-1", ODESA, None, {}, "nobody had spoken of a truce"),
    Known("e26-1", ODESA, "undetermined", {"E26-1": "undetermined"},
        "the first claim comes after the strike, and judges it"),
    Known("e26-3", ODESA, "undetermined", {"E26-1": "undetermined"},
        "the denial speaks of Ukraine and not of Russia"),
    Known("e26-4a", ODESA, "undetermined", {"E26-1": "undetermined", "E26-4a": "clear"},
        "Kyiv alone is clear, Kyiv and the various towns is not"),
    Known("e26-5", ODESA, "undetermined",
        {"E26-1": "undetermined", "E26-4a": "clear", "E26-4b": "undetermined"},
        "a week from 30 January is no window for it: no row"),
    Known("ternivka-1", TERNIVKA, "undetermined",
        {"E26-1": "undetermined", "E26-4a": "clear", "E26-4b": "undetermined", "E26-5": "clear"},
        "12 killed"),
    Known("ternivka-2", TERNIVKA, "undetermined",
        {"E26-1": "undetermined", "E26-4a": "clear", "E26-4b": "undetermined", "E26-5": "clear"},
        "15 killed: a verdict does not hang on the toll"),
    Known("ternivka-3", TERNIVKA, "undetermined",
        {"E26-1": "undetermined", "E26-4a": "clear", "E26-4b": "undetermined", "E26-5": "clear"},
        "12 killed again"),
    Known("barrage-1", BARRAGE, "undetermined", {"E26-1": "undetermined", "E26-5": "undetermined"},
        "the air force names no target: where all abstain nothing is known"),
    Known("barrage-2", BARRAGE, "contested", {"E26-1": "undetermined", "E26-5": "violation"},
        "the power grid is named, and silence is no veto"),
    Known("belgorod-1", BELGOROD, "undetermined", {"E26-1": "undetermined", "E26-5": "undetermined"},
        "alleged is not known, and only a known Ukraine would be released"),
    Known("e26-6", BARRAGE, "contested", {"E26-1": "undetermined", "E26-5": "violation"},
        "Sunday to Sunday ended before: clear by time, no row"),
    Known("barrage-3", BARRAGE, "contested", {"E26-1": "undetermined", "E26-5": "violation"},
        "the night after is within the same week and after the same Sunday"),
)  # fmt: skip

# Events that change no verdict, no party and no criterion of anything.
WITHOUT_EFFECT = (
    ("odesa-1", "no commitment is known"),
    ("e26-3", "it speaks of Ukraine, and of no incident whose actor is Ukraine"),
    ("e26-5", "its week began after the one strike known"),
    ("ternivka-2", "only the toll is revised"),
    ("ternivka-3", "only the toll is revised"),
)


@cache
def known_after(event_id: str) -> dict[str, Judgement]:
    """Incident -> what stood when the event had just been read."""
    last = [event["id"] for event in EVENTS].index(event_id)
    return _by_incident(LINES[: last + 1])


def _by_incident(lines: tuple[str, ...]) -> dict[str, Judgement]:
    verdicts = given(lines).verdicts()
    assert all(commitment == TRUCE for commitment, _ in verdicts)
    return {incident: judgement for (_, incident), judgement in verdicts.items()}


def in_the_end() -> dict[str, Judgement]:
    return known_after(EVENTS[-1]["id"])


def _criteria(answers: str) -> Criteria:
    return Criteria(*(ANSWERS[one] for one in answers))


def _ids(rows: tuple[tuple[Any, ...], ...]) -> list[str]:
    return [f"{row[0]} {row[1]}" for row in rows]


@pytest.mark.parametrize("row", CLAIM_VERDICTS, ids=_ids(CLAIM_VERDICTS))
def test_each_claim_is_judged_by_its_own_words(row: Expected) -> None:
    found = {claim.claim_id: claim for claim in in_the_end()[row.incident].claims}[row.claim]

    assert (found.verdict, found.criteria) == (row.verdict, _criteria(row.criteria)), row.reason


@pytest.mark.parametrize(("claim", "incident", "reason"), NO_ROW, ids=_ids(NO_ROW))
def test_a_claim_that_time_or_denial_excludes_has_no_row(
    claim: str, incident: str, reason: str
) -> None:
    assert claim not in {row.claim_id for row in in_the_end()[incident].claims}, reason


@pytest.mark.parametrize("row", VERDICTS, ids=[row.incident for row in VERDICTS])
def test_the_commitment_is_judged_over_the_claims_that_speak_of_the_actor(row: Overall) -> None:
    found = in_the_end()[row.incident]

    assert (found.verdict, found.party) == (row.verdict, row.party), row.reason
    assert found.sources.independent_reports == row.independent_reports, row.reason


@pytest.mark.parametrize("row", GRADES, ids=[row.incident for row in GRADES])
def test_what_the_evidence_is_worth(row: Pinned) -> None:
    found = in_the_end()[row.incident].sources

    assert found.evidence == row.evidence, row.reason
    assert not found.admitted
    assert found.denied_by == (), "no comment is no denial"


def test_the_tables_name_every_pair() -> None:
    claims = {e["data"]["claim_id"] for e in EVENTS if e["type"] == "commitment.claimed"}
    rows = {(row.claim, row.incident) for row in CLAIM_VERDICTS}
    none = {(claim, incident) for claim, incident, _ in NO_ROW}

    assert not rows & none
    assert rows | none == {(claim, incident) for claim in claims for incident in INCIDENTS}
    assert rows == {(c.claim_id, i) for i, found in in_the_end().items() for c in found.claims}
    assert {row.incident for row in VERDICTS} == set(in_the_end()) == set(INCIDENTS)


def test_all_four_verdicts_occur() -> None:
    of_claims = {claim.verdict for found in in_the_end().values() for claim in found.claims}
    of_commitments = {found.verdict for found in in_the_end().values()}

    assert of_claims == {"violation", "clear", "undetermined"}
    assert of_commitments == {"contested", "undetermined"}


@pytest.mark.parametrize("row", HISTORY, ids=_ids(HISTORY))
def test_what_was_known_at_an_earlier_point(row: Known) -> None:
    found = known_after(row.after).get(row.incident)

    if row.verdict is None:
        assert found is None, row.reason
    else:
        assert found is not None, row.reason
        assert found.verdict == row.verdict, row.reason
        assert {claim.claim_id: claim.verdict for claim in found.claims} == row.claims, row.reason


@pytest.mark.parametrize(("event_id", "reason"), WITHOUT_EFFECT)
def test_an_event_may_change_nothing(event_id: str, reason: str) -> None:
    number = [event["id"] for event in EVENTS].index(event_id)

    assert given(LINES).history[number] == [], reason


def test_the_wrong_night_adds_a_report_and_nothing_else() -> None:
    before, after = known_after("e26-6")[BARRAGE], known_after("barrage-3")[BARRAGE]

    assert [claim.verdict for claim in after.claims] == [claim.verdict for claim in before.claims]
    assert after.sources.independent_reports == before.sources.independent_reports + 1
    assert after.occurred_start == before.occurred_start
    assert after.occurred_end > before.occurred_end
    assert known_after("barrage-3")[BELGOROD] == known_after("e26-6")[BELGOROD]


def test_the_revised_toll_is_the_one_that_stands() -> None:
    tolls = [
        event["data"]["effects"]["killed"]
        for event in EVENTS
        if event["type"] == "incident.reported" and event["data"]["incident_id"] == TERNIVKA
    ]
    reports = {"standing": "SELECT incident_id, payload FROM reports"}

    assert tolls == [12, 15, 12]
    standing = Scratch().folded([records(LINES)], reports)["standing"]
    assert [payload for incident, payload in standing if incident == TERNIVKA] == [
        LINES[_line("ternivka-3")]
    ]


def _line(event_id: str) -> int:
    return [event["id"] for event in EVENTS].index(event_id)
