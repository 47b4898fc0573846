"""What can be named in a query of the lake: tables, columns, functions, and DuckDB's keywords."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from analytics.queries import queries
from analytics.read_model import Ask


class NamedColumn(NamedTuple):
    """A column of a table or view; `holds`: its comment, if it has one."""

    name: str
    type: str
    holds: str


class NamedFunction(NamedTuple):
    """A function or macro. `is_table`: it stands after FROM; `is_ours`: DuckDB has none of it."""

    name: str
    is_table: bool
    parameters: Sequence[str]
    does: str
    is_ours: bool


class LakeNames(NamedTuple):
    """Tables and views with what they hold, their columns, functions and keywords."""

    tables: Mapping[str, str]
    columns: Mapping[str, Sequence[NamedColumn]]
    functions: Mapping[str, NamedFunction]
    keywords: Sequence[str]

    @classmethod
    def of(cls, ask: Ask) -> LakeNames:
        """Those of an open lake."""
        columns: dict[str, list[NamedColumn]] = {}
        for table, name, kind, holds in ask(queries("names")["columns"], {}):
            columns.setdefault(table, []).append(NamedColumn(name, kind, on_a_line(holds)))
        functions = [
            NamedFunction(name, is_table, parameters, on_a_line(does), is_ours)
            for name, is_table, parameters, does, is_ours in ask(queries("names")["functions"], {})
        ]
        return cls(
            {name: on_a_line(holds) for name, holds in ask(queries("asking")["tables"], {})},
            columns,
            {one.name: one for one in functions},
            [keyword for (keyword,) in ask(queries("names")["keywords"], {})],
        )


def on_a_line(comment: str | None) -> str:
    """A comment without the breaks of its lines."""
    return " ".join((comment or "").split())
