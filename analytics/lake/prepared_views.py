"""The views and macros of a reader, as a database file that is made once and then copied.

DuckDB binds each view when it is created, and all that it reads again: for every reader that was a
quarter of its start. What is in a file is bound when it is asked for. The file holds nothing of a
lake but the names and types of its columns.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import stat
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import duckdb

from analytics.lake.parts import lake_views, ownership, workers_of
from analytics.queries import views

# The stem is the catalogue's name: views stand where they would if they were made in memory.
VIEWS_FILE = "memory.duckdb"
MOST_KEPT = 4
_DRAFTS = ".views-"
_SECONDS_TO_WRITE = 60.0
_COLUMNS = (
    "SELECT column_name, column_type FROM ducklake_column WHERE end_snapshot IS NULL "
    "ORDER BY table_id, column_order"
)


def prepare_views(
    folder: Path, catalogue: Path, attach: Callable[[duckdb.DuckDBPyConnection], object]
) -> None:
    """Have them in `folder`: a copy of those that this user has, or else made, and kept.

    If several workers write the lake, that has what they own, too. `catalogue`: of the lake that
    `attach` attaches. Raises duckdb.Error, sqlite3.Error.
    """
    workers = workers_of(catalogue)
    _have_views(folder, catalogue, workers, attach)
    if workers:
        with closing(duckdb.connect(folder / VIEWS_FILE)) as connection:
            attach(connection)
            connection.execute(ownership(workers))


def _have_views(
    folder: Path,
    catalogue: Path,
    workers: tuple[str, ...],
    attach: Callable[[duckdb.DuckDBPyConnection], object],
) -> None:
    key = _key(catalogue, workers)
    with contextlib.suppress(OSError):
        if (kept := _kept(key)) is not None:
            (folder / VIEWS_FILE).write_bytes(kept)
            return
    with closing(duckdb.connect(folder / VIEWS_FILE)) as connection:
        attach(connection)
        connection.execute(lake_views(workers))
        connection.execute(views())
    # Where nothing can be kept, each reader makes its own.
    with contextlib.suppress(OSError):
        _keep(key, (folder / VIEWS_FILE).read_bytes())


def _key(catalogue: Path, workers: tuple[str, ...]) -> str:
    """What the file depends on."""
    with closing(sqlite3.connect(catalogue)) as connection:
        columns = connection.execute(_COLUMNS).fetchall()
    parts = (duckdb.__version__, lake_views(workers), views(), repr(columns))
    return sha256("\0".join(parts).encode()).hexdigest()[:32]


def _place() -> Path:
    try:
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    except RuntimeError as error:  # there is no home
        raise OSError(str(error)) from error
    return cache / "trucewatch"


def _kept(key: str) -> bytes | None:
    """The content of a file that is whole, and that nobody else can have written."""
    for path in _place().glob(f"views-{key}-*.duckdb"):
        with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "rb") as file:  # noqa: PTH123 - not a link
            found = os.fstat(file.fileno())
            content = file.read()
        if (
            found.st_uid == os.getuid()
            and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
            and path.stem.rpartition("-")[2] == _digest(content)
        ):
            return content
    return None


def _keep(key: str, content: bytes) -> None:
    place = _place()
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Of other versions, and of lakes of these; and what one that was killed was about to keep.
    others = sorted(place.glob("views-*.duckdb"), key=lambda path: path.lstat().st_mtime)
    left = [
        path
        for path in place.glob(f"{_DRAFTS}*")
        if time.time() - path.lstat().st_mtime > _SECONDS_TO_WRITE
    ]
    for path in (*others[: 1 - MOST_KEPT], *left, *place.glob(f"views-{key}-*.duckdb")):
        path.unlink(missing_ok=True)
    descriptor, draft = tempfile.mkstemp(dir=place, prefix=_DRAFTS)
    with open(descriptor, "wb") as file:  # noqa: PTH123
        file.write(content)
    Path(draft).replace(place / f"views-{key}-{_digest(content)}.duckdb")


def _digest(content: bytes) -> str:
    return sha256(content).hexdigest()[:32]
