"""Lakes compared with the ledger that they follow, row by row and by what both say to hold."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb

from analytics.contents import COUNTED, Balance, Holding, count
from analytics.database import Session
from analytics.lake.attached import attach
from analytics.lake.keeper import TABLES

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


def same(ledger: duckdb.DuckDBPyConnection, balance: Balance, path: Path) -> None:
    """Assert that the lake has what the ledger has, and that both say so."""
    assert dict(balance.contents) == counted(ledger)
    with attach(path, read_only=True) as lake:
        there, here = rows(lake, "lake."), rows(ledger)
        for table in TABLES:
            assert there[table] == here[table], table
        assert counted(lake, "lake.") == balance.contents
        assert lake.execute("SELECT seq FROM lake.lake_mark").fetchall() == [(balance.seq,)]
        said = lake.execute("FROM lake.contents").fetchall()
        assert {table: Holding(*held) for table, *held in said} == balance.contents
