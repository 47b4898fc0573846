"""A new incident of one report is judged on the fast path, and to be what the fold says it is."""

from __future__ import annotations

from typing import Any

import pytest

from analytics.ledger.rows import FirstSight
from analytics.ledger.transaction import Transaction
from streams.engine.decoding import RawRecord, read
from streams.engine.loading import load_standing, process
from streams.judging.statement import simple_statement, statement, timed_statement
from tests.support.given import (
    CONFLICT,
    claim,
    claim_retracted,
    given,
    report,
    report_retracted,
    reported,
)
from tests.support.logged import LOG_ID, Scratch, records

VERDICTS = "SELECT commitment_id, incident_id, verdict, party, independent_reports FROM verdicts"
SHORT: dict[str, Any] = {
    "window": [{"start": "2026-01-10T00:00:00Z", "end": "2026-01-10T12:30:00Z"}]
}
DAILY: dict[str, Any] = {"window": [{"daily": {"from": "08:00", "to": "20:00", "zone": "UTC"}}]}
OTHER: dict[str, Any] = {"commitment_id": "pause"}
IMPACTS: dict[str, Any] = {"impacts": [{"place": "UA-63"}]}
LONG_AGO: dict[str, Any] = {"occurred": {"start": "2020-01-10T12:00:00Z"}}
INTERVAL = {"start": "2026-01-10T12:00:00Z", "end": "2026-01-10T13:00:00Z"}
TWICE = report()
REUSED = TWICE.replace('"incident_id": "i"', '"incident_id": "j"')
BROKEN = report().replace('"act"', '"acts"')


class Watched(Transaction):
    """A transaction that keeps which rows it judged on the fast path."""

    fast: list[int]

    def first_seen(self, first_seen: FirstSight) -> None:
        self.fast.append(first_seen.row)
        super().first_seen(first_seen)


@pytest.fixture(scope="module")
def scratch() -> Scratch:
    return Scratch()


def fast(scratch: Scratch, batch: list[RawRecord]) -> list[int]:
    """Which rows of a batch are judged on the fast path."""
    Watched.fast = []
    ledger = scratch.emptied()
    ledger.kind_of_transaction = Watched
    process(ledger, load_standing(ledger), LOG_ID, read(batch))
    return Watched.fast


# fmt: off
TAKEN: list[tuple[list[str], list[int]]] = [
    ([claim(), report()],                                                  [1]),
    ([report(), claim()],                                                  [0]),
    ([report(), report("r", "j")],                                         [0, 1]),
    ([claim(), report(**LONG_AGO)],                                        [1]),
    ([claim(), claim(**OTHER), report(), report("r", "j")],                [2, 3]),
    ([claim(), report(), claim_retracted(), report("r", "j")],             [1, 3]),
    ([claim(), report("r", "a"), BROKEN, report("r", "b")],             [1, 2]),
    # Something else is about the incident, or it is the same event again.
    ([claim(), report(), report("s")],                                     []),
    ([claim(), report(), report(act="raid"), report("r", "j")],            [3]),
    ([claim(), report(), report_retracted(), report("r", "j")],            [3]),
    ([claim(), report_retracted(), report()],                              []),
    ([claim(), TWICE, TWICE],                                              []),
    ([claim(), TWICE, REUSED],                                              []),
    ([claim(), report(), report(**IMPACTS)],                               []),
    # What time has to do with it is not all that matters.
    ([claim(), report(**IMPACTS), report("r", "j")],                       [2]),
    ([claim(**DAILY), report()],                                           []),
    ([claim(conditions={"reciprocal": True}), report()],                   []),
    ([claim(conditions={"other": "in good faith"}), report()],             []),
    ([claim(conditions={"reciprocal": True}), report(**LONG_AGO)],         [1]),
    ([claim(), report(), claim(**DAILY), report("r", "j")],                [1]),
]
# fmt: on


