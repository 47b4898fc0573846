"""Points are given the codes of what they lie in where events are made, never while judging."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.commands import rows, truce
from tests.cli.test_cli_publish import claim, lines, report

KHARKIV = {"lat": 49.99, "lon": 36.23, "radius_km": 5}
NEAR_BELGOROD = {"lat": 50.3, "lon": 36.5, "radius_km": 40}
SAID = {"lat": 49.99, "lon": 36.23, "codes": ["UA-14"]}


def own(path: Path) -> Path:
    ring = [[36, 49], [37, 49], [37, 50.2], [36, 50.2], [36, 49]]
    area = {
        "type": "Feature",
        "properties": {"code": "UA-99"},
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [area]}))
    return path


def test_publish_locates_points_and_the_verdict_follows(running: Path, tmp_path: Path) -> None:
    asserted = claim("located", "RUS")
    asserted["data"] |= {"prohibits": {"acts": ["any"], "targets": ["any"]}, "area": ["UA-63"]}
    actor = {"party": "RUS", "confidence": "confirmed"}
    common: dict[str, Any] = {"actor": actor, "act": "strike"}
    found = lines(
        tmp_path / "events.jsonl",
        asserted,
        report("located", 1, **common, places=[KHARKIV]),
        report("located", 2, **common, places=[NEAR_BELGOROD]),
        report("located", 3, **common, places=[SAID]),
        report("located", 4, **common, places=[{"one_of": [KHARKIV, "UA-12"]}, "UA-05", None]),
        report("located", 5, **common, impacts=[{"place": KHARKIV}]),
        b"no event",
    )
    done = truce("publish", "--locate", str(found), data_dir=running)
    assert done.returncode == 1
    assert f"{found}:7: event: not JSON" in done.stderr
    assert (
        "3 of 4 points located: 3 in a subdivision, 0 in a country; 1 too near to a border, or at "
        "sea (Natural Earth 1:10m (giso 1.0.2), exact to 4 km)"
    ) in done.stdout
    verdicts = rows(
        "select incident_id, verdict from verdicts where conflict = 'located' order by all",
        running,
    )
    assert verdicts == [
        ("i-1", "violation"),
        ("i-2", "undetermined"),
        ("i-3", "clear"),
        ("i-4", "undetermined"),
        ("i-5", "violation"),
    ]
    # Who locates again says the same again.
    again = truce("publish", "--locate", str(found), data_dir=running)
    assert "known already" in again.stdout
    # The log has what was located: the event without codes is another one.
    without = truce("publish", str(found), data_dir=running)
    assert "refused" in without.stderr


def test_new_locates_the_point_that_is_typed(tmp_path: Path) -> None:
    said = [
        *("--conflict", "x", "--incident", "i", "--report", "r", "--by", "Desk"),
        *("--start", "2026-02-03T20:00:00Z", "--source", "https://desk.example"),
        *("--place", "49.99,36.23,5", "--place", "46.35,31"),
    ]
    done = truce("new", "report", "--locate", *said, data_dir=tmp_path)
    assert done.returncode == 0, done.stderr
    [event] = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert [place["codes"] for place in event["data"]["places"]] == [["UA-63"], ["UA"]]


def test_boundaries_of_one_s_own_are_used_and_bad_ones_named(tmp_path: Path) -> None:
    found = lines(tmp_path / "events.jsonl", report("own", places=[KHARKIV]))
    bad = tmp_path / "bad.geojson"
    bad.write_text("{}")
    done = truce(
        "publish", "--dry-run", "--locate", "--boundaries", str(bad), str(found), data_dir=tmp_path
    )
    assert done.returncode == 1
    assert done.stderr == f"truce: {bad}: it is no GeoJSON FeatureCollection\n"
    mine = own(tmp_path / "mine.geojson")
    done = truce(
        *("publish", "--dry-run", "--locate", str(found)),
        data_dir=tmp_path,
        TRUCE_BOUNDARIES=str(mine),
    )
    assert done.returncode == 0, done.stderr
    assert "1 of 1 point located: 1 in a subdivision" in done.stdout
    assert "(mine.geojson, exact to 1 km, else Natural Earth" in done.stdout


@pytest.mark.parametrize("places", [[SAID], ["UA-63", None], []])
def test_where_nothing_is_to_be_located_no_boundaries_are_wanted(
    places: list[object], tmp_path: Path
) -> None:
    found = lines(tmp_path / "events.jsonl", report("none", places=places))
    none = str(tmp_path / "none")
    done = truce(
        "publish", "--dry-run", "--locate", "--boundaries", none, str(found), data_dir=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert "no points without codes" in done.stdout
