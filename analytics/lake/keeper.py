"""Keeps a lake as its ledger is: each update is one lake transaction, which sets the mark, too.

The lake is never the truth. What it cannot follow from where its mark says that it is, it is given
again from the ledger: all of it replaced in one transaction, so that readers see the one or the
other.
"""

from __future__ import annotations

import contextlib
import logging
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import duckdb

from analytics import tables
from analytics.contents import Balance, Holding, balance, last_balance
from analytics.database import Session
from analytics.lake.attached import CATALOG, SPILL, attach
from analytics.lake.mark import Mark
from analytics.lake.notices import TABLES as NOTICES
from analytics.lake.notices import Notices
from analytics.lake.upkeep import upkeep
from analytics.place import NO_ROOM
from analytics.queries import queries

logger = logging.getLogger("analytics")

VERSIONS = ("accepted", "claim_versions", "claim_verdict_versions", "verdict_versions")
GROWING = (*VERSIONS, "rejected")
"""What is only ever appended to, but that versions change while they stand."""
TABLES = (*GROWING, "log_offsets", *NOTICES)


class LakeError(Exception):
    """The lake could not be written; the ledger has all, and the next update begins anew."""


class Held(NamedTuple):
    """What a lake holds, as it says."""

    mark: Mark
    balance: Balance
    notices: Notices


