"""Where the catalogue of a lake is, and where its data: in its directory, or elsewhere.

The catalogue is the file `catalog.sqlite`, or in PostgreSQL if there is a file `catalog.postgres`,
which holds the database's connection parameters as libpq takes them. No password is among them:
libpq finds that by itself. The data is the directory `data`, or on S3 if there is a file `data.s3`,
which holds its URL. No key is in it: the environment has them.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from analytics.lake.extensions import NAMES, POSTGRES
from analytics.lake.s3.access import is_on_s3
from analytics.queries import queries, with_values

FILE, POINTER = "catalog.sqlite", "catalog.postgres"
DATA, DATA_POINTER = "data", "data.s3"
_BOUNDS = {"connect_timeout": 5, "tcp_user_timeout": 10_000, "keepalives_idle": 30}
"""How long PostgreSQL has to answer, unless the parameters say it.

Each host when connecting (s), what was sent over a connection (ms), and one that is idle (s): a
dead one would otherwise show after a quarter of an hour.
"""


def postgres_of(lake: Path) -> str | None:
    """The connection parameters of the catalogue of this lake; None: it is a file. OSError."""
    return _pointed(lake / POINTER)


def data_of(lake: Path) -> str:
    """Where the Parquet files of this lake are: a directory, or a URL of S3. OSError."""
    return _pointed(lake / DATA_POINTER) or str(lake.resolve() / DATA)


def is_shared(lake: Path) -> bool:
    """Whether nothing of it is in its directory, which any machine may have, then. OSError."""
    return postgres_of(lake) is not None and is_on_s3(data_of(lake))


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
    _point(lake / POINTER, parameters)
    remove_file(lake)


def keep_on_s3(lake: Path, data: str) -> None:
    """From now on this lake, which has no catalogue yet, has its data there. OSError."""
    if data_of(lake) != data:
        _point(lake / DATA_POINTER, data)


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


def attach_statement(
    lake: Path, *, read_only: bool = True, postgres: str | None = None, data: str = ""
) -> str:
    """The statement that attaches this lake as `lake`, which takes some extensions. OSError.

    `postgres`: where its catalogue is, and `data`: its data; none: where the directory says.
    """
    postgres = postgres or postgres_of(lake)
    name = "attach_to_read" if read_only else "attach"
    return with_values(
        queries("lake")[name if postgres is None else f"{name}_postgres"],
        {FILE: str(lake.resolve() / FILE), DATA: data or data_of(lake), "pg": postgres or ""},
    )


def in_time(postgres: str) -> str:
    """These connection parameters, and how long connecting and a dead connection may take."""
    given = {part.partition("=")[0] for part in postgres.split()}
    return " ".join(
        [postgres, *(f"{name}={value}" for name, value in _BOUNDS.items() if name not in given)]
    )


def _pointed(pointer: Path) -> str | None:
    try:
        return pointer.read_text(encoding="utf-8").strip() or None
    except FileNotFoundError:
        return None


def _point(pointer: Path, place: str) -> None:
    pointer.parent.mkdir(parents=True, exist_ok=True)
    draft = pointer.with_name(f".{pointer.name}")
    draft.write_text(f"{place}\n", encoding="utf-8")
    draft.replace(pointer)
