"""The files of a database that is open: whether they are still what was opened, and what to save.

A deleted file lives on for who has it open, and DuckDB goes on writing to it. How it is with the
log of its changes is seen by its descriptors, on Linux; elsewhere only the file and its directory
are looked at.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import duckdb

from analytics.queries import queries
from analytics.storage.failures import LedgerVanished
from analytics.storage.place import WAL, beside

RESCUED = ".rescued"
_DESCRIPTORS = Path("/proc/self/fd")
_DELETED = " (deleted)"
# The last change of the database's file at each of so many looks must be the same before a log that
# became shorter is taken for cut: DuckDB itself begins a new one after it has written to the file.
LOOKS = 3


class _Open(NamedTuple):
    """A file that this process has open: where it is now, and how far it was written."""

    descriptor: int
    place: str
    size: int
    position: int
    links: int


class OpenFiles:
    """The files of the database at `path`, which this process has open."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._place = str(path.resolve())
        self._folder = _identity(path.parent)
        self._file = _identity(path)
        self._sizes: list[tuple[int, int]] = []
        self._suspect: tuple[_Open, str] | None = None

    def check(self) -> None:
        """Raise LedgerVanished if one of them is not there any more, or another, or was cut."""
        if _identity(self._path.parent) != self._folder:
            raise LedgerVanished(self._path.parent, "was deleted, moved or replaced")
        found = _identity(self._path)
        if found is None:
            raise LedgerVanished(self._path, "was deleted or moved away")
        if found != self._file:
            raise LedgerVanished(self._path, "was replaced by another file")
        log = beside(self._path, WAL)
        suspect = None
        for one in _open_files(self._place + WAL):
            if self._is_shorter(one.size):
                raise LedgerVanished(log, "was cut")
            if one.place.endswith(_DELETED) or not one.links:
                suspect = (one, "was deleted or moved away")
            elif one.size < one.position:
                suspect = (one, "was cut")
        # Only what is so twice: between two steps of its own DuckDB may leave it so for a moment.
        if suspect is not None and suspect == self._suspect:
            raise LedgerVanished(log, suspect[1])
        self._suspect = suspect

    def _is_shorter(self, size: int) -> bool:
        changed = self._path.stat().st_mtime_ns
        before, self._sizes = self._sizes, [*self._sizes[2 - LOOKS :], (size, changed)]
        unchanged = len(before) == LOOKS - 1 and all(then == changed for _, then in before)
        return unchanged and size < before[-1][0]

    def saved(self, connection: duckdb.DuckDBPyConnection) -> Path | None:
        """Where all that was committed is, if it is not at its path; None: it is, or nowhere.

        To be called before the database is closed; a transaction that is open is given up.
        """
        if _identity(self._path) == self._file:
            return None
        identity = self._file
        for one in _open_files(""):
            status = os.fstat(one.descriptor)
            if (status.st_dev, status.st_ino) != identity:
                continue
            with contextlib.suppress(duckdb.Error):
                connection.rollback()
            with contextlib.suppress(duckdb.Error, OSError):
                connection.execute(queries("rebuild")["checkpoint"])
                if not one.place.endswith(_DELETED):
                    return Path(one.place)
                return self._copy(one.descriptor)
        return None

    def _copy(self, descriptor: int) -> Path:
        rescued = beside(self._path, RESCUED)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        with (
            open(os.open(rescued, flags, 0o600), "wb") as target,  # noqa: PTH123 - made private
            (_DESCRIPTORS / str(descriptor)).open("rb") as source,
        ):
            shutil.copyfileobj(source, target, 2**20)
            target.flush()
            os.fsync(target.fileno())
        return rescued


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _open_files(place: str) -> Iterator[_Open]:
    """Those that are open, and were opened at a place that begins so."""
    try:
        names = os.listdir(_DESCRIPTORS)  # noqa: PTH208 - numbers, not files
    except OSError:
        return
    for name in names:
        with contextlib.suppress(OSError, ValueError):
            found = os.readlink(_DESCRIPTORS / name)  # noqa: PTH115 - as it is, not resolved
            if found.startswith(place or "/"):
                # First how far it was written: it may grow meanwhile.
                position = _position(int(name))
                status = os.fstat(int(name))
                yield _Open(int(name), found, status.st_size, position, status.st_nlink)


def _position(descriptor: int) -> int:
    text = Path(f"/proc/self/fdinfo/{descriptor}").read_text("ascii")
    return int(text.split(maxsplit=2)[1])
