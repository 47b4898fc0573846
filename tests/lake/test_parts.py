"""Whose rows readers of a lake of several workers see: parts in one database, without PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from analytics.lake.parts import ownership, schema_of, workers_in
from analytics.queries import queries

PARTS = """
    CREATE SCHEMA lake.{part};
    CREATE TABLE lake.{part}.log_offsets (
        log_id VARCHAR, partition INTEGER, next_offset BIGINT, recorded_at TIMESTAMPTZ
    );
    CREATE TABLE lake.{part}.lake_mark (marked_at TIMESTAMPTZ);
    CREATE TABLE lake.{part}.conflict_partitions (
        conflict VARCHAR, log_id VARCHAR, partition INTEGER
    );
    INSERT INTO lake.{part}.conflict_partitions VALUES ('testland', 'log', 0);
"""
WORKERS = ("a", "b")
RECORDED = "2026-02-01T00:00:00Z"


@pytest.fixture
def lake() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("ATTACH ':memory:' AS lake")
        connection.execute(queries("parts")["owned"])
        for worker in WORKERS:
            connection.execute(PARTS.format(part=schema_of(worker)))
        yield connection


def owner(lake: duckdb.DuckDBPyConnection, **parts: tuple[int, str]) -> str:
    """Who owns the partition if the workers are so far in it, and marked their parts then."""
    for worker, (next_offset, minute) in parts.items():
        part = schema_of(worker)
        for table in ("log_offsets", "lake_mark"):
            lake.execute(f"DELETE FROM lake.{part}.{table}")  # noqa: S608 - of this test
        lake.execute(
            f"INSERT INTO lake.{part}.log_offsets VALUES ('log', 0, $offset, $recorded)",  # noqa: S608
            {"offset": next_offset, "recorded": RECORDED},
        )
        lake.execute(
            f"INSERT INTO lake.{part}.lake_mark VALUES ($marked)",  # noqa: S608
            {"marked": f"2026-02-01T10:{minute}Z"},
        )
    lake.execute(ownership(WORKERS))
    [(partition_of,)] = lake.execute("SELECT worker FROM owned_partitions").fetchall()
    [(conflict_of,)] = lake.execute("SELECT worker FROM owned_conflicts").fetchall()
    assert partition_of == conflict_of
    return str(partition_of)


def test_the_worker_that_is_furthest_owns_a_partition(lake: duckdb.DuckDBPyConnection) -> None:
    assert owner(lake, a=(5, "00:00"), b=(4, "01:00")) == "a"
    assert owner(lake, a=(5, "00:00"), b=(6, "00:30")) == "b"


def test_of_those_that_are_as_far_the_owner_does_not_change_with_their_marks(
    lake: duckdb.DuckDBPyConnection,
) -> None:
    marks = (("00:00", "00:20"), ("00:30", "00:20"), ("00:30", "00:50"))
    assert [owner(lake, a=(5, first), b=(5, second)) for first, second in marks] == ["a"] * 3


def test_one_that_has_stopped_does_not_stay_the_owner(lake: duckdb.DuckDBPyConnection) -> None:
    assert owner(lake, a=(5, "00:00"), b=(5, "03:00")) == "b"


@pytest.mark.parametrize("name", ["a", "kyiv-1", "truce-worker-10"])
def test_a_schema_tells_its_worker(name: str) -> None:
    assert workers_in(["main", schema_of(name)]) == (name,)
