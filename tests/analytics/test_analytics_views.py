"""What analysts read: compliance, and the verdicts as they once were known."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from analytics.ledger.ledger import Ledger
from schemas.verdicts import ClaimVerdict, Judgement, Outcome
from tests.analytics.written import (
    YES,
    Step,
    changed,
    claim,
    claim_retracted,
    denial,
    judged,
    report,
    report_retracted,
    rows,
    write,
)

LATE = "2026-02-01T10:00:00Z"


def compliance(ledger: Ledger, columns: str, where: str = "party = 'AAA'") -> list[tuple[Any, ...]]:
    return rows(ledger, f"SELECT {columns} FROM compliance WHERE {where} ORDER BY ALL")  # noqa: S608


def by_claims(verdict: Outcome, party: str | None, **claims: Any) -> Judgement:
    return judged(
        verdict,
        party,
        claims=[ClaimVerdict(name, said, YES, said) for name, said in claims.items()],
    )


def test_a_commitment_without_incidents_has_rows_of_zeros(ledger: Ledger) -> None:
    write(ledger, Step(claim(), LATE), Step(denial(), LATE))
    found = rows(
        ledger,
        """SELECT claim_id, party, violations_lower, violations_upper, first_violation_at,
           seconds_to_first_violation, violation_free_days, days FROM compliance ORDER BY ALL""",
    )
    # The window is from 22:00 on the 10th to midnight before the 15th: five UTC days.
    assert found == [
        (claim_id, party, 0, 0, None, None, 5, 5)
        for claim_id in ("c", None)
        for party in ("AAA", "BBB")
    ]


def test_violations_are_bounds_and_an_unknown_actor_counts_for_nobody(ledger: Ledger) -> None:
    judgements = [
        by_claims("violation", "AAA", c="violation", d="violation"),
        by_claims("contested", "AAA", c="violation", d="clear"),
        by_claims("undetermined", "AAA", c="undetermined"),
        by_claims("clear", "AAA", c="clear"),
        by_claims("undetermined", None, c="undetermined"),
        by_claims("violation", "BBB", c="violation", d="violation"),
    ]
    write(
        ledger,
        Step(claim(), LATE),
        Step(claim("d"), LATE),
        *(
            Step(report(f"i{n}"), LATE, (changed(None, one, f"i{n}"),))
            for n, one in enumerate(judgements)
        ),
    )
    assert compliance(ledger, "claim_id, violations_lower, violations_upper") == [
        ("c", 2, 3),
        ("d", 1, 1),
        (None, 1, 3),
    ]


def test_days_touched_by_a_violation_are_not_free_of_it(ledger: Ledger) -> None:
    night = judged(occurred="2026-01-11T20:00:00Z", ended="2026-01-13T00:00:00Z")
    instant = judged(occurred="2026-01-14T00:00:00Z")
    write(
        ledger,
        Step(claim(), LATE),
        Step(report("i"), LATE, (changed(None, night),)),
        Step(report("j"), LATE, (changed(None, instant, "j"),)),
    )
    columns = "first_violation_at, seconds_to_first_violation, violation_free_days, days"
    first = dt.datetime(2026, 1, 11, 20, tzinfo=dt.UTC)
    assert compliance(ledger, columns) == [(first, 22 * 3600.0, 2, 5)] * 2


@pytest.mark.parametrize(
    ("window", "expected"),
    [
        # Open: counted up to what the log knows, 10:00 on 1 February.
        ([{"start": "2026-01-30T12:00:00Z", "end": None}], (True, False, 3)),
        ([{"start": "2026-01-30T12:00:00Z"}], (True, False, None)),
        ([{"end": "2026-01-30T12:00:00Z"}], (False, True, None)),
        ([{}], (False, False, None)),
        # At its widest where it is uncertain.
        (
            [
                {
                    "start": {"earliest": "2026-01-10T00:00:00Z", "latest": "2026-01-12T00:00:00Z"},
                    "end": {"earliest": "2026-01-13T00:00:00Z", "latest": "2026-01-14T00:00:01Z"},
                }
            ],
            (True, True, 5),
        ),
        # What is still to come has not been kept yet.
        ([{"start": "2026-01-31T00:00:00Z", "end": "2026-03-01T00:00:00Z"}], (True, True, 2)),
        ([{"start": "2026-02-10T00:00:00Z", "end": "2026-03-01T00:00:00Z"}], (True, True, 0)),
        # A suspended truce has no days in between.
        (
            [
                {"start": "2026-01-01T00:00:00Z", "end": "2026-01-03T00:00:00Z"},
                {"start": "2026-01-02T00:00:00Z", "end": "2026-01-04T00:00:00Z"},
                {"start": "2026-01-20T00:00:00Z", "end": "2026-01-21T00:00:00Z"},
            ],
            (True, True, 4),
        ),
        (
            [
                {
                    "daily": {"from": "08:00", "to": "14:00", "zone": "Asia/Gaza"},
                    "start": "2026-01-01T00:00:00Z",
                    "end": "2026-01-08T00:00:00Z",
                }
            ],
            (True, True, 7),
        ),
    ],
)
def test_days_are_counted_as_far_as_they_are_known(
    ledger: Ledger, window: list[Any], expected: tuple[object, ...]
) -> None:
    write(ledger, Step(claim(window=window), LATE))
    columns = "window_start IS NOT NULL, window_end IS NOT NULL, days"
    assert compliance(ledger, columns) == [expected] * 2
    assert compliance(ledger, "violation_free_days") == [(expected[2],)] * 2


def test_the_commitment_as_a_whole_spans_its_claims(ledger: Ledger) -> None:
    late = [{"start": "2026-01-20T00:00:00Z", "end": "2026-01-22T00:00:00Z"}]
    write(ledger, Step(claim(), LATE), Step(claim("d", window=late), LATE))
    assert compliance(ledger, "day(window_start), day(window_end), days", "claim_id IS NULL") == [
        (10, 22, 7),
        (10, 22, 7),
    ]
    write(ledger, Step(claim("e", window=[{"end": None}]), LATE), first=2)
    assert compliance(ledger, "window_start, window_end, days", "claim_id IS NULL") == [
        (None, None, None),
        (None, None, None),
    ]


def test_a_retracted_claim_has_no_row(ledger: Ledger) -> None:
    write(ledger, Step(claim(), LATE), Step(claim_retracted(), LATE))
    assert rows(ledger, "FROM compliance") == []


def test_verdicts_are_told_as_they_were_known(ledger: Ledger) -> None:
    one = judged("contested", independent=1)
    two = judged("violation", ended="2026-01-12T15:00:00Z", independent=1)
    spell = {"start": "2026-01-12T12:00:00Z", "end": "2026-01-12T15:00:00Z"}
    write(
        ledger,
        Step(claim(), "2026-02-01T00:00:00Z"),
        Step(report(), "2026-02-02T00:00:00Z", (changed(None, one),)),
        Step(
            report(report_id="s", occurred=spell, reported_by={"name": "Army", "party": "BBB"}),
            "2026-02-03T00:00:00Z",
            (changed(one, two),),
        ),
        Step(report_retracted(), "2026-02-04T00:00:00Z", (changed(two, None),)),
    )

    def known(moment: str) -> list[tuple[Any, ...]]:
        return rows(
            ledger,
            f"""SELECT verdict, party, hour(occurred_end), independent_reports, day(recorded_at)
                FROM verdicts_as_of('{moment}')""",  # noqa: S608 - moments of this test
        )

    assert known("2026-02-01T12:00:00Z") == []
    assert known("2026-02-02T00:00:00Z") == [("contested", "AAA", 12, 1, 2)]
    assert known("2026-02-02T23:59:59Z") == [("contested", "AAA", 12, 1, 2)]
    assert known("2026-02-03T12:00:00Z") == [("violation", "AAA", 15, 1, 3)]
    assert known("2026-02-05T00:00:00Z") == []


def test_as_of_now_is_what_stands(ledger: Ledger) -> None:
    write(
        ledger,
        Step(claim(), LATE),
        Step(report(), LATE, (changed(None, judged()),)),
        Step(report("j"), LATE, (changed(None, judged("clear", None), "j"),)),
    )
    assert rows(ledger, "FROM verdicts_as_of('2027-01-01') ORDER BY ALL") == rows(
        ledger, "FROM verdicts ORDER BY ALL"
    )


def names(text: str) -> list[str]:
    return text.split()


def test_the_contract_of_the_views_is_kept(ledger: Ledger) -> None:
    def columns(name: str) -> list[str]:
        return [row[0] for row in rows(ledger, f"DESCRIBE {name}")]

    verdicts = names(
        "conflict commitment_id incident_id party verdict occurred_start occurred_end "
        "independent_reports evidence admitted denied_by recorded_at"
    )
    assert columns("verdicts") == verdicts
    assert columns("verdict_versions")[:13] == [*verdicts, "superseded_at"]
    assert columns("claim_verdicts") == names(
        "conflict commitment_id claim_id incident_id party verdict in_window party_bound "
        "act_prohibited target_covered in_area still_bound recorded_at"
    )
    assert columns("events")[:11] == names(
        "source event_id type conflict posted_by recorded_at log_id partition offset batch_index payload"
    )
    assert columns("compliance") == names(
        "conflict commitment_id claim_id party window_start window_end violations_lower "
        "violations_upper first_violation_at seconds_to_first_violation violation_free_days days"
    )
