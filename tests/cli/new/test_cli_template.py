"""`truce new --template`: every field is in it and explained, and what was filled in is read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from schemas.asyncapi import json_schema
from schemas.events import Event
from schemas.json_lines import Line, check
from streams.commands.new.examples import example
from streams.commands.new.fields import CONTENTS, EVENT_TYPE_OF, FIELDS
from streams.commands.new.template import filled
from tests.cli.commands import truce

EXAMPLES = (
    ("claim", "asserts"),
    ("claim", "denies"),
    ("report", "asserts"),
    ("report", "denies"),
    ("coverage", "asserts"),
)
# GeoJSON explains itself elsewhere.
NOT_OURS = {"data.area.type", "data.area.coordinates", "data.area.bbox"}


def template_of(kind: str, stance: str) -> str:
    options = () if kind == "coverage" else ("--stance", stance)
    done = truce("new", kind, "--template", *options)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def schema_paths(schema: Any, at: str, defs: dict[str, Any]) -> Iterator[str]:
    """The paths of all properties of a JSON Schema, without the numbers of entries."""
    if "$ref" in schema:
        yield from schema_paths(defs[schema["$ref"].rpartition("/")[2]], at, defs)
    for name, one in schema.get("properties", {}).items():
        path = f"{at}.{name}".lstrip(".")
        yield path
        yield from schema_paths(one, path, defs)
    for one in (*schema.get("anyOf", ()), *schema.get("oneOf", ()), schema.get("items")):
        if one is not None:
            yield from schema_paths(one, at, defs)


def fields_of(kind: str) -> set[str]:
    schema = json_schema(EVENT_TYPE_OF[kind])
    found = set(schema_paths(schema, "", schema.get("$defs", {})))
    # A place of several, and what a figure of its own name is, have the fields of the single one.
    nested = {path for path in found if ".one_of." in path or ".effects." in path}
    return found - nested - NOT_OURS


def paths_of(value: object, at: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        for name, one in value.items():
            path = f"{at}.{name}".lstrip(".")
            yield path
            yield from paths_of(one, path)
    elif isinstance(value, list):
        for one in value:
            yield from paths_of(one, at)


@pytest.mark.parametrize(("kind", "stance"), EXAMPLES)
def test_a_template_without_its_comments_is_an_event(kind: str, stance: str) -> None:
    event = filled("template", template_of(kind, stance))
    found = check(Line("template", 1, json.dumps(event).encode()))

    assert event == example(kind, stance)
    assert isinstance(found, Event), found
    assert found.type == EVENT_TYPE_OF[kind]
    if kind != "coverage":
        assert event["data"]["stance"] == stance


@pytest.mark.parametrize(("kind", "stance"), EXAMPLES)
def test_every_field_is_in_the_template_and_explained(kind: str, stance: str) -> None:
    wanted = fields_of(kind)
    shown = template_of(kind, stance).splitlines()
    names = [n for n, line in enumerate(shown) if line.lstrip().startswith('"')]
    given = set(paths_of(example(kind, stance)))

    assert wanted == CONTENTS[kind].keys(), "each field of the model has its sentence"
    assert wanted - given == set(), "the example has each"
    firsts = {shown[n].split(":")[0].strip() for n in names if shown[n - 1].lstrip()[0] == "#"}
    assert {f'"{path.rpartition(".")[2]}"' for path in wanted} == firsts


@pytest.mark.parametrize("kind", FIELDS)
def test_every_option_is_of_a_field_that_is_explained(kind: str) -> None:
    assert {field.explained_at for field in FIELDS[kind]} <= CONTENTS[kind].keys()


def test_a_filled_template_is_read_and_options_change_it(judged: Path, tmp_path: Path) -> None:
    path = tmp_path / "filled.txt"
    path.write_text(template_of("report", "asserts"))

    done = truce("new", "report", "--file", path, "--report", "mine", data_dir=judged)

    wanted = example("report", "asserts")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {**wanted, "data": {**wanted["data"], "report_id": "mine"}}


def test_publish_takes_no_template(judged: Path, tmp_path: Path) -> None:
    path = tmp_path / "filled.txt"
    path.write_text(template_of("claim", "asserts"))

    done = truce("publish", "--dry-run", path, data_dir=judged)

    assert done.returncode == 1
    assert done.stdout.startswith("0 events would be published")
    first, *_, last = done.stderr.splitlines()
    assert first.endswith(
        ":1: event: a comment is no event; `truce new` reads a template, with --file"
    )
    assert "one event a line; this looks like one event over lines 4-" in last


FILES = (
    ('{\n# why\n"data": {"conflict": 3}}', "data.conflict: expected a string"),
    ('{"data": {}, "data": {}}', "'data' is given more than once"),
    ("[]", "expected one JSON object"),
    ('{\n# why\n"data": nothing}', "not JSON with comments: Expecting value: line 3"),
    ('{"type": "coverage.reported"}', "type: expected 'incident.reported' for truce new report"),
)


@pytest.mark.parametrize(("text", "says"), FILES)
def test_what_is_wrong_in_a_file_is_bad_input(text: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / "filled.txt"
    path.write_text(text)

    done = truce("new", "report", "--file", path, data_dir=tmp_path)

    assert (done.returncode, done.stdout) == (1, "")
    assert says in done.stderr
