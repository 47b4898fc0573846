"""What analysts read: compliance, and the verdicts as they once were known."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from analytics.ledger.ledger import Ledger
from analytics.queries import queries
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
from tests.support.readable import empty_ledger


@pytest.fixture
def ledger(path: Path) -> Iterator[Ledger]:
    with empty_ledger(path) as opened:
        yield opened


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
        """SELECT claim_id, party, violations_lower, violations_upper, unattributed,
           first_violation_at, seconds_to_first_violation, days, unobserved_days
           FROM compliance ORDER BY ALL""",
    )
    # The window is from 22:00 on the 10th to midnight before the 15th: five UTC days.
    assert found == [
        (claim_id, party, 0, 0, 0, None, None, 0, 5)
        for claim_id in ("c", None)
        for party in ("AAA", "BBB")
    ]


def test_violations_are_bounds_and_an_unknown_actor_counts_beside_them(ledger: Ledger) -> None:
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
            Step(report(f"i{n}", actor=_actor(one.party)), LATE, (changed(None, one, f"i{n}"),))
            for n, one in enumerate(judgements)
        ),
    )
    columns = "claim_id, violations_lower, violations_upper, unattributed"
    assert compliance(ledger, columns) == [("c", 2, 3, 1), ("d", 1, 1, 0), (None, 1, 3, 1)]


def _actor(party: str | None) -> dict[str, str] | None:
    return None if party is None else {"party": party, "confidence": "confirmed"}


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
    for view in ("verdicts", "claims", "reports"):
        as_of = f"FROM {view}_as_of('2027-01-01') ORDER BY ALL"
        assert rows(ledger, as_of) == rows(ledger, f"FROM {view} ORDER BY ALL") != []
        assert rows(ledger, f"FROM {view}_as_of('2020-01-01')") == []


def test_as_of_shows_the_versions_of_then(ledger: Ledger) -> None:
    write(
        ledger,
        Step(claim(), "2026-02-01T00:00:00Z"),
        Step(report(act="raid"), "2026-02-01T00:00:00Z"),
        Step(claim(claimed_by={"name": "Another"}), "2026-02-02T00:00:00Z"),
        Step(report(act="strike"), "2026-02-02T00:00:00Z"),
        Step(report_retracted(), "2026-02-03T00:00:00Z"),
    )

    def known(day: int) -> list[tuple[Any, ...]]:
        return rows(
            ledger,
            f"""SELECT claimed_by, act
                FROM claims_as_of('2026-02-0{day}') AS c
                FULL OUTER JOIN reports_as_of('2026-02-0{day}') AS r ON c.conflict = r.conflict""",  # noqa: S608 - days of this test
        )

    assert known(1) == [("Mediator", "raid")]
    assert known(2) == [("Another", "strike")]
    assert known(3) == [("Another", None)]


T1, T2 = "2026-02-01T10:00:00Z", "2026-02-02T10:00:00Z"


def test_the_mark_of_windows_changes_with_each_change_of_a_claim_and_not_with_a_report(
    ledger: Ledger,
) -> None:
    def mark() -> list[tuple[Any, ...]]:
        return rows(ledger, queries("pages")["windows_mark"])

    write(ledger, Step(claim(), T1), Step(claim("other"), T1), Step(report(), T1))
    before = mark()
    write(ledger, Step(report(report_id="second"), T2), first=3)
    assert mark() == before
    # In the moment of the last change, too: another partition may be written later.
    for number, change in enumerate((claim("new"), claim_retracted(), denial("other")), 4):
        write(ledger, Step(change, T1), first=number)
        after = mark()
        assert after != before
        before = after


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
