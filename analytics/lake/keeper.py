"""Keeps a lake as its ledger is: each update is one lake transaction, which sets the mark, too.

The lake is never the truth. Whatever it cannot follow from where its mark says that it is, it is
given anew from the ledger: all of it replaced in one transaction, so that readers see the one or
the other.
"""

from __future__ import annotations

import contextlib
import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import duckdb
import pyarrow as pa

from analytics import tables
from analytics.contents import Balance, Holding, balance, last_balance
from analytics.database import Session
from analytics.lake.extensions import load
from analytics.queries import queries

logger = logging.getLogger("analytics")

CATALOG, FILES = "catalog.sqlite", "data"
VERSIONS = {
    "accepted": "report_key",
    "claim_versions": "claim_key",
    "claim_verdict_versions": "pair_key",
    "verdict_versions": "pair_key",
}
"""The tables of versions, and the key that at most one of them stands for."""
GROWING = (*VERSIONS, "rejected")
SMALL = ("log_offsets", "notice_targets", "notices")
"""What is replaced as a whole."""
TABLES = (*GROWING, *SMALL)
ROWS_AT_ONCE = 20_000


class LakeError(Exception):
    """The lake could not be written; the ledger has all, and the next update begins anew."""


class Mark(NamedTuple):
    """How far a lake is: it holds transaction `seq` of the ledger, since `marked_at` (us)."""

    seq: int
    marked_at: int
    ledger_id: str
    basis: str


