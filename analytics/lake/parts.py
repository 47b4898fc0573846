"""The parts of a lake that several workers write: each writes its own, and readers see the union.

A part has all that the ledger of its worker has, also of partitions that have moved to another one.
Of each partition, and of the conflicts in it, the rows of one worker are shown: of the one that is
furthest. So a worker that takes a partition over is seen once it has caught up with the former
owner, whose rows are seen until then.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from functools import cache
from pathlib import Path

from analytics.queries import lake_tables, of_table, queries
from analytics.storage.database import Session

UNNAMED = "main"
"""The schema of the only worker of a lake, which needs no name."""
CONFLICTS = "conflict_partitions"
"""The table of a part that says in which partition each conflict is."""
_PREFIX = "worker_"
_VIEW = re.compile(r"(CREATE OR REPLACE VIEW (\w+) AS\n)[^;]*")
_SHOWN = {
    "accepted": "by_partition",
    "rejected": "by_partition",
    "log_offsets": "by_partition",
    "claim_versions": "by_conflict",
    "coverage_versions": "by_conflict",
    "claim_verdict_versions": "by_conflict",
    "verdict_versions": "by_conflict",
}
_MARKED = """
    SELECT inside.schema_name
    FROM ducklake_schema AS inside
    INNER JOIN ducklake_table AS known ON inside.schema_id = known.schema_id
    WHERE
        inside.end_snapshot IS NULL
        AND known.end_snapshot IS NULL
        AND known.table_name = 'lake_mark'
"""


def schema_of(worker: str) -> str:
    """The schema that the worker of this name writes; empty: that of the only one."""
    return f"{_PREFIX}{worker.replace('-', '_')}" if worker else UNNAMED


def workers_in(schemas: Sequence[str]) -> tuple[str, ...]:
    """The workers whose schemas these are, by name."""
    return tuple(
        sorted(
            schema.removeprefix(_PREFIX).replace("_", "-")
            for schema in schemas
            if schema.startswith(_PREFIX)
        )
    )


def workers_of(catalogue: Path) -> tuple[str, ...]:
    """The workers that have a part of the lake, by this copy of its catalogue.

    None: one worker has all of it. Raises sqlite3.Error.
    """
    return workers_in(_marked(catalogue))


def has_begun(catalogue: Path) -> bool:
    """Whether anybody has written the lake, which has no tables before. Raises sqlite3.Error."""
    return bool(_marked(catalogue))


def _marked(catalogue: Path) -> list[str]:
    with closing(sqlite3.connect(catalogue)) as connection:
        return [schema for (schema,) in connection.execute(_MARKED)]


def replace_unnamed(lake: Session, tables: Iterable[str], ledger_id: str) -> None:
    """Drop what this worker wrote while it had no name. Raises OSError if another one did."""
    sql = queries("lake")
    if ("lake_mark",) not in lake.execute(sql["tables"], schema=UNNAMED):
        return
    if lake.execute(sql["ledger_of_unnamed"]) != [(ledger_id,)]:
        raise OSError(
            "another database was followed without TRUCE_WORKER: its worker needs a name first; "
            "if that database is gone or was rebuilt, start a worker once without a name"
        )
    for table in tables:
        lake.execute(of_table("lake", "drop_unnamed", table))


@cache
def lake_views(workers: tuple[str, ...]) -> str:
    """The SQL that gives the tables of a lake of these workers the names that views use.

    They show nothing before that of `ownership` has run, too.
    """
    if not workers:
        return lake_tables()
    shown = _VIEW.sub(lambda view: view[1] + _shown(view[2], workers), lake_tables())
    return f"{queries('parts')['owned']}\n{shown}"


@cache
def ownership(workers: tuple[str, ...]) -> str:
    """The SQL that finds whose rows are shown, as of now: several statements, one transaction."""
    found = [
        queries("parts")[name].replace("some_parts", _together(part, "", workers))
        for name, part in (
            ("owned_partitions", "offsets_of_part"),
            ("owned_conflicts", "conflicts_of_part"),
        )
    ]
    return "\n".join(found)


def _shown(table: str, workers: Sequence[str]) -> str:
    parts = _together(_SHOWN.get(table, table), table, workers)
    of_all = queries("parts").get(f"all_{table}", "some_parts;")
    return of_all.removesuffix(";").replace("some_parts", parts)


def _together(name: str, table: str, workers: Sequence[str]) -> str:
    sql = queries("parts")[name].removesuffix(";").replace("some_table", table)
    return "\nUNION ALL BY NAME\n".join(
        sql.replace("some_worker", worker).replace("some_schema", schema_of(worker))
        for worker in workers
    )
