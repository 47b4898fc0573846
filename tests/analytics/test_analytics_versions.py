"""Histories: what is superseded when, whatever the batches were."""

from __future__ import annotations

import itertools
import random
import shutil
from pathlib import Path

import pytest

from analytics.ledger import transaction
from analytics.ledger.ledger import Ledger
from schemas.verdicts import ClaimOutcome, ClaimVerdict, Criteria, Judgement, Outcome
from tests.analytics.written import (
    VERSIONS,
    YES,
    Step,
    changed,
    claim,
    claim_retracted,
    dump,
    judged,
    report,
    report_retracted,
    rows,
    write,
)

T1, T2, T3, T4 = (f"2026-02-01T00:00:0{n}Z" for n in range(1, 5))
HISTORY = """
    SELECT verdict, party, second(recorded_at), second(superseded_at), second(since)
    FROM verdict_versions ORDER BY recorded_at
"""


def test_a_verdict_keeps_its_since_while_only_the_party_changes(ledger: Ledger) -> None:
    one, other = judged(party="AAA"), judged(party="BBB")
    write(ledger, Step(report(), T1, (changed(None, one),)))
    write(ledger, Step(report(), T2, (changed(one, other),)), first=1)
    write(ledger, Step(report(), T3, (changed(other, judged("clear")),)), first=2)
    assert rows(ledger, HISTORY) == [
        ("violation", "AAA", 1, 2, 1),
        ("violation", "BBB", 2, 3, 1),
        ("clear", "AAA", 3, None, 3),
    ]


def test_versions_of_one_batch_chain(ledger: Ledger) -> None:
    one, other = judged(party="AAA"), judged(party="BBB")
    write(ledger, Step(report(), T1, (changed(None, one),)))
    write(
        ledger,
        Step(report(), T2, (changed(one, other),)),
        Step(report(), T3, (changed(other, one),)),
        Step(report(), T4, (changed(one, judged("contested")),)),
        first=1,
    )
    assert rows(ledger, HISTORY) == [
        ("violation", "AAA", 1, 2, 1),
        ("violation", "BBB", 2, 3, 1),
        ("violation", "AAA", 3, 4, 1),
        ("contested", "AAA", 4, None, 4),
    ]


@pytest.mark.parametrize("together", [True, False])
def test_a_pair_that_was_withdrawn_starts_afresh(ledger: Ledger, *, together: bool) -> None:
    one = judged()
    steps = [
        Step(report(), T1, (changed(None, one),)),
        Step(report_retracted(), T2, (changed(one, None),)),
        Step(report(), T3, (changed(None, one),)),
    ]
    if together:
        write(ledger, *steps)
    else:
        for offset, step in enumerate(steps):
            write(ledger, step, first=offset)
    assert rows(ledger, HISTORY) == [
        ("violation", "AAA", 1, 2, 1),
        ("violation", "AAA", 3, None, 3),
    ]
    assert rows(ledger, "SELECT count(*) FROM claim_verdict_versions") == [(2,)]


@pytest.mark.parametrize(
    "after",
    [
        judged(ended="2026-01-12T15:00:00Z"),
        judged(independent=3),
        judged(evidence="verified"),
        judged(denied_by=("Ministry",)),
    ],
)
@pytest.mark.parametrize("together", [True, False])
def test_times_and_sources_open_a_version_that_raises_nothing(
    ledger: Ledger, after: Judgement, *, together: bool
) -> None:
    one = judged()
    steps = [
        Step(report(), T1, (changed(None, one),)),
        Step(report(), T2, (changed(one, after),)),
        Step(report(), T3, (changed(after, judged(party="BBB")),)),
    ]
    for first, some in [(0, steps)] if together else enumerate([step] for step in steps):
        write(ledger, *some, first=first)
    assert rows(
        ledger,
        "SELECT second(recorded_at), second(superseded_at), second(since), second(raised_at) "
        "FROM verdict_versions ORDER BY recorded_at",
    ) == [(1, 2, 1, 1), (2, 3, 1, 1), (3, None, 1, 3)]
    assert rows(ledger, "SELECT count(*) FROM claim_verdict_versions WHERE party = 'AAA'") == [(1,)]


