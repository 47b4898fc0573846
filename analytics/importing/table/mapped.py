"""Applies a mapping to the rows of a table: makes `refused`, `skipped`, `events` and `scope`."""

from __future__ import annotations

import hashlib
from typing import Any

import duckdb
import msgspec
import pyarrow as pa

from analytics.importing.layouts import normal
from analytics.importing.table.cells import CellMisfit, MappedCells, number, parts, required, word
from analytics.importing.table.mapping import (
    ClaimColumns,
    Limits,
    TableMapping,
    TargetColumns,
    Value,
)
from analytics.importing.table.when import MappedClock
from analytics.queries import queries
from schemas.time import iso

_BATCH = 2_048
_BLANK = frozenset({"", "nan", "na", "n/a", "none", "null"})
_encoder = msgspec.json.Encoder()


def apply_mapping(
    connection: duckdb.DuckDBPyConnection, mapping: TableMapping, conflict: str | None
) -> None:
    """Make the tables of a source from `raw`, whose columns the mapping names."""
    connection.execute(queries("mapped")["tables"])
    applied = _Applied(mapping, conflict)
    reader, writer = connection.cursor(), connection.cursor()
    reader.execute(queries("mapped")["rows"])
    names = [name for name, *_ in reader.description or ()]
    while rows := reader.fetchmany(_BATCH):
        refused: list[tuple[int, str, str]] = []
        skipped: list[tuple[int, str]] = []
        events: list[tuple[list[int], str, str | None, str]] = []
        for cells in rows:
            row = int(cells[0])
            given = {
                name: text
                for name, text in zip(names, cells, strict=True)
                if isinstance(text, str) and text.lower() not in _BLANK
            }
            reason = applied.skipped(given)
            if reason is not None:
                skipped.append((row, reason))
                continue
            try:
                kind, said, data = applied.event(given)
            except CellMisfit as misfit:
                refused.append((row, misfit.column, misfit.reason))
            else:
                events.append(([row], kind, said, _encoder.encode(data).decode()))
        for name, found in (("refused", refused), ("skipped", skipped), ("events", events)):
            _insert(writer, name, found)
    if mapping.gone == "span":
        connection.execute(queries("mapped")["span"])


def _insert(connection: duckdb.DuckDBPyConnection, table: str, rows: list[Any]) -> None:
    if rows:
        columns = list(zip(*rows, strict=True))
        types = [pa.string()] * len(columns)
        types[0] = pa.list_(pa.int64()) if table == "events" else pa.int64()
        arrays = [pa.array(column, one) for column, one in zip(columns, types, strict=True)]
        names = [f"c{number}" for number in range(len(arrays))]
        connection.from_arrow(pa.table(arrays, names=names)).insert_into(table)


