"""No SQL is put together from values: a statement is a constant, and what it is about is bound."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = [
    path for package in ("streams", "analytics") for path in sorted((ROOT / package).rglob("*.py"))
]
# What takes SQL as its first argument.
TAKES_SQL = {"execute", "executemany", "sql", "query", "ask", "over", "table_over", "stream"}
# Paths as literals, where no parameter can stand: for ATTACH and LOAD, and for nothing else.
QUOTING = {"quoted"}

Function = ast.FunctionDef | ast.AsyncFunctionDef


def findings(text: str) -> list[int]:
    """The lines in which a statement is made of what is not constant."""
    found = []
    tree = ast.parse(text)
    for scope in (node for node in ast.walk(tree) if isinstance(node, ast.Module | Function)):
        made = dict(assignments(scope))
        found += [
            node.lineno
            for node in ast.walk(scope)
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in TAKES_SQL
            and node.args
            and is_made(node.args[0], made)
        ]
    return sorted(set(found))


def assignments(scope: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    for node in ast.walk(scope):
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                yield name, value
            case ast.AugAssign(target=ast.Name(id=name), value=value):
                yield name, ast.BinOp(value, ast.Add(), value)
            case _:
                pass


def is_made(sql: ast.expr, made: dict[str, ast.expr]) -> bool:
    """Whether the expression puts a text together from others that are not constant."""
    match sql:
        case ast.JoinedStr(values=parts):
            return any(
                isinstance(part, ast.FormattedValue) and not is_safe(part.value, made)
                for part in parts
            )
        case ast.BinOp():
            return not (is_safe(sql.left, made) and is_safe(sql.right, made))
        case ast.Call(func=ast.Attribute(attr="format" | "replace" | "join" | "format_map")):
            return True
        case ast.Name(id=name) if name in made:
            return is_made(made[name], {key: made[key] for key in made if key != name})
        case ast.IfExp(body=body, orelse=orelse):
            return is_made(body, made) or is_made(orelse, made)
        case _:
            return False


def is_safe(part: ast.expr, made: dict[str, ast.expr]) -> bool:
    """A constant, or a path that is quoted."""
    match part:
        case ast.Constant():
            return True
        case ast.Name(id=name) if name in made:
            return not is_made(made[name], {key: made[key] for key in made if key != name})
        case ast.Name(id=name):
            return name.isupper()
        case ast.Call(func=ast.Name(id=name)):
            return name in QUOTING
        case ast.JoinedStr() | ast.BinOp():
            return not is_made(part, made)
        case _:
            return False


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_statement_is_put_together_from_values(path: Path) -> None:
    assert findings(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "bad",
    [
        "c.execute(f\"SELECT '{name}'\")",
        "c.execute('SELECT ' + name)",
        "c.execute('SELECT %s' % name)",
        "c.execute('SELECT {}'.format(name))",
        "c.execute(sql.replace('$name', name))",
        "def f(name):\n sql = named['x'].replace('$name', name)\n return ask.ask(sql)",
        "def f(name):\n sql = f'FROM {name}'\n c.execute(sql)",
        "def f(name):\n sql = 'FROM x'\n sql += name\n c.execute(sql)",
        "c.execute(f\"ATTACH '{path}'\")",
        "c.execute(a if b else f'FROM {name}')",
    ],
)
def test_what_would_be_found(bad: str) -> None:
    assert findings(bad)


@pytest.mark.parametrize(
    "good",
    [
        "c.execute('SELECT $name', {'name': name})",
        "c.execute(sql['named'], values)",
        "c.execute(f'ATTACH {quoted(path)} AS {NAME}')",
    ],
)
def test_what_is_let_pass(good: str) -> None:
    assert findings(good) == []
