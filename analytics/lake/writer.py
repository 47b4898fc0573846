"""Writes a lake, one transaction at a time, and knows its mark. Callers decide what is written.

It has an in-memory database of its own, so that no failure here harms the ledger.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import shutil
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, Protocol

import duckdb
import pyarrow as pa

from analytics.lake.attached import SPILL, attach
from analytics.lake.catalogue.place import (
    keep_in_postgres,
    note_change,
    place_of,
    postgres_of,
    remove_file,
)
from analytics.lake.extensions import ExtensionMissing
from analytics.lake.mark import LakeMark
from analytics.lake.notifications import TABLES as NOTICES
from analytics.lake.notifications import LakeNotifications
from analytics.lake.upkeep import upkeep
from analytics.ledger import arrow
from analytics.ledger.contents import Balance, Holding
from analytics.queries import of_table, queries
from analytics.storage.database import Session
from analytics.storage.place import NO_ROOM

logger = logging.getLogger("analytics")

VERSIONS = (
    "accepted",
    "claim_versions",
    "coverage_versions",
    "claim_verdict_versions",
    "verdict_versions",
)
GROWING = (*VERSIONS, "rejected", "provenance")
"""Tables that are only appended to, except that standing versions change."""
TABLES = (*GROWING, "log_offsets", *NOTICES)
LOCK = "lock"
SECONDS_FOR_THE_LOCK = 5.0


class LakeWriteError(Exception):
    """The lake could not be written; the ledger has all, and the next update starts afresh."""


class Held(NamedTuple):
    """What a lake holds."""

    mark: LakeMark
    balance: Balance
    notices: LakeNotifications


class Step(NamedTuple):
    """A statement of `queries/lake.sql`, for this table, over these rows if it needs any."""

    name: str
    table: str = ""
    rows: pa.Table | pa.RecordBatchReader | None = None


class WritesLake(Protocol):
    """Writes a lake, here or in a subprocess. Each method may raise LakeWriteError."""

    path: Path

    def held(self) -> Held | None:
        """What the lake holds, by its own record; None: nothing, or it is incomplete."""

    def write(self, steps: Iterable[Step], mark: LakeMark, balance: Balance) -> None:
        """Run all these steps in one transaction, after which the lake is at this mark."""

    def maintain(self, keep_seconds: float) -> None:
        """Compact small files, and delete what no reader can need."""

    def abandon(self) -> None:
        """Abort the current operation soon. For any thread."""

    def close(self) -> None:
        """Close the lake."""


class LakeWriter:
    """The lake at `path`, created if missing. For one process at a time.

    `postgres`: connection parameters of where its catalogue is kept; empty: where it is, or in a
    file.
    """

    def __init__(self, path: Path, postgres: str = "", *, memory_limit: str = "200MB") -> None:
        self.path = path.resolve()
        self._postgres = postgres
        self._memory_limit = memory_limit
        self._lake: Session | None = None
        self._inode = 0
        self._lock: int | None = None

    def held(self) -> Held | None:
        """What the lake holds, by its own record; None: nothing, or it is incomplete."""
        with self._explained():
            return self._held(self._attached())

    def write(self, steps: Iterable[Step], mark: LakeMark, balance: Balance) -> None:
        """Run all these steps in one transaction, after which the lake is at this mark."""
        with self._explained():
            lake = self._attached()
            lake.execute("BEGIN")
            for name, table, rows in steps:
                sql = of_table("lake", name, table) if table else queries("lake")[name]
                if rows is None:
                    lake.execute(sql)
                else:
                    lake.over(sql, rows)
            _set_mark(lake, mark, balance)
            lake.execute("COMMIT")
            note_change(self.path)

    def maintain(self, keep_seconds: float) -> None:
        """Compact small files, and delete what no reader can need."""
        with self._explained():
            lake = self._attached()
            if self._held(lake) is not None:
                try:
                    upkeep(lake, GROWING, keep_seconds)
                finally:
                    # However far it came, files may be gone that a copy of the catalogue names.
                    note_change(self.path)

    def abandon(self) -> None:
        """Abort the current operation soon."""
        lake = self._lake
        if lake is not None:
            lake.use().interrupt()

    def close(self) -> None:
        """Close the lake."""
        lake, self._lake = self._lake, None
        if lake is not None:
            with contextlib.suppress(duckdb.Error):
                lake.use().close()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except BaseException as error:
            # Only the mark shows whether it was committed: it is read again next time.
            self.close()
            if isinstance(error, duckdb.Error | OSError | ExtensionMissing | pa.ArrowException):
                reason = (str(error).splitlines() or [type(error).__name__])[0]
                raise LakeWriteError(f"the lake {self.path} was not written: {reason}") from error
            raise

    def _held(self, lake: Session) -> Held | None:
        sql = queries("lake")
        found = {name for (name,) in lake.execute(sql["tables"])}
        if not found:
            return None
        if found.issuperset((*TABLES, "lake_mark", "contents")) and _has_files(lake):
            marks = [LakeMark(*row) for row in lake.execute(sql["mark"])]
            if len(marks) == 1:
                contents = {name: Holding(*held) for name, *held in lake.execute(sql["contents"])}
                return Held(
                    marks[0], Balance(marks[0].seq, contents), LakeNotifications.of(lake, "lake")
                )
        logger.warning("the lake %s is not whole: it is given all of the ledger", self.path)
        return None

    def _attached(self) -> Session:
        catalog = place_of(self.path)
        if self._lake is not None and _stat(catalog, "st_ino") != self._inode:
            self.close()
            # The lake was deleted: writes would be lost.
            raise OSError("it was taken away")
        if self._lake is None:
            # Not its parents: a data directory that somebody deleted stays deleted.
            self.path.mkdir(exist_ok=True)
            self._lock = _locked(self.path / LOCK)
            shutil.rmtree(self.path / SPILL, ignore_errors=True)
            self._lake = lake = Session(self._attach())
            if self._postgres:
                # Not before PostgreSQL has taken it as its own: readers keep what they had.
                keep_in_postgres(self.path, self._postgres)
            self._inode = _stat(place_of(self.path), "st_ino")
            if lake.execute(queries("lake")["options"]) != [(2,)]:
                for name in ("bound_row_groups", "compress"):
                    lake.execute(queries("lake")[name])
        return self._lake

    def _attach(self) -> duckdb.DuckDBPyConnection:
        try:
            return attach(self.path, memory_limit=self._memory_limit, postgres=self._postgres)
        except duckdb.Error as error:
            said = str(error).splitlines()[0]
            if "locked" in said or NO_ROOM in said or "ermission denied" in said:
                raise
            # A database server is not ours to clear.
            if self._postgres or postgres_of(self.path) is not None:
                raise
            # No reader can read it, either.
            logger.warning("the lake %s cannot be read: %s", self.path, said)
            remove_file(self.path)
            return attach(self.path, memory_limit=self._memory_limit)


def _locked(path: Path) -> int:
    """A lock that ends with this process. Raises OSError if another process writes the lake."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    until = time.monotonic() + SECONDS_FOR_THE_LOCK
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until:
                os.close(descriptor)
                raise OSError("another process keeps it") from None
            time.sleep(0.05)
        else:
            return descriptor


def _has_files(lake: Session) -> bool:
    sizes = dict(
        row
        for table in TABLES
        for row in lake.execute(queries("lake")["files"], table=table)
        if row[0] is not None
    )
    return all(_stat(Path(file), "st_size") == size for file, size in sizes.items())


def _set_mark(lake: Session, mark: LakeMark, now: Balance) -> None:
    sql = queries("lake")
    lake.execute(sql["forget_mark"])
    lake.execute(sql["set_mark"], **mark._asdict())
    lake.execute(sql["forget_contents"])
    rows = [(table, *held) for table, held in now.contents.items()]
    lake.over(sql["set_contents"], arrow.table_of(rows, arrow.CONTENTS))


def _stat(path: Path, what: str) -> int:
    try:
        return int(getattr(path.stat(), what))
    except FileNotFoundError:
        return 0
