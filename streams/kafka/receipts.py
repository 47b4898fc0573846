"""Whether what this worker wrote to the log is in the ledger, and what became of each event of it.

An offset that was passed says nothing of a record: a log that was recreated counts from 0 again. So
each record that somebody waits for carries a mark of its own, and only a batch that was committed
with that very record in it answers for it.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from schemas.wire import Rejected

HEADER = "truce-receipt"
MARK_BYTES = 16


class Refusal(NamedTuple):
    """What was refused when it was read, and where: `place` in the record, None: all of it."""

    partition: int
    offset: int
    place: int | None
    rejected: Rejected


Outcomes = Mapping[int | None, "Rejected"]
"""Of a record that is in the ledger: what was refused in it, by its place in the record."""


class Receipts:
    """The records that somebody waits for. Used by one event loop.

    While nobody waits, a batch costs one comparison.
    """

    def __init__(self) -> None:
        self._waiting: dict[bytes, asyncio.Future[Outcomes]] = {}

    def expect(self) -> tuple[bytes, asyncio.Future[Outcomes]]:
        """Make a mark, for the header of one record, and what is done once that is committed.

        Whoever waits no longer cancels it.
        """
        mark = secrets.token_bytes(MARK_BYTES)
        future: asyncio.Future[Outcomes] = asyncio.get_running_loop().create_future()
        self._waiting[mark] = future
        future.add_done_callback(lambda _: self._waiting.pop(mark, None))
        return mark, future

    def committed(self, records: Mapping[int, Iterable[Any]], refused: Sequence[Refusal]) -> None:
        """The ledger has these records of partitions (aiokafka's), and refused this in them."""
        if not self._waiting:
            return
        for partition, of_one in records.items():
            for record in of_one:
                future = self._waiting.get(_mark(record.headers))
                if future is not None and not future.done():
                    place = (partition, record.offset)
                    future.set_result({r.place: r.rejected for r in refused if r[:2] == place})


def outcome_of(outcomes: Outcomes, place: int) -> Rejected | None:
    """Why the event at this place of a record was refused; None: the ledger has it."""
    return outcomes.get(place, outcomes.get(None))


def _mark(headers: Iterable[tuple[str, bytes | None]]) -> bytes:
    for name, value in headers or ():
        if name == HEADER:
            return value or b""
    return b""
