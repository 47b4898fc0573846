"""What can be wrong with a database, each error named after its condition, with the remedy.

The remedy depends on where its events are: in Kafka's log as well, or, with the embedded broker,
nowhere else. The caller says which with `kafka`; None: it is not known.

    LedgerError
    ├── LedgerInUse         another process has it open
    ├── LedgerTooNew        a newer version wrote it
    ├── LedgerOutdated      an earlier version wrote it, and it cannot be brought up to date
    ├── LedgerMissing       there is nothing to read
    ├── LedgerNoDirectory   its directory is not there
    ├── LedgerForbidden     this user may not use it
    ├── LedgerReadOnly      its file system is mounted read-only
    ├── LedgerNoFile        a directory, a link or something else is in its place
    ├── LedgerDamaged       it is no database, or not a whole one
    ├── LedgerBehind        it holds less than was acknowledged
    ├── LedgerVanished      it was deleted, replaced or cut while it was open
    ├── LedgerFull          the disk has no room for it
    └── LedgerMemory        the engine had not enough memory
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from schemas.time import iso


# Named after the condition, and only ever raised: a suffix Error would add nothing.
class LedgerError(Exception):
    """The database cannot be used as it is: the message says what to do."""


class LedgerInUse(LedgerError):  # noqa: N818
    """Another process owns the file; `pid` is its id, if it is known."""

    def __init__(self, path: Path, pid: int | None) -> None:
        owner = "another process" if pid is None else f"process {pid}"
        super().__init__(f"{path} is in use by {owner}: stop it, or use another data directory")
        self.path, self.pid = path, pid


class LedgerTooNew(LedgerError):  # noqa: N818
    """A newer version of this program, or of DuckDB, wrote the file."""

    def __init__(self, path: Path, kafka: bool | None = None) -> None:
        super().__init__(
            f"{path} was written by a newer version: upgrade this one"
            + {
                True: ", or run `truce rebuild`, which folds Kafka's log with this version",
                False: "; nothing else has its events, so do not remove it",
                None: ", or, if a Kafka has its log, run `truce rebuild` with TRUCE_BROKER",
            }[kafka]
        )
        self.path = path


class LedgerOutdated(LedgerError):  # noqa: N818
    """An earlier version wrote the file, and what is in it cannot be brought up to date."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(
            f"{path} is of an earlier version, and cannot be changed to this one ({reason}): it is "
            "as it was; `truce rebuild` makes a new one of its events"
        )


class LedgerMissing(LedgerError):  # noqa: N818
    """There is nothing to read."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"there is no {path}: start a worker first, or give its data directory")
        self.path = path


class LedgerNoDirectory(LedgerError):  # noqa: N818
    """The directory of the database is not there."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"there is no directory {path.parent}: is a disk not mounted? Mount or make it, or "
            "choose another TRUCE_DATA_DIR"
        )


class LedgerForbidden(LedgerError):  # noqa: N818
    """This user may not read or write `path`, the file or its directory."""

    def __init__(self, path: Path, verb: str = "write") -> None:
        try:
            found = path.stat()
            whose = f"user {found.st_uid} owns it, mode {stat.S_IMODE(found.st_mode):04o}"
        except OSError:
            whose = "nor its directory"
        super().__init__(
            f"user {os.geteuid()} may not {verb} {path} ({whose}): run this as the user who owns "
            "it, or give it to this one with chown; nothing in it was changed"
        )
        self.path = path


class LedgerReadOnly(LedgerError):  # noqa: N818
    """The file system of the database is mounted read-only."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path} is on a file system that is mounted read-only: mount it writable (after an "
            "error of the disk the kernel may have done this: see its log); nothing in it was "
            "changed"
        )
        self.path = path


class LedgerNoFile(LedgerError):  # noqa: N818
    """Something else is where a file of ours belongs."""

    def __init__(self, path: Path, mode: int) -> None:
        kinds = {stat.S_IFDIR: "a directory", stat.S_IFLNK: "a symbolic link"}
        kind = kinds.get(stat.S_IFMT(mode), "no regular file")
        super().__init__(
            f"{path} is {kind}, which is not followed: move it away, and put the file itself in "
            "its place if there is one"
        )
        self.path = path


class LedgerDamaged(LedgerError):  # noqa: N818
    """The file is not a database, or not a whole one."""

    def __init__(self, path: Path, reason: str, kafka: bool | None = None) -> None:
        self.path, self.reason = path, reason
        self.is_of_the_wal = ".wal" in reason
        if self.is_of_the_wal:
            out = (
                f"move {path.name}.wal away and keep it: the database holds all that came before "
                "it, and the next start says how much that is"
            )
        elif kafka:
            out = "`truce rebuild` makes a new one of Kafka's log, and keeps this one"
        else:
            out = (
                "keep it, and restore a backup, or save its events with `truce rebuild "
                "--from-events`, if they can still be read"
            )
            if kafka is None:
                out += "; if a Kafka has its log, `truce rebuild` with TRUCE_BROKER folds that"
            else:
                out += "; with the embedded broker nothing else has them"
        super().__init__(f"{path} is damaged ({reason}): {out}")


class LedgerBehind(LedgerError):  # noqa: N818
    """The database holds less than its mark says; `accepts` is the value that accepts the loss."""

    def __init__(
        self, path: Path, holds: str, marked: str, accepts: int, kafka: bool | None
    ) -> None:
        there = (
            "Kafka's log still has what is missing: to read it again from there"
            if kafka
            else f"Put {path.name}.wal or a newer backup back; to go on without what is missing"
        )
        super().__init__(
            f"{path} {holds}, but {path.name}.mark says that it held {marked}: its WAL was lost or "
            "cut, or it is another database or an older copy, and it is not opened. "
            f"{there}: truce run --accept-loss {accepts}"
        )
        self.path = path


class LedgerVanished(LedgerError):  # noqa: N818
    """A file of the open database was deleted, replaced or cut by somebody else."""

    def __init__(self, path: Path, what: str) -> None:
        super().__init__(f"{path} {what} while the worker ran: it ends")
        self.path = path


class LedgerFull(LedgerError):  # noqa: N818
    """The disk has no room for the database; what is in it is whole."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"there is no room left for {path}: make some, and start again")
        self.path = path


class LedgerMemory(LedgerError):  # noqa: N818
    """The engine had not enough memory, or not enough room to spill what does not fit."""

    def __init__(self, said: str) -> None:
        self.reason = f"the database engine ran out of memory ({said.splitlines()[0].rstrip('.')})"
        setting = "TRUCE_SPILL" if "max_temp_directory_size" in said else "TRUCE_MEMORY"
        super().__init__(
            f"{self.reason}: nothing of what it was at was kept, and all before it is safe; set "
            f"{setting} higher, or TRUCE_MAX_BATCH lower, and start again"
        )


def records_until(records: int, recorded_at: int) -> str:
    """How far a database is, in words. `recorded_at` in us since 1970; 0: never."""
    if not records:
        return "no record of the log"
    counted = "1 record" if records == 1 else f"{records:,} records"
    return f"{counted} of the log, the last recorded at {iso(recorded_at)}"
