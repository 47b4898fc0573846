"""One word for one thing: the glossary's names exist, and no name is defined twice."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GLOSSARY = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
SOURCES = [
    path
    for package in ("streams", "analytics", "schemas")
    for path in sorted((ROOT / package).rglob("*.py"))
]

# Names that stand for two things, and why they may.
DEFINED_TWICE: dict[str, str] = {
    "Numbers": "one array of 64-bit integers; the plain rows import no module of the database",
}


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def terms() -> list[tuple[str, str]]:
    """(term, name): a row of the glossary with several names gives several."""
    rows = re.findall(r"(?m)^\| ([^|]+) \| [^|]+ \| ([^|]+) \|$", GLOSSARY)
    found = [(term, name) for term, names in rows for name in re.findall(r"`([^`]+)`", names)]
    assert {term for term, _ in found} == {term for term, _ in rows} - {"term"}
    return found


@cache
def defined() -> frozenset[str]:
    """All that is defined in the code: modules, classes, functions, their fields, columns."""
    names = set()
    for path in SOURCES:
        names.add(path.stem)
        for node in ast.walk(tree(path)):
            match node:
                case (
                    ast.ClassDef(name=name)
                    | ast.FunctionDef(name=name)
                    | ast.AsyncFunctionDef(name=name)
                ):
                    names.add(name)
                case ast.Assign(targets=[ast.Name(id=name)]):
                    names.add(name)
                case ast.AnnAssign(target=ast.Name(id=name)):
                    names.add(name)
                case _:
                    pass
    sql = [
        path
        for room in ("schema", "statistics")
        for path in (ROOT / "analytics" / room).glob("*.sql")
    ]
    for path in sql:
        text = path.read_text(encoding="utf-8")
        names |= set(re.findall(r"CREATE (?:OR REPLACE )?(?:TABLE|VIEW|MACRO) (\w+)", text))
        names |= set(re.findall(r"COMMENT ON COLUMN \w+\.\"?(\w+)", text))
    return frozenset(names)


@cache
def constants() -> frozenset[str]:
    """Every text of the code: settings, topics, paths and the names of commands among them."""
    return frozenset(
        node.value
        for path in SOURCES
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


def carries(name: str) -> bool:
    """Whether the code has a definition of this name, or a text that is it."""
    if name.startswith("truce "):
        return name.removeprefix("truce ") in defined()
    if name.startswith("POST "):
        return name.removeprefix("POST ") in constants()
    return name in defined() or name in constants()


def test_every_term_stands_once() -> None:
    found = [term for term in re.findall(r"(?m)^\| ([^|]+) \|", GLOSSARY) if term != "term"]
    assert sorted(set(found)) == sorted(found)


@pytest.mark.parametrize(("term", "name"), terms())
def test_the_name_of_a_term_exists(term: str, name: str) -> None:
    assert carries(name), f"{term}: {name}"


def test_no_name_carries_two_terms() -> None:
    names = [name for _, name in terms()]
    assert sorted(set(names)) == sorted(names)


def public_types(module: ast.Module) -> Iterator[str]:
    """The classes and the aliases of types that a module defines for others."""
    for node in module.body:
        match node:
            case ast.ClassDef(name=name):
                pass
            case ast.Assign(targets=[ast.Name(id=name)]):
                pass
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr()):
                pass
            case _:
                continue
        # By the convention of names: CapWords is a type, CAPITALS a value.
        if re.fullmatch(r"[A-Z]\w*[a-z]\w*", name):
            yield name


def test_no_public_type_is_defined_twice() -> None:
    places = defaultdict(set)
    for path in SOURCES:
        for name in public_types(tree(path)):
            places[name].add(str(path.relative_to(ROOT)))
    twice = {name: sorted(where) for name, where in places.items() if len(where) > 1}
    assert {name: where for name, where in twice.items() if name not in DEFINED_TWICE} == {}
    assert set(DEFINED_TWICE) <= set(twice), "no longer defined twice: leave them out"
