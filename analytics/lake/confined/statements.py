"""Which statements only read: DuckDB parses them, and says of which kind they are."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

ASKING = (
    "only what asks is answered here: SELECT, FROM, WITH, VALUES, PIVOT, UNPIVOT, TABLE, DESCRIBE, "
    "SHOW, SUMMARIZE and EXPLAIN"
)
OPTIONS = ("analyze", "verbose", "format")
"""What a list of options of EXPLAIN begins with."""


class Refused(Exception):  # noqa: N818 - named as what is the case
    """A statement that does not only read; the message says which kind it is."""

    def __init__(self, kind: str) -> None:
        name = kind.replace("_", " ")
        super().__init__(f"{name} is refused: {ASKING}")


def asking(sql: str) -> Sequence[duckdb.Statement]:
    """The statements in `sql`, all of them read-only. Raises Refused or duckdb.Error."""
    statements = duckdb.extract_statements(sql)
    for statement in statements:
        kind = statement.type.name
        if kind == "EXPLAIN":
            asking(_explained(statement.query))
        elif kind != "SELECT" and not is_preparing(statement):
            raise Refused(kind)
    return statements


def is_preparing(statement: duckdb.Statement) -> bool:
    """Whether it is the first half of a PIVOT, which finds the columns and has no text itself."""
    return statement.type.name == "CREATE" and not statement.query


def is_plan(statement: duckdb.Statement) -> bool:
    """Whether its result is a plan: text, laid out by DuckDB."""
    return statement.type.name == "EXPLAIN"


def _explained(query: str) -> str:
    """The statement that an EXPLAIN is about: EXPLAIN ANALYZE runs it."""
    text = query.encode()
    # Where each token begins, in bytes; comments are not tokens.
    begins = [begin for begin, _ in duckdb.tokenize(query)]
    words = [
        text[begin:end].decode(errors="replace").lower()
        for begin, end in zip(begins, [*begins[1:], len(text)], strict=True)
    ]
    place = 1
    while words[place].startswith(("analyze", "verbose")):
        place += 1
    if words[place].startswith("(") and words[place + 1].startswith(OPTIONS):
        while not words[place].startswith(")"):
            place += 1
        place += 1
    return text[begins[place] :].decode()
