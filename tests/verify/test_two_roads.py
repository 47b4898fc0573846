"""Two roads, one answer: what was judged event by event equals what SQL makes of all at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.audit.audit import Audit, Difference
from analytics.ledger.ledger import Ledger
from analytics.storage.database import connect, migrate
from streams.engine.decoding import read
from streams.engine.loading import load_standing, process
from tests.support.generated import SQUARE, logs
from tests.support.given import claim, denial, report
from tests.support.logged import IN_MEMORY, LOG_ID, TABLES, records
from tests.support.trying import in_parts, tried
from tests.verify.worlds import worlds

SCENARIO = Path(__file__).parents[2] / "schemas" / "examples" / "energy-truce-2026.jsonl"


class BothRoads:
    """A ledger in memory and an audit of it, emptied for each log."""

    def __init__(self) -> None:
        self.ledger = connect(IN_MEMORY, threads=1)
        migrate(self.ledger, IN_MEMORY)
        self.audit = Audit(threads=1)

    def follow(self, log: Sequence[str]) -> list[Difference]:
        """Fold `log` into the ledger, recompute it, and say what differs."""
        for table in TABLES:
            self.ledger.execute(f"DELETE FROM {table}")  # noqa: S608
        ledger = Ledger(self.ledger, IN_MEMORY)
        tally = process(ledger, load_standing(ledger), LOG_ID, read(records(log)))
        assert not tally.rejected
        return self.compare()

    def compare(self) -> list[Difference]:
        # Each of some fifty statements would wait for the disk, in a database that nobody keeps.
        self.audit._connection.execute("BEGIN")
        self.audit.take(self.ledger)
        self.audit.recompute()
        found = list(self.audit.differences())
        self.audit._connection.execute("COMMIT")
        return found

    def verdicts(self) -> dict[str, str]:
        """Claim -> the one verdict by it that was recomputed and stored."""
        found = self.ledger.execute("SELECT claim_id, verdict FROM claim_verdicts").fetchall()
        return dict(found)


@pytest.fixture(scope="module")
def roads() -> Iterator[BothRoads]:
    both = BothRoads()
    yield both
    both.audit.close()
    both.ledger.close()


@in_parts
@tried()
@given(log=st.one_of(worlds(), worlds(), logs(max_size=20)))
def test_both_roads_lead_to_the_same_verdicts(roads: BothRoads, part: int, log: list[str]) -> None:
    assert roads.follow(log) == []


def test_the_shipped_scenario(roads: BothRoads) -> None:
    assert roads.follow(SCENARIO.read_text(encoding="utf-8").splitlines()) == []
    assert roads.audit.compared()[:2] == (13, 4)


DAILY = {"from": "00:00", "to": "12:00", "zone": "UTC"}
OTHER_HALF = {"from": "12:00", "to": "00:00", "zone": "UTC"}
ANYWHERE: dict[str, Any] = {"prohibits": {"acts": ["any"], "targets": ["any"]}}


@pytest.mark.parametrize(
    ("window", "occurred", "verdict"),
    [
        pytest.param(
            [{"daily": DAILY, "end": None}, {"daily": OTHER_HALF, "end": None}],
            {"start": "2026-01-01T00:00:00Z", "end": "2026-02-01T00:00:00Z"},
            "undetermined",
            id="an unknown start has no certain core",
        ),
        pytest.param(
            [
                {"daily": one, "start": "1900-01-01T00:00:00Z", "end": None}
                for one in (DAILY, OTHER_HALF)
            ],
            {"start": "2026-01-01T00:00:00Z", "end": "2026-02-01T00:00:00Z"},
            "violation",
            id="two halves of a day make a whole one",
        ),
        pytest.param(
            [{"daily": DAILY, "start": "2026-01-01T00:00:00Z", "end": None}],
            {
                "start": "0001-01-01T00:00:00Z",
                "end": "9999-12-31T00:00:00Z",
                "certainty": "throughout",
            },
            "violation",
            id="what lasts for ever meets a pause at last",
        ),
    ],
)
def test_long_times_and_pauses(
    roads: BothRoads, window: list[Any], occurred: dict[str, str], verdict: str
) -> None:
    log = [claim(window=window, **ANYWHERE), report(occurred=occurred)]
    assert roads.follow([_in_east(raw) for raw in log]) == []
    assert roads.verdicts() == {"c": verdict}


@pytest.mark.parametrize(
    ("hours_a_day", "end"),
    [
        pytest.param(2, "1990-04-11T00:00:00Z", id="100 days, of two spans each"),
        pytest.param(40, "1990-02-20T00:00:00Z", id="2,000 spans, 40 a day"),
    ],
)
def test_exactly_as_many_daily_spans_as_are_walked_through_are_certain(
    roads: BothRoads, hours_a_day: int, end: str
) -> None:
    clocks = [n * 1440 // hours_a_day for n in range(hours_a_day)]
    texts = [f"{minute // 60:02}:{minute % 60:02}" for minute in [*clocks, 0]]
    window = [
        {
            "daily": {"from": begins, "to": ends, "zone": "UTC"},
            "start": "1900-01-01T00:00:00Z",
            "end": None,
        }
        for begins, ends in pairwise(texts)
    ]
    occurred = {"start": "1990-01-01T00:00:00Z", "end": end}
    longer = {**occurred, "end": end.replace("Z", ".000001Z")}
    for said, verdict in ((occurred, "violation"), (longer, "undetermined")):
        log = [claim(window=window, **ANYWHERE), report(occurred=said)]
        assert roads.follow([_in_east(raw) for raw in log]) == []
        assert roads.verdicts() == {"c": verdict}


@pytest.mark.parametrize(
    ("place", "verdict"),
    [
        ({"lat": 50.45, "lon": 30.52}, "violation"),
        ({"lat": 52, "lon": 33}, "clear"),
        # A degree of longitude is 70 km here, and not the 111 of a plane.
        ({"lat": 50.5, "lon": 30.5, "radius_km": 30}, "violation"),
        ({"lat": 50.5, "lon": 30.5, "radius_km": 40}, "undetermined"),
        ({"lat": 50.5, "lon": 31.5, "radius_km": 30}, "clear"),
        ("UA-30", "undetermined"),
    ],
)
def test_circles_are_compared_with_geometries_on_the_globe(
    roads: BothRoads, place: object, verdict: str
) -> None:
    log = [claim(area=[SQUARE]), report(places=[place])]
    assert roads.follow([_in_east(raw) for raw in log]) == []
    assert roads.verdicts() == {"c": verdict}


def test_denials_windows_elsewhere_and_silence(roads: BothRoads) -> None:
    elsewhere = [{"start": "2025-01-01T00:00:00Z", "end": "2025-02-01T00:00:00Z"}]
    log = [
        claim("c1"),
        claim("c2", window=elsewhere),
        denial("d"),
        report("r1"),
        report("r2", targets=None, places=None),
        report("r3", actor=None, act=None),
    ]
    assert roads.follow([_in_east(raw) for raw in log]) == []
    assert roads.verdicts() == {"c1": "violation"}
    assert roads.ledger.execute("SELECT verdict FROM verdicts").fetchall() == [("contested",)]


TAMPERED = [
    ("UPDATE claim_verdict_versions SET verdict = 'clear'", "claim_verdicts", ("verdict",)),
    ("UPDATE claim_verdict_versions SET in_area = NULL", "claim_verdicts", ("in_area",)),
    ("UPDATE claim_verdict_versions SET party = 'BBB'", "claim_verdicts", ("party",)),
    ("UPDATE verdict_versions SET verdict = 'contested'", "verdicts", ("verdict",)),
    ("UPDATE verdict_versions SET independent_reports = 7", "verdicts", ("independent_reports",)),
    (
        "UPDATE verdict_versions SET occurred_end = occurred_end + INTERVAL 1 MICROSECOND",
        "verdicts",
        ("occurred_end",),
    ),
]


@pytest.mark.parametrize(("sql", "table", "columns"), TAMPERED)
def test_a_row_that_was_tampered_with_is_found(
    roads: BothRoads, sql: str, table: str, columns: tuple[str, ...]
) -> None:
    assert roads.follow([_in_east(claim()), _in_east(report())]) == []
    roads.ledger.execute(sql)
    (found,) = roads.compare()
    assert (found.table, found.incident_id, found.columns) == (table, "i", columns)
    assert found.claim_id == ("c" if table == "claim_verdicts" else None)


@pytest.mark.parametrize("table", ["claim_verdict_versions", "verdict_versions"])
def test_rows_that_are_missing_or_too_many_are_found(roads: BothRoads, table: str) -> None:
    assert roads.follow([_in_east(claim()), _in_east(report())]) == []
    roads.ledger.execute(f"INSERT INTO {table} FROM {table}")
    found = roads.compare()
    assert len(found) == 2
    assert all(one.is_doubled for one in found)
    roads.ledger.execute(f"DELETE FROM {table}")  # noqa: S608
    (gone,) = roads.compare()
    assert gone.stored is None
    assert gone.recomputed is not None
    assert gone.recomputed["verdict"] == "violation"


def test_rows_of_what_does_not_stand_are_found(roads: BothRoads) -> None:
    assert roads.follow([_in_east(claim()), _in_east(report())]) == []
    roads.ledger.execute("UPDATE accepted SET superseded_at = recorded_at")
    found = roads.compare()
    assert [(one.table, one.recomputed) for one in found] == [
        ("claim_verdicts", None),
        ("verdicts", None),
    ]


def _in_east(raw: str) -> str:
    return raw.replace('"testland"', '"east"')
