"""Pairs of incidents that may be one: which are found, why, and how two are said to be one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from streams.commands.analysis.duplicates import merging
from tests.duplicates.loading import labelled, same
from tests.statistics.folded import Folded
from tests.support.given import claim, report, report_denied

PAIRS = "SELECT incident_id, other_incident_id FROM duplicate_candidates WHERE score >= 0.5"


@pytest.fixture(scope="module")
def folded() -> Iterator[Folded]:
    found = Folded()
    yield found
    found.connection.close()


@pytest.mark.parametrize(("half", "precision", "recall"), [("a", 1.0, 0.8), ("b", 0.8, 1.0)])
def test_the_labelled_pairs_are_found(
    folded: Folded, half: str, precision: float, recall: float
) -> None:
    folded.fold(*(one.event for one in labelled() if one.half == half))
    found, really = set(folded.ask(PAIRS)), same(half)
    assert len(found & really) / len(found) >= precision
    assert len(found & really) / len(really) >= recall


def test_a_barrage_known_by_its_country_and_numbers_is_the_first_candidate(folded: Folded) -> None:
    folded.fold(*(one.event for one in labelled() if one.really.startswith(("barrage", "n"))))
    first, second = sorted(("2026-03-03-barrage", "af-2026-03-02-18-00"))
    asked = "SELECT score, reasons FROM duplicate_candidates WHERE incident_id = '{}' AND {} = '{}'"
    [(score, reasons)] = folded.ask(asked.format(first, "other_incident_id", second))
    assert score > 0.9
    assert reasons[0] == "times overlap"
    assert "both say 412, 450" in reasons


def of_source(name: str, event: str) -> str:
    return event.replace("https://desk.example", f"https://{name}.example")


def test_what_one_reporter_of_one_source_tells_apart_is_two(folded: Folded) -> None:
    folded.fold(report("r", "i"), report("r", "j"))
    assert folded.ask("FROM duplicate_candidates") == []
    kyiv = {"places": [{"lat": 50.45, "lon": 30.52}]}
    folded.fold(report("r", "i", **kyiv), of_source("other", report("r", "j", **kyiv)))
    assert folded.ask(PAIRS) == [("i", "j")]


@pytest.mark.parametrize(
    "other",
    [
        {"places": [{"lat": 49.99, "lon": 36.23}]},
        {"occurred": {"start": "2026-01-13T12:00:00Z"}},
        {"actor": {"party": "BBB", "confidence": "confirmed"}, "act": "sabotage"},
    ],
)
def test_another_place_another_day_or_another_deed_is_another_incident(
    folded: Folded, other: dict[str, Any]
) -> None:
    kyiv = {"places": [{"lat": 50.45, "lon": 30.52, "radius_km": 8}]}
    folded.fold(report("r", "i", **kyiv), of_source("other", report("r", "j", **kyiv | other)))
    assert folded.ask(PAIRS) == []


def test_pairs_can_be_asked_for_between_two_moments(folded: Folded) -> None:
    folded.fold(report("r", "i"), of_source("other", report("r", "j")))
    asked = "SELECT count(*) FROM duplicates_between({}, NULL, 0.1)"
    assert folded.ask(asked.format("TIMESTAMPTZ '2026-01-10 12:00:00Z'")) == [(1,)]
    assert folded.ask(asked.format("TIMESTAMPTZ '2026-01-10 12:00:01Z'")) == [(0,)]


def test_what_says_that_two_are_one_makes_one_of_all_their_reports(folded: Folded) -> None:
    log = [claim(), report("r", "i"), report("r", "j"), report("s", "j"), report_denied("n", "j")]
    events = [json.loads(one) for one in log[1:]]
    by_id = {(one["data"]["incident_id"], one["data"]["report_id"]): one for one in events}
    of_kept = {"r": by_id["i", "r"]}
    of_other = {name: by_id["j", name] for name in ("r", "s", "n")}
    said = [json.dumps(one) for one in merging("i", "j", of_kept, of_other)]
    folded.fold(*log, *said)
    assert folded.ask("SELECT incident_id, report_id FROM reports ORDER BY ALL") == [
        ("i", "n"),
        ("i", "r"),
        ("i", "r (j)"),
        ("i", "s"),
    ]
    assert folded.ask("SELECT incident_id FROM verdicts") == [("i",)]


def test_where_a_day_in_one_place_has_too_many_only_those_alike_are_compared_and_it_says_so(
    folded: Folded,
) -> None:
    def one(name: str, source: str, minute: int, killed: int) -> str:
        at = f"2026-01-10T{minute // 60:02}:{minute % 60:02}:00Z"
        told = {"places": [{"lat": 50.45, "lon": 30.52}], "effects": {"killed": killed}}
        return of_source(source, report("r", name, occurred={"start": at, "end": at}, **told))

    crowd = [
        one(f"{name}-{n}", name, 8 * n, 2 + n) for n in range(60) for name in ("here", "other")
    ]
    folded.fold(*crowd)
    crowded = "SELECT on_day::VARCHAR, reports FROM crowded_blocks(NULL, NULL)"
    assert folded.ask(crowded) == [("2026-01-10", 120)]
    assert folded.ask(PAIRS + " ORDER BY ALL")[:1] == [("here-0", "other-0")]
    folded.fold(*crowd[:40])
    assert folded.ask(crowded) == []


def test_a_day_in_one_place_is_crowded_by_its_reports_and_not_by_their_points(
    folded: Folded,
) -> None:
    def one(name: str, n: int) -> str:
        points = [{"lat": 50.4 + n / 100, "lon": 30.5 + k / 100} for k in range(8)]
        return of_source(name, report("r", f"{name}-{n}", places=points))

    # Their 104 rows of points would be more than 10,000 pairs.
    few = [one(name, n) for n in range(7) for name in ("here", "other")][:13]
    folded.fold(*few)
    assert folded.ask("FROM crowded_blocks(NULL, NULL)") == []
    assert ("here-0", "other-0") in folded.ask(PAIRS)
    assert folded.ask("SELECT count(*) FROM report_parts(NULL, NULL)") == folded.ask(
        "SELECT count(*) FROM report_blocks(NULL, NULL)"
    )
    # Their points bound it all the same: fifty of these are 400 rows, and 160,000 pairs.
    folded.fold(*(one(name, n) for n in range(25) for name in ("here", "other")))
    assert folded.ask("SELECT reports FROM crowded_blocks(NULL, NULL)") == [(50,)]
