"""Windows over thousands of years cost no more than what was reported, and are counted rightly."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from analytics.audit.audit import Audit
from analytics.ledger.ledger import Ledger
from analytics.queries import views
from analytics.storage.database import connect, migrate
from streams.engine.decoding import read
from streams.engine.loading import load_standing, process
from tests.bounds import hostile
from tests.support.given import claim, report
from tests.support.logged import IN_MEMORY, LOG_ID, TABLES, records

COLUMNS = "party, violation_free_days_lower, violation_free_days_upper, days"
# Somebody looked, up to the last moment of 2025.
LOOKED = {"start": "2025-12-31T00:00:00Z", "end": "2026-01-01T00:00:00Z"}


class Days:
    """A ledger in memory, with its views."""

    def __init__(self) -> None:
        self.connection = connect(IN_MEMORY, threads=1)
        migrate(self.connection, IN_MEMORY)
        self.connection.execute(views())

    def fold(self, log: list[str]) -> None:
        for table in TABLES:
            self.connection.execute(f"DELETE FROM {table}")  # noqa: S608
        ledger = Ledger(self.connection, IN_MEMORY)
        assert not process(ledger, load_standing(ledger), LOG_ID, read(records(log))).rejected

    def rows(self) -> list[tuple[Any, ...]]:
        query = f"SELECT {COLUMNS} FROM compliance ORDER BY ALL"  # noqa: S608
        return self.connection.execute(query).fetchall()


@pytest.fixture(scope="module")
def days() -> Iterator[Days]:
    found = Days()
    yield found
    found.connection.close()


def seconds(what: Callable[[], object]) -> float:
    begun = time.process_time()
    what()
    return time.process_time() - begun


DAY_TABLE = [
    # Somebody looked as long as 2025 lasted: up to then days are counted.
    ([{"start": "0001-01-01T00:00:00Z", "end": "0001-01-01T00:00:00.000001Z"}], 1),
    ([{"start": "0001-01-01T00:00:00Z", "end": "0001-01-02T00:00:00Z"}], 1),
    ([{"start": "0001-01-01T23:59:59.999999Z", "end": "0001-01-02T00:00:00.000001Z"}], 2),
    ([{"start": "1969-12-31T23:00:00Z", "end": "1970-01-01T01:00:00Z"}], 2),
    ([{"start": "2025-12-30T00:00:00Z", "end": "9999-12-31T23:59:59.999999Z"}], 2),
    ([{"start": "2025-12-30T00:00:00Z", "end": None}], 2),
    ([{"start": "0001-01-01T00:00:00Z", "end": None}], 739_616),
    # Twice the same, one in the other, and one after the other.
    ([{"start": "2025-12-01T00:00:00Z", "end": "2025-12-03T00:00:00Z"}] * 2, 2),
    (
        [
            {"start": "2025-12-01T00:00:00Z", "end": "2025-12-11T00:00:00Z"},
            {"start": "2025-12-03T00:00:00Z", "end": "2025-12-04T00:00:00Z"},
            {"start": "2025-12-11T00:00:00Z", "end": "2025-12-12T00:00:00Z"},
            {"start": "2025-12-20T12:00:00Z", "end": "2025-12-20T13:00:00Z"},
        ],
        12,
    ),
]


@pytest.mark.parametrize(("window", "expected"), DAY_TABLE)
def test_days_of_a_window(days: Days, window: list[dict[str, Any]], expected: int) -> None:
    days.fold([claim(window=window), report(occurred=LOOKED, targets=["residential"])])
    assert {row[1:] for row in days.rows()} == {(expected, expected, expected)}


def test_violations_that_last_for_years_take_one_day_each_and_no_time(days: Days) -> None:
    window = [{"start": "0001-01-01T00:00:00Z", "end": None}]
    said = {"start": "1000-01-01T00:00:00Z", "end": "2000-01-01T00:00:00Z"}
    more = {"start": "1999-12-31T12:00:00Z", "end": "2000-01-01T00:00:00.000001Z"}
    days.fold(
        [
            claim(window=window),
            report(occurred=said),
            report(incident_id="j", occurred=more),
            report(incident_id="k", occurred={"start": "0001-01-01T00:00:00Z"}),
            report(incident_id="l", occurred=LOOKED, targets=["residential"]),
        ]
    )
    # A night of two days, one at the beginning, and one of a thousand years, or in that night.
    of_aaa = {row[1:] for row in days.rows() if row[0] == "AAA"}
    assert of_aaa == {(739_616 - 4, 739_616 - 2, 739_616)}


CASES = [
    pytest.param(hostile.years_of_hours(100), id="100 daily entries over the years 1 to 9999"),
    pytest.param(hostile.years_of_impacts(2, 300), id="impacts of centuries, two halves of a day"),
    pytest.param(hostile.years_of_impacts(20, 50), id="the same, 20 entries a day"),
    pytest.param(hostile.years_of_impacts(20, 50, with_gaps=True), id="the same, with gaps"),
]


@pytest.mark.parametrize("log", CASES)
def test_hours_are_spelt_out_only_where_something_was_reported(
    days: Days, log: list[str], tmp_path: Any
) -> None:
    days.connection.execute("SET memory_limit = '200MB'")
    days.connection.execute(f"SET temp_directory = '{tmp_path}'")
    days.connection.execute("SET max_temp_directory_size = '1MB'")
    assert seconds(lambda: days.fold(log)) < 10
    assert seconds(days.rows) < 10
    with Audit(threads=1) as audit:
        audit.take(days.connection)
        assert seconds(audit.recompute) < 20
        assert list(audit.differences()) == []


FOLD = "2026-03-29"  # In Kyiv, 03:00 becomes 04:00 on this day; 04:00 becomes 03:00 on 25 October.
HOURS = [
    ("02:00", "02:30", "2026-03-29T00:10:00Z", "violation"),
    # Both are in the hour that is skipped: read as before the change, it is over an hour later.
    ("03:10", "03:20", "2026-03-29T01:15:00Z", "violation"),
    ("03:10", "03:20", "2026-03-29T00:15:00Z", "clear"),
    # The hour that comes twice is meant the first time.
    ("03:10", "03:20", "2026-10-25T00:15:00Z", "violation"),
    ("03:10", "03:20", "2026-10-25T01:15:00Z", "clear"),
    # The first and the last day there are.
    ("00:00", "06:00", "0001-01-02T00:00:00Z", "violation"),
    ("22:00", "02:00", "9999-12-29T20:30:00Z", "violation"),
    ("22:00", "02:00", "9999-12-29T19:30:00Z", "clear"),
]


@pytest.mark.parametrize(("begins", "ends", "moment", "verdict"), HOURS)
def test_hours_over_all_years_are_right_at_their_ends_and_where_clocks_change(
    days: Days, begins: str, ends: str, moment: str, verdict: str
) -> None:
    daily = {"from": begins, "to": ends, "zone": "Europe/Kyiv"}
    window = [{"daily": daily, "start": "0001-01-01T00:00:00Z", "end": "9999-12-31T00:00:00Z"}]
    days.fold([claim(window=window), report(occurred={"start": moment})])
    found = days.connection.execute("SELECT verdict FROM verdicts").fetchall()
    assert found == ([(verdict,)] if verdict == "violation" else [])
