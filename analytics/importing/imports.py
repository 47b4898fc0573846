"""One import: files into rows, rows by the source's SQL into events, events beside what stands."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import duckdb
import pyarrow as pa

from analytics.boundaries.points import Gazetteer
from analytics.importing.accounts import Accounts
from analytics.importing.editions import Edition, EditionScope
from analytics.importing.loading import Loaded, batches, load
from analytics.importing.making import Making, checked, make
from analytics.importing.places import Placed
from analytics.importing.problems import BrokenSource
from analytics.importing.sources import Dataset
from analytics.importing.table.mapped import apply_mapping
from analytics.importing.table.mapping import TableMapping
from analytics.queries import queries
from schemas.events import Event
from schemas.safe_text import for_terminal

_BATCH = 2_048
_MADE = pa.schema(
    [
        ("number", pa.int64()),
        ("row", pa.int64()),
        *((name, pa.string()) for name in ("kind", "type", "conflict", "whole", "part", "said")),
        ("data", pa.string()),
        ("is_refused", pa.bool_()),
    ]
)
Heard = Callable[[Event, tuple[str, int]], None]


class ImportReporter(NamedTuple):
    """Where an import says what it finds, as it finds it."""

    refusal: Callable[[str], None]
    note: Callable[[str], None]
    event: Heard


@dataclass(slots=True)
class Import:
    """What was read and made, before it is compared with what stands."""

    source: Dataset
    connection: duckdb.DuckDBPyConnection
    loaded: Loaded
    accounts: Accounts
    scopes: Sequence[EditionScope]
    rows_of: dict[int, Sequence[int]] = field(default_factory=dict)
    incomplete: bool = False
    """Was a row refused of which it is not known what event it was?"""

    def edition(self, scopes: Sequence[EditionScope] | None = None) -> Edition:
        """Its events beside what stands; `scopes`: instead of those that the source says."""
        return Edition(
            self.connection, self.source.source, self.scopes if scopes is None else scopes
        )


def read_rows(
    connection: duckdb.DuckDBPyConnection,
    source: Dataset,
    paths: Sequence[str],
    told: ImportReporter,
    *,
    conflict: str | None = None,
    gazetteer: Gazetteer | None = None,
    mapping: TableMapping | None = None,
) -> Import:
    """Read the files and make their events, in a `workshop` in which `standing` is filled.

    `mapping`: what the columns mean, instead of the source's SQL.

    Raises ImportFailed: a file cannot be read; BrokenSource: the source's SQL is at fault.
    """
    loaded = load(connection, source, paths, conflict)
    for warning in loaded.warnings:
        told.note(warning)
    accounts = Accounts(loaded.total)
    for row, (file, line, reason) in loaded.ragged.items():
        accounts.place(row, file, line)
        told.refusal(accounts.refuse(row, "", reason))
    if mapping is not None:
        apply_mapping(connection, mapping, conflict)
    made = _has_made(connection, source)
    for row, file, line in _fetched(connection, "places_of_rows"):
        accounts.place(row, file, line)
    _account(connection, made, accounts, told)
    found = Import(source, connection, loaded, accounts, _scopes(connection, made))
    found.incomplete = accounts.has_refused
    _make_all(found, told, Placed(gazetteer))
    _refuse_twins(found, told)
    accounts.check()
    return found


def _account(
    connection: duckdb.DuckDBPyConnection, made: set[str], accounts: Accounts, told: ImportReporter
) -> None:
    """Take what the source says of rows that are no events, and what it notes of others."""
    if "refused" in made:
        for row, column, reason in _fetched(connection, "refused"):
            told.refusal(accounts.refuse(row, column, reason))
    if "skipped" in made:
        for row, reason in _fetched(connection, "skipped"):
            accounts.skip(row, reason)
    if "notes" in made:
        for row, column, reason in _fetched(connection, "notes"):
            file, line = accounts.whence(row)
            told.note(for_terminal(f"{file}:{line}: {column}: {reason}"))


def _has_made(connection: duckdb.DuckDBPyConnection, source: Dataset) -> set[str]:
    try:
        connection.execute(source.sql)
        made = {name for (name,) in connection.execute(queries("importing")["objects"]).fetchall()}
    except duckdb.Error as error:
        raise BrokenSource(f"source {source.name}: {str(error).splitlines()[0]}") from error
    if "events" not in made:
        raise BrokenSource(f"source {source.name}: its SQL makes no `events`")
    return made


def _fetched(connection: duckdb.DuckDBPyConnection, name: str) -> Iterator[tuple[Any, ...]]:
    """The rows of a statement. To be taken to the end before the connection is asked again.

    A cursor has not the variables that the SQL of sources reads.
    """
    try:
        connection.execute(queries("importing")[name])
        while rows := connection.fetchmany(_BATCH):
            yield from rows
    except duckdb.Error as error:
        raise BrokenSource(f"{name}: {str(error).splitlines()[0]}") from error


def _scopes(connection: duckdb.DuckDBPyConnection, made: set[str]) -> list[EditionScope]:
    if "scope" not in made:
        return []
    return [
        EditionScope(since, until, None if countries is None else tuple(countries), label, ids)
        for since, until, countries, label, ids in _fetched(connection, "scopes")
    ]


def _make_all(found: Import, told: ImportReporter, placed: Placed) -> None:
    """Make the events, have them checked, and put them into `made`."""
    number, writer = 0, found.connection.cursor()
    for batch in batches(_fetched(found.connection, "events"), _BATCH):
        makings = [make(*row) for row in batch]
        placed(makings)
        rows = [_made(found, told, n, making) for n, making in enumerate(makings, number + 1)]
        number += len(rows)
        columns = list(zip(*rows, strict=True))
        writer.from_arrow(pa.table(columns, schema=_MADE)).insert_into("made")


def _made(found: Import, told: ImportReporter, number: int, making: Making) -> tuple[object, ...]:
    """The row of an event in `made`."""
    first = min(making.rows)
    for row in making.rows:
        found.accounts.take(row)
    if len(making.rows) > 1:
        found.rows_of[number] = making.rows
    data, whence = making.text, found.accounts.whence(first)
    event = checked(found.source.source, making, data, whence)
    is_refused = isinstance(event, tuple)
    if isinstance(event, tuple):
        for problem in event:
            for row in making.rows:
                told.refusal(found.accounts.refuse(row, problem.field, problem.reason))
    else:
        told.event(event, whence)
    kind, *ids = making.key
    return number, first, kind, making.type, *ids, making.said, data.decode(), is_refused


def _refuse_twins(found: Import, told: ImportReporter) -> None:
    """Refuse what would be one and the same report: which of the two is right is not known."""
    twins = [*_fetched(found.connection, "twins")]
    for number, row, other in twins:
        file, line = found.accounts.whence(other)
        for one in found.rows_of.get(number, (row,)):
            reason = f"its report would have the id of {file}:{line}"
            told.refusal(found.accounts.refuse(one, "", reason))
    if twins:
        numbers = [number for number, _, _ in twins]
        found.connection.execute(queries("importing")["refuse_events"], {"numbers": numbers})
