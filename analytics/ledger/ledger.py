"""The only writer of the database: an event is committed with everything it changes, or not at all.

One thread at a time may judge, one commit and one publish. No rules here: judgements come from the
fold.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import duckdb

from analytics.ledger.contents import last_balance, settle_basis
from analytics.ledger.keys import KeySet
from analytics.ledger.outbox import Outbox, OutboxMessage
from analytics.ledger.rows import ClaimKey, Reached, Release
from analytics.ledger.transaction import Known, Transaction
from analytics.provenance import last_provenance
from analytics.queries import queries
from analytics.storage import mark
from analytics.storage.database import (
    SPILL_LIMIT,
    Session,
    Turn,
    compact,
    connect,
    explain,
    migrate,
)
from analytics.storage.failing import is_damage
from analytics.storage.failures import (
    LedgerBehind,
    LedgerDamaged,
    LedgerError,
    LedgerForbidden,
    LedgerInUse,
    LedgerMissing,
    LedgerOutdated,
    LedgerTooNew,
)
from analytics.storage.open_files import OpenFiles
from analytics.storage.place import of_the_system

__all__ = [
    "Ledger",
    "LedgerDamaged",
    "LedgerError",
    "LedgerInUse",
    "LedgerMissing",
    "LedgerOutdated",
    "LedgerTooNew",
    "OutboxMessage",
    "Transaction",
]

logger = logging.getLogger("analytics")


class Ledger:
    """The open database. `commits` counts the commits since it was opened."""

    kind_of_transaction: type[Transaction] = Transaction

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        path: Path,
        *,
        is_marked: bool = False,
    ) -> None:
        self.path = path
        self.commits = 0
        self._connection = connection
        self._session = Session(connection)
        self._sql = queries("reading")
        self.balance = last_balance(self._session)
        self._known = Known(
            event_keys=self._keys("event_keys"),
            incident_keys=self._keys("incident_keys"),
            extents={conflict: (begins, ends) for conflict, begins, ends in self._rows("extents")},
            offsets=offsets_of(self._session),
            last_outbox=self._rows("last_outbox")[0][0],
            judged_by=last_provenance(self._session),
        )
        self._latest: dict[str, int] = dict(self._rows("latest"))
        self._outbox = Outbox(connection.cursor(), self._known.last_outbox)
        self._last_turn: Turn | None = None
        self._mark = mark.LedgerMark(path, self._known.offsets) if is_marked else None
        self._files = OpenFiles(path)
        self.saved: Path | None = None

    @classmethod
    def open(  # noqa: PLR0913 - each has its default
        cls,
        path: Path,
        *,
        read_only: bool = False,
        memory_limit: str = "400MB",
        threads: int = 1,
        spill: str = SPILL_LIMIT,
        is_marked: bool = True,
        kafka: bool | None = None,
        accepts: int | None = None,
    ) -> Self:
        """Open the database at `path`, created or migrated if necessary.

        `is_marked`: its mark is compared, and written from now on (unless opened read-only).
        `kafka`: whether a Kafka has its log; None: not known. `accepts`: that the records up to
        this mark are lost is known.

        Raises any LedgerError but LedgerVanished.
        """
        marked = marked_of(path) if is_marked else None
        if is_marked:
            mark.check_there(path, marked, kafka=kafka, accepts=accepts)
        how: dict[str, Any] = {"memory_limit": memory_limit, "threads": threads, "spill": spill}
        connection = connect(path, read_only=read_only, kafka=kafka, **how)
        try:
            if marked is not None:
                check_mark(connection, path, marked, kafka=kafka, accepts=accepts)
            if not read_only:
                migrate(connection, path, kafka)
                settle_basis(Session(connection))
                try:
                    compact(connection)
                except duckdb.Error as error:
                    if is_damage(error):
                        raise
                    # Compaction can wait, and a failed checkpoint may have ended the connection.
                    said = str(error).splitlines()[0]
                    logger.warning("the pieces of %s are not put together: %s", path, said)
                    connection.close()
                    connection = connect(path, kafka=kafka, **how)
            ledger = cls(connection, path, is_marked=is_marked and not read_only)
        except BaseException as error:
            connection.close()
            if isinstance(error, duckdb.Error):
                raise explain(path, error, kafka) from error
            if isinstance(error, OSError):
                raise of_the_system(path, str(error)) or error from error
            raise
        if is_marked and marked is None and not read_only:
            ledger.warn_unmarked()
        return ledger

    def close(self) -> None:
        """Close the file; what was committed is in it, or in `saved` if the file is gone."""
        if self._mark is not None:
            self.saved = self._files.saved(self._connection)
            self._mark.close()
        self._connection.close()
        self._files.wal.close()

    def look(self) -> None:
        """Check that its files still exist. Call about once a second, from any thread.

        Raises LedgerVanished, and OSError if the mark cannot be flushed to disk.
        """
        self._files.check()
        if self._mark is not None:
            self._mark.sync()

    def warn_unmarked(self) -> None:
        """Warn, unless it is new, that without a mark a loss of records would go unnoticed."""
        offsets = self._known.offsets
        if mark.records_of(offsets):
            logger.warning(
                "%s has no mark that can be read, so nothing tells whether it is whole: it is "
                "taken as it is, with %s",
                *(self.path, mark.words_of(offsets)),
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """Another connection to the same database, for another thread. The caller closes it."""
        return self._connection.cursor()

    def claims(self) -> Iterator[str]:
        """The events of the standing claims and denials, each in its JSON text."""
        return (payload for (payload,) in self._rows("claims"))

    def releases(self) -> Iterator[tuple[ClaimKey, Release]]:
        """The violations of the standing reciprocal claims, disregarding conditions."""
        for conflict, commitment, claim, incident, parties, start, until in self._rows("releases"):
            yield (conflict, commitment, claim), Release(incident, frozenset(parties), start, until)

    def reached(self, log_id: str) -> dict[int, Reached]:
        """How far each partition of the log has been ingested."""
        return {
            partition: reached
            for (log, partition), reached in self._known.offsets.items()
            if log == log_id
        }

    def offsets(self, log_id: str) -> dict[int, int]:
        """For each partition of the log, the first offset that is not in the ledger."""
        return {
            partition: reached.next_offset for partition, reached in self.reached(log_id).items()
        }

    def logs(self) -> list[str]:
        """The ids of the logs that the ledger has ingested records of."""
        return sorted({log_id for log_id, _ in self._known.offsets})

    def clock(self, log_id: str, partition: int) -> int:
        """The last recorded time of the partition, in us since 1970; 0 before the first.

        Where a log continues an earlier one, as each embedded broker's does, so does its time.
        """
        offsets = self._known.offsets
        if (log_id, partition) in offsets:
            return offsets[log_id, partition].recorded_at
        others = [one.recorded_at for (log, _), one in offsets.items() if log != log_id]
        # What was judged beyond an offset, before that log ended, came later.
        others += [latest for log, latest in self._latest.items() if log != log_id]
        return max(others, default=0)

    def pending_outbox(self, limit: int = 1_000) -> list[OutboxMessage]:
        """The oldest messages that are not known to be published; see `Outbox.pending`."""
        return self._outbox.pending(limit)

    def published(self, up_to_seq: int) -> None:
        """Forget the messages up to `up_to_seq`: they are published."""
        self._outbox.published(up_to_seq)

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Commit the block at its end, or roll all of it back if anything is raised."""
        with self.judging() as transaction:
            yield transaction
        self.commit(transaction)

    @contextmanager
    def judging(self) -> Iterator[Transaction]:
        """The block is committed later, by `commit`; the transactions after it build on it.

        Another thread may commit it while later ones are judged. If that fails, none of the later
        ones can be committed, either: the ledger must be reopened.
        """
        turn = Turn(self._connection, self._last_turn)
        transaction = self.kind_of_transaction(turn, self._known)
        try:
            yield transaction
            self._known.take(transaction)
        except BaseException as error:
            turn.give_up(error)
            raise
        self._last_turn = turn

    def commit(self, transaction: Transaction) -> None:
        """Write and commit a judged transaction, after all that were judged before it."""
        turn = transaction.turn
        try:
            self._files.wal.check()  # what was acknowledged is there, before more is
            # The next transaction may be written as soon as this one is committed.
            self.balance = transaction.finish(self.balance)
            turn.commit()
        except BaseException as error:
            turn.give_up(error)
            raise
        self._files.wal.note()
        if self._mark is not None:
            self._mark.advance(transaction.advanced)
        self._outbox.committed(transaction.outgoing)
        self.commits += 1

    def _rows(self, name: str, **values: object) -> list[tuple[Any, ...]]:
        return self._session.execute(self._sql[name], **values)

    def _keys(self, name: str) -> KeySet:
        keys = KeySet()
        for batch in self._connection.execute(self._sql[name]).to_arrow_reader(100_000):
            keys.update(batch.column(0).to_numpy())
        return keys


def offsets_of(session: Session) -> dict[tuple[str, int], Reached]:
    """How far each partition of each log is in a database."""
    return {
        (log_id, partition): Reached(next_offset, recorded_at)
        for log_id, partition, next_offset, recorded_at in session.execute(
            queries("reading")["offsets"]
        )
    }


def marked_of(path: Path) -> mark.Marked | None:
    """The mark of the database at `path`. Raises a LedgerError."""
    try:
        return mark.read_mark(path)
    except PermissionError as error:
        raise LedgerForbidden(mark.mark_of(path), "read") from error
    except OSError as error:
        raise of_the_system(mark.mark_of(path), str(error)) or error from error


def check_mark(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    marked: mark.Marked,
    *,
    kafka: bool | None,
    accepts: int | None,
) -> None:
    """Compare with the mark before anything is changed. Raises LedgerBehind."""
    session, sql = Session(connection), queries("reading")
    offsets = offsets_of(session) if session.execute(sql["has_offsets"]) == [(1,)] else {}
    try:
        mark.check(path, marked, offsets, kafka=kafka, accepts=accepts)
    except LedgerBehind:
        # The remaining WAL stays as it is: it may help to repair the database.
        session.execute(sql["keep_wal"])
        raise
