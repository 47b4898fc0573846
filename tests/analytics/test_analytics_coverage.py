"""How the ledger keeps who watched: versions as of claims, and what stands of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from analytics.ledger.contents import COUNTED, count, last_balance
from analytics.ledger.ledger import Ledger
from analytics.storage.database import Session
from tests.analytics.test_analytics_metrics import page, series
from tests.analytics.written import Step, claim, coverage, report, rows, write
from tests.support.readable import empty_ledger

T1, T2, T3 = "2026-02-01T10:00:00Z", "2026-02-02T10:00:00Z", "2026-02-03T10:00:00Z"


@pytest.fixture
def ledger(path: Path) -> Iterator[Ledger]:
    with empty_ledger(path) as opened:
        yield opened


STANDS = "SELECT coverage_id, quality FROM coverage ORDER BY ALL"


def test_coverage_is_kept_as_it_was_said(ledger: Ledger) -> None:
    square = {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 0]]]}
    by = {"name": "Mission", "kind": "monitor", "party": "OBS"}
    said = coverage(
        area=["UA-14", square, None],
        reported_by=by,
        as_stated="all of Monday",
        evidence=["https://desk.example/watch"],
    )
    write(ledger, Step(said, T1), Step(coverage("unsaid"), T1))
    columns = """
        SELECT conflict, coverage_id, reported_by, reporter_kind, reporter_party,
            epoch_us(covered_start), epoch_us(covered_end), quality, as_stated, evidence
        FROM coverage ORDER BY coverage_id DESC"""
    day = (1_768_176_000_000_000, 1_768_262_400_000_000)
    assert rows(ledger, columns) == [
        (
            "testland",
            "w",
            *by.values(),
            *day,
            "full",
            "all of Monday",
            ["https://desk.example/watch"],
        ),
        ("testland", "unsaid", "Mission", "monitor", None, *day, "full", None, []),
    ]
    [(area,), (unsaid,)] = rows(ledger, "SELECT area FROM coverage ORDER BY coverage_id DESC")
    assert json.loads(area) == ["UA-14", square, None]
    assert unsaid is None


def test_the_same_id_again_is_a_revision_and_none_takes_it_back(ledger: Ledger) -> None:
    write(ledger, Step(coverage(), T1), Step(coverage("other", quality="denied"), T1))
    assert rows(ledger, STANDS) == [("other", "denied"), ("w", "full")]
    write(ledger, Step(coverage(quality="partial"), T2), first=2)
    assert rows(ledger, STANDS) == [("other", "denied"), ("w", "partial")]
    write(ledger, Step(coverage(quality="none"), T3), first=3)
    assert rows(ledger, STANDS) == [("other", "denied")]
    versions = """
        SELECT quality, day(recorded_at), day(superseded_at)
        FROM coverage_versions WHERE coverage_id = 'w' ORDER BY recorded_at"""
    assert rows(ledger, versions) == [("full", 1, 2), ("partial", 2, 3), ("none", 3, None)]


def test_a_revision_in_the_same_transaction_is_a_version_of_its_own(ledger: Ledger) -> None:
    write(ledger, Step(coverage(), T1), Step(coverage(quality="none"), T1))
    assert rows(ledger, STANDS) == []
    assert rows(ledger, "SELECT quality, superseded_at IS NULL FROM coverage_versions") == [
        ("full", False),
        ("none", True),
    ]


def test_the_same_id_in_another_conflict_is_another_statement(ledger: Ledger) -> None:
    write(ledger, Step(coverage(), T1), Step(coverage(conflict="elsewhere", quality="none"), T2))
    assert rows(ledger, STANDS) == [("w", "full")]


def test_coverage_is_told_as_it_was_known(ledger: Ledger) -> None:
    write(ledger, Step(coverage(), T1), Step(coverage(quality="none"), T3))

    def known(moment: str) -> list[tuple[str, ...]]:
        return rows(ledger, f"SELECT quality FROM coverage_as_of('{moment}')")  # noqa: S608

    assert known("2026-02-01T00:00:00Z") == []
    assert known(T1) == [("full",)]
    assert known("2026-02-03T09:59:59Z") == [("full",)]
    assert known(T3) == []


def test_what_the_tables_are_said_to_hold_has_the_coverage(ledger: Ledger) -> None:
    write(ledger, Step(coverage(), T1), Step(coverage("x"), T1))
    write(ledger, Step(coverage(quality="denied"), T2), first=2)
    with ledger.cursor() as cursor:
        session = Session(cursor)
        said = last_balance(session).contents
        assert said["coverage_versions"].row_count == 3
        assert said == {table: count(session, table) for table in COUNTED}


def last_coverage(ledger: Ledger) -> list[str]:
    return series(page(ledger), "truce_last_coverage_timestamp_seconds")


def test_the_last_coverage_of_a_conflict_is_when_the_log_took_what_stands(ledger: Ledger) -> None:
    name = 'truce_last_coverage_timestamp_seconds{conflict="testland"}'
    write(ledger, Step(claim(), T1), Step(report(), T1))
    assert last_coverage(ledger) == [f"{name} 0.0"]
    write(ledger, Step(coverage("denied", quality="denied"), T1), first=2)
    assert last_coverage(ledger) == [f"{name} 0.0"]
    write(ledger, Step(coverage(), T1), Step(coverage("later", quality="partial"), T2), first=3)
    assert last_coverage(ledger) == [f"{name} 1.7700264e+09"]  # T2
    write(ledger, Step(coverage("later", quality="none"), T3), first=5)
    assert last_coverage(ledger) == [f"{name} 1.76994e+09"]  # T1
