"""Where the catalogue of a lake is: in the file `catalog.sqlite` beside it, or in PostgreSQL.

In PostgreSQL it is if the directory has a file `catalog.postgres`, which holds the database's
connection parameters as libpq takes them. No password is among them: libpq finds that by itself.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from analytics.lake.extensions import NAMES, POSTGRES
from analytics.queries import queries

FILE, POINTER = "catalog.sqlite", "catalog.postgres"
DATA = "data"
SECONDS_TO_CONNECT = 5
"""How long each host of PostgreSQL has to answer, unless the parameters say it."""


def postgres_of(lake: Path) -> str | None:
    """The connection parameters of the catalogue of this lake; None: it is a file. OSError."""
    try:
        return (lake / POINTER).read_text(encoding="utf-8").strip() or None
    except FileNotFoundError:
        return None


def place_of(lake: Path) -> Path:
    """The file that is there while this lake has a catalogue, wherever that is."""
    return lake / (FILE if postgres_of(lake) is None else POINTER)


def extensions_of(postgres: str | None) -> tuple[str, ...]:
    """The extensions that attaching a lake takes whose catalogue is there; None: in a file."""
    return NAMES if postgres is None else (*NAMES, POSTGRES)


def keep_in_postgres(lake: Path, parameters: str) -> None:
    """From now on this lake has its catalogue there; a file that it had is deleted. OSError.

    Attach it there first: whoever reads it finds it nowhere else.
    """
    if postgres_of(lake) == parameters:
        return
    lake.mkdir(parents=True, exist_ok=True)
    draft = lake / f".{POINTER}"
    draft.write_text(f"{parameters}\n", encoding="utf-8")
    draft.replace(lake / POINTER)
    remove_file(lake)


def remove_file(lake: Path) -> None:
    """Delete the file of the catalogue, and what SQLite keeps beside it. OSError."""
    for suffix in ("", "-wal", "-shm"):
        (lake / f"{FILE}{suffix}").unlink(missing_ok=True)


def note_change(lake: Path) -> None:
    """Show those who look at this directory that PostgreSQL has something new."""
    with contextlib.suppress(FileNotFoundError):
        os.utime(lake / POINTER)


def last_change(lake: Path) -> tuple[object, ...]:
    """Something else after each write of the catalogue."""
    found: list[object] = []
    for name in (FILE, f"{FILE}-wal", POINTER):
        with contextlib.suppress(OSError):
            status = (lake / name).stat()
            found += [name, status.st_mtime_ns, status.st_size, status.st_ino]
    return tuple(found)


def attach_statement(lake: Path, *, read_only: bool = True, postgres: str | None = None) -> str:
    """The statement that attaches this lake as `lake`, which takes some extensions. OSError.

    `postgres`: where its catalogue is; None: where the directory says.
    """
    postgres = postgres or postgres_of(lake)
    name = "attach_to_read" if read_only else "attach"
    return with_values(
        queries("lake")[name if postgres is None else f"{name}_postgres"],
        {FILE: str(lake.resolve() / FILE), DATA: str(lake.resolve() / DATA), "pg": postgres or ""},
    )


def in_time(postgres: str) -> str:
    """These connection parameters, and how long connecting may take."""
    if any(part.startswith("connect_timeout=") for part in postgres.split()):
        return postgres
    return f"{postgres} connect_timeout={SECONDS_TO_CONNECT}"


def with_values(sql: str, values: dict[str, str]) -> str:
    """A statement of ATTACH, which takes no parameters, with these values between its quotes."""
    for name, value in values.items():
        sql = sql.replace(f"{{{name}}}", value.replace("'", "''"))
    return sql
