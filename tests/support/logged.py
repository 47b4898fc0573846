"""Logs folded into real DuckDB databases, and those compared row by row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb

from analytics.ledger.ledger import Ledger
from analytics.ledger.outbox import unpacked
from analytics.queries import queries as sql
from analytics.storage.database import connect, migrate
from streams.engine.decoding import RawRecord, read
from streams.engine.loading import load_standing, process
from tests.support.generated import conflict_of

LOG_ID = "log"
EPOCH_MS = 1_767_225_600_000  # 2026-01-01T00:00:00Z
PARTITIONS = {"east": 0, "west": 1}
# Who posted which of the records, as far as anybody did.
POSTERS = (None, "desk", None, None, "mission")
IN_MEMORY = Path(":memory:")

Dump = dict[str, list[tuple[Any, ...]]]
Query = str | Callable[[duckdb.DuckDBPyConnection], list[tuple[Any, ...]]]

STANDING = {
    "claims": "SELECT * EXCLUDE (recorded_at) FROM claims",
    "reports": "SELECT * EXCLUDE (recorded_at) FROM reports",
    "coverage": """
        SELECT * EXCLUDE (recorded_at, superseded_at, coverage_key)
        FROM coverage_versions
        WHERE superseded_at IS NULL
    """,
    "claim_verdicts": "SELECT * EXCLUDE (recorded_at) FROM claim_verdicts",
    "verdicts": "SELECT * EXCLUDE (recorded_at) FROM verdicts",
}
TABLES = (
    "accepted",
    "rejected",
    "claim_versions",
    "coverage_versions",
    "claim_verdict_versions",
    "verdict_versions",
    "provenance",
    "log_offsets",
    "outbox",
)


def numbered_outbox(connection: duckdb.DuckDBPyConnection) -> list[tuple[Any, ...]]:
    """The messages that are to be published, however many were written together."""
    rows = connection.execute(sql("reading")["pending_outbox"], {"up_to": 2**62}).fetchall()
    return [tuple(message) for packet in unpacked(rows) for message in packet.after(0)]


def outbox(connection: duckdb.DuckDBPyConnection) -> list[tuple[Any, ...]]:
    """The same without their numbers."""
    return [message[1:] for message in numbered_outbox(connection)]


# Not `compliance`: it follows from these, and takes a tenth of the time to ask.
HISTORY: dict[str, Query] = {
    **{table: f"FROM {table}" for table in TABLES if table != "outbox"},
    "outbox": outbox,
}


def records(lines: Sequence[str], *, tick: int = 3) -> list[RawRecord]:
    """One record an event, in log order; several share an append time, as they do in life."""
    offsets: Counter[int] = Counter()
    found = []
    for number, raw in enumerate(lines):
        conflict = conflict_of(raw)
        partition = PARTITIONS.get(conflict, 0)
        found.append(
            RawRecord(
                partition,
                offsets[partition],
                EPOCH_MS + number // tick,
                conflict.encode(),
                raw.encode(),
                posted_by=POSTERS[number % len(POSTERS)],
            )
        )
        offsets[partition] += 1
    return found


class Scratch:
    """One database in memory, emptied for each log: making one anew takes longer than the fold."""

    def __init__(self) -> None:
        self._connection = connect(IN_MEMORY, threads=1)
        migrate(self._connection, IN_MEMORY)

    def emptied(self) -> Ledger:
        """The database without a row, as a ledger."""
        for table in TABLES:
            self._connection.execute(f"TRUNCATE {table}")
        return Ledger(self._connection, IN_MEMORY)

    def rows(self, name: str, **values: int) -> list[tuple[Any, ...]]:
        """What it answers to a statement of a rebuild: see `streams.engine.replay.Past`."""
        return self._connection.execute(sql("rebuild")[name], values or None).fetchall()

    def dump(self, queries: Mapping[str, Query]) -> Dump:
        """What each query answers, in an order of its own making."""
        return answers(self._connection, queries)

    def folded(
        self,
        batches: Iterable[Sequence[RawRecord]],
        queries: Mapping[str, Query],
        *,
        restart: bool = False,
    ) -> Dump:
        """What the queries answer after the batches; `restart`: each by a worker of its own."""
        ledger = self.emptied()
        standing = load_standing(ledger)
        for batch in batches:
            process(ledger, standing, LOG_ID, read(batch))
            if restart:
                ledger = Ledger(self._connection, IN_MEMORY)
                standing = load_standing(ledger)
        return self.dump(queries)


def dump(path: Path, queries: Mapping[str, Query]) -> Dump:
    """What each query answers, in an order of its own making."""
    with duckdb.connect(str(path), read_only=True) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        return answers(connection, queries)


def answers(connection: duckdb.DuckDBPyConnection, queries: Mapping[str, Query]) -> Dump:
    """What each query answers, in an order of its own making."""
    return {
        name: sorted(
            connection.execute(query).fetchall() if isinstance(query, str) else query(connection),
            key=repr,
        )
        for name, query in queries.items()
    }
