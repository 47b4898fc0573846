"""Keeps a lake up to date with its ledger: each update is one transaction, mark included.

The ledger is the authority. Where the changes since the lake's mark are not known, the lake is
replaced from the ledger as a whole, in one transaction, so that readers see either the previous
contents or the new ones.
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pyarrow as pa

from analytics.lake.mark import LakeMark
from analytics.lake.notifications import LakeNotifications
from analytics.lake.parts import CONFLICTS
from analytics.lake.writer import GROWING, RECORDS, TABLES, Held, LakeWriteError, Step, WritesLake
from analytics.ledger.contents import Balance, balance, last_balance
from analytics.queries import of_table, queries
from analytics.storage.database import Session

__all__ = ["Keeper", "LakeMark", "LakeWriteError"]

logger = logging.getLogger("analytics")

SECONDS_BETWEEN_MARKS = 30.0
"""How often one of several workers says that it lacks nothing: a reader can only ask its own."""


class Keeper:
    """Has `lake` write what is new in the ledger; `ledger` is a connection for this use alone.

    One thread at a time. Readers may need a snapshot for `keep_seconds` after it was superseded.
    """

    def __init__(
        self, lake: WritesLake, ledger: duckdb.DuckDBPyConnection, *, keep_seconds: float = 600.0
    ) -> None:
        self._lake = lake
        self._ledger = ledger
        self._keep_seconds = keep_seconds
        # While updates succeed, nobody else changes the lake.
        self._held: Held | None = None
        self._abandoned = False

    @property
    def path(self) -> Path:
        """Where the lake is."""
        return self._lake.path

    def update(self, *, anew: bool = False) -> LakeMark:
        """Bring the lake up to date; `anew`: recreate it. Raises LakeWriteError."""
        self._abandoned = False
        if self._held is not None:
            # It may have been deleted, or its writer may have ended: then its mark is read again.
            try:
                return self._update(anew=anew)
            except LakeWriteError:
                if self._abandoned:
                    raise
        return self._update(anew=anew)

    def _update(self, *, anew: bool) -> LakeMark:
        held, self._held = self._held, None
        try:
            with _moment(self._ledger) as ledger:
                self._held = self._follow(ledger, held, anew=anew)
        except duckdb.Error as error:
            # Such as a disk that filled up under the ledger, which then says so itself.
            msg = f"the lake is not up to date, since the ledger cannot be read: {error}"
            raise LakeWriteError(msg) from error
        # The changes up to the mark are no longer needed.
        # It can wait: if the ledger cannot be written to, its own next commit says so.
        with contextlib.suppress(duckdb.Error):
            self._held.balance.forget_older(Session(self._ledger))
        return self._held.mark

    def maintain(self, keep_seconds: float | None = None) -> None:
        """Compact small files, and delete what no reader can need. Raises LakeWriteError."""
        try:
            self._lake.maintain(self._keep_seconds if keep_seconds is None else keep_seconds)
        except BaseException:
            self._held = None
            raise

    def abandon(self) -> None:
        """Abort an update that takes too long. For any thread."""
        self._abandoned = True
        self._lake.abandon()

    def close(self) -> None:
        """Close both."""
        self._lake.close()
        self._ledger.close()

    def _follow(self, ledger: Session, held: Held | None, *, anew: bool) -> Held:
        now = last_balance(ledger)
        [(ledger_id, basis)] = ledger.execute(queries("contents")["identity"])
        mark = LakeMark(now.seq, time.time_ns() // 1_000, ledger_id, basis)
        held = held or self._lake.held()
        if held is None or anew or not self._leads_to(held, mark, ledger):
            notices = LakeNotifications.of(ledger, "followed")
            self._lake.write(_all(ledger, several=bool(self._lake.worker)), mark, now)
            return Held(mark, now, notices)
        notices = held.notices.since(ledger)
        if (mark.seq, notices) == (held.mark.seq, held.notices) and not self._is_due(held, mark):
            return held
        steps = _new(ledger, held, now, notices, several=bool(self._lake.worker))
        self._lake.write(steps, mark, now)
        return Held(mark, now, notices.still_changing())

    def _is_due(self, held: Held, mark: LakeMark) -> bool:
        seconds = (mark.marked_at - held.mark.marked_at) / 1_000_000
        return bool(self._lake.worker) and seconds > SECONDS_BETWEEN_MARKS

    def _leads_to(self, held: Held, mark: LakeMark, ledger: Session) -> bool:
        """Does the lake hold an earlier state of this ledger, with all changes since then known?"""
        same = (held.mark.ledger_id, held.mark.basis) == (mark.ledger_id, mark.basis)
        if same and balance(ledger, held.mark.seq) == held.balance:
            return True
        # After a rebuild this is expected, and no reason for a warning.
        level = logging.WARNING if held.mark.ledger_id == mark.ledger_id else logging.INFO
        said = "the lake %s has what this ledger has not: it is given all again"
        logger.log(level, said, self._lake.path)
        return False


def _all(ledger: Session, *, several: bool) -> Iterator[Step]:
    """The steps that replace all contents of a lake, or of this worker's part of it."""
    for table in (*TABLES, *RECORDS, *([CONFLICTS] if several else [])):
        yield Step("drop", table)
    for name in ("create_mark", "create_contents"):
        yield Step(name)
    for table in TABLES:
        yield Step("create", table, ledger.table(_of("none", table)))
        yield Step("append", table, ledger.stream(_of("all", table)))
    if several:
        yield Step("create", CONFLICTS, _conflict_partitions(ledger, known=0))


def _new(
    ledger: Session, held: Held, now: Balance, notices: LakeNotifications, *, several: bool
) -> Iterator[Step]:
    """The steps that add what is new in the ledger since the lake was updated."""
    known = held.balance
    found = ledger.execute(queries("followed")["any_changed"], seq=known.seq)
    changed = {table for (table,) in found}
    for table in GROWING:
        before = known.contents[table].row_count
        if table in changed:
            rows = ledger.stream(_of("changed", table), known=before, seq=known.seq)
            yield Step(f"change_{table}", table, rows)
        if now.contents[table].row_count > before:
            yield Step("append", table, ledger.stream(_of("new", table), known=before))
            if several and table == "accepted":
                rows = _conflict_partitions(ledger, known=before)
                yield Step("add_conflict_partitions", "", rows)
    if now.contents["log_offsets"] != known.contents["log_offsets"]:
        yield Step("empty", "log_offsets")
        yield Step("append", "log_offsets", ledger.table(_of("all", "log_offsets")))
    if notices.targets != held.notices.targets:
        yield Step("empty", "notice_targets")
        yield Step("append", "notice_targets", notices.targets)
    for had, has in zip(held.notices.numbered(), notices.numbered(), strict=True):
        if has.changing != had.changing:
            numbers = had.changing.select([had.number])
            yield Step(f"forget_{had.table}", had.table, numbers)
            yield Step("append", has.table, has.changing)


def _conflict_partitions(ledger: Session, *, known: int) -> pa.Table:
    """In which partition each conflict is of which there are events after so many."""
    return ledger.table(queries("followed")[CONFLICTS], known=known)


@contextmanager
def _moment(ledger: duckdb.DuckDBPyConnection) -> Iterator[Session]:
    """All queries in the block see one snapshot."""
    ledger.execute("BEGIN")
    try:
        yield Session(ledger)
    finally:
        ledger.execute("ROLLBACK")


def _of(name: str, table: str) -> str:
    return of_table("followed", name, table)
