"""Records of the log to what is judged and written of them. Pure: any process may do it.

What is found in a batch is plain values and columns, cheap to hand from one process to another.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple

import msgspec

from analytics.columns import About, Columns, Rows
from analytics.rows import EventKey
from schemas.wire import Accepted, Rejected, decode
from streams.fold import OfClaim, OfReport, effect_of, event_key


class RawRecord(NamedTuple):
    """A record of the log as the broker gave it; `timestamp_ms` is its append time."""

    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()

    @property
    def content_type(self) -> str | None:
        """The record's declared content type, if it has one that can be read."""
        for name, value in self.headers:
            if name.lower() == "content-type":
                return value.decode("latin-1")
        return None


class KeptEvent(NamedTuple):
    """An accepted event as a database keeps it: its place in its record, and its JSON text."""

    batch_index: int
    conflict: str
    payload: str


class KeptRecord(NamedTuple):
    """What a database keeps of a record: the events of it that were accepted, in their order."""

    partition: int
    offset: int
    timestamp_ms: int
    events: list[KeptEvent]


class Decoded(NamedTuple):
    """Where a record stands, and what was found in it."""

    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None
    found: list[Accepted | Rejected]


class ReportEntry(NamedTuple):
    """An accepted event about a report: its key (its names, and as a number), and what it means.

    `row` is its place in the columns.
    """

    names: EventKey
    key: int
    type: str
    batch_index: int
    row: int
    effect: OfReport
    about: About


class ClaimEntry(NamedTuple):
    """An accepted event about a claim: the same, without a report."""

    names: EventKey
    key: int
    type: str
    batch_index: int
    row: int
    effect: OfClaim


Found = ReportEntry | ClaimEntry | Rejected


class Record(NamedTuple):
    """What is left of a record once it was read."""

    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None
    found: list[Found]


class Reading(NamedTuple):
    """What was read together: records in the order of the log, and the rows of their events."""

    records: list[Record]
    columns: Columns


def read(records: Iterable[RawRecord]) -> Reading:
    """Read records of the log. Nothing that is in them can raise here."""
    return _reading_of(map(_decoded, records))


def _decoded(record: RawRecord) -> Decoded:
    partition, offset, timestamp_ms, key, value, _ = record
    return Decoded(partition, offset, timestamp_ms, key, decode(value, key, record.content_type))


def read_kept(records: Iterable[KeptRecord]) -> Reading:
    """Read again what was accepted before."""
    return _reading_of(map(_accepted, records))


def _accepted(record: KeptRecord) -> Decoded:
    partition, offset, timestamp_ms, events = record
    return Decoded(partition, offset, timestamp_ms, None, [_kept(*event) for event in events])


def _kept(index: int, conflict: str, payload: str) -> Accepted | Rejected:
    [one] = decode(payload.encode(), conflict.encode())
    if isinstance(one, Accepted):
        return Accepted(one.event, one.raw, index)
    return replace(one, index=index)


def _reading_of(batch: Iterable[Decoded]) -> Reading:
    """What is to be judged and written of what was decoded."""
    rows = Rows()
    records = []
    for partition, offset, timestamp_ms, key, all_found in batch:
        found: list[Found] = []
        for one in all_found:
            if isinstance(one, Rejected):
                found.append(one)
                continue
            event = one.event
            names = event_key(event)
            row, number = rows.event(names, event.type, one.raw, (partition, offset, one.index))
            place = (names, number, event.type, one.index, row)
            effect = effect_of(event)
            if isinstance(effect, OfReport):
                found.append(ReportEntry(*place, effect, rows.about(event, row)))
            else:
                found.append(ClaimEntry(*place, effect))
        records.append(Record(partition, offset, timestamp_ms, key, found))
    return Reading(records, rows.columns())


class _SentRecord(NamedTuple):
    """A record on its way between processes: what is not about a report is sent beside it."""

    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None
    found: list[ReportEntry | int]


class Packed(NamedTuple):
    """A reading as another process is handed it: of NamedTuples pickle makes five times the work.

    `others` are entries about claims and what was rejected; `records` tells where they belong.
    """

    records: bytes
    others: list[ClaimEntry | Rejected]
    columns: Columns


_encoder = msgspec.msgpack.Encoder()
_raw_records = msgspec.msgpack.Decoder(list[RawRecord])
_kept_records = msgspec.msgpack.Decoder(list[KeptRecord])
_sent_records = msgspec.msgpack.Decoder(list[_SentRecord])


def read_packed(records: bytes) -> Packed:
    """Read what `packed` gave of records of the log."""
    return _sent(read(_raw_records.decode(records)))


def read_packed_kept(records: bytes) -> Packed:
    """Read what `packed` gave of what a database keeps."""
    return _sent(read_kept(_kept_records.decode(records)))


def _sent(reading: Reading) -> Packed:
    others: list[ClaimEntry | Rejected] = []
    sent = []
    for partition, offset, timestamp_ms, key, all_found in reading.records:
        found: list[ReportEntry | int] = []
        for one in all_found:
            if isinstance(one, ReportEntry):
                found.append(one)
            else:
                found.append(len(others))
                others.append(one)
        sent.append(_SentRecord(partition, offset, timestamp_ms, key, found))
    return Packed(_encoder.encode(sent), others, reading.columns)


def packed(records: Sequence[RawRecord] | Sequence[KeptRecord]) -> bytes:
    """Records as another process is handed them."""
    return _encoder.encode(records)


def unpacked(sent: Packed) -> Reading:
    """The reading that was packed."""
    others = sent.others
    records = []
    for partition, offset, timestamp_ms, key, all_found in _sent_records.decode(sent.records):
        found: list[Found] = [others[one] if isinstance(one, int) else one for one in all_found]
        records.append(Record(partition, offset, timestamp_ms, key, found))
    return Reading(records, sent.columns)
