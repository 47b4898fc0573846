"""Records of the log to what is judged and written of them. Pure: any process may do it.

What is found in a batch is plain values and columns, cheap to hand from one process to another.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from analytics.columns import About, Columns, Rows
from analytics.rows import EventKey
from schemas.wire import Accepted, Rejected, decode
from streams.fold import Effect, OfReport, effect_of, event_key
from streams.statement import Account


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


class Decoded(NamedTuple):
    """A record and what was found in it."""

    record: RawRecord
    found: list[Accepted | Rejected]


class Entry(NamedTuple):
    """An accepted event: its key (its names, and as a number), and what it makes of what stands.

    `row` is its place in the columns, as `about` tells that of its report.
    """

    names: EventKey
    key: int
    type: str
    batch_index: int
    row: int
    effect: Effect
    about: About | None


class Record(NamedTuple):
    """What is left of a record once it was read."""

    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None
    found: list[Entry | Rejected]


class Reading(NamedTuple):
    """What was read together: records in the order of the log, and the rows of their events."""

    records: list[Record]
    columns: Columns


def read(records: Iterable[RawRecord]) -> Reading:
    """Read records of the log. Nothing that is in them can raise here."""
    return reading_of(decoded(one) for one in records)


def decoded(record: RawRecord) -> Decoded:
    """A record and what is in it."""
    return Decoded(record, decode(record.value, record.key, record.content_type))


def reading_of(batch: Iterable[Decoded]) -> Reading:
    """What is to be judged and written of what was decoded."""
    rows = Rows()
    accounts: dict[Account, Account] = {}
    records = []
    for (partition, offset, timestamp_ms, key, _, _), all_found in batch:
        found: list[Entry | Rejected] = []
        for one in all_found:
            if isinstance(one, Rejected):
                found.append(one)
                continue
            event = one.event
            row, number = rows.event(event, one.raw, (partition, offset, one.index))
            about = rows.about(event, row)
            effect = _shared(accounts, effect_of(event))
            names = event_key(event)
            found.append(Entry(names, number, event.type, one.index, row, effect, about))
        records.append(Record(partition, offset, timestamp_ms, key, found))
    return Reading(records, rows.columns())


def _shared(accounts: dict[Account, Account], effect: Effect) -> Effect:
    """The same, with one account for all reports that say the same, so that it is sent once."""
    if not isinstance(effect, OfReport) or effect.said is None:
        return effect
    said = effect.said
    same = accounts.setdefault(said.account, said.account)
    return effect if same is said.account else effect._replace(said=said._replace(account=same))
