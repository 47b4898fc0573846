"""Runs a source on rows that a test makes, in process: `imported("NAME", HEADER, "1,2", …)`."""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from analytics.importing.accounts import Fate
from analytics.importing.editions import in_words
from analytics.importing.imports import Told, read_rows
from analytics.importing.loading import workshop
from analytics.importing.places import Gazetteer
from analytics.importing.sources import Source, find_source
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
    data: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.data = [one["data"] for one in self.events]

    @property
    def rows(self) -> int:
        return len(self.fates)


def imported(
    source: str | Source,
    *rows: str | bytes,
    name: str = "rows.csv",
    conflict: str | None = None,
    gazetteer: Gazetteer | None = None,
    mapping: TableMapping | None = None,
) -> Imported:
    """The events of a file with these lines, or these bytes; nothing stands before."""
    found = find_source(source) if isinstance(source, str) else source
    with tempfile.TemporaryDirectory() as folder, workshop() as connection:
        path = Path(folder) / name
        content = b"\n".join(one if isinstance(one, bytes) else one.encode() for one in rows)
        path.write_bytes(content)
        refused: list[str] = []
        notes: list[str] = []

        def without_folder(said: list[str], text: str) -> None:
            said.append(text.replace(f"{folder}/", ""))

        told = Told(
            lambda text: without_folder(refused, text),
            lambda text: without_folder(notes, text),
            lambda *_: None,
        )
        made = read_rows(
            connection,
            found,
            [str(path)],
            told,
            conflict=conflict,
            gazetteer=gazetteer,
            mapping=mapping,
        )
        edition = made.edition()
        events = [json.loads(one.text) for one in edition.changes() if one.text is not None]
        return Imported(
            events,
            refused,
            notes,
            made.accounts.skipped,
            list(made.accounts.fates()),
            in_words(made.scopes),
        )
