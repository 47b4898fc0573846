"""Lakes compared with the ledger that they follow, row by row and by what both say to hold."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import duckdb

from analytics.lake.attached import attach
from analytics.lake.keeper import Keeper
from analytics.lake.subprocess_writer import SubprocessWriter
from analytics.lake.writer import TABLES, LakeWriter
from analytics.ledger.contents import COUNTED, Holding, count, last_balance
from analytics.ledger.ledger import Ledger
from analytics.storage.database import Session
from streams.engine.decoding import read
from streams.engine.loading import load_standing, process
from tests.support.logged import LOG_ID, records

Rows = dict[str, list[tuple[Any, ...]]]


def rows(connection: duckdb.DuckDBPyConnection, prefix: str = "") -> Rows:
    """All rows of all tables, in an order of their own making."""
    return {
        table: sorted(connection.execute(f"FROM {prefix}{table}").fetchall(), key=repr)
        for table in TABLES
    }


def counted(connection: duckdb.DuckDBPyConnection, prefix: str = "") -> dict[str, Holding]:
    """What the tables hold, by counting them."""
    session = Session(connection)
    return {table: count(session, prefix + table, of=table) for table in COUNTED}


def same(ledger: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Assert that the lake has what the ledger has, and that both say so."""
    balance = last_balance(Session(ledger))
    assert dict(balance.contents) == counted(ledger)
    with attach(path, read_only=True) as lake:
        there, here = rows(lake, "lake."), rows(ledger)
        for table in TABLES:
            assert there[table] == here[table], table
        assert counted(lake, "lake.") == balance.contents
        assert lake.execute("SELECT seq FROM lake.lake_mark").fetchall() == [(balance.seq,)]
        said = lake.execute("FROM lake.contents").fetchall()
        assert {table: Holding(*held) for table, *held in said} == balance.contents


class Fold:
    """Folds a log into a ledger, as many events at a time as it is told to."""

    def __init__(
        self, ledger: Ledger, log: Sequence[str], log_id: str = LOG_ID, at: int = 0
    ) -> None:
        self._ledger = ledger
        self._log_id = log_id
        self._standing = load_standing(ledger)
        self._records = records(log)
        self.left = len(self._records) - at

    def take(self, size: int) -> None:
        """Fold the next of it, in one transaction."""
        at = len(self._records) - self.left
        process(self._ledger, self._standing, self._log_id, read(self._records[at : at + size]))
        self.left = max(0, self.left - size)


class House:
    """A ledger with a lake, in one folder."""

    def __init__(
        self,
        folder: Path,
        writer: type[LakeWriter | SubprocessWriter] = LakeWriter,
        *,
        postgres: str = "",
        data: str = "",
    ) -> None:
        self.path = folder / "lake"
        self.ledger = Ledger.open(folder / "truce.duckdb")
        self.writer = writer
        self.open(postgres, data)

    def open(self, postgres: str = "", data: str = "") -> None:
        writer = self.writer(self.path, postgres, "", data)
        self.keeper = Keeper(writer, self.ledger.cursor())

    def fold(self, incidents: int, *, first: int = 0) -> None:
        # A log of its own, so that none of it was known.
        Fold(self.ledger, [*revised(incidents, first=first)], f"log-{first}").take(10**9)

    def same(self) -> None:
        with self.ledger.cursor() as cursor:
            same(cursor, self.path)

    def close(self) -> None:
        self.keeper.close()
        self.ledger.close()


def revised(
    incidents: int, *, first: int = 0, claims: int = 2, conflict: str = "east"
) -> Iterator[str]:
    """A log of some claims, of incidents each reported, and of every fifth reported again."""
    numbers = iter(range(first * 10, 10**9))
    for claim in range(claims if not first else 0):
        yield _event(
            f"{next(numbers)}",
            "commitment.claimed",
            conflict=conflict,
            commitment_id=f"truce-{claim}",
            claim_id="c",
            claimed_by={"name": "Mediator"},
            stance="asserts",
            bound_parties=["AAA"],
            window=[{"start": "2026-01-01T00:00:00Z", "end": "2026-02-01T00:00:00Z"}],
        )
    for incident in range(first, first + incidents):
        for party in ("AAA", "BBB") if incident % 5 == 0 else ("AAA",):
            yield _event(
                f"{next(numbers)}",
                "incident.reported",
                conflict=conflict,
                incident_id=f"i{incident}",
                report_id="r",
                reported_by={"name": "Outlet"},
                occurred={"start": f"2026-01-{1 + incident % 28:02}T12:00:00Z"},
                actor={"party": party, "confidence": "confirmed"},
                act="strike",
            )


def _event(number: str, kind: str, **data: Any) -> str:
    head = {"specversion": "1.0", "id": number, "source": "https://desk.example", "type": kind}
    return json.dumps({**head, "data": data})
