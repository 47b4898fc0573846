"""The ledger's SQL by name: each statement in `queries/*.sql` follows a `-- name:` line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType

_NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)


@cache
def queries(file: str) -> Mapping[str, str]:
    """The statements of `queries/<file>.sql` by their names."""
    text = files("analytics").joinpath("queries", f"{file}.sql").read_text("utf-8")
    _, *found = _NAME.split(text)
    return MappingProxyType(
        dict(zip(found[::2], (sql.strip() for sql in found[1::2]), strict=True))
    )


def of_table(file: str, name: str, table: str) -> str:
    """The statement of that name for this table, which replaces `some_table` in its text."""
    if not all(part.isidentifier() for part in table.split(".")):
        raise ValueError(table)
    return queries(file)[name].replace("some_table", table)


def migrations() -> list[tuple[int, str, str]]:
    """(version, name, SQL) of every migration in `schema/`, in the order of their numbers."""
    found = [
        (int(path.name[:3]), path.name.removesuffix(".sql"), path.read_text("utf-8"))
        for path in files("analytics").joinpath("schema").iterdir()
        if path.name.endswith(".sql") and path.name[:3].isdecimal()
    ]
    return sorted(found)


@cache
def views() -> str:
    """The SQL that makes every view and macro over the tables, comments included."""
    return views_file().read_text("utf-8")


@cache
def lake_tables() -> str:
    """The SQL that gives the tables of an attached lake the names that `views` uses."""
    return views_file().with_name("lake.sql").read_text("utf-8")


def views_file() -> Path:
    """The file of that SQL, for readers that attach the lake by other means."""
    return Path(str(files("analytics").joinpath("schema", "views.sql")))
