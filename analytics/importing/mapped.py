"""Applies a mapping to the rows of a table: makes `refused`, `skipped`, `events` and `scope`."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import msgspec
import pyarrow as pa

from analytics.importing.layouts import normal
from analytics.importing.mapping import Limits, TableMapping, Targets, Value, When
from analytics.queries import queries
from schemas.time import iso, to_instant

_BATCH = 2_048
_BLANK = frozenset({"", "nan", "na", "n/a", "none", "null"})
_encoder = msgspec.json.Encoder()
Cells = Mapping[str, str]


class _Misfit(Exception):  # noqa: N818 - it ends one row, and no more
    """A value that does not fit."""

    def __init__(self, column: str, reason: str) -> None:
        super().__init__(column, reason)
        self.column, self.reason = column, reason


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
                said, data = applied.event(given)
            except _Misfit as misfit:
                refused.append((row, misfit.column, misfit.reason))
            else:
                events.append(([row], "incident.reported", said, _encoder.encode(data).decode()))
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
        self._zone = ZoneInfo(mapping.zone)
        self._skip = [(normal(one.column), one.words) for one in mapping.skip]

    def skipped(self, cells: Cells) -> str | None:
        """Why the row is to be no event."""
        for column, words in self._skip:
            reason = words.get(cells.get(column, ""))
            if reason is not None:
                return reason
        return None

    def event(self, cells: Cells) -> tuple[str | None, dict[str, Any]]:
        """When it was said, and the data of the event."""
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
            "occurred": self._occurred(mapping.occurred, cells),
            "stance": self._text(mapping.stance, cells),
            "actor": self._actor(cells),
            "act": self._text(mapping.act, cells),
            "targets": self._targets(mapping.targets, cells),
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
            "evidence": [
                cells[column] for one in mapping.evidence if (column := normal(one)) in cells
            ],
        }
        said = None
        if mapping.said is not None:
            instants = self._span(mapping.said, cells)
            said = None if instants is None else iso(instants[1])
        return said, {**data, **self._ids(cells, data)}

    def _ids(self, cells: Cells, data: dict[str, Any]) -> dict[str, str]:
        ids = self._mapping.id
        if ids.columns:
            report = "-".join([ids.prefix, *(_required(one, cells) for one in ids.columns)])
        else:
            digest = hashlib.sha256(_encoder.encode(data)).hexdigest()[:16]
            report = f"{ids.prefix}-{digest}"
        incident = report
        if ids.incident:
            incident = "-".join([ids.prefix, *(_required(one, cells) for one in ids.incident)])
        return {"incident_id": incident, "report_id": report}

    def _actor(self, cells: Cells) -> dict[str, Any] | None:
        if self._mapping.actor is None:
            return None
        party = self._text(self._mapping.actor.party, cells)
        if party is None:
            return None
        return {"party": party, "confidence": self._text(self._mapping.actor.confidence, cells)}

    def _targets(self, targets: Targets | None, cells: Cells) -> list[str]:
        if targets is None:
            return []
        if targets.column is None:
            return [targets.constant] if targets.constant else []
        found = [
            _word(targets.words, part, normal(targets.column))
            for part in _parts(cells.get(normal(targets.column)), targets.separator)
        ]
        return [one for one in found if one]

    def _places(self, cells: Cells) -> list[Any]:
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

    def _several(self, value: Value | None, cells: Cells, separator: str | None) -> list[str]:
        if value is None:
            return []
        if isinstance(value, str):
            return _parts(cells.get(normal(value)), separator)
        if value.column is None:
            return [value.constant] if value.constant else []
        column = normal(value.column)
        found = [_word(value.words, one, column) for one in _parts(cells.get(column), separator)]
        return [one for one in found if one]

    def _text(self, value: Value | None, cells: Cells) -> str | None:
        if value is None:
            return None
        if isinstance(value, str):
            return cells.get(normal(value))
        if value.column is None:
            return value.constant
        column = normal(value.column)
        return _word(value.words, cells.get(column), column) or None

    def _count(self, columns: str | Limits | None, cells: Cells) -> Any:  # noqa: ANN401 - JSON
        if columns is None:
            return None
        if isinstance(columns, Limits):
            low, high = self._number(columns.low, cells), self._number(columns.high, cells)
        else:
            column = normal(columns)
            parts = [one for one in self._limits(cells.get(column)) if one]
            numbers = [_number(one, column, self._mapping.decimal == ",") for one in parts]
            if not numbers:
                return None
            low, high = numbers[0], numbers[-1]
        if low == high:
            return low
        return {"min": low, "max": high}

    def _limits(self, text: str | None) -> list[str]:
        """`88 to 90` in its parts, by the words that the mapping has for ranges."""
        for word in self._mapping.ranges:
            if text is not None and word in text[1:]:
                low, _, high = text.partition(word)
                return [low.strip(), high.strip()]
        return [] if text is None else [text]

    def _number(self, column: str, cells: Cells) -> float | None:
        text = cells.get(normal(column))
        return None if text is None else _number(text, normal(column), self._mapping.decimal == ",")

    def _occurred(self, when: When, cells: Cells) -> dict[str, Any]:
        span = self._span(when, cells)
        if span is None:
            column = normal(when.moment or when.day or "")
            raise _Misfit(column, "blank; expected when it happened")
        start, end = span
        stated = [
            cells[normal(one)]
            for one in (when.moment, when.day, when.time, when.end_moment, when.end_day,
                        when.end_time)
            if one is not None and normal(one) in cells
        ]  # fmt: skip
        return {
            "start": iso(start),
            "end": None if end == start else iso(end),
            "certainty": when.certainty,
            "of": when.of,
            "as_stated": " ".join(dict.fromkeys(stated)),
        }

    def _span(self, when: When, cells: Cells) -> tuple[int, int] | None:
        """From when to when, in us since 1970: a day without a time lasts until it has ended."""
        first = self._moment(when.moment, when.day, when.time, cells)
        if first is None:
            return None
        last = self._moment(when.end_moment, when.end_day or when.day, when.end_time, cells)
        named_end = any(
            one is not None and normal(one) in cells
            for one in (when.end_moment, when.end_day, when.end_time)
        )
        start, end = first[0], last[1] if named_end and last is not None else first[1]
        if end < start:
            column = normal(when.end_moment or when.end_day or when.end_time or "")
            raise _Misfit(column, "before the start")
        return start, end

    def _moment(
        self, moment: str | None, day: str | None, time: str | None, cells: Cells
    ) -> tuple[int, int] | None:
        """The first and the last instant that is meant."""
        formats = self._mapping.formats
        if moment is not None:
            text = cells.get(normal(moment))
            if text is None:
                return None
            read = _read(text, formats.moment, normal(moment))
            at = _instant(read if read.tzinfo is not None else read.replace(tzinfo=self._zone))
            return at, at
        text = None if day is None else cells.get(normal(day))
        if day is None or text is None:
            return None
        on = _read(text, formats.day, normal(day)).replace(tzinfo=self._zone)
        of_day = None if time is None else cells.get(normal(time))
        if time is None or of_day is None:
            return _instant(on), _instant(on + dt.timedelta(days=1))
        clock = _read(of_day, formats.time, normal(time)).time()
        at = _instant(dt.datetime.combine(on.date(), clock, self._zone))
        return at, at


def _instant(moment: dt.datetime) -> int:
    return to_instant(moment.astimezone(dt.UTC))


@lru_cache(maxsize=4_096)
def _parsed(text: str, form: str) -> dt.datetime | None:
    try:
        return dt.datetime.strptime(text, form)  # noqa: DTZ007 - the zone is the mapping's
    except ValueError:
        return None


def _read(text: str, form: str, column: str) -> dt.datetime:
    read = _parsed(text, form)
    if read is None:
        raise _Misfit(column, f"{text[:60]!r} is not written as {form}")
    return read


def _number(text: str, column: str, comma: bool) -> float:
    try:
        return float(text.replace(",", ".") if comma else text)
    except ValueError:
        raise _Misfit(column, f"{text[:60]!r} is not a number") from None


def _word(words: dict[str, str] | None, text: str | None, column: str) -> str | None:
    if text is None or words is None:
        return text
    if text not in words:
        raise _Misfit(column, f"{text[:60]!r} is not among the words that the mapping has for it")
    return words[text]


def _parts(text: str | None, separator: str | None) -> list[str]:
    if text is None:
        return []
    parts = [text] if separator is None else text.split(separator)
    return [one.strip() for one in parts if one.strip()]


def _required(column: str, cells: Cells) -> str:
    try:
        return cells[normal(column)]
    except KeyError:
        raise _Misfit(normal(column), "blank; expected a part of the id") from None
