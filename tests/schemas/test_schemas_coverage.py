"""Reading what is said of who watched where and when."""

from __future__ import annotations

import json
from typing import Any

import pytest

from schemas.events import Coverage, CoverageEvent, Invalid, parse_event
from schemas.places import Polygonal
from tests.support.given import coverage

SQUARE = {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 0]]]}


def read(**said: Any) -> Coverage:
    found = parse_event(coverage(**said))
    assert isinstance(found, CoverageEvent)
    return found.data


def problems(raw: str) -> dict[str, str]:
    with pytest.raises(Invalid) as refused:
        parse_event(raw)
    return {problem.field: problem.reason for problem in refused.value.problems}


def test_the_least_that_can_be_said_leaves_the_area_unknown() -> None:
    said = read(area=None)
    assert (said.area, said.as_stated, said.evidence) == ((), None, ())
    assert said.end - said.start == 24 * 3600 * 1_000_000


def test_an_area_is_codes_and_geometries_and_a_null_in_it_is_others() -> None:
    code, geometry, others = read(area=["UA-14", SQUARE, None]).area
    assert code == "UA-14"
    assert isinstance(geometry, Polygonal)
    assert others is None
    null = json.loads(coverage())
    null["data"]["area"] = None
    found = parse_event(json.dumps(null))
    assert isinstance(found, CoverageEvent)
    assert found.data.area == ()


@pytest.mark.parametrize("quality", ["full", "partial", "denied", "none"])
def test_the_qualities_of_coverage(quality: str) -> None:
    assert read(quality=quality).quality == quality


@pytest.mark.parametrize(
    "field", ["coverage_id", "conflict", "reported_by", "start", "end", "quality"]
)
def test_what_coverage_must_say(field: str) -> None:
    event = json.loads(coverage())
    del event["data"][field]
    assert problems(json.dumps(event)) == {f"data.{field}": "required"}


@pytest.mark.parametrize(
    ("said", "field", "reason"),
    [
        ({"end": "2026-01-10T00:00:00Z"}, "end", "expected the end to be after the start"),
        ({"end": "2026-01-09T00:00:00Z"}, "end", "expected the end to be after the start"),
        ({"end": "2026-01-11T00:00:00"}, "end", "needs an offset"),
        ({"quality": "ful"}, "quality", "'ful' is not a quality of coverage; did you mean 'full'?"),
        ({"area": ["Crimea"]}, "area.0", "expected an ISO 3166-1 alpha-2 or ISO 3166-2 code"),
        ({"reported_by": {}}, "reported_by.name", "required"),
        ({"places": ["UA"]}, "places", "unknown field"),
    ],
)
def test_what_is_wrong_with_coverage_is_said_by_its_field(
    said: dict[str, Any], field: str, reason: str
) -> None:
    [(found, why)] = problems(coverage(**said)).items()
    assert found == f"data.{field}"
    assert why.startswith(reason)


def test_coverage_survives_its_text() -> None:
    said = parse_event(coverage(area=["UA", SQUARE, None], evidence=["https://desk.example/watch"]))
    assert parse_event(said.model_dump_json(by_alias=True, exclude_unset=True)) == said
