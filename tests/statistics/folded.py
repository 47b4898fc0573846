"""Logs that are judged into a ledger in memory, and what its views say of them."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Sequence
from typing import Any

from analytics.ledger.ledger import Ledger
from analytics.queries import views
from analytics.storage.database import connect, migrate
from schemas.time_fields import read_instant
from streams.engine.decoding import RawRecord, read
from streams.engine.loading import load_standing, process
from tests.support.generated import conflict_of
from tests.support.logged import IN_MEMORY, LOG_ID, PARTITIONS

LATE = "2027-01-01T00:00:00Z"
TABLES = "SELECT table_name FROM duckdb_tables() WHERE NOT internal AND table_name NOT IN $kept"
KEPT = ("identity", "schema_migrations", "transactions", "changed_rows")


class Folded:
    """One ledger in memory, emptied for each log."""

    def __init__(self) -> None:
        self.connection = connect(IN_MEMORY, threads=1)
        migrate(self.connection, IN_MEMORY)
        self.connection.execute(views())
        found = self.connection.execute(TABLES, {"kept": KEPT}).fetchall()
        self._tables = [name for (name,) in found]

    def fold(self, *log: str, recorded_at: str | Sequence[str] = LATE) -> None:
        """Judge this log, recorded at one time, or each event at its own."""
        for table in self._tables:
            self.connection.execute(f"DELETE FROM {table}")  # noqa: S608
        ledger = Ledger(self.connection, IN_MEMORY)
        times = [recorded_at] * len(log) if isinstance(recorded_at, str) else recorded_at
        records = [
            RawRecord(
                PARTITIONS.get(conflict_of(raw), 0),
                offset,
                read_instant(time) // 1000,
                conflict_of(raw).encode(),
                raw.encode(),
            )
            for offset, (raw, time) in enumerate(zip(log, times, strict=True))
        ]
        assert not process(ledger, load_standing(ledger), LOG_ID, read(records)).rejected

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        return self.connection.execute(sql).fetchall()

    def of(self, view: str, columns: str, where: str = "claim_id = 'c' AND party = 'AAA'") -> Any:
        """The only row of a view: by default that of claim c and AAA."""
        [row] = self.ask(f"SELECT {columns} FROM {view} WHERE {where}")  # noqa: S608
        return row


def days(first: str, last: str, zone: str = "+00:00") -> Iterable[tuple[str, str]]:
    """Each day from the first to the last, as the moments between which it lies."""
    date, end = dt.date.fromisoformat(first), dt.date.fromisoformat(last)
    while date <= end:
        after = date + dt.timedelta(days=1)
        yield f"{date}T00:00:00{zone}", f"{after}T00:00:00{zone}"
        date = after


def columns_of(text: str) -> list[str]:
    return re.findall(r"\w+", text)
