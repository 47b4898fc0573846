"""Messages to publish: what a transaction adds to the outbox, and a publisher removes.

They are stored in packets: some thousands of them as one compressed Arrow stream. Most of their
content is the same in all of them, and each is written only to be removed soon.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

import duckdb
import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analytics.ledger import arrow
from analytics.queries import queries
from analytics.storage.database import Session

# How many bytes are published and removed at once; a single message may be larger.
MOST_IN_A_PACKET = 5_000
MOST_BYTES_IN_A_PACKET = 4 * 2**20
# How many bytes of messages are held in memory for the publisher.
MOST_BYTES_AT_HAND = 64 * 2**20
# How many are read from the table at once.
MOST_BYTES_AT_ONCE = 16 * 2**20
# DuckDB reads 2,048 rows at a time, and a checkpoint more: large values do not fit, pieces do.
PIECE = 16 * 1024

Headers = tuple[tuple[str, bytes], ...]
_COMPRESSED = pa.ipc.IpcWriteOptions(compression="lz4")
_headers = msgspec.msgpack.Decoder(Headers)


class OutboxMessage(NamedTuple):
    """A message to publish, in the order of `seq`."""

    seq: int
    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers


class Packet(NamedTuple):
    """Consecutive messages, `arrow.MESSAGES`; `size`: keys and values, in bytes."""

    first: int
    last: int
    size: int
    messages: pa.Table

    def after(self, seq: int) -> list[OutboxMessage]:
        """Those that follow this one."""
        passed = max(seq - self.first + 1, 0)
        seqs, topic, key, value, headers = self.messages.slice(passed).itercolumns()
        columns = (
            *(seqs.to_pylist(), _values(topic), _values(key), value.to_pylist()),
            map(_read_headers, _values(headers)),
        )
        return list(map(OutboxMessage._make, zip(*columns, strict=True)))


def _values(column: pa.ChunkedArray) -> Sequence[Any]:
    """The values of a column. Most messages have the same value, which is read once."""
    different: list[Any] = column.unique().to_pylist()
    return different * len(column) if len(different) == 1 else list(column.to_pylist())


@lru_cache(maxsize=64)
def _read_headers(packed: bytes) -> Headers:
    # Most messages share theirs: the publisher recognizes them by identity.
    return _headers.decode(packed)


def packets(messages: pa.Table) -> Iterator[Packet]:
    """Messages, in their order, as packets."""
    sizes = [pc.fill_null(pc.binary_length(messages[name]), 0) for name in ("key", "value")]
    # One more, so that a sum up to a row is a difference of two.
    sums = np.concatenate(([0], np.cumsum(pc.add(*sizes).to_numpy(), dtype=np.int64)))
    seqs = messages["seq"].to_numpy()
    at = 0
    while at < len(seqs):
        fits = int(np.searchsorted(sums, sums[at] + MOST_BYTES_IN_A_PACKET, "right")) - 1
        end = min(max(fits, at + 1), at + MOST_IN_A_PACKET, len(seqs))
        size = int(sums[end] - sums[at])
        yield Packet(int(seqs[at]), int(seqs[end - 1]), size, messages.slice(at, end - at))
        at = end


def _rows(packet: Packet) -> Iterator[tuple[Any, ...]]:
    """A packet as rows of the table."""
    first, last, size, messages = packet
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, messages.schema, options=_COMPRESSED) as stream:
        stream.write_table(messages)
    packed = sink.getvalue().to_pybytes()
    for piece, at in enumerate(range(0, len(packed), PIECE)):
        yield first, last, piece, packed[at : at + PIECE], size


def unpacked(rows: Iterable[Sequence[Any]]) -> Iterator[Packet]:
    """Packets of their rows, (first_seq, last_seq, bytes, packed), in order."""
    for (first, last, size), pieces in groupby(rows, key=itemgetter(0, 1, 2)):
        messages = pa.ipc.open_stream(b"".join([piece[-1] for piece in pieces])).read_all()
        # Messages of a packet that are already published are still in it.
        yield Packet(first, last, size, messages.slice(len(messages) - (last - first + 1)))


class Outgoing:
    """The messages of one transaction; `packets` are all of them, or none if they are too large."""

    def __init__(self, last: int) -> None:
        self.last = last
        self.packets: list[Packet] = []
        self.size = 0
        self._rows: list[tuple[Any, ...]] = []

    def number(self, count: int = 1) -> int:
        """Reserve consecutive numbers for this many messages; returns the first."""
        first = self.last + 1
        self.last += count
        return first

    def put(self, message: OutboxMessage) -> None:
        """Add a message, to be written with the next `flush`."""
        self._rows.append((*message[:-1], msgspec.msgpack.encode(message.headers)))

    def flush(self, database: Session, verdicts: pa.Table | None) -> None:
        """Write what was added, and `verdicts`, the result of `messages`."""
        parts = []
        if self._rows:
            parts.append(arrow.table_of(self._rows, arrow.MESSAGES))
            self._rows = []
        if verdicts is not None:
            parts.append(verdicts)
        if not parts:
            return
        # Those of verdicts are unordered, and the others may be between them.
        found = list(packets(pa.concat_tables(parts).sort_by("seq").combine_chunks()))
        rows = (row for packet in found for row in _rows(packet))
        database.over(queries("writing")["outbox"], arrow.table_of(rows, arrow.OUTBOX))
        self.packets += found
        self.size += sum(packet.size for packet in found)
        if self.size > MOST_BYTES_AT_HAND:
            self.packets.clear()


class Outbox:
    """The messages that are committed and not yet published.

    On a connection of its own: they are removed while the ledger judges and writes what follows.
    One thread at a time may publish, and one commit.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, last: int) -> None:
        self._session = Session(connection)
        self._lock = threading.Lock()
        # The oldest remaining ones, without a gap; later ones are in the table only.
        self._at_hand: deque[Packet] = deque()
        self._size = 0
        # The numbers of the last committed and the last published message.
        self._last = self._published = last
        if left := self._read():
            self._published = left[0].first - 1

    def pending(self, limit: int) -> list[OutboxMessage]:
        """The oldest messages that are not known to be published, at most `limit`.

        Fewer if they are large: one at least, and not many more than 16 MiB.
        """
        with self._lock:
            if self._published == self._last:
                return []
            at_hand = list(self._at_hand)
        found: list[OutboxMessage] = []
        size = 0
        for packet in at_hand or self._read():
            size += packet.size
            if found and (len(found) + len(packet.messages) > limit or size > MOST_BYTES_AT_ONCE):
                break
            found += packet.after(self._published)
        return found[:limit]

    def _read(self) -> list[Packet]:
        """Read the oldest packets from the table: none are in memory."""
        sql = queries("reading")
        [(end,)] = self._session.execute(sql["end_of_pending"], most_bytes=MOST_BYTES_AT_ONCE)
        found = list(unpacked(self._session.execute(sql["pending_outbox"], up_to=end)))
        with self._lock:
            self._at_hand.extend(found)
            self._size += sum(packet.size for packet in found)
        return found

    def published(self, up_to_seq: int) -> None:
        """Forget the messages up to `up_to_seq`: they are published."""
        sql = queries("writing")
        self._session.execute(sql["published"], up_to=up_to_seq)
        with self._lock:
            self._published = up_to_seq
            while self._at_hand and self._at_hand[0].last <= up_to_seq:
                self._size -= self._at_hand.popleft().size
            in_part = bool(self._at_hand) and self._at_hand[0].first <= up_to_seq
        if in_part:
            self._session.execute(sql["published_in_part"], up_to=up_to_seq)

    def committed(self, outgoing: Outgoing) -> None:
        """Its messages are in the table now: hold them, if they are few enough and consecutive."""
        found = outgoing.packets
        with self._lock:
            end = self._at_hand[-1].last if self._at_hand else self._published
            self._last = outgoing.last
            # Messages that are not held are read from the table once all held ones are published.
            follows_on = bool(found) and found[0].first == end + 1
            if follows_on and self._size + outgoing.size <= MOST_BYTES_AT_HAND:
                self._at_hand.extend(found)
                self._size += outgoing.size
