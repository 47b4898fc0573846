"""Runs a source on rows that a test makes, in process: `imported("NAME", HEADER, "1,2", …)`."""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from analytics.boundaries.points import Gazetteer
from analytics.importing.accounts import Fate
from analytics.importing.editions import in_words
from analytics.importing.imports import ImportReporter, read_rows
from analytics.importing.loading import workshop
from analytics.importing.sources import Dataset, find_source
from analytics.importing.table.mapping import TableMapping


@dataclass
class Imported:
    """What became of the rows: `events` as JSON, and what was said of the others."""

    events: list[dict[str, Any]]
    refused: list[str]
    notes: list[str]
    skipped: Counter[str]
    fates: list[Fate]
    scopes: list[str]
    gone: list[str]
    data: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.data = [one["data"] for one in self.events]

    @property
    def rows(self) -> int:
        return len(self.fates)


def imported(
    source: str | Dataset,
    *rows: str | bytes,
    name: str = "rows.csv",
    conflict: str | None = None,
    gazetteer: Gazetteer | None = None,
    mapping: TableMapping | None = None,
    others: Mapping[str, Sequence[str]] | None = None,
    before: Sequence[dict[str, Any]] = (),
) -> Imported:
    """The events of a file with these lines, or these bytes.

    `others`: further files of the import, by name; `before`: reports that stand of the source.
    """
    found = find_source(source) if isinstance(source, str) else source
    with tempfile.TemporaryDirectory() as folder, workshop() as connection:
        path = Path(folder) / name
        content = b"\n".join(one if isinstance(one, bytes) else one.encode() for one in rows)
        path.write_bytes(content)
        paths = [path, *(Path(folder) / other for other in others or {})]
        for other, lines in (others or {}).items():
            (Path(folder) / other).write_text("\n".join(lines), "utf-8")
        for data in before:
            _stand(connection, data)
        refused: list[str] = []
        notes: list[str] = []

        def without_folder(said: list[str], text: str) -> None:
            said.append(text.replace(f"{folder}/", ""))

        told = ImportReporter(
            lambda text: without_folder(refused, text),
            lambda text: without_folder(notes, text),
            lambda *_: None,
        )
        made = read_rows(
            connection,
            found,
            [*map(str, paths)],
            told,
            conflict=conflict,
            gazetteer=gazetteer,
            mapping=mapping,
        )
        edition = made.edition()
        events = [json.loads(one.text) for one in edition.changes() if one.text is not None]
        gone = [one.key.part for one in edition.gone("gone")]
        return Imported(
            events,
            refused,
            notes,
            made.accounts.skipped,
            list(made.accounts.fates()),
            in_words(made.scopes),
            gone,
        )


def _stand(connection: duckdb.DuckDBPyConnection, data: dict[str, Any]) -> None:
    """The report stands, as if the lake had it."""
    times = data["occurred"]["start"], data["occurred"].get("end", data["occurred"]["start"])
    key = data["conflict"], data["incident_id"], data["report_id"]
    connection.execute(
        "INSERT INTO standing BY NAME SELECT 'report' AS kind, $1 AS conflict, $2 AS whole, "
        "$3 AS part, $3 || ':0' AS event_id, true AS stands, $4::JSON AS data, "
        "$5::TIMESTAMPTZ AS started, $6::TIMESTAMPTZ AS ended",
        [*key, json.dumps(data), *times],
    )