class _Applied:
    """A mapping at work."""

    def __init__(self, mapping: TableMapping, conflict: str | None) -> None:
        self._mapping = mapping
        self._conflict = conflict or mapping.conflict
        self._clock = MappedClock(mapping.formats, mapping.zone)
        self._skip = [(normal(one.column), one.words) for one in mapping.skip]

    def skipped(self, cells: MappedCells) -> str | None:
        """Why the row is to be no event."""
        for column, words in self._skip:
            reason = words.get(cells.get(column, ""))
            if reason is not None:
                return reason
        return None

    def event(self, cells: MappedCells) -> tuple[str, str | None, dict[str, Any]]:
        """The type of the event, when it was said, and its data."""
        claim, said = self._mapping.claim, None
        kind = "incident.reported" if claim is None else "commitment.claimed"
        data = self._report(cells) if claim is None else self._claim(claim, cells)
        if self._mapping.said is not None:
            instants = self._clock.span(self._mapping.said, cells)
            said = None if instants is None else iso(instants[1])
        return kind, said, data

    def _claim(self, claim: ClaimColumns, cells: MappedCells) -> dict[str, Any]:
        by = claim.claimed_by
        claimed_by = (("name", by.name), ("role", by.role), ("party", by.party))
        data: dict[str, Any] = {
            "conflict": self._conflict,
            "commitment_id": self._text(claim.commitment, cells),
            "claimed_by": {name: self._text(value, cells) for name, value in claimed_by},
            "stance": "asserts",
            "bound_parties": self._listed(claim.parties, cells),
            "prohibits": {
                "acts": self._listed(claim.acts, cells),
                "targets": self._listed(claim.targets, cells),
            },
            "area": self._listed(claim.area, cells),
            "window": [self._clock.window(claim.window, cells)],
            "evidence": self._evidence(cells),
        }
        return {**data, "claim_id": self._id(cells, data)}

    def _report(self, cells: MappedCells) -> dict[str, Any]:
        mapping = self._mapping
        data: dict[str, Any] = {
            "conflict": self._conflict,
            "reported_by": {
                name: self._text(value, cells)
                for name, value in (
                    ("name", mapping.reported_by.name),
                    ("kind", mapping.reported_by.kind),
                    ("party", mapping.reported_by.party),
                )
            },
            "occurred": self._clock.occurred(mapping.occurred, cells),
            "stance": self._text(mapping.stance, cells),
            "actor": self._actor(cells),
            "act": self._text(mapping.act, cells),
            "targets": self._listed(mapping.targets, cells),
            "places": self._places(cells),
            "weapons": [
                {
                    "type": kind,
                    "launched": self._count(one.launched, cells),
                    "intercepted": self._count(one.intercepted, cells),
                }
                for one in mapping.weapons
                if (kind := self._text(one.type, cells)) is not None
            ],
            "effects": {
                name: self._count(columns, cells) for name, columns in mapping.effects.items()
            },
            "evidence": self._evidence(cells),
        }
        return {**data, **self._ids(cells, data)}

    def _evidence(self, cells: MappedCells) -> list[str]:
        columns = map(normal, self._mapping.evidence)
        return [cells[one] for one in columns if one in cells]

    def _id(self, cells: MappedCells, data: dict[str, Any]) -> str:
        ids = self._mapping.id
        if ids.columns:
            return "-".join([ids.prefix, *(required(one, cells) for one in ids.columns)])
        digest = hashlib.sha256(_encoder.encode(data)).hexdigest()[:16]
        return f"{ids.prefix}-{digest}"

    def _ids(self, cells: MappedCells, data: dict[str, Any]) -> dict[str, str]:
        ids, report = self._mapping.id, self._id(cells, data)
        incident = report
        if ids.incident:
            incident = "-".join([ids.prefix, *(required(one, cells) for one in ids.incident)])
        return {"incident_id": incident, "report_id": report}

    def _actor(self, cells: MappedCells) -> dict[str, Any] | None:
        if self._mapping.actor is None:
            return None
        party = self._text(self._mapping.actor.party, cells)
        if party is None:
            return None
        return {"party": party, "confidence": self._text(self._mapping.actor.confidence, cells)}

    def _listed(self, several: TargetColumns | None, cells: MappedCells) -> list[str]:
        if several is None:
            return []
        if several.column is None:
            return parts(several.constant, several.separator)
        found = [
            word(several.words, part, normal(several.column))
            for part in parts(cells.get(normal(several.column)), several.separator)
        ]
        return [one for one in found if one]

    def _places(self, cells: MappedCells) -> list[Any]:
        where = self._mapping.place
        if where is None:
            return []
        if where.lat is not None and where.lon is not None:
            lat, lon = self._number(where.lat, cells), self._number(where.lon, cells)
            if lat is not None and lon is not None:
                radius = where.radius_km
                km = self._number(radius, cells) if isinstance(radius, str) else radius
                return [{"lat": lat, "lon": lon, "radius_km": km or 0}]
        codes = self._several(where.code, cells, where.separator)
        if codes:
            return codes
        country = self._text(where.country, cells)
        if country is None:
            return []
        provinces = self._several(where.province, cells, where.separator)
        return [{"within": country, "named": one} for one in provinces] or [country]

    def _several(self, value: Value | None, cells: MappedCells, separator: str | None) -> list[str]:
        if value is None:
            return []
        if isinstance(value, str):
            return parts(cells.get(normal(value)), separator)
        if value.column is None:
            return [value.constant] if value.constant else []
        column = normal(value.column)
        found = [word(value.words, one, column) for one in parts(cells.get(column), separator)]
        return [one for one in found if one]

    def _text(self, value: Value | None, cells: MappedCells) -> str | None:
        if value is None:
            return None
        if isinstance(value, str):
            return cells.get(normal(value))
        if value.column is None:
            return value.constant
        column = normal(value.column)
        return word(value.words, cells.get(column), column) or None

    def _count(self, columns: str | Limits | None, cells: MappedCells) -> Any:  # noqa: ANN401 - JSON
        if columns is None:
            return None
        if isinstance(columns, Limits):
            low, high = self._number(columns.low, cells), self._number(columns.high, cells)
        else:
            column = normal(columns)
            parts = [one for one in self._limits(cells.get(column)) if one]
            numbers = [number(one, column, comma=self._mapping.decimal == ",") for one in parts]
            if not numbers:
                return None
            low, high = numbers[0], numbers[-1]
        if low == high:
            return low
        return {"min": low, "max": high}

    def _limits(self, text: str | None) -> list[str]:
        """`88 to 90` in its parts, by the words that the mapping has for ranges."""
        for between in self._mapping.ranges:
            if text is not None and between in text[1:]:
                low, _, high = text.partition(between)
                return [low.strip(), high.strip()]
        return [] if text is None else [text]

    def _number(self, column: str, cells: MappedCells) -> float | None:
        text = cells.get(normal(column))
        return (
            None
            if text is None
            else number(text, normal(column), comma=self._mapping.decimal == ",")
        )
