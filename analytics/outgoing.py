"""Messages to publish: what a transaction adds to the outbox, and what a publisher takes out."""

from __future__ import annotations

import threading
from collections import deque
from itertools import groupby, islice, repeat, zip_longest
from operator import itemgetter
from typing import Any, NamedTuple

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from analytics import tables
from analytics.database import Session
from analytics.queries import queries
from schemas.wire import CONTENT_TYPE_EVENT, headers

# How many messages, of how many bytes, are held in memory for whoever publishes them.
MOST_AT_HAND = 50_000
MOST_BYTES_AT_HAND = 64 * 2**20
MOST_BYTES_AT_ONCE = 16 * 2**20
# DuckDB reads 2,048 rows at a time, and a checkpoint more: large values do not fit, pieces do.
PIECE = 16 * 1024

Headers = tuple[tuple[str, bytes], ...]
VERDICT_HEADERS: Headers = headers(CONTENT_TYPE_EVENT)


class OutboxMessage(NamedTuple):
    """A message to publish; `seq` says in which order."""

    seq: int
    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers

    @property
    def size(self) -> int:
        """Its key and its value, in bytes."""
        return len(self.key or b"") + len(self.value or b"")


class Outgoing:
    """The messages of one transaction; `at_hand` are all of them, or none if they are too many."""

    def __init__(self, last: int) -> None:
        self.first, self.last = last + 1, last
        self._at_hand: list[OutboxMessage] = []
        self._count = self.bytes = 0
        self._rows: list[tuple[Any, ...]] = []

    def number(self) -> int:
        """The number of the next message."""
        self.last += 1
        return self.last

    def put(self, message: OutboxMessage) -> None:
        """Take a message, to be written with the next `flush`."""
        named = [{"name": name, "value": content} for name, content in message.headers]
        pieces = zip_longest(_pieces(message.key), _pieces(message.value))
        for piece, (key, value) in enumerate(pieces):
            row = (message.seq, message.topic, piece, key, value, named, message.size)
            self._rows.append(row)
        if self._has_room(1, message.size):
            self._at_hand.append(message)

    def flush(self, database: Session) -> None:
        """Write what was put in."""
        if self._rows:
            rows = tables.table_of(self._rows, tables.OUTBOX)
            database.over(queries("writing")["outbox"], rows)
            self._rows = []

    def tell(self, database: Session, verdicts: pa.Table) -> None:
        """Write the messages of verdicts, as `messages` of `writing.sql` gives them."""
        sizes = pc.binary_length(verdicts["value"])
        large = pc.greater(sizes, PIECE)
        if pc.any(large).as_py():
            for row in verdicts.filter(large).to_pylist():
                self.put(OutboxMessage(**row, headers=VERDICT_HEADERS))
            verdicts, sizes = (of.filter(pc.invert(large)) for of in (verdicts, sizes))
        name, value = VERDICT_HEADERS[0]
        database.over(queries("writing")["messages_to_outbox"], verdicts, name=name, value=value)
        if self._has_room(len(verdicts), pc.sum(sizes).as_py() or 0):
            columns = (column.to_pylist() for column in verdicts.itercolumns())
            rows = zip(*columns, repeat(VERDICT_HEADERS), strict=False)
            self._at_hand += map(OutboxMessage._make, rows)

    def _has_room(self, count: int, size: int) -> bool:
        self._count += count
        self.bytes += size
        if self._count > MOST_AT_HAND or self.bytes > MOST_BYTES_AT_HAND:
            self._at_hand.clear()
            return False
        return True

    @property
    def at_hand(self) -> list[OutboxMessage]:
        """The messages in their order, if they are few enough to be held."""
        return sorted(self._at_hand)


def _pieces(value: bytes | None) -> list[bytes | None]:
    if value is None or len(value) <= PIECE:
        return [value]
    return [value[at : at + PIECE] for at in range(0, len(value), PIECE)]


class Outbox:
    """The messages that are committed and not yet published.

    On a connection of its own: they are taken out while the ledger judges and writes what follows.
    One thread at a time may publish, and one commit.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, last: int) -> None:
        self._connection = connection
        self._session = Session(connection)
        self._at_hand: deque[OutboxMessage] = deque()
        self._bytes_at_hand = 0
        self._lock = threading.Lock()
        self._published = 0
        # The last that is committed.
        self._last = last
        left = self.pending(1)
        self._published = left[0].seq - 1 if left else last

    def pending(self, limit: int) -> list[OutboxMessage]:
        """The oldest messages that are not known to be published, at most `limit`.

        Fewer if they are large: one at least, and not many more than 16 MiB.
        """
        with self._lock:
            if self._at_hand and self._at_hand[0].seq == self._published + 1:
                return list(islice(self._at_hand, limit))
            if self._published == self._last:
                return []
        sql = queries("reading")
        [(end,)] = self._session.execute(
            sql["end_of_pending"], most=limit, most_bytes=MOST_BYTES_AT_ONCE
        )
        rows = self._session.execute(sql["pending_outbox"], up_to=end)
        return [_whole(list(pieces)) for _, pieces in groupby(rows, key=itemgetter(0))]

    def published(self, up_to_seq: int) -> None:
        """Forget the messages up to `up_to_seq`: they are published."""
        self._connection.execute(queries("writing")["published"], {"up_to": up_to_seq})
        with self._lock:
            self._published = up_to_seq
            while self._at_hand and self._at_hand[0].seq <= up_to_seq:
                self._bytes_at_hand -= self._at_hand.popleft().size

    def committed(self, outgoing: Outgoing, count: int) -> None:
        """So many messages are in the table now: hold them, if they are few enough."""
        messages, size = outgoing.at_hand, outgoing.bytes
        with self._lock:
            self._last = outgoing.last
            too_many = len(self._at_hand) + count > MOST_AT_HAND
            if too_many or self._bytes_at_hand + size > MOST_BYTES_AT_HAND:
                # They are read from the table until what is at hand follows on.
                self._at_hand.clear()
                self._bytes_at_hand = 0
            # Some may have been read from the table already, and be published.
            if len(messages) == count and messages and messages[0].seq > self._published:
                self._at_hand.extend(messages)
                self._bytes_at_hand += size


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
