"""The files of a database copied as of one moment, while a worker may be writing it.

DuckDB writes what a commit changes to the write-ahead log, and to parts of the file that nothing
refers to yet; what the file refers to changes in a checkpoint only, which ends by writing a header.
So the log, and after it the file, are a whole database if the header was the same all the while: it
holds what was committed when the length of the log was read. While a checkpoint goes on, commits go
to a second log: then it is tried again.
"""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

from analytics.storage.place import WAL, beside

TRIES = 20
SECONDS_BETWEEN_TRIES = 0.5
# The main header and two of the database, of which a checkpoint writes one or the other.
_HEADERS = 3 * 4096
_AT_ONCE = 2**24
LOGS = (WAL, f"{WAL}.checkpoint", f"{WAL}.recovery")
"""The write-ahead log, and what follows or replaces it during a checkpoint or after a crash."""


class TooBusy(Exception):  # noqa: N818 - named as what is the case
    """The worker writes its file more often than it can be copied."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path} changed {TRIES} times while it was copied: try again when less comes in, copy "
            "to a faster disk, or stop the worker meanwhile"
        )


def copy_files(path: Path, target: Path) -> None:
    """Copy the database at `path`, and its write-ahead log, to `target`. TooBusy, or an OSError."""
    for left in range(TRIES, 0, -1):
        header = _header(path)
        _copy_log(path, target)
        if not has_second_log(path):
            _copy(path, target, path.stat().st_size)
            if _header(path) == header == _header(target):
                return
        if left > 1:
            time.sleep(SECONDS_BETWEEN_TRIES)
    raise TooBusy(path)


def has_second_log(path: Path) -> bool:
    """Whether a checkpoint goes on, or was cut off by the end of its process."""
    return any(beside(path, suffix).exists() for suffix in LOGS[1:])


def _copy_log(path: Path, target: Path) -> None:
    log = beside(path, WAL)
    beside(target, WAL).unlink(missing_ok=True)
    # A checkpoint may remove it meanwhile: then the header is another.
    try:
        _copy(log, beside(target, WAL), log.stat().st_size)
    except FileNotFoundError:
        beside(target, WAL).unlink(missing_ok=True)


def _copy(path: Path, target: Path, size: int) -> None:
    """The first `size` bytes: what is appended meanwhile is not of this moment."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
    with path.open("rb") as source, open(os.open(target, flags, 0o600), "wb") as copy:  # noqa: PTH123 - made private
        left = size
        while left and (piece := source.read(min(left, _AT_ONCE))):
            copy.write(piece)
            left -= len(piece)
        copy.flush()
        os.fsync(copy.fileno())


def _header(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_HEADERS)


def room_for(path: Path, folder: Path) -> bool:
    """Whether a copy of the database fits into this directory."""
    log = beside(path, WAL)
    size = path.stat().st_size + (log.stat().st_size if log.exists() else 0)
    return shutil.disk_usage(folder).free > size
