"""One's own boundaries: a GeoJSON or GeoParquet file of polygons, each with a `code`."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from analytics.boundaries.areas import Areas, BoundariesError
from schemas.places import CODE

ERROR_KM = 1.0
"""How far borders may be drawn from where they are, where the file does not say."""
MOST_ERROR_KM = 100.0
NAMES = ("name", "names")
WGS84 = ("CRS84", "4326", "4979", "CRS83")
"""What the names of coordinate systems end in that have degrees of WGS 84, or as good as those."""
_CODE = re.compile(CODE)
_PARQUET = b"PAR1"


def own_areas(path: Path) -> Areas:
    """The areas of a file. BoundariesError: a line that names the file and its fault."""
    try:
        with path.open("rb") as file:
            is_parquet = file.read(4) == _PARQUET
        shapes, columns = _parquet(path) if is_parquet else _geojson(path)
    except OSError as error:
        raise BoundariesError(f"{path} cannot be read: {error.strerror or error}") from error
    if not len(shapes):
        _refuse(path, "it has no areas")
    codes = [_code(path, number, code) for number, code in enumerate(columns["code"])]
    for number, shape in enumerate(shapes):
        _check(path, number, shape)
    names: dict[str, list[str]] = defaultdict(list)
    for name in NAMES:
        for code, value in zip(codes, columns.get(name, ()), strict=False):
            if isinstance(value, str):
                names[code] += value.split("|")
    return Areas(
        path.name,
        np.array(shapes, dtype=object),
        codes,
        _error_km(path, columns.get("error_km", ())),
        is_world=False,
        names=lambda: names,
    )


def _refuse(path: Path, fault: str) -> NoReturn:
    raise BoundariesError(f"{path}: {fault}")


def _code(path: Path, number: int, code: object) -> str:
    if not isinstance(code, str) or not _CODE.match(code):
        said = "has no code" if code is None else f"has the code {str(code)[:40]!r}"
        _refuse(path, f"area {number + 1} {said}: expected an ISO 3166 code, such as UA or UA-63")
    return code


def _check(path: Path, number: int, shape: BaseGeometry | None) -> None:
    area = f"area {number + 1}"
    if not isinstance(shape, Polygon | MultiPolygon) or shape.is_empty:
        _refuse(path, f"{area} is no Polygon or MultiPolygon")
    west, south, east, north = shape.bounds
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):  # noqa: PLR2004
        _refuse(path, f"{area} is not in degrees of longitude and latitude (WGS 84)")
    if not shape.is_valid:
        _refuse(path, f"{area} is not a valid geometry: {shapely.is_valid_reason(shape)[:200]}")


def _error_km(path: Path, values: Sequence[object]) -> float:
    """The largest that the file says, since a border is of two areas."""
    said = [value for value in values if value is not None]
    for value in said:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or not 0 <= float(str(value)) <= MOST_ERROR_KM:
            _refuse(path, f"'error_km' is {str(value)[:40]!r}: expected 0 to {MOST_ERROR_KM:g}")
    return max((float(str(value)) for value in said), default=ERROR_KM)


def _geojson(path: Path) -> tuple[Sequence[BaseGeometry | None], Mapping[str, Sequence[Any]]]:
    try:
        text = path.read_text("utf-8-sig")
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        _refuse(path, f"it is neither GeoJSON nor GeoParquet: {error}")
    features = found.get("features") if isinstance(found, dict) else None
    if not isinstance(features, list) or found.get("type") != "FeatureCollection":
        _refuse(path, "it is no GeoJSON FeatureCollection")
    crs = found.get("crs")
    if crs is not None and not _is_wgs84(crs):
        _refuse(path, "its 'crs' is not WGS 84; GeoJSON is in degrees of longitude and latitude")
    shapes: list[BaseGeometry | None] = []
    columns: dict[str, list[Any]] = {name: [] for name in ("code", "error_km", *NAMES)}
    for number, feature in enumerate(features):
        properties = feature.get("properties") if isinstance(feature, dict) else None
        if not isinstance(properties, dict):
            _refuse(path, f"area {number + 1} is no Feature with properties")
        try:
            shapes.append(shapely.from_geojson(json.dumps(feature.get("geometry"))))
        except (shapely.GEOSException, ValueError) as error:
            _refuse(path, f"area {number + 1} is not a valid geometry: {error}")
        for name, values in columns.items():
            values.append(properties.get(name))
    return shapes, columns


def _parquet(path: Path) -> tuple[NDArray[np.object_], Mapping[str, Sequence[Any]]]:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        schema = parquet.read_schema(path)
        geo = json.loads((schema.metadata or {}).get(b"geo", b"null"))
        if not isinstance(geo, dict):
            _refuse(path, "it is Parquet without the metadata of GeoParquet")
        column = geo["primary_column"]
        about = geo["columns"][column]
        if about["encoding"] != "WKB":
            _refuse(path, f"its geometries are in {str(about['encoding'])[:40]!r}: expected WKB")
        if about.get("crs", "CRS84") is not None and not _is_wgs84(about.get("crs", "CRS84")):
            _refuse(path, "its geometries are not in degrees of longitude and latitude (WGS 84)")
        if "code" not in schema.names:
            _refuse(path, "it has no column 'code'")
        wanted = [name for name in ("code", "error_km", *NAMES) if name in schema.names]
        table = parquet.read_table(path, columns=[*wanted, column])
        shapes = shapely.from_wkb(table[column].to_pylist())
    except BoundariesError:
        raise
    except (
        pa.ArrowException,
        shapely.GEOSException,
        ValueError,
        KeyError,
        TypeError,
    ) as error:
        _refuse(path, f"it is not valid GeoParquet: {str(error).splitlines()[0][:200]}")
    return shapes, {name: table[name].to_pylist() for name in wanted}


def _is_wgs84(crs: object) -> bool:
    """Whether a name or a PROJJSON is of WGS 84 in degrees."""
    match crs:
        case str():
            return crs.endswith(WGS84)
        case {"properties": {"name": str(name)}}:
            return name.endswith(WGS84)
        case {"id": {"code": code}}:
            return str(code) in WGS84
        case {"name": str(name)}:
            return name.startswith("WGS 84") and "/" not in name
        case _:
            return False
