"""The incidents that a reader chose, as CSV, JSON and GeoJSON."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from typing import Any

from analytics.pages.model import IncidentRow
from schemas.time import iso

MOST = 100_000
CHUNK = 1_000
# A spreadsheet would take what begins so for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
COLUMNS = (
    *("conflict", "commitment_id", "incident_id", "verdict", "party", "occurred_start"),
    *("occurred_end", "evidence", "admitted", "denied_by", "reports", "acts", "actors"),
    *("targets", "places"),
)


def document(row: IncidentRow) -> dict[str, Any]:
    """An incident as JSON has it."""
    return {
        **row._asdict(),
        "occurred_start": iso(row.occurred_start),
        "occurred_end": iso(row.occurred_end),
        "targets": row.targets or [],
        "places": [json.loads(one) for one in row.places or ()],
    }


def as_csv(found: Iterator[IncidentRow]) -> Iterator[str]:
    """Comma-separated values; lists are JSON, and no cell is a formula."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in found:
        values = document(row)
        writer.writerow([_cell(values[name]) for name in COLUMNS])
        if buffer.tell() > 1 << 16:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()


def _cell(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case list():
            return json.dumps(value, ensure_ascii=False)
        case _:
            text = str(value)
            return f"'{text}" if text.startswith(_FORMULA) else text


def as_json(found: Iterator[IncidentRow]) -> Iterator[str]:
    """One array of objects, a row a line."""
    yield from _joined(
        "[\n", (json.dumps(document(row), ensure_ascii=False) for row in found), "\n]\n"
    )


def as_geojson(found: Iterator[IncidentRow]) -> Iterator[str]:
    """A FeatureCollection: a feature an incident, with its points, or none."""
    features = (json.dumps(_feature(row), ensure_ascii=False) for row in found)
    yield from _joined('{"type": "FeatureCollection", "features": [\n', features, "\n]}\n")


def _feature(row: IncidentRow) -> dict[str, Any]:
    values = document(row)
    points = list(_points(values["places"]))
    geometry = None
    if len(points) == 1:
        geometry = {"type": "Point", "coordinates": points[0]}
    elif points:
        geometry = {"type": "MultiPoint", "coordinates": points}
    return {"type": "Feature", "geometry": geometry, "properties": values}


def _points(places: list[Any]) -> Iterator[list[float]]:
    for one in places:
        match one:
            case {"lat": int() | float() as lat, "lon": int() | float() as lon}:
                yield [lon, lat]
            case {"one_of": list(several)}:
                yield from _points(several)
            case _:
                pass


def _joined(opening: str, entries: Iterator[str], closing: str) -> Iterator[str]:
    yield opening
    chunk: list[str] = []
    is_first = True
    for one in entries:
        chunk.append(one if is_first else f",\n{one}")
        is_first = False
        if len(chunk) >= CHUNK:
            yield "".join(chunk)
            chunk.clear()
    yield "".join(chunk) + closing


FORMS: dict[str, tuple[str, Callable[[Iterator[IncidentRow]], Iterator[str]]]] = {
    "csv": ("text/csv", as_csv),
    "json": ("application/json", as_json),
    "geojson": ("application/geo+json", as_geojson),
}