class Keeper:
    """The lake at `path`, of the ledger that `ledger` is a connection to, for nothing else.

    One thread at a time; nobody else may keep the same lake meanwhile.
    """

    def __init__(
        self, path: Path, ledger: duckdb.DuckDBPyConnection, *, memory_limit: str = "200MB"
    ) -> None:
        self.path = path.resolve()
        self._ledger = ledger
        self._memory_limit = memory_limit
        self._lake: Session | None = None
        self._inode = 0
        # As long as this connection is open nobody else changes it.
        self._held: Held | None = None

    def update(self, *, anew: bool = False) -> Mark:
        """Have the lake hold what the ledger now holds; `anew`: give it all again. A LakeError."""
        with self._explained():
            with _moment(self._ledger) as known:
                mark = self._follow(known, anew=anew)
            # What led up to the mark is not needed any more.
            Balance(mark.seq, {}).forget_older(Session(self._ledger))
        return mark

    def maintain(self, keep_seconds: float = 600.0) -> None:
        """Put small pieces together, and delete what no reader can need. A LakeError.

        Readers may need a snapshot for `keep_seconds` after it was superseded.
        """
        with self._explained():
            lake = self._attached()
            if self._held is not None or self._read(lake) is not None:
                upkeep(lake, GROWING, keep_seconds)

    def close(self) -> None:
        """Let go of both."""
        self._let_go()
        self._ledger.close()

    def _let_go(self) -> None:
        lake, self._lake, self._held = self._lake, None, None
        if lake is not None:
            with contextlib.suppress(duckdb.Error):
                lake.use().close()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except BaseException as error:
            # Whether it was committed only the mark can tell: that is read again the next time.
            self._let_go()
            if isinstance(error, duckdb.Error | OSError):
                reason = (str(error).splitlines() or [type(error).__name__])[0]
                raise LakeError(f"the lake {self.path} was not written: {reason}") from error
            raise

    def _follow(self, ledger: Session, *, anew: bool) -> Mark:
        lake = self._attached()
        now = last_balance(ledger)
        [(ledger_id, basis)] = ledger.execute(queries("contents")["identity"])
        mark = Mark(now.seq, time.time_ns() // 1_000, ledger_id, basis)
        held = self._held or self._read(lake)
        if held is not None and (anew or not _leads_to(held, mark, ledger)):
            if not anew:
                # After a rebuild that is as it must be, and nothing to warn of.
                level = logging.WARNING if held.mark.ledger_id == ledger_id else logging.INFO
                said = "the lake %s has what this ledger has not: it is given all again"
                logger.log(level, said, self.path)
            held = None
        fresh = held.notices.since(ledger) if held is not None else None
        if held is not None and held.mark.seq == mark.seq and fresh is None:
            self._held = held
            return held.mark
        lake.execute("BEGIN")
        if held is None:
            self._create(lake, ledger)
            notices = Notices.of_lake(lake)
        else:
            self._append(lake, ledger, held.balance, now)
            notices = fresh.put(lake, held.notices) if fresh is not None else held.notices
        _set_mark(lake, mark, now)
        lake.execute("COMMIT")
        self._held = Held(mark, now, notices)
        return mark

    def _read(self, lake: Session) -> Held | None:
        """What the lake holds, by its own word; None: nothing, or it is not whole."""
        sql = queries("lake")
        found = {name for (name,) in lake.execute(sql["tables"])}
        if not found:
            return None
        if found.issuperset((*TABLES, "lake_mark", "contents")) and _has_files(lake):
            marks = [Mark(*row) for row in lake.execute(sql["mark"])]
            if len(marks) == 1:
                contents = {name: Holding(*held) for name, *held in lake.execute(sql["contents"])}
                return Held(marks[0], Balance(marks[0].seq, contents), Notices.of_lake(lake))
        logger.warning("the lake %s is not whole: it is given all of the ledger", self.path)
        return None

    def _append(self, lake: Session, ledger: Session, known: Balance, now: Balance) -> None:
        asked = ledger.execute(queries("followed")["any_changed"], seq=known.seq)
        changed = {table for (table,) in asked}
        for table in GROWING:
            before = known.contents[table].row_count
            if table in changed:
                rows = ledger.stream(_of("followed", "changed", table), known=before, seq=known.seq)
                lake.over(queries("lake")[f"change_{table}"], rows)
            if now.contents[table].row_count > before:
                rows = ledger.stream(_of("followed", "new", table), known=before)
                lake.over(_of("lake", "append", table), rows)
        if now.contents["log_offsets"] != known.contents["log_offsets"]:
            lake.execute(queries("lake")["forget_offsets"])
            offsets = ledger.stream(_of("followed", "all", "log_offsets"))
            lake.over(_of("lake", "append", "log_offsets"), offsets)

    def _create(self, lake: Session, ledger: Session) -> None:
        for table in (*TABLES, "lake_mark", "contents"):
            lake.execute(_of("lake", "drop", table))
        lake.execute(queries("lake")["create_mark"])
        for table in TABLES:
            every = _of("followed", "all", table)
            lake.over(_of("lake", "create", table), ledger.stream(every))
            lake.over(_of("lake", "append", table), ledger.stream(every))

    def _attached(self) -> Session:
        catalog = self.path / CATALOG
        if self._lake is not None and _stat(catalog, "st_ino") != self._inode:
            # It was taken away: what would be written went nowhere.
            self._let_go()
        if self._lake is None:
            self.path.mkdir(parents=True, exist_ok=True)
            shutil.rmtree(self.path / SPILL, ignore_errors=True)
            try:
                self._lake = Session(attach(self.path, memory_limit=self._memory_limit))
            except duckdb.Error as error:
                said = str(error).splitlines()[0]
                if "locked" in said or NO_ROOM in said or "Permission denied" in said:
                    raise
                # No reader can make sense of it, either.
                logger.warning("the lake %s cannot be read: %s", self.path, said)
                for suffix in ("", "-wal", "-shm"):
                    catalog.with_name(catalog.name + suffix).unlink(missing_ok=True)
                self._lake = Session(attach(self.path, memory_limit=self._memory_limit))
            self._inode = _stat(catalog, "st_ino")
        return self._lake


def _leads_to(held: Held, mark: Mark, ledger: Session) -> bool:
    """Is what the lake holds an earlier state of this ledger, from which all changes are known?"""
    same = (held.mark.ledger_id, held.mark.basis) == (mark.ledger_id, mark.basis)
    return same and balance(ledger, held.mark.seq) == held.balance


def _has_files(lake: Session) -> bool:
    sizes = dict(
        row
        for table in TABLES
        for row in lake.execute(queries("lake")["files"], table=table)
        if row[0] is not None
    )
    return all(_stat(Path(file), "st_size") == size for file, size in sizes.items())


def _set_mark(lake: Session, mark: Mark, now: Balance) -> None:
    sql = queries("lake")
    lake.execute(sql["forget_mark"])
    lake.execute(sql["set_mark"], **mark._asdict())
    lake.execute(sql["forget_contents"])
    rows = [(table, *held) for table, held in now.contents.items()]
    lake.over(sql["set_contents"], tables.table_of(rows, tables.CONTENTS))


@contextmanager
def _moment(ledger: duckdb.DuckDBPyConnection) -> Iterator[Session]:
    """All that is asked within is as of one moment."""
    ledger.execute("BEGIN")
    try:
        yield Session(ledger)
    finally:
        ledger.execute("ROLLBACK")


def _of(file: str, name: str, table: str) -> str:
    return queries(file)[name].replace("some_table", table)


def _stat(path: Path, what: str) -> int:
    try:
        return int(getattr(path.stat(), what))
    except FileNotFoundError:
        return 0
