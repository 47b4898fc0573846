"""The only writer of the database: everything an event changes goes in with it, or none of it does.

One thread at a time may use a Ledger. No rules here: what is judged how comes from the fold.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby, islice
from operator import itemgetter
from pathlib import Path
from typing import Any, Self

import duckdb

from analytics.database import (
    LedgerDamaged,
    LedgerError,
    LedgerInUse,
    LedgerMissing,
    LedgerTooNew,
    Session,
    connect,
    migrate,
)
from analytics.keys import KeySet
from analytics.outgoing import MOST_AT_HAND, MOST_BYTES_AT_HAND, OutboxMessage, Outgoing
from analytics.queries import queries
from analytics.rows import ClaimKey, Release
from analytics.transaction import Known, Transaction

__all__ = [
    "Ledger",
    "LedgerDamaged",
    "LedgerError",
    "LedgerInUse",
    "LedgerMissing",
    "LedgerTooNew",
    "OutboxMessage",
    "Transaction",
]


MOST_BYTES_AT_ONCE = 16 * 2**20


class Ledger:
    """The database, open. `commits` counts what was committed since."""

    kind_of_transaction: type[Transaction] = Transaction

    def __init__(self, connection: duckdb.DuckDBPyConnection, path: Path) -> None:
        self.path = path
        self.commits = 0
        self._connection = connection
        self._session = Session(connection)
        self._sql = queries("reading")
        self._at_hand: deque[OutboxMessage] = deque()
        self._bytes_at_hand = 0
        self._published = 0
        self._known = Known(
            event_keys=self._keys("event_keys"),
            incident_keys=self._keys("incident_keys"),
            extents={conflict: (begins, ends) for conflict, begins, ends in self._rows("extents")},
            offsets={
                (log_id, partition): (next_offset, recorded_at)
                for log_id, partition, next_offset, recorded_at in self._rows("offsets")
            },
            last_outbox=self._rows("last_outbox")[0][0],
        )
        left = self.pending_outbox(1)
        self._published = left[0].seq - 1 if left else self._known.last_outbox

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

        LedgerError: LedgerInUse, LedgerTooNew, LedgerMissing (only to be read) or LedgerDamaged.
        """
        connection = connect(path, read_only=read_only, memory_limit=memory_limit, threads=threads)
        try:
            if not read_only:
                migrate(connection, path)
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

    def offsets(self, log_id: str) -> dict[int, int]:
        """For each partition of the log, the first offset that is not in the ledger."""
        return {
            partition: next_offset
            for (log, partition), (next_offset, _) in self._known.offsets.items()
            if log == log_id
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
            return offsets[log_id, partition][1]
        return max((at for (log, _), (_, at) in offsets.items() if log != log_id), default=0)

    def pending_outbox(self, limit: int = 1_000) -> list[OutboxMessage]:
        """The oldest messages that are not known to be published, at most `limit`.

        Fewer if they are large: one at least, and not many more than 16 MiB.
        """
        if self._at_hand and self._at_hand[0].seq == self._published + 1:
            return list(islice(self._at_hand, limit))
        [(end,)] = self._rows("end_of_pending", most=limit, most_bytes=MOST_BYTES_AT_ONCE)
        rows = self._rows("pending_outbox", up_to=end)
        return [_whole(list(pieces)) for _, pieces in groupby(rows, key=itemgetter(0))]

    def published(self, up_to_seq: int) -> None:
        """Forget the messages up to `up_to_seq`: they are published."""
        self._connection.execute(queries("writing")["published"], {"up_to": up_to_seq})
        self._published = up_to_seq
        while self._at_hand and self._at_hand[0].seq <= up_to_seq:
            done = self._at_hand.popleft()
            self._bytes_at_hand -= done.size

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """All that is done within is committed at the end, or none of it if anything is raised."""
        self._connection.execute("BEGIN")
        try:
            transaction = self.kind_of_transaction(self._session, self._known)
            yield transaction
            transaction.finish()
            self._connection.execute("COMMIT")
        except BaseException:
            self._roll_back()
            raise
        known = self._known
        self._keep_at_hand(transaction.outgoing, transaction.outgoing.last - known.last_outbox)
        known.extents = transaction.extents
        known.offsets.update(transaction.advanced)
        known.last_outbox = transaction.outgoing.last
        known.event_keys.update(transaction.new_events)
        known.incident_keys.update(transaction.new_incidents)
        self.commits += 1

    def _keep_at_hand(self, outgoing: Outgoing, count: int) -> None:
        messages, size = outgoing.at_hand, outgoing.bytes
        too_many = len(self._at_hand) + count > MOST_AT_HAND
        if too_many or self._bytes_at_hand + size > MOST_BYTES_AT_HAND:
            # The table has them: they are read from there until what is at hand follows on.
            self._at_hand.clear()
            self._bytes_at_hand = 0
        if len(messages) == count:
            self._at_hand.extend(messages)
            self._bytes_at_hand += size

    def _roll_back(self) -> None:
        try:
            self._connection.execute("ROLLBACK")
        except duckdb.Error:
            # A COMMIT that failed has ended the transaction already: the first error is the one.
            return

    def _rows(self, name: str, **values: object) -> list[tuple[Any, ...]]:
        return self._session.execute(self._sql[name], **values)

    def _keys(self, name: str) -> KeySet:
        keys = KeySet()
        for batch in self._connection.execute(self._sql[name]).to_arrow_reader(100_000):
            keys.update(batch.column(0).to_pylist())
        return keys


def _whole(pieces: list[tuple[Any, ...]]) -> OutboxMessage:
    seq, topic, _, _, headers = pieces[0]
    keys, values = ([p[column] for p in pieces if p[column] is not None] for column in (2, 3))
    return OutboxMessage(
        seq,
        topic,
        b"".join(keys) if keys else None,
        b"".join(values) if values else None,
        tuple((h["name"], bytes(h["value"])) for h in headers),
    )