@pytest.mark.parametrize(
    ("after", "versions"),
    [
        (ClaimVerdict("c", "violation", YES, "violation"), 1),
        (ClaimVerdict("c", "violation", YES, "clear"), 1),
        (ClaimVerdict("c", "violation", YES._replace(in_area=None), "violation"), 2),
        (ClaimVerdict("c", "violation", YES._replace(still_bound=False), "violation"), 2),
        (ClaimVerdict("c", "undetermined", YES, "violation"), 2),
    ],
)
def test_a_claim_verdict_has_a_version_for_each_verdict_and_criterion(
    ledger: Ledger, after: ClaimVerdict, versions: int
) -> None:
    one = judged()
    write(ledger, Step(report(), T1, (changed(None, one),)))
    two = judged(claims=[after], independent=2)
    write(ledger, Step(report(), T2, (changed(one, two),)), first=1)
    assert rows(ledger, "SELECT count(*) FROM claim_verdict_versions") == [(versions,)]
    assert rows(ledger, "SELECT count(*) FROM claim_verdicts") == [(1,)]
    assert rows(
        ledger, "SELECT before_conditions FROM claim_verdict_versions WHERE superseded_at IS NULL"
    ) == [(after.before_conditions,)]


def test_another_party_opens_a_version_of_every_claim_verdict(ledger: Ledger) -> None:
    one, other = judged(party="AAA"), judged(party=None)
    write(ledger, Step(report(), T1, (changed(None, one),)))
    write(ledger, Step(report(), T2, (changed(one, other),)), first=1)
    found = rows(
        ledger, "SELECT party, second(superseded_at) FROM claim_verdict_versions ORDER BY ALL"
    )
    assert found == [("AAA", 2), (None, None)]


def test_retracting_what_does_not_stand_changes_nothing(ledger: Ledger) -> None:
    write(
        ledger,
        Step(claim_retracted(), T1),
        Step(report_retracted(), T1),
        Step(claim(), T2),
        Step(claim_retracted(), T3),
        Step(claim_retracted(), T4),
    )
    assert rows(
        ledger, "SELECT second(recorded_at), second(superseded_at) FROM claim_versions"
    ) == [(2, 3)]
    assert rows(ledger, "SELECT count(*) FROM report_versions") == [(0,)]
    assert rows(ledger, "SELECT count(*) FROM events") == [(5,)]


def _random_history(seed: int) -> list[Step]:
    """Thirty events on few incidents and claims; each change starts from what stood."""
    rng = random.Random(seed)
    standing: dict[str, Judgement | None] = dict.fromkeys("ijk")
    steps = []
    outcomes: list[Outcome] = ["violation", "clear", "contested", "undetermined"]
    answers: list[ClaimOutcome] = ["violation", "clear", "undetermined"]
    for number in range(30):
        incident = rng.choice("ijk")
        before = standing[incident]
        after = None
        if rng.random() < 0.8:
            claims = [
                ClaimVerdict(
                    name,
                    rng.choice(answers),
                    Criteria(*(rng.choice([True, None]) for _ in range(6))),
                    rng.choice(answers),
                )
                for name in "cd"
                if rng.random() < 0.7
            ]
            after = judged(
                rng.choice(outcomes),
                rng.choice(["AAA", None]),
                independent=rng.randrange(3),
                claims=claims,
            )
        standing[incident] = after
        raw = rng.choice([claim, claim_retracted])(rng.choice("cd"))
        if rng.random() < 0.7:
            raw = rng.choice([report, report, report_retracted])(incident, rng.choice("rs"))
        changes = (changed(before, after, incident),) if before != after else ()
        steps.append(Step(raw, f"2026-02-01T00:00:{number // 2:02}Z", changes))
    return steps


@pytest.mark.parametrize("seed", range(4))
def test_any_split_into_batches_gives_the_same_rows(
    tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = _random_history(seed)
    empty = tmp_path / "empty.duckdb"
    Ledger.open(empty).close()

    def folded(name: str, cuts: list[int]) -> dict[str, list[object]]:
        path = tmp_path / f"{name}.duckdb"
        shutil.copyfile(empty, path)
        with Ledger.open(path) as ledger:
            edges = [0, *cuts, len(steps)]
            for lo, hi in itertools.pairwise(edges):
                write(ledger, *steps[lo:hi], first=lo)
            return dump(ledger, ("events", *VERSIONS))

    at_once = folded("at_once", [])
    one_by_one = folded("one_by_one", list(range(1, len(steps))))
    rng = random.Random(seed)
    in_some = folded("in_some", sorted(rng.sample(range(1, len(steps)), 6)))
    monkeypatch.setattr(transaction, "FLUSH_AT", 3)
    flushed = folded("flushed", [])
    assert one_by_one == at_once
    assert in_some == at_once
    assert flushed == at_once
