"""Rows of an answer as a table for people, as JSON or as CSV."""

from __future__ import annotations

import csv
import datetime as dt
import math
import sys
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec

from schemas.safe_text import for_json, for_terminal

MOST_ROWS_ON_A_TERMINAL = 1_000
NUMBERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "DECIMAL", "FLOAT", "DOUBLE")

# A Decimal keeps all its digits.
_encoder = msgspec.json.Encoder(decimal_format="number")


class Column(NamedTuple):
    """A column of an answer; `type` as DuckDB names it."""

    name: str
    type: str


class ResultRows(NamedTuple):
    """What a query answers: the columns, and the rows as they are taken."""

    columns: Sequence[Column]
    rows: Iterable[tuple[Any, ...]]


def print_rows(form: str, found: ResultRows) -> None:
    """Print an answer on stdout in one of `FORMS`."""
    FORMS[form](_unlike([column.name for column in found.columns]), found)


def _unlike(columns: list[str]) -> list[str]:
    """The names of `columns`, numbered where several are the same, so that none is lost."""
    found: list[str] = []
    for name in columns:
        number, free = 1, name
        while free in found:
            free = f"{name}_{number}"
            number += 1
        found.append(free)
    return found


def print_table(names: list[str], found: ResultRows) -> None:
    """A table for people; nothing is cut, but a terminal gets only so many rows."""
    # Imported here: what programs read needs no styles.
    from streams.commands.console import err, table

    rows = list(found.rows)
    shown = rows[:MOST_ROWS_ON_A_TERMINAL] if sys.stdout.isatty() else rows
    right = [
        number
        for number, column in enumerate(found.columns)
        if column.type.removeprefix("U").startswith(NUMBERS)
    ]
    texts = (["NULL" if value is None else as_text(value) for value in row] for row in shown)
    table(names, texts, right=right)
    if len(shown) < len(rows):
        err(f"The first {len(shown):,} of {len(rows):,} rows; --format csv has all")
    if not rows:
        err("no rows")


def print_json(names: list[str], found: ResultRows) -> None:
    """One array of objects, a row a line. What is JSON in the database is JSON here."""
    kinds = [column.type for column in found.columns]
    write = sys.stdout.write
    write("[")
    separator = "\n"
    for row in found.rows:
        values = {
            name: msgspec.Raw(value.encode())
            if kind == "JSON" and value is not None
            else plain(value)
            for name, kind, value in zip(names, kinds, row, strict=True)
        }
        write(separator + for_json(_encoder.encode(values).decode()))
        separator = ",\n"
    write("]\n" if separator == "\n" else "\n]\n")


def print_csv(names: list[str], found: ResultRows) -> None:
    """Comma-separated values with a header; NULL is empty, a list is JSON."""
    # A program gets what is in the database; a terminal nothing that it would act on.
    fit = for_terminal if sys.stdout.isatty() else str
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(map(fit, names))
    writer.writerows([fit(as_text(value)) for value in row] for row in found.rows)


def print_text(_: list[str], found: ResultRows) -> None:
    """The last column of each row, line by line."""
    for row in found.rows:
        for line in str(row[-1]).split("\n"):
            sys.stdout.write(f"{for_terminal(line)}\n")


FORMS: dict[str, Callable[[list[str], ResultRows], None]] = {
    "table": print_table,
    "json": print_json,
    "csv": print_csv,
    "text": print_text,
}


def plain(value: object) -> object:  # noqa: PLR0911 - a table
    """`value` as JSON has it: times in ISO 8601, a number that is none (NaN) by its name."""
    match value:
        case float() if not math.isfinite(value):
            return str(value)
        case None | bool() | int() | float() | str() | Decimal():
            return value
        case dt.datetime():
            return value.isoformat().replace("+00:00", "Z")
        case dict():
            return {str(plain(name)): plain(one) for name, one in value.items()}
        case list() | tuple():
            return [plain(one) for one in value]
        case bytes():
            return value.hex()
        case _:
            return str(value)


def as_text(value: object) -> str:
    """`value` in a table or in CSV."""
    found = plain(value)
    match found:
        case None:
            return ""
        case bool():
            return "true" if found else "false"
        case list() | dict():
            return _encoder.encode(found).decode()
        case _:
            return str(found)
