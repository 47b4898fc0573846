"""The documents that describe the log: complete in themselves, and saying what the models do."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from schemas.asyncapi import asyncapi, json_schema
from schemas.event_types import EVENT_TYPE_NAMES
from schemas.events import EVENT_TYPES


def references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        for value in part.values():
            yield from references(value)
    elif isinstance(part, list):
        for value in part:
            yield from references(value)


def resolved(document: Any, reference: str) -> Any:
    assert reference.startswith("#/")
    for name in reference[2:].split("/"):
        document = document[name]
    return document


def test_each_type_of_event_has_a_model() -> None:
    assert tuple(EVENT_TYPES) == EVENT_TYPE_NAMES


@pytest.mark.parametrize("event_type", EVENT_TYPES)
def test_json_schema_of_each_type(event_type: str) -> None:
    schema = json_schema(event_type)
    json.dumps(schema, allow_nan=False)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["properties"]["type"]["const"] == event_type
    assert schema["additionalProperties"] is False
    assert set(schema["required"]) == {"specversion", "id", "source", "type", "data"}
    for reference in references(schema):
        resolved(schema, reference)


def test_the_schema_says_where_a_null_is_allowed() -> None:
    defined = json_schema("commitment.claimed")["$defs"]
    null = {"type": "null"}
    entry = defined["WindowEntry"]["properties"]
    assert null in entry["end"]["anyOf"]
    assert null not in entry["start"]["anyOf"]
    assert defined["DailyHours"]["required"] == ["from", "to", "zone"]
    reported = json_schema("incident.reported")["$defs"]
    assert "default" not in reported["Impact"]["properties"]["place"]
    assert null in reported["Report"]["properties"]["places"]["anyOf"][0]["items"]["anyOf"]


def test_an_unknown_type_has_no_schema() -> None:
    with pytest.raises(KeyError):
        json_schema("verdict.changed")


def test_asyncapi() -> None:
    document = asyncapi()
    json.dumps(document, allow_nan=False)
    assert document["asyncapi"] == "3.0.0"
    assert {"title", "version"} <= document["info"].keys()
    addresses = {channel["address"] for channel in document["channels"].values()}
    assert addresses == {"truce.events", "truce.verdicts", "truce.rejected"}
    for reference in references(document):
        resolved(document, reference)
    for operation in document["operations"].values():
        assert operation["action"] in {"send", "receive"}
    verdict = document["components"]["schemas"]["ChangedVerdict"]
    assert verdict["required"] == [
        "conflict",
        "commitment_id",
        "incident_id",
        "party",
        "verdict",
        "previous_verdict",
        "recorded_at",
        "occurred_start",
        "occurred_end",
        "independent_reports",
        "evidence",
        "admitted",
        "denied_by",
        "changed",
        "claims",
    ]