class Keeper:
    """One lake, at `path`. One thread at a time; nobody else may keep the same lake meanwhile."""

    def __init__(self, path: Path, *, memory_limit: str = "200MB") -> None:
        self.path = path.resolve()
        self._memory_limit = memory_limit
        self._lake: Session | None = None
        self._inode = 0

    def update(self, ledger: duckdb.DuckDBPyConnection, *, anew: bool = False) -> Mark:
        """Have the lake hold what the ledger now holds; `anew`: give it all again. A LakeError.

        `ledger` is a connection of its own, without a transaction.
        """
        try:
            with _moment(ledger) as known:
                mark = self._follow(known, anew=anew)
        except BaseException as error:
            # Whether it was committed only the mark can tell: that is read again the next time.
            self.close()
            if isinstance(error, duckdb.Error | OSError):
                raise LakeError(f"{self.path}: {str(error).splitlines()[0]}") from error
            raise
        return mark

    def close(self) -> None:
        """Let go of the lake."""
        lake, self._lake = self._lake, None
        if lake is not None:
            with contextlib.suppress(duckdb.Error):
                lake.use().close()

    def _follow(self, ledger: Session, *, anew: bool) -> Mark:
        lake = self._attached()
        now = last_balance(ledger)
        [(ledger_id, basis)] = ledger.execute(queries("contents")["identity"])
        mark, held = self._held(lake)
        known = balance(ledger, mark.seq) if mark is not None else None
        follows = (
            mark is not None
            and (mark.ledger_id, mark.basis) == (ledger_id, basis)
            and known == held
            and not anew
        )
        fresh = Mark(now.seq, time.time_ns() // 1_000, ledger_id, basis)
        lake.execute("BEGIN")
        if follows and known is not None:
            self._append(lake, ledger, known, now)
        else:
            if mark is not None:
                logger.warning("the lake %s is made anew from the ledger", self.path)
            self._replace(lake, ledger, now)
        self._set_mark(lake, fresh, now)
        lake.execute("COMMIT")
        return fresh

    def _held(self, lake: Session) -> tuple[Mark | None, Balance | None]:
        """How far the lake is, by its own word, and what it says to hold."""
        found = {name for (name,) in lake.execute(queries("lake")["tables"])}
        if not found.issuperset((*TABLES, "lake_mark", "contents")):
            return None, None
        marks = [Mark(*row) for row in lake.execute(queries("lake")["mark"])]
        if len(marks) != 1:
            return None, None
        rows = lake.execute(queries("lake")["contents"])
        return marks[0], Balance(
            marks[0].seq, {table: Holding(count, digest) for table, count, digest in rows}
        )

    def _append(self, lake: Session, ledger: Session, known: Balance, now: Balance) -> None:
        changed = {
            table for (table,) in ledger.execute(queries("followed")["any_changed"], seq=known.seq)
        }
        for table in GROWING:
            before = known.contents[table].row_count
            new = now.contents[table].row_count - before
            if table in changed:
                of_table = _of("followed", "changed", table)
                rows = ledger.use().execute(of_table, {"known": before, "seq": known.seq})
                _pour(lake, queries("lake")[f"change_{table}"], rows)
            if new:
                rows = ledger.use().execute(_of("followed", "new", table), {"known": before})
                _pour(lake, _of("lake", "append", table), rows)
        for table in SMALL:
            lake.execute(_of("lake", "empty", table))
            rows = ledger.use().execute(_of("followed", "all", table))
            _pour(lake, _of("lake", "append", table), rows)

    def _replace(self, lake: Session, ledger: Session, now: Balance) -> None:
        del now
        for table in ("lake_mark", "contents"):
            lake.execute(_of("lake", "drop", table))
        lake.execute(queries("lake")["create_mark"])
        for table in TABLES:
            lake.execute(_of("lake", "drop", table))
            rows = ledger.use().execute(_of("followed", "all", table))
            _pour(lake, _of("lake", "create", table), rows)
            rows = ledger.use().execute(_of("followed", "all", table))
            _pour(lake, _of("lake", "append", table), rows)

    def _set_mark(self, lake: Session, mark: Mark, now: Balance) -> None:
        sql = queries("lake")
        lake.execute(sql["forget_mark"])
        lake.execute(sql["set_mark"], **mark._asdict())
        lake.execute(sql["forget_contents"])
        rows = [(table, *held) for table, held in now.contents.items()]
        held = tables.table_of(rows, tables.CONTENTS)
        lake.use().register("incoming", held)
        lake.execute(sql["set_contents"])
        lake.use().unregister("incoming")

    def _attached(self) -> Session:
        catalog = self.path / CATALOG
        if self._lake is not None and _inode(catalog) != self._inode:
            # It was taken away: what would be written went nowhere.
            self.close()
        if self._lake is None:
            self.path.mkdir(parents=True, exist_ok=True)
            try:
                self._lake = self._attach()
            except duckdb.Error as error:
                said = str(error)
                if "locked" in said or "No space" in said:
                    raise
                logger.warning("the lake %s cannot be read (%s)", self.path, said.splitlines()[0])
                for suffix in ("", "-wal", "-shm"):
                    catalog.with_name(catalog.name + suffix).unlink(missing_ok=True)
                self._lake = self._attach()
            self._inode = _inode(catalog)
        return self._lake

    def _attach(self) -> Session:
        connection = duckdb.connect(
            config={
                "memory_limit": self._memory_limit,
                "threads": 1,
                "preserve_insertion_order": False,
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
                "temp_directory": str(self.path / "spill"),
            }
        )
        try:
            connection.execute("SET GLOBAL TimeZone = 'UTC'")
            connection.execute("SET enable_progress_bar = false")
            load(connection)
            catalog, files = (
                str(path).replace("'", "''") for path in (self.path / CATALOG, self.path / FILES)
            )
            sql = queries("lake")["attach"]
            connection.execute(
                sql.replace("sqlite:catalog", f"sqlite:{catalog}").replace("files", f"{files}/")
            )
        except BaseException:
            connection.close()
            raise
        return Session(connection)


@contextmanager
def _moment(ledger: duckdb.DuckDBPyConnection) -> Iterator[Session]:
    """All that is asked within is as of one moment."""
    ledger.execute("BEGIN")
    try:
        yield Session(ledger)
    finally:
        ledger.execute("ROLLBACK")


def _of(file: str, name: str, table: str) -> str:
    sql = queries(file)[name]
    return sql.replace("base_key", VERSIONS.get(table, "")).replace("base", table)


def _pour(lake: Session, sql: str, rows: duckdb.DuckDBPyConnection) -> None:
    """Run a statement of the lake over what the ledger answers, as it comes."""
    with rows.to_arrow_reader(ROWS_AT_ONCE) as incoming:
        lake.use().register("incoming", incoming)
        try:
            lake.execute(sql)
        finally:
            lake.use().unregister("incoming")


def _inode(path: Path) -> int:
    try:
        return os.stat(path).st_ino
    except FileNotFoundError:
        return 0
