"""The ledger's SQL by name: each statement in `queries/*.sql` follows a `-- name:` line."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from functools import cache
from graphlib import TopologicalSorter
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from schemas.vocabulary import ACTS, broader

_NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)
_CREATED = re.compile(r"^CREATE OR REPLACE (?:VIEW|MACRO) (\w+)", re.MULTILINE)
_SOME_ACT = '{"some_act": ["some_act", "any"]}'
_READ = re.compile(r"\b(?:FROM|JOIN) (\w+)|\b(\w+)\(")


@cache
def queries(file: str) -> Mapping[str, str]:
    """The statements of `queries/<file>.sql` by their names."""
    text = files("analytics").joinpath("queries", f"{file}.sql").read_text("utf-8")
    _, *found = _NAME.split(text)
    return MappingProxyType(
        dict(zip(found[::2], (sql.strip() for sql in found[1::2]), strict=True))
    )


@cache
def named_statements(folder: str) -> Mapping[str, str]:
    """The statements of `analytics/<folder>/*.sql` by their names."""
    found: dict[str, str] = {}
    for path in sorted(_file(folder).glob("*.sql")):
        _, *named = _NAME.split(path.read_text("utf-8"))
        found |= dict(zip(named[::2], (sql.strip() for sql in named[1::2]), strict=True))
    return MappingProxyType(found)


def of_table(file: str, name: str, table: str, some: str = "some_table") -> str:
    """The statement of that name for this table, which replaces `some` in its text."""
    if not all(part.isidentifier() for part in table.split(".")):
        raise ValueError(table)
    return queries(file)[name].replace(some, table)


def with_values(sql: str, values: dict[str, str]) -> str:
    """A statement that takes no parameters, as ATTACH, with these values between its quotes."""
    for name, value in values.items():
        sql = sql.replace(f"{{{name}}}", value.replace("'", "''"))
    return sql


class Example(NamedTuple):
    """A question that analysts ask, and the statement that answers it. `note`: how to read that."""

    name: str
    question: str
    note: str
    sql: str


@cache
def examples() -> Mapping[str, Example]:
    """The questions of `examples/` by their names, which are those of their files."""
    found = {}
    for path in sorted(_file("examples").glob("*.sql")):
        lines = path.read_text("utf-8").splitlines()
        question, *notes = (line[3:] for line in lines if line.startswith("-- "))
        sql = "\n".join(line for line in lines if not line.startswith("-- "))
        found[path.stem] = Example(path.stem, question, " ".join(notes), sql)
    return MappingProxyType(found)


def migrations() -> list[tuple[int, str, str]]:
    """(version, name, SQL) of every migration in `schema/`, in the order of their numbers."""
    found = [
        (int(path.name[:3]), path.name.removesuffix(".sql"), path.read_text("utf-8"))
        for path in files("analytics").joinpath("schema").iterdir()
        if path.name.endswith(".sql") and path.name[:3].isdecimal()
    ]
    return sorted(found)


@cache
def ledger_views() -> str:
    """The SQL of the views that the worker itself reads, comments included."""
    return _file("schema", "views.sql").read_text("utf-8")


@cache
def views(*only: str) -> str:
    """The SQL that makes every view and macro over the tables, for readers; comments included.

    `only`: of these files alone, by their names without `.sql`, in the right order all the same.
    """
    paths = [path for path in views_files() if not only or path.stem in only]
    lines = {act: [*broader(act, ACTS)] for act in ACTS}
    return "\n".join(path.read_text("utf-8") for path in paths).replace(
        _SOME_ACT, json.dumps(lines)
    )


@cache
def lake_tables() -> str:
    """The SQL that gives the tables of an attached lake the names that `views` uses."""
    return _file("schema", "lake.sql").read_text("utf-8")


def write_views(folder: Path, tables: str = "") -> Path:
    """That SQL as one file in `folder`, for who attaches the lake by other means. OSError.

    `tables`: what makes what it stands on, where the lake has no such tables.
    """
    file = folder / "views.sql"
    draft = file.with_name(".views.sql")
    draft.write_text(tables + views(), "utf-8")
    draft.replace(file)
    return file


@cache
def views_files() -> tuple[Path, ...]:
    """The files of that SQL: what all stands on, then each other after those that it reads."""
    asked = [*_file("statistics").glob("*.sql"), *_file("duplicates").glob("*.sql")]
    return (_file("schema", "views.sql"), *in_order(asked))


def in_order(paths: Iterable[Path]) -> list[Path]:
    """These files of views and macros, each after those whose views or macros it reads.

    graphlib.CycleError: two read each other.
    """
    texts = {path: path.read_text("utf-8") for path in sorted(paths)}
    makers = {name: path for path, text in texts.items() for name in _CREATED.findall(text)}
    reads = {
        path: [
            makers[name]
            for names in _READ.findall(text)
            for name in names
            if name in makers and makers[name] != path
        ]
        for path, text in texts.items()
    }
    return list(TopologicalSorter(reads).static_order())


def _file(*parts: str) -> Path:
    return Path(str(files("analytics").joinpath(*parts)))
