"""The verdicts recomputed set-based, in SQL's own three-valued logic, and compared with the stored.

The rules are in `audit/*.sql`, written from the same law as the judging of the stream but sharing
nothing with it. This module adds only what SQL cannot know: the vocabularies, ISO's subdivisions,
the clocks of time zones, and whether a circle lies within a geometry.
"""

from __future__ import annotations

import datetime as dt
import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, Self

import duckdb
import pyarrow as pa

from analytics.queries import named_statements
from analytics.storage.database import Session, connect
from schemas.places import Point, Polygonal, polygonal, subdivision_parents, within
from schemas.time import EPOCH, LONGEST_DAYS, LONGEST_WALK, MICROSECOND, iso, zone, zone_names
from schemas.vocabulary import ACTS, TARGETS

ROWS_AT_ONCE = 50_000
_MOMENTS = ("occurred_start", "occurred_end")
_FIRST_DAY = dt.date.min.toordinal() - EPOCH.toordinal()
_LAST_DAY = dt.date.max.toordinal() - EPOCH.toordinal()
_DAY = dt.timedelta(days=1) // MICROSECOND

_TREES = pa.schema([(name, pa.string()) for name in ("tree", "term", "parent")])
_CODES = pa.schema([("code", pa.string()), ("parent", pa.string())])
_ZONES = pa.schema([("zone", pa.string())])
_LIMITS = pa.schema([("longest_walk", pa.int64()), ("longest_days", pa.int64())])
_HOURS = pa.schema(
    [
        ("zone", pa.string()),
        ("from_clock", pa.time64("us")),
        ("to_clock", pa.time64("us")),
        ("day", pa.int64()),
        ("begins", pa.int64()),
        ("ends", pa.int64()),
    ]
)
_SHAPES = pa.schema([("area_scope", pa.int64()), ("place", pa.string()), ("answer", pa.bool_())])

Values = Mapping[str, Any]


