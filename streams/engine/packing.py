"""Readings on their way between processes: packed by the subprocess, unpacked by the worker."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from analytics.ledger.event_columns import Columns
from schemas.wire import Rejected
from streams.engine.decoding import (
    ClaimEntry,
    CoverageEntry,
    Found,
    KeptRecord,
    RawRecord,
    Reading,
    Record,
    ReportEntry,
    Simple,
    read,
    read_kept,
)
from streams.judging.statement import Statement


class _SentRecord(NamedTuple):
    """A record on its way between processes; entries not about reports are sent separately.

    A number below 0 is an index into those, -1 the first.
    """

    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None
    found: list[ReportEntry | int]


class _Sent(NamedTuple):
    records: list[_SentRecord]
    statements: list[Statement]


class Packed(NamedTuple):
    """A reading as another process is handed it: of NamedTuples pickle makes five times the work.

    `encoded` has records and statements; `others` are all other entries and what was rejected.
    """

    encoded: bytes
    others: list[ClaimEntry | CoverageEntry | Rejected]
    columns: Columns
    simple: Simple


_encoder = msgspec.msgpack.Encoder()
_raw_records = msgspec.msgpack.Decoder(list[RawRecord])
_kept_records = msgspec.msgpack.Decoder(list[KeptRecord])
_sent_reading = msgspec.msgpack.Decoder(_Sent)


def read_packed(records: bytes) -> Packed:
    """Read what `packed` gave of records of the log."""
    return _sent(read(_raw_records.decode(records)))


def read_packed_kept(records: bytes) -> Packed:
    """Read what `packed` gave of what a database keeps."""
    return _sent(read_kept(_kept_records.decode(records)))


def _sent(reading: Reading) -> Packed:
    others: list[ClaimEntry | CoverageEntry | Rejected] = []
    sent = []
    for partition, offset, timestamp_ms, key, all_found in reading.records:
        found: list[ReportEntry | int] = []
        for one in all_found:
            if isinstance(one, int | ReportEntry):
                found.append(one)
            else:
                others.append(one)
                found.append(-len(others))
        sent.append(_SentRecord(partition, offset, timestamp_ms, key, found))
    _, columns, simple = reading
    encoded = _encoder.encode(_Sent(sent, simple.statements))
    return Packed(encoded, others, columns, simple._replace(statements=[]))


def packed(records: Sequence[RawRecord] | Sequence[KeptRecord]) -> bytes:
    """Records as another process is handed them."""
    return _encoder.encode(records)


def unpacked(sent: Packed) -> Reading:
    """The reading that was packed."""
    encoded, others, columns, simple = sent
    sent_records, statements = _sent_reading.decode(encoded)
    records = []
    for partition, offset, timestamp_ms, key, all_found in sent_records:
        found: list[Found] = [
            others[-1 - one] if isinstance(one, int) and one < 0 else one for one in all_found
        ]
        records.append(Record(partition, offset, timestamp_ms, key, found))
    return Reading(records, columns, simple._replace(statements=statements))
