"""Writes a lake, one transaction at a time, and knows its mark. Callers decide what is written.

It has an in-memory database of its own, so that no failure here harms the ledger.
"""

from __future__ import annotations

import contextlib
import logging
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, Protocol

import duckdb
import pyarrow as pa

from analytics.lake.attached import SPILL, attach
from analytics.lake.catalogue.locks import Busy, Locks
from analytics.lake.catalogue.moving import keep_place, look_at_place
from analytics.lake.catalogue.place import (
    data_of,
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
from analytics.lake.parts import CONFLICTS, replace_unnamed, schema_of, workers_in
from analytics.lake.s3.access import is_on_s3
from analytics.lake.s3.files import has_files, reach
from analytics.lake.upkeep import compact, forget
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
RECORDS = ("lake_mark", "contents")
"""What a lake says of itself."""
LOCK = "lock"
SECONDS_TO_OPEN = 30.0
"""How long the others may be about all of it, such as what nobody needs."""
SECONDS_FOR_ORPHANS = 86_400.0
"""How long files are kept that no snapshot has, where other workers write, too."""


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
    worker: str

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
    file. `worker`: whose part of a lake that several write, each in a process of its own. `data`:
    the URL of S3 that its data is kept at; empty: where it is, or in the directory.
    """

    def __init__(
        self,
        path: Path,
        postgres: str = "",
        worker: str = "",
        data: str = "",
        *,
        memory_limit: str = "200MB",
    ) -> None:
        self.path = path.resolve()
        self.worker = worker
        self._schema = schema_of(worker)
        self._postgres = postgres
        self._data = data
        self._memory_limit = memory_limit
        self._lake: Session | None = None
        self._inode = 0
        self._locks = Locks(self.path)

    def held(self) -> Held | None:
        """What the lake holds, by its own record; None: nothing, or it is incomplete."""
        with self._explained():
            return self._held(self._attached())

    def write(self, steps: Iterable[Step], mark: LakeMark, balance: Balance) -> None:
        """Run all these steps in one transaction, after which the lake is at this mark."""
        with self._explained():
            lake = self._attached()
            if is_on_s3(data := data_of(self.path)):
                reach(lake, data)
            lake.execute("BEGIN")
            if self.worker:
                replace_unnamed(lake, (*TABLES, *RECORDS), mark.ledger_id)
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
                self._keep_place(lake)
                orphans_seconds = SECONDS_FOR_ORPHANS if self.worker else keep_seconds
                try:
                    compact(lake, self._schema, GROWING)
                    with self._alone(0.0):
                        forget(lake, keep_seconds, orphans_seconds=orphans_seconds)
                except Busy:
                    # Another worker does it.
                    return
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
        self._locks.close()

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
        found = {name for (name,) in lake.execute(sql["tables"], schema=self._schema)}
        if not found:
            return None
        if found.issuperset(self._tables) and has_files(
            lake, self._schema, TABLES, data_of(self.path)
        ):
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
        if self._lake is not None and _inode(catalog) != self._inode:
            self.close()
            # The lake was deleted: writes would be lost.
            raise OSError("it was taken away")
        if self._lake is not None:
            self._locks.look()
            return self._lake
        # Not its parents: a data directory that somebody deleted stays deleted.
        self.path.mkdir(exist_ok=True)
        postgres = self._postgres or postgres_of(self.path) or ""
        on_s3 = is_on_s3(self._data or data_of(self.path))
        self._locks = Locks(self.path, postgres if on_s3 else "")
        self._locks.keep(self._own(LOCK))
        shutil.rmtree(self.path / self._own(SPILL), ignore_errors=True)
        with self._alone(SECONDS_TO_OPEN):
            return self._open()

    def _open(self) -> Session:
        known = postgres_of(self.path)
        if self.worker and not (self._postgres or known):
            raise OSError("TRUCE_WORKER takes a catalogue in PostgreSQL: set TRUCE_LAKE_CATALOG")
        if self.worker and known and self._postgres not in {"", known}:
            # In two databases, each would delete the files of the other.
            raise OSError("its other workers have another TRUCE_LAKE_CATALOG")
        look_at_place(self.path, self._data, self._postgres or known or "")
        self._lake = lake = Session(self._attach())
        self._keep_place(lake)
        sql = queries("lake")
        if self.worker:
            lake.execute(of_table("lake", "create_part", self._schema, "some_schema"))
            lake.execute(of_table("lake", "use_part", self._schema, "some_schema"))
        elif workers_in([schema for (schema,) in lake.execute(sql["parts"])]):
            raise OSError("several workers write it: set TRUCE_WORKER to a name for this one")
        if self._postgres:
            # Not before PostgreSQL has taken it as its own: readers keep what they had.
            keep_in_postgres(self.path, self._postgres)
        self._inode = _inode(place_of(self.path))
        if lake.execute(sql["options"]) != [(2,)]:
            for name in ("bound_row_groups", "compress"):
                lake.execute(sql[name])
        return lake

    def _keep_place(self, lake: Session) -> None:
        data, postgres = self._data or data_of(self.path), self._postgres or postgres_of(self.path)
        keep_place(lake, self.path, data, postgres or "")

    @property
    def _tables(self) -> tuple[str, ...]:
        return (*TABLES, *RECORDS, *([CONFLICTS] if self.worker else []))

    def _own(self, name: str) -> str:
        """The name of what this worker has beside that of others."""
        return f"{name}-{self._schema}" if self.worker else name

    @contextmanager
    def _alone(self, seconds: float) -> Iterator[None]:
        """No other worker is about all of the lake in the block. The only one always is. Busy."""
        if not self.worker:
            yield
            return
        with self._locks.holding(LOCK, seconds):
            yield

    def _attach(self) -> duckdb.DuckDBPyConnection:
        try:
            return attach(
                self.path,
                memory_limit=self._memory_limit,
                postgres=self._postgres,
                data=self._data,
                spill=self._own(SPILL),
            )
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
            return attach(self.path, memory_limit=self._memory_limit, data=self._data)


def _set_mark(lake: Session, mark: LakeMark, now: Balance) -> None:
    sql = queries("lake")
    lake.execute(sql["forget_mark"])
    lake.execute(sql["set_mark"], **mark._asdict())
    lake.execute(sql["forget_contents"])
    rows = [(table, *held) for table, held in now.contents.items()]
    lake.over(sql["set_contents"], arrow.table_of(rows, arrow.CONTENTS))


def _inode(path: Path) -> int:
    try:
        return path.stat().st_ino
    except FileNotFoundError:
        return 0
