"""`truce sql`: one query, a script on standard input, or a prompt; rows as a table, JSON or CSV."""

from __future__ import annotations

import contextlib
import csv
import datetime as dt
import io
import math
import os
import sqlite3
import sys
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import msgspec

from schemas.safe_text import for_json, for_terminal
from streams.client import Knowledge, Rows, ask
from streams.command import BadInput, CommandError
from streams.present import err, say, table
from streams.settings import Settings

HELP = """\
End a query with ; and press Enter. Ctrl-C forgets what is typed, Ctrl-D ends.
  .tables   what there is to ask
  .help     this
  .quit     end"""
NO_QUERY = 'the query is empty; try: truce sql "from verdicts"'
MOST_ROWS_ON_A_TERMINAL = 1_000
NUMBERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "DECIMAL", "FLOAT", "DOUBLE")

# A Decimal keeps all its digits.
_encoder = msgspec.json.Encoder(decimal_format="number")


def run_sql(settings: Settings, query: str | None, form: str) -> int:
    """Answer `query`, or what is typed. Returns the exit code."""
    if query is not None:
        answer(settings, query, form)
    elif sys.stdin.isatty():
        _prompt(settings, form)
    else:
        empty = True
        for statement in statements(sys.stdin):
            empty = False
            answer(settings, statement, form)
        if empty:
            raise BadInput(NO_QUERY)
    return 0


def answer(settings: Settings, query: str, form: str) -> None:
    """Ask and print. Raises `CommandError` with what is wrong in the query."""
    if not query.strip().strip(";").strip():
        raise BadInput(NO_QUERY)
    found = ask(settings, query)
    FORMS[form](_unlike([column.name for column in found.columns]), found)


def statements(lines: Iterator[str] | io.TextIOBase) -> Iterator[str]:
    """Statements that end with a semicolon, and whatever is left at the end."""
    typed = ""
    for line in lines:
        typed += line
        if sqlite3.complete_statement(typed):
            yield typed
            typed = ""
    if typed.strip():
        yield typed


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


def print_table(names: list[str], found: Rows) -> None:
    """A table for people; nothing is cut, but a terminal gets only so many rows."""
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


def print_json(names: list[str], found: Rows) -> None:
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


def print_csv(names: list[str], found: Rows) -> None:
    """Comma-separated values with a header; NULL is empty, a list is JSON."""
    # A program gets what is in the database; a terminal nothing that it would act on.
    fit = for_terminal if sys.stdout.isatty() else str
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(map(fit, names))
    writer.writerows([fit(as_text(value)) for value in row] for row in found.rows)


FORMS: dict[str, Callable[[list[str], Rows], None]] = {
    "table": print_table,
    "json": print_json,
    "csv": print_csv,
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


def _prompt(settings: Settings, form: str) -> None:
    # At once, if there is nothing to ask.
    tables = Knowledge(settings).tables()
    err(f"{HELP.splitlines()[0]} .help says more.")
    with _history():
        typed = ""
        while True:
            try:
                typed += input("   ...> " if typed.strip() else "truce> ") + "\n"
            except EOFError:
                say()
                return
            except KeyboardInterrupt:
                typed = ""
                say()
                continue
            word = typed.strip()
            if word in {".quit", ".exit"}:
                return
            if word.startswith("."):
                typed = ""
                _command(word, tables)
            elif word.strip(";") and sqlite3.complete_statement(typed):
                query, typed = typed, ""
                with _told():
                    answer(settings, query, form)


def _command(word: str, tables: list[tuple[str, str | None]]) -> None:
    if word == ".help":
        for line in HELP.splitlines():
            say(line)
    elif word == ".tables":
        narrow = [f"{name}: {holds}" for name, holds in tables]
        table(("name", "holds"), [(name, holds or "") for name, holds in tables], narrow=narrow)
    else:
        err(f"there is no {word}; .help says what there is", style="red")


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """An error in what was asked is told, and the prompt goes on."""
    try:
        yield
    except CommandError as error:
        err(" ".join(str(error).split()), style="red")


@contextlib.contextmanager
def _history() -> Iterator[None]:
    """Line editing, and what was typed before, where Python has readline."""
    try:
        import readline
    except ImportError:
        yield
        return
    state = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
    path = state / "trucewatch" / "sql_history"
    with contextlib.suppress(OSError):
        readline.read_history_file(path)
    readline.set_history_length(1_000)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            readline.write_history_file(path)
