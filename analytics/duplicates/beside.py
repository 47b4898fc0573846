"""Which known incidents what is being entered may be: by the rules of `duplicate_candidates`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import duckdb
import pyarrow as pa

from analytics.lake.session import LakeError
from analytics.queries import queries, views
from analytics.read_model import Ask
from schemas.events import ReportEvent
from schemas.time import DAY

MOST_COMPARED = 1_000
MOST_FOUND = 6
LEAST_SCORE = 0.2
DAYS_AROUND = 2
MEMORY = "200MB"
_ENTERED = -1
_RULES = ("act_lines", "compared_reports", "report_parts", "duplicate_candidates")
_ROWS = pa.schema(
    [
        ("conflict", pa.string()),
        ("incident_id", pa.string()),
        ("incident_key", pa.int64()),
        ("source", pa.string()),
        ("reported_by", pa.string()),
        ("occurred_start", pa.timestamp("us", "UTC")),
        ("occurred_end", pa.timestamp("us", "UTC")),
        ("actor", pa.string()),
        ("act", pa.string()),
        ("payload", pa.string()),
        ("report_key", pa.int64()),
        ("superseded_at", pa.timestamp("us", "UTC")),
        ("stance", pa.string()),
    ]
)
"""What the rules read of a report."""


class LikelySame(NamedTuple):
    """An incident that may be what is entered; `score` from 0 to 1, `reasons` in words."""

    incident_id: str
    score: float
    reasons: Sequence[str]


def likely_same(ask: Ask, event: ReportEvent, raw: bytes) -> list[LikelySame]:
    """The incidents of about that time that the event, whose JSON is `raw`, may be of.

    The surest first. Rare words are rare among the reports of these days. LakeError.
    """
    report = event.data
    if report.occurred is None:
        return []
    start, end = report.occurred.reported
    around = DAYS_AROUND * DAY
    values = {
        "conflict": report.conflict,
        "since": start - around,
        "until": end + around,
        "most": MOST_COMPARED,
    }
    known = ask(queries("duplicates")["reports_around"], values)
    keys = {incident_id: key for _, incident_id, key, *_ in known}
    entered = (
        report.conflict,
        report.incident_id,
        keys.get(report.incident_id, _ENTERED),
        str(event.source),
        report.reported_by.name,
        start,
        end,
        None if report.actor is None else report.actor.party,
        report.act,
        raw.decode(),
        _ENTERED,
        None,
        "asserts",
    )
    return _compared([*known, entered], report.incident_id)


def _compared(rows: Sequence[Sequence[object]], incident_id: str) -> list[LikelySame]:
    columns = [list(column) for column in zip(*rows, strict=True)]
    with duckdb.connect(":memory:", config={"memory_limit": MEMORY, "threads": 1}) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.register("accepted", pa.table(columns, schema=_ROWS))
        for statement in _rules(connection):
            connection.execute(statement)
        values = {"incident_id": incident_id, "least": LEAST_SCORE, "most": MOST_FOUND}
        try:
            found = connection.execute(queries("duplicates")["pairs_with"], values).fetchall()
        except duckdb.Error as error:
            reason = str(error).splitlines()[0]
            raise LakeError(f"likely duplicates were not found: {reason}") from error
    return [LikelySame(*row) for row in found]


def _rules(connection: duckdb.DuckDBPyConnection) -> list[duckdb.Statement]:
    """The macros that compare reports; the views over a whole lake are none of them."""
    return [
        statement
        for statement in connection.extract_statements(views("figures", *_RULES))
        if "CREATE OR REPLACE MACRO" in statement.query
    ]