@pytest.mark.parametrize(("lines", "taken"), TAKEN)
def test_the_fast_path_is_for_new_incidents_of_one_report_and_says_what_the_fold_does(
    scratch: Scratch, lines: list[str], taken: list[int]
) -> None:
    assert fast(scratch, records(lines)) == taken
    found = scratch.dump({"verdicts": VERDICTS})["verdicts"]
    expected = given([line for line in lines if line != BROKEN]).verdicts()
    assert found == sorted(
        (
            (*pair, one.verdict, one.party, one.sources.independent_reports)
            for pair, one in expected.items()
        ),
        key=repr,
    )


@pytest.mark.parametrize(
    "occurred",
    [
        INTERVAL,
        INTERVAL | {"certainty": "throughout"},
        INTERVAL | {"of": "impact"},
        INTERVAL | {"certainty": "throughout", "of": "impact"},
        {"start": INTERVAL["start"], "of": "impact"},
    ],
)
def test_what_a_report_says_of_its_time_counts_on_the_fast_path(
    scratch: Scratch, occurred: dict[str, str]
) -> None:
    lines = [claim(**SHORT), report(occurred=occurred)]
    assert fast(scratch, records(lines)) == [1]
    only = given(lines).only
    assert only is not None
    found = scratch.dump({"criteria": "SELECT verdict, in_window FROM claim_verdicts"})
    assert found["criteria"] == [(only.verdict, only.claims[0].criteria.in_window)]


def test_an_incident_that_the_ledger_has_is_not_new(scratch: Scratch) -> None:
    ledger = scratch.emptied()
    ledger.kind_of_transaction = Watched
    standing = load_standing(ledger)
    log = records([claim(), report(), report("s"), report("r", "j")])
    taken = []
    for first in (0, 2):
        Watched.fast = []
        process(ledger, standing, LOG_ID, read(log[first : first + 2]))
        taken.append(Watched.fast)
    assert taken == [[1], [1]]


@pytest.mark.parametrize("at_once", [1, 3])
def test_an_id_that_stands_for_another_incident_already_is_refused(
    scratch: Scratch, at_once: int
) -> None:
    log = records([claim(), TWICE, REUSED])
    batches = [log[first : first + at_once] for first in range(0, 3, at_once)]
    found = scratch.folded(
        batches, {"verdicts": VERDICTS, "rejected": "SELECT reason FROM rejected"}
    )
    assert [row[:2] for row in found["verdicts"]] == [("truce", "i")]
    assert found["rejected"] == [("id_reused",)]


def test_names_that_several_conflicts_have_are_not_the_same_incident(scratch: Scratch) -> None:
    lines = [claim(), report(), report("r", "j")]
    elsewhere = [line.replace(CONFLICT, "elsewhere") for line in lines]
    batch = [
        record._replace(offset=offset, partition=0)
        for offset, record in enumerate(records([*lines, *elsewhere]))
    ]
    assert fast(scratch, batch) == [1, 2, 4, 5]


# fmt: off
STATEMENTS: list[tuple[dict[str, Any], bool]] = [
    ({"occurred": {"start": "2026-01-11T12:00:00Z"}},           True),
    ({"evidence": ["https://desk.example/1"]},                  True),
    ({"reported_by": {"name": "Another"}},                      False),
    ({"reported_by": {"name": "Observer", "kind": "media"}},    False),
    ({"report_id": "s"},                                        True),
    ({"effects": {"killed": 3}},                                True),
    ({"reported_by": {"name": "Observer", "party": "BBB"}},     False),
    ({"actor": None},                                           False),
    ({"actor": {"party": "BBB", "confidence": "confirmed"}},    False),
    ({"actor": {"party": "AAA", "confidence": "likely"}},       False),
    ({"act": "raid"},                                           False),
    ({"act": None},                                             False),
    ({"targets": ["substation", "residential"]},                False),
    ({"targets": []},                                           False),
    ({"places": ["UA-63"]},                                     False),
    ({"places": [{"lat": 50.4, "lon": 30.5}]},                  False),
]
# fmt: on


@pytest.mark.parametrize(("other", "same"), STATEMENTS)
def test_reports_that_say_the_same_have_the_same_statement_and_no_others(
    other: dict[str, Any], same: bool
) -> None:
    one, another = reported(), reported(**other)
    assert (simple_statement(one) == simple_statement(another)) is same
    for report_ in (one, another):
        assert statement(simple_statement(report_)) == timed_statement(report_).statement
