"""How far a database was when that was last acknowledged: a small file next to it, `NAME.mark`.

DuckDB opens a database whose write-ahead log was lost or truncated as if that had been empty. The
mark is compared at the next start, so that the loss is noticed.

It is written after each commit and before that is acknowledged, so the database has at least as
much, whatever ends the process. A power cut may lose the last second or so of the mark, which
`sync` flushes to disk outside of the hot path, but never what is in the database, which DuckDB
flushes itself in each commit: so the mark never raises a false alarm.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import threading
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import msgspec

from analytics.ledger.rows import Reached
from analytics.storage.failures import LedgerBehind, LedgerNoFile, LedgerVanished, records_until

SUFFIX = ".mark"
# The write of a sector is atomic; two are written in turn, so that one is always whole.
SLOT = 512
SLOTS = 2
MOST_OF_AN_ID = 200

Offsets = Mapping[tuple[str, int], Reached]


class Marked(NamedTuple):
    """How far a database was: after so many records of all logs, this one of this log the last."""

    number: int
    records: int
    recorded_at: int
    log_id: str
    partition: int
    next_offset: int

    @property
    def words(self) -> str:
        """The mark, for people."""
        return records_until(self.records, self.recorded_at)


def mark_of(path: Path) -> Path:
    """The mark of the database at `path`."""
    return path.with_name(path.name + SUFFIX)


def read_mark(path: Path) -> Marked | None:
    """The contents of the mark of the database at `path`; None: it is missing or damaged.

    Raises LedgerNoFile, and OSError if it cannot be read.
    """
    file = mark_of(path)
    try:
        mode = file.lstat().st_mode
        if not stat.S_ISREG(mode):
            raise LedgerNoFile(file, mode)
        descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        raw = os.pread(descriptor, SLOT * SLOTS, 0)
    finally:
        os.close(descriptor)
    found = [_decode(raw[at : at + SLOT]) for at in range(0, SLOT * SLOTS, SLOT)]
    return max((one for one in found if one is not None), default=None)


def records_of(offsets: Offsets) -> int:
    """How many records of all logs a database has that has reached these offsets."""
    return sum(one.next_offset for one in offsets.values())


def words_of(offsets: Offsets) -> str:
    """How far a database is that has reached these offsets, for people."""
    last = max((one.recorded_at for one in offsets.values()), default=0)
    return records_until(records_of(offsets), last)


def check(
    path: Path, marked: Marked, offsets: Offsets, *, kafka: bool | None, accepts: int | None
) -> None:
    """Raise LedgerBehind if the database, which has reached `offsets`, has less than is marked.

    Unless `accepts` is the number of records in the mark: then the loss is accepted.
    """
    place = (marked.log_id, marked.partition)
    last = next((to for (log_id, p), to in offsets.items() if (_short(log_id), p) == place), None)
    is_whole = records_of(offsets) >= marked.records and (
        not marked.records or (last is not None and last.next_offset >= marked.next_offset)
    )
    if not is_whole and accepts != marked.records:
        raise LedgerBehind(path, f"holds {words_of(offsets)}", marked.words, marked.records, kafka)


def check_there(
    path: Path, marked: Marked | None, *, kafka: bool | None, accepts: int | None
) -> None:
    """Raise LedgerBehind if there is no database, but evidence that there was one.

    DuckDB would create a new one, and remove the write-ahead log of the previous one.
    """
    if path.exists():
        return
    wal = path.with_name(path.name + ".wal")
    records = marked.records if marked is not None else 0
    has_changes = wal.exists() and wal.stat().st_size > 0
    if not records and not has_changes:
        return
    if accepts == records:
        if has_changes:
            wal.replace(wal.with_name(wal.name + ".lost"))
        return
    said = marked.words if marked is not None else f"changes: {wal.name} is there"
    raise LedgerBehind(path, "is not there", said, records, kafka)


class LedgerMark:
    """The mark of an open database, which nobody else may write.

    `offsets`: what the database has reached now. Raises OSError.
    """

    def __init__(self, path: Path, offsets: Offsets) -> None:
        self._path = path
        self._file = mark_of(path)
        self._reached = dict(offsets)
        self._records = records_of(offsets)
        before = read_mark(path)
        self._number = before.number if before is not None else 0
        found = path.stat()
        self._identity = (found.st_dev, found.st_ino)
        self._written = self._synced = 0
        self._descriptor = -1
        self._lock = threading.Lock()
        latest = max(offsets, key=lambda place: offsets[place].recorded_at, default=("", 0))
        self._last = (latest, self._reached.get(latest, Reached(0, 0)))
        self._begin()

    def _begin(self) -> None:
        """Create the file at its full size, so that a full disk cannot stop it later."""
        self.close()
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        self._descriptor = os.open(self._file, flags, 0o600)
        size = os.fstat(self._descriptor).st_size
        if size < SLOT * SLOTS:
            os.pwrite(self._descriptor, bytes(SLOT * SLOTS - size), size)
        self._write()
        os.fsync(self._descriptor)
        sync_folder(self._file.parent)
        self._synced = self._written

    def advance(self, advanced: Offsets) -> None:
        """The transaction that advanced the logs so is committed.

        Raises LedgerVanished if its file is no longer the database at this path.
        """
        if not advanced:
            return
        for place, to in advanced.items():
            before = self._reached.get(place)
            self._records += to.next_offset - (before.next_offset if before is not None else 0)
            self._reached[place] = to
            self._last = (place, to)
        self.check_file()
        with self._lock:
            self._write()

    def check_file(self) -> None:
        """Raise LedgerVanished if the database at this path is not the one that was opened."""
        try:
            found = os.stat(self._path)  # noqa: PTH116 - once a commit, and twice as fast
        except OSError:
            raise LedgerVanished(self._path, "was deleted or moved away") from None
        if (found.st_dev, found.st_ino) != self._identity:
            raise LedgerVanished(self._path, "was replaced by another file")

    def _write(self) -> None:
        (log_id, partition), last = self._last
        self._number += 1
        marked = Marked(
            self._number,
            *(self._records, last.recorded_at, _short(log_id), partition, last.next_offset),
        )
        os.pwrite(self._descriptor, _encode(marked), SLOT * (self._number % SLOTS))
        self._written += 1

    def sync(self) -> None:
        """Flush what was written to disk. Call about once a second, outside of the hot path."""
        if os.fstat(self._descriptor).st_nlink == 0:
            with self._lock:
                self._begin()
        elif (written := self._written) != self._synced:
            os.fdatasync(self._descriptor)
            self._synced = written

    def close(self) -> None:
        """Close the mark; the file stays."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def forget(path: Path) -> None:
    """Remove the mark: another database is about to replace this one."""
    with contextlib.suppress(FileNotFoundError):
        mark_of(path).unlink()
        sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Flush the entries of a directory to disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _short(log_id: str) -> str:
    # As much as certainly fits; the ids of Kafka have 22 characters.
    if len(log_id) <= MOST_OF_AN_ID and log_id.isascii() and log_id.isprintable():
        return log_id
    return hashlib.sha256(log_id.encode()).hexdigest()


def _encode(marked: Marked) -> bytes:
    text = msgspec.json.encode(marked)
    return (b"%08x %s" % (zlib.crc32(text), text)).ljust(SLOT - 1) + b"\n"


def _decode(slot: bytes) -> Marked | None:
    try:
        checksum, text = slot.rstrip(b"\0 \n").split(b" ", 1)
        if int(checksum, 16) != zlib.crc32(text):
            return None
        return msgspec.json.decode(text, type=Marked)
    except (ValueError, msgspec.MsgspecError):
        return None
