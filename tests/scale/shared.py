"""A log of several partitions, ledgers that have some of them, and what a union must be."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import chain, zip_longest
from typing import Any

import duckdb

from analytics.lake.writer import TABLES
from analytics.ledger.ledger import Ledger
from streams.engine.decoding import RawRecord, read
from streams.engine.loading import load_standing, process
from tests.lake.compared import revised
from tests.support.logged import EPOCH_MS, LOG_ID

PARTITIONS = 6
INCIDENTS = 40
"""Of each of the two conflicts of a partition."""
# What notices are numbered by is each worker's own.
COMPARED = tuple(table for table in TABLES if table not in {"notices", "notice_digests"})

Rows = dict[str, list[tuple[Any, ...]]]


def partition_of_log(partition: int, incidents: int = INCIDENTS) -> list[RawRecord]:
    """All records of it: two conflicts, by turns, and now and then something unreadable."""
    names = [f"conflict-{partition}-{number}" for number in range(2)]
    logs = [[(name, line) for line in revised(incidents, conflict=name)] for name in names]
    lines = [found for found in chain(*zip_longest(*logs)) if found is not None]
    lines[9:9] = [(names[0], "no event")]
    return [
        RawRecord(partition, offset, EPOCH_MS + offset, name.encode(), line.encode())
        for offset, (name, line) in enumerate(lines)
    ]


class SharedFold:
    """Folds some partitions of the log into a ledger, from where each is in it."""

    def __init__(
        self, ledger: Ledger, partitions: Iterable[int], *, incidents: int = INCIDENTS
    ) -> None:
        self._ledger = ledger
        self._standing = load_standing(ledger)
        reached = ledger.offsets(LOG_ID)
        self._left = [
            record
            for partition in partitions
            for record in partition_of_log(partition, incidents)[reached.get(partition, 0) :]
        ]

    @property
    def left(self) -> int:
        """How many records are not in the ledger."""
        return len(self._left)

    def take(self, size: int = 10**9) -> None:
        """Fold the next of them, in one transaction."""
        taken, self._left = self._left[:size], self._left[size:]
        process(self._ledger, self._standing, LOG_ID, read(taken))


def union(ask: Callable[[str], list[tuple[Any, ...]]]) -> Rows:
    """All that a reader sees, or a ledger has, in an order of its own making."""
    return {table: sorted(ask(f"FROM {table}"), key=repr) for table in COMPARED}


def of_ledger(ledger: duckdb.DuckDBPyConnection) -> Rows:
    """The same of a ledger."""
    return union(lambda sql: ledger.execute(sql).fetchall())


def doubles(ask: Callable[[str], list[tuple[Any, ...]]]) -> list[tuple[Any, ...]]:
    """Of which tables and views a reader sees something twice."""
    return ask(_DOUBLE)


_DOUBLE = """
    FROM (SELECT 'accepted' FROM (FROM accepted GROUP BY ALL HAVING count(*) > 1))
    UNION ALL
    FROM (SELECT 'claim_versions' FROM (FROM claim_versions GROUP BY ALL HAVING count(*) > 1))
    UNION ALL
    FROM (SELECT 'coverage_versions' FROM (FROM coverage_versions GROUP BY ALL HAVING count(*) > 1))
    UNION ALL
    FROM (SELECT 'claim_verdict_versions' FROM (FROM claim_verdict_versions GROUP BY ALL HAVING count(*) > 1))
    UNION ALL
    FROM (SELECT 'verdict_versions' FROM (FROM verdict_versions GROUP BY ALL HAVING count(*) > 1))
    UNION ALL
    FROM (SELECT 'rejected' FROM (FROM rejected GROUP BY ALL HAVING count(*) > 1))
    UNION ALL
    FROM (SELECT 'events' FROM events GROUP BY conflict, source, event_id HAVING count(*) > 1)
    UNION ALL
    FROM (SELECT 'claims' FROM claims GROUP BY claim_key HAVING count(*) > 1)
    UNION ALL
    FROM (SELECT 'reports' FROM reports GROUP BY conflict, incident_id, report_id HAVING count(*) > 1)
    UNION ALL
    FROM (SELECT 'claim_verdicts' FROM claim_verdicts GROUP BY conflict, commitment_id, claim_id, incident_id HAVING count(*) > 1)
    UNION ALL
    FROM (SELECT 'verdicts' FROM verdicts GROUP BY conflict, commitment_id, incident_id HAVING count(*) > 1)
    UNION ALL
    FROM (SELECT 'log_offsets' FROM log_offsets GROUP BY log_id, partition HAVING count(*) > 1)
"""
