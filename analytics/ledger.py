"""The only writer of the database: everything an event changes goes in with it, or none of it does.

One thread at a time may judge, one commit and one publish. No rules here: what is judged how comes
from the fold.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import duckdb

from analytics.contents import last_balance, settle_basis
from analytics.database import (
    LedgerDamaged,
    LedgerError,
    LedgerInUse,
    LedgerMissing,
    LedgerOutdated,
    LedgerTooNew,
    Session,
    Turn,
    connect,
    migrate,
    tidy,
)
from analytics.keys import KeySet
from analytics.outgoing import Outbox, OutboxMessage, pack_anew
from analytics.queries import queries
from analytics.rows import ClaimKey, Reached, Release
from analytics.transaction import Known, Transaction

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

# What no SQL can do: see `schema/005_packets.sql`.
AFTER_CHANGES = {5: pack_anew}


class Ledger:
    """The database, open. `commits` counts what was committed since."""

    kind_of_transaction: type[Transaction] = Transaction

    def __init__(self, connection: duckdb.DuckDBPyConnection, path: Path) -> None:
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
            offsets={
                (log_id, partition): Reached(next_offset, recorded_at)
                for log_id, partition, next_offset, recorded_at in self._rows("offsets")
            },
            last_outbox=self._rows("last_outbox")[0][0],
        )
        self._outbox = Outbox(connection.cursor(), self._known.last_outbox)
        self._last_turn: Turn | None = None

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        read_only: bool = False,
        memory_limit: str = "400MB",
        threads: int = 1,
    ) -> Self:
        """Open the database at `path`, made or brought up to date if need be.

        LedgerError: LedgerInUse, LedgerTooNew, LedgerOutdated, LedgerFull, LedgerDamaged, or
        LedgerMissing (only to be read).
        """
        connection = connect(path, read_only=read_only, memory_limit=memory_limit, threads=threads)
        try:
            if not read_only:
                migrate(connection, path, AFTER_CHANGES)
                settle_basis(Session(connection))
                try:
                    tidy(connection)
                except duckdb.Error as error:
                    # It can wait, and a checkpoint that failed may have ended the connection.
                    logger.warning("the pieces of %s are not put together: %s", path, error)
                    connection.close()
                    connection = connect(path, memory_limit=memory_limit, threads=threads)
            return cls(connection, path)
        except BaseException:
            connection.close()
            raise

    def close(self) -> None:
        """Let go of the file; what was committed is in it."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """Another connection to the same database, for another thread. Whoever asks closes it."""
        return self._connection.cursor()

    def claims(self) -> Iterator[str]:
        """The events of the standing claims and denials, each in its JSON text."""
        return (payload for (payload,) in self._rows("claims"))

    def releases(self) -> Iterator[tuple[ClaimKey, Release]]:
        """The violations, conditions left aside, of the standing reciprocal claims."""
        for conflict, commitment, claim, incident, parties, start, until in self._rows("releases"):
            yield (conflict, commitment, claim), Release(incident, frozenset(parties), start, until)

    def reached(self, log_id: str) -> dict[int, Reached]:
        """How far each partition of the log was taken in."""
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
        """The ids of the logs that the ledger has taken records of."""
        return sorted({log_id for log_id, _ in self._known.offsets})

    def clock(self, log_id: str, partition: int) -> int:
        """The last recorded time of the partition, in us since 1970; 0 before the first.

        Where a log goes on from an earlier one, as each embedded broker's does, so does its time.
        """
        offsets = self._known.offsets
        if (log_id, partition) in offsets:
            return offsets[log_id, partition].recorded_at
        others = (one.recorded_at for (log, _), one in offsets.items() if log != log_id)
        return max(others, default=0)

    def pending_outbox(self, limit: int = 1_000) -> list[OutboxMessage]:
        """The oldest messages that are not known to be published; see `Outbox.pending`."""
        return self._outbox.pending(limit)

    def published(self, up_to_seq: int) -> None:
        """Forget the messages up to `up_to_seq`: they are published."""
        self._outbox.published(up_to_seq)

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """All that is done within is committed at the end, or none of it if anything is raised."""
        with self.judging() as transaction:
            yield transaction
        self.commit(transaction)

    @contextmanager
    def judging(self) -> Iterator[Transaction]:
        """What is done within is still to be committed, by `commit`; what follows builds on it.

        Another thread may commit it while what follows is judged. Once that has failed, nothing
        that followed can be committed, either: the ledger must be opened anew.
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
        """Write and commit what was judged, after all that was judged before."""
        turn = transaction.turn
        try:
            # What is judged next may be written as soon as this is committed.
            self.balance = transaction.finish(self.balance)
            turn.commit()
        except BaseException as error:
            turn.give_up(error)
            raise
        self._outbox.committed(transaction.outgoing)
        self.commits += 1

    def _rows(self, name: str, **values: object) -> list[tuple[Any, ...]]:
        return self._session.execute(self._sql[name], **values)

    def _keys(self, name: str) -> KeySet:
        keys = KeySet()
        for batch in self._connection.execute(self._sql[name]).to_arrow_reader(100_000):
            keys.update(batch.column(0).to_numpy())
        return keys
