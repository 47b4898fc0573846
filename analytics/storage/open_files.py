"""The files of a database that is open: whether they are still what was opened, and what to save.

A deleted file lives on for the process that has it open, and DuckDB goes on writing to it. Whether
the write-ahead log was deleted is seen from the descriptors, on Linux only.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import threading
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
_WAS_CUT = "was cut"


class _Open(NamedTuple):
    """A file that this process has open: where it is now, and how far it was written."""

    descriptor: int
    place: str
    size: int
    position: int
    links: int


class WriteAheadLog:
    """How long the write-ahead log of the database at `path` is known to be.

    DuckDB only ever appends to a log, and a checkpoint replaces it by a new file: so a log that is
    shorter than it was after a commit was cut by somebody else. What a failed commit wrote DuckDB
    takes away again, and a commit of another thread may be noted half written, though never twice:
    so the note before the last is certain, and of the last DuckDB's position decides, which is
    behind the end of a log that was cut. Costs microseconds.
    """

    def __init__(self, path: Path) -> None:
        self._log = beside(path, WAL)
        self._place = str(path.resolve()) + WAL
        self._size = self._certain = 0
        self.descriptor = -1
        self._lock = threading.Lock()
        self.note()

    def check(self) -> None:
        """Raise LedgerVanished if it is shorter than was noted. From any thread."""
        with self._lock:
            self._check()

    def note(self) -> None:
        """A commit has ended: note how long it is now. Raises LedgerVanished as `check` does."""
        with self._lock:
            size = self._check()
            certain = self._size
            if size is None:
                self._close()
                size, certain = self._open(), 0
            self._size, self._certain = size, min(size, certain)

    def close(self) -> None:
        """Let go of it."""
        with self._lock:
            self._close()

    def _check(self) -> int | None:
        """How long it is; None: it is not the one that was noted."""
        if self.descriptor < 0:
            return None
        try:
            found = os.stat(self._log)  # noqa: PTH116 - twice a commit, and twice as fast
        except OSError:
            return None
        known = os.fstat(self.descriptor)
        if (found.st_dev, found.st_ino) != (known.st_dev, known.st_ino):
            return None
        if known.st_size < self._size and (known.st_size < self._certain or self._is_cut()):
            raise LedgerVanished(self._log, _WAS_CUT)
        return known.st_size

    def _is_cut(self) -> bool:
        """Whether DuckDB stands behind its end; yes where the system does not tell."""
        found = [one for one in _open_files(self._place) if one.descriptor != self.descriptor]
        return not found or any(one.size < one.position for one in found)

    def _open(self) -> int:
        # Held open, so that the file which follows it cannot have the same number.
        try:
            self.descriptor = os.open(self._log, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError:
            return 0
        return os.fstat(self.descriptor).st_size

    def _close(self) -> None:
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1


class OpenFiles:
    """The files of the database at `path`, which this process has open."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._place = str(path.resolve())
        self._folder = _identity(path.parent)
        self._file = _identity(path)
        self.wal = WriteAheadLog(path)
        self._suspect: tuple[_Open, str] | None = None

    def check(self) -> None:
        """Raise LedgerVanished if one of them was deleted, replaced or truncated."""
        if _identity(self._path.parent) != self._folder:
            raise LedgerVanished(self._path.parent, "was deleted, moved or replaced")
        found = _identity(self._path)
        if found is None:
            raise LedgerVanished(self._path, "was deleted or moved away")
        if found != self._file:
            raise LedgerVanished(self._path, "was replaced by another file")
        self.wal.check()
        log = beside(self._path, WAL)
        suspect = None
        for one in _open_files(self._place + WAL):
            if one.descriptor == self.wal.descriptor:
                continue
            if one.place.endswith(_DELETED) or not one.links:
                suspect = (one, "was deleted or moved away")
            elif one.size < one.position:
                suspect = (one, _WAS_CUT)
        # Only what is found twice: DuckDB may leave it so briefly between two steps of its own.
        if suspect is not None and suspect == self._suspect:
            raise LedgerVanished(log, suspect[1])
        self._suspect = suspect

    def saved(self, connection: duckdb.DuckDBPyConnection) -> Path | None:
        """Where all that was committed is, if not at its path; None: it is there, or nowhere.

        Call before the database is closed; an open transaction is rolled back.
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
    """The open files whose path begins with `place`."""
    try:
        names = os.listdir(_DESCRIPTORS)  # noqa: PTH208 - numbers, not files
    except OSError:
        return
    for name in names:
        with contextlib.suppress(OSError, ValueError):
            found = os.readlink(_DESCRIPTORS / name)  # noqa: PTH115 - as it is, not resolved
            if found.startswith(place or "/"):
                # Read the position first: the file may grow meanwhile.
                position = _position(int(name))
                status = os.fstat(int(name))
                yield _Open(int(name), found, status.st_size, position, status.st_nlink)


def _position(descriptor: int) -> int:
    text = Path(f"/proc/self/fdinfo/{descriptor}").read_text("ascii")
    return int(text.split(maxsplit=2)[1])
