"""Boundaries of one's own: what they may be, what they change, and what is said of bad ones."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely

from analytics.boundaries.areas import Areas, BoundariesError
from analytics.boundaries.boundaries import Boundaries, open_boundaries
from analytics.boundaries.layer import Layer
from analytics.boundaries.own import own_areas
from tests.boundaries.conftest import areas

SQUARE = "POLYGON ((0 0, 1 0, 1 1, 0 1, 0 0))"
CRIMEA = "POLYGON ((32 44.2, 37 44.2, 37 46.2, 32 46.2, 32 44.2))"
BOW = "POLYGON ((0 0, 1 1, 1 0, 0 1, 0 0))"


def geojson(path: Path, *drawn: Mapping[str, Any], **more: Any) -> Path:
    features = [
        {
            "type": "Feature",
            "properties": {name: value for name, value in one.items() if name != "wkt"},
            "geometry": json.loads(shapely.to_geojson(shapely.from_wkt(one["wkt"]))),
        }
        for one in drawn
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features, **more}))
    return path


def geoparquet(path: Path, *drawn: Mapping[str, Any], **about: Any) -> Path:
    table = pa.table({
        **{name: [one[name] for one in drawn] for name in drawn[0] if name != "wkt"},
        "shape": [shapely.to_wkb(shapely.from_wkt(one["wkt"])) for one in drawn],
    })  # fmt: skip
    column = {"encoding": "WKB", "geometry_types": [], **about}
    geo = {"version": "1.1.0", "primary_column": "shape", "columns": {"shape": column}}
    pq.write_table(table.replace_schema_metadata({"geo": json.dumps(geo)}), path)
    return path


def shipped(*drawn: tuple[str, Any]) -> Layer:
    return Layer(areas(*drawn, error_km=2))


@pytest.mark.parametrize("write", [geojson, geoparquet])
def test_a_file_goes_before_what_is_installed(write: Callable[..., Path], tmp_path: Path) -> None:
    own = write(
        tmp_path / "own",
        {"code": "AA-7", "wkt": SQUARE, "name": "Sevenths", "error_km": 0.1},
        {"code": "XK", "wkt": "POLYGON ((5 0, 6 0, 6 1, 5 1, 5 0))", "name": None, "error_km": 0.1},
    )
    found = own_areas(own)
    assert (list(found.codes), found.error_km) == (["AA-7", "XK"], 0.1)
    installed = shipped(("AA-1", (0, 0, 2, 1)), ("BB", (2, 0, 4, 1)), ("", (5, 0, 7, 1)))
    boundaries = Boundaries(installed, Layer(found))
    places = {
        (0.5, 0.5): ("AA-7",),
        (0.5, 0.995): ("AA-7",),  # half a kilometre from its border, which is exact to 0.1 km
        (0.5, 1.5): ("AA-1",),  # of which the file knows nothing
        (0.5, 3.0): ("BB",),
        (0.5, 5.5): ("XK",),  # where the installed ones have no code
        (0.5, 6.5): (),
        (0.001, 0.5): ("AA-7",),
        (-0.1, 0.5): ("AA",),  # what is at sea is known only where all coasts are
    }
    lats, lons = zip(*places, strict=True)
    assert boundaries.codes(lats, lons, 0) == list(places.values())
    # Across a border that the file draws, the installed ones do not know better.
    assert boundaries.codes([0.5, 0.5], [0.99, 0.99], [0.5, 3]) == [("AA-7",), ("AA",)]
    assert boundaries.named("AA", "sevenths") == "AA-7"


def test_alone_a_file_gives_only_what_lies_wholly_within_its_areas(tmp_path: Path) -> None:
    own = own_areas(geojson(tmp_path / "own", {"code": "AA-7", "wkt": SQUARE}))
    assert own.error_km == 1.0
    boundaries = Boundaries(None, Layer(own))
    assert boundaries.codes([0.5, 0.5, 0.5], [0.5, 0.95, 0.95], [50, 3, 6]) == [
        ("AA-7",), ("AA-7",), (),
    ]  # fmt: skip


@pytest.mark.parametrize("code", ["RU", "RU-KDA", "RU-CR"])
def test_crimea_is_ukraine_s_whatever_a_file_says(
    code: str, installed: Boundaries, tmp_path: Path
) -> None:
    own = Layer(own_areas(geojson(tmp_path / "own", {"code": code, "wkt": CRIMEA})))
    simferopol, sevastopol = (44.95, 34.1, 5), (44.58, 33.52, 0)
    places = list(zip(simferopol, sevastopol, strict=True))
    assert Boundaries(installed._shipped, own).codes(*places) == [("UA-43",), ("UA-40",)]
    assert Boundaries(None, own).codes(*places) == [(), ()]


def test_ukraine_s_own_areas_there_stay_as_they_are(installed: Boundaries, tmp_path: Path) -> None:
    own = Layer(own_areas(geojson(tmp_path / "own", {"code": "UA-43", "wkt": CRIMEA})))
    assert Boundaries(installed._shipped, own).codes([44.95], [34.1], [5]) == [("UA-43",)]


def bad_files() -> dict[str, tuple[Callable[[Path], object], str]]:
    good = {"code": "AA", "wkt": SQUARE}
    metres = "POLYGON ((0 0, 9000 0, 9000 9000, 0 0))"
    projjson = {"name": "WGS 84 / UTM zone 36N", "id": {"authority": "EPSG", "code": 32636}}
    return {
        "empty": (lambda p: p.write_text(""), "it is neither GeoJSON nor GeoParquet: Expecting"),
        "text": (lambda p: p.write_bytes(b"\xff"), "it is neither GeoJSON nor GeoParquet: "),
        "a list": (lambda p: p.write_text("[]"), "it is no GeoJSON FeatureCollection"),
        "no areas": (geojson, "it has no areas"),
        "no feature": (
            lambda p: p.write_text('{"type":"FeatureCollection","features":[1]}'),
            "area 1 is no Feature with properties",
        ),
        "no geometry": (
            lambda p: p.write_text(
                '{"type":"FeatureCollection","features":[{"properties":{"code":"AA"}}]}'
            ),
            "area 1 is no",
        ),
        "no code": (lambda p: geojson(p, good, {"wkt": SQUARE}), "area 2 has no code: expected"),
        "odd code": (
            lambda p: geojson(p, {"code": "Kyiv", "wkt": SQUARE}),
            "area 1 has the code 'Kyiv': expected an ISO 3166 code, such as UA or UA-63",
        ),
        "point": (
            lambda p: geojson(p, {"code": "AA", "wkt": "POINT (0 0)"}),
            "area 1 is no Polygon or MultiPolygon",
        ),
        "crossing": (
            lambda p: geojson(p, {"code": "AA", "wkt": BOW}),
            "area 1 is not a valid geometry: Self-intersection",
        ),
        "metres": (
            lambda p: geojson(p, {"code": "AA", "wkt": metres}),
            "area 1 is not in degrees of longitude and latitude (WGS 84)",
        ),
        "another crs": (
            lambda p: geojson(p, good, crs={"type": "name", "properties": {"name": "EPSG:3857"}}),
            "its 'crs' is not WGS 84",
        ),
        "error": (
            lambda p: geojson(p, {**good, "error_km": -1}),
            "'error_km' is '-1': expected 0 to 100",
        ),
        "plain parquet": (
            lambda p: pq.write_table(pa.table({"code": ["AA"]}), p),
            "it is Parquet without the metadata of GeoParquet",
        ),
        "parquet without code": (
            lambda p: geoparquet(p, {"iso": "AA", "wkt": SQUARE}),
            "it has no column 'code'",
        ),
        "parquet in metres": (
            lambda p: geoparquet(p, good, crs=projjson),
            "its geometries are not in degrees of longitude and latitude (WGS 84)",
        ),
        "arrow geometries": (
            lambda p: geoparquet(p, good, encoding="polygon"),
            "its geometries are in 'polygon': expected WKB",
        ),
        "torn parquet": (lambda p: p.write_bytes(b"PAR1torn"), "it is not valid GeoParquet: "),
    }


@pytest.mark.parametrize(("write", "fault"), bad_files().values(), ids=bad_files())
def test_a_bad_file_is_named_with_its_fault(
    write: Callable[[Path], object], fault: str, tmp_path: Path
) -> None:
    path = tmp_path / "bad.geojson"
    write(path)
    with pytest.raises(BoundariesError) as told:
        open_boundaries(path)
    assert str(told.value).startswith(f"{path}: {fault}")
    assert "\n" not in str(told.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BoundariesError, match=r"none\.geojson cannot be read: No such file"):
        open_boundaries(tmp_path / "none.geojson")


@pytest.mark.parametrize("name", [None, "WGS 84", "WGS 84 (CRS84)"])
def test_geoparquet_may_say_its_degrees_in_several_ways(name: str | None, tmp_path: Path) -> None:
    path = tmp_path / "own"
    crs = {} if name is None else {"crs": {"name": name}}
    found: Areas = own_areas(geoparquet(path, {"code": "AA", "wkt": SQUARE}, **crs))
    assert list(found.codes) == ["AA"]