class Difference(NamedTuple):
    """A row that differs, as stored and as recomputed; None: that side has no row.

    `claim_id` is None for a row of `verdicts`. `is_doubled`: the ledger has it more than once.
    """

    table: str
    conflict: str
    commitment_id: str
    claim_id: str | None
    incident_id: str
    stored: Values | None
    recomputed: Values | None
    is_doubled: bool

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that differ; all of them where a side has no row."""
        stored, recomputed = self.stored, self.recomputed
        if stored is None or recomputed is None:
            return tuple(stored or recomputed or ())
        return tuple(name for name in stored if stored[name] != recomputed[name])


class Compared(NamedTuple):
    """How many rows were compared, and of how many claims and reports they were recomputed."""

    claim_verdicts: int
    verdicts: int
    claims: int
    reports: int
    incidents: int


class Audit:
    """A database of its own in which verdicts are recomputed; use it in a `with`.

    First `take` the contents of a ledger, then `recompute`, then read `differences`. It can be used
    again for another ledger.
    """

    def __init__(self, *, memory_limit: str = "400MB", threads: int = 2) -> None:
        # DuckDB spills there what does not fit into memory.
        self._folder = tempfile.TemporaryDirectory(prefix="truce-verify-")
        path = Path(self._folder.name, "audit.duckdb")
        self._connection = connect(path, memory_limit=memory_limit, threads=threads)
        self._session = Session(self._connection)
        self._sql = named_statements("audit")
        self._fill("trees", _TREES, _trees())
        self._fill("codes", _CODES, subdivision_parents().items())
        self._fill("zones", _ZONES, [(name,) for name in zone_names()])
        self._fill("limits", _LIMITS, [(LONGEST_WALK, LONGEST_DAYS)])
        for name in ("words", "logic"):
            self._connection.execute(self._sql[name])

    def close(self) -> None:
        """Discard everything."""
        self._connection.close()
        self._folder.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def take(self, source: duckdb.DuckDBPyConnection) -> None:
        """Copy the current contents of the ledger or the lake that `source` is connected to."""
        self._copy(source.execute(self._sql["snapshot"]))

    def _copy(self, answer: duckdb.DuckDBPyConnection) -> None:
        self._connection.execute(self._sql["empty"])
        self._add(answer)

    def _add(self, answer: duckdb.DuckDBPyConnection) -> None:
        for batch in answer.to_arrow_reader(ROWS_AT_ONCE):
            for kind in batch["kind"].unique().to_pylist():
                self._session.over(self._sql[f"take_{kind}"], pa.Table.from_batches([batch]))

    def recompute(self) -> None:
        """Recompute every verdict from the claims and reports that were copied."""
        self._run("claims", "reports", "days_wanted", "no_hours")
        for named_zone, from_clock, to_clock, days in self._rows("zones_wanted"):
            found = _hours(named_zone, from_clock, to_clock, days)
            self._fill("take_hours", _HOURS, found)
        self._run("in_window", "vocabularies", "places", "no_shapes")
        for area_scope, geometries, points in self._rows("shapes_wanted"):
            self._fill("take_shapes", _SHAPES, _shapes(area_scope, geometries, points))
        self._run("areas", "criteria", "before_conditions", "still_bound", "verdicts")

    def compared(self) -> Compared:
        """How much was compared."""
        return Compared(*self._rows("compared")[0])

    def differences(self) -> Iterator[Difference]:
        """The rows that differ, ordered by their ids, those of `claim_verdicts` first."""
        for table in ("claim_verdicts", "verdicts"):
            for conflict, commitment, *ids, stored, recomputed, is_doubled in self._rows(
                f"differing_{table}"
            ):
                incident, claim = ids
                yield Difference(
                    table,
                    conflict,
                    commitment,
                    claim,
                    incident,
                    _values(stored),
                    _values(recomputed),
                    is_doubled,
                )

    def _run(self, *names: str) -> None:
        for name in names:
            self._connection.execute(self._sql[name])

    def _rows(self, name: str) -> list[tuple[Any, ...]]:
        return self._session.execute(self._sql[name])

    def _fill(self, name: str, schema: pa.Schema, rows: Iterable[tuple[Any, ...]]) -> None:
        columns = list(zip(*rows, strict=True)) or [()] * len(schema)
        arrays = [pa.array(c, field.type) for c, field in zip(columns, schema, strict=True)]
        self._session.over(self._sql[name], pa.Table.from_arrays(arrays, schema=schema))


def _values(text: str | None) -> Values | None:
    if text is None:
        return None
    values: dict[str, Any] = json.loads(text)
    return {name: iso(value) if name in _MOMENTS else value for name, value in values.items()}


def _trees() -> Iterator[tuple[str, str, str | None]]:
    for name, tree in (("acts", ACTS), ("targets", TARGETS)):
        for term, parent in tree.items():
            yield name, term, parent


Hours = tuple[str, dt.time, dt.time, int, int, int]


def _hours(name: str, from_clock: dt.time, to_clock: dt.time, days: list[int]) -> list[Hours]:
    """When a daily recurrence begins and ends on each of `days` (counted from 1970), in UTC.

    PEP 495 with fold=0: a clock time that is skipped, or shown twice, is read as if the clocks had
    not been changed yet.
    """
    rules = zone(name)
    later = 1 if to_clock <= from_clock else 0

    def moment(day: int, clock: dt.time) -> int:
        # The end of the last day there is lies beyond it, by its offset.
        date = dt.date.fromordinal(min(day, _LAST_DAY) + EPOCH.toordinal())
        offset = dt.datetime.combine(date, clock, rules).utcoffset() or dt.timedelta(0)
        since_midnight = dt.timedelta(hours=clock.hour, minutes=clock.minute, seconds=clock.second)
        return day * _DAY + (since_midnight - offset) // MICROSECOND

    return [
        (name, from_clock, to_clock, day, moment(day, from_clock), moment(day + later, to_clock))
        for day in days
        if _FIRST_DAY <= day <= _LAST_DAY
    ]


def _shapes(
    area_scope: int, geometries: list[str], points: list[str]
) -> Iterator[tuple[int, str, bool | None]]:
    """Whether each of `points` lies within the geometries together, which count as one area.

    Computed here and not by DuckDB's spatial extension: that measures in degrees on a plane, and a
    radius of so many kilometres is a geodesic on the ellipsoid.
    """
    area: tuple[Polygonal, ...] = tuple(polygonal(json.loads(text)) for text in geometries)
    for text in points:
        said = json.loads(text)
        point = Point(float(said["lat"]), float(said["lon"]), float(said.get("radius_km", 0)))
        yield area_scope, text, within(area, point)
