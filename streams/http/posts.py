"""When a post is answered: once Kafka has its events, or, with the embedded broker, the ledger.

Who may post, and what a post looks like, was decided before.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager

from analytics.outcomes import LoggedRecord
from streams.http.lookup import Lookup
from streams.http.taking import NotTaken, TakenEvents
from streams.kafka.producer import JudgedEvents, LogWriter
from streams.kafka.progress import Progress, behind_by_conflict
from streams.kafka.receipts import Receipts
from streams.threads import end_task

# With the embedded broker: how long a post waits for the ledger, and how many events of a conflict
# may wait for their turn before further ones are refused. Fewer than are held for all.
SECONDS_TO_JUDGE = 12.0
MOST_BEHIND = 4_000
SECONDS_TO_FINISH_POSTS = 2.0


class KafkaPosts:
    """Writes posted events to a Kafka, without waiting for the ledger to ingest them."""

    def __init__(self, writer: LogWriter) -> None:
        self._writer = writer

    async def take(self, events: Sequence[tuple[str, bytes]], posted_by: str) -> TakenEvents:
        """Write events, each with its conflict, to the log. Raises `KafkaError`."""
        await self._writer.write_all(events, posted_by)
        return TakenEvents([None] * len(events))


class EmbeddedPosts:
    """Writes posted events to an embedded broker, and waits until the ledger has ingested them.

    This log dies with its broker, and what is in the ledger does not, so each event's own record is
    waited for there.
    """

    def __init__(
        self,
        writer: LogWriter,
        receipts: Receipts,
        progress: Progress,
        writing: Callable[[], AbstractAsyncContextManager[None]],
        stopping: asyncio.Event,
        lookup: Lookup,
    ) -> None:
        """`writing()`: while its log is not being replaced; `stopping`: set once it stops."""
        self._writer = writer
        self._receipts = receipts
        self._progress = progress
        self._writing = writing
        self._stopping = stopping
        self._lookup = lookup

    async def take(self, events: Sequence[tuple[str, bytes]], posted_by: str) -> TakenEvents:
        """Write events, each with its conflict, and say what became of them.

        Raises `KafkaError`, or `NotTaken` if it takes too long.
        """
        conflicts = {conflict for conflict, _ in events}
        for conflict, waiting in behind_by_conflict(self._progress.behind):
            if waiting >= MOST_BEHIND and conflict in conflicts:
                raise NotTaken(_busy(conflict, waiting))
        judged = asyncio.create_task(self._write_until_judged(events, posted_by))
        stopping = asyncio.create_task(self._stopping.wait())
        try:
            await asyncio.wait(
                {judged, stopping}, timeout=SECONDS_TO_JUDGE, return_when=asyncio.FIRST_COMPLETED
            )
            if self._stopping.is_set():
                await asyncio.wait({judged}, timeout=SECONDS_TO_FINISH_POSTS)
            if judged.done():
                return await self._became(await judged)
            raise NotTaken(self._why_not_taken(conflicts))
        finally:
            for task in (judged, stopping):
                await end_task(task)

    async def _write_until_judged(
        self, events: Sequence[tuple[str, bytes]], posted_by: str
    ) -> tuple[str, JudgedEvents]:
        async with self._writing():
            judged = await self._writer.write_until_judged(events, self._receipts, posted_by)
            return self._progress.log_id, judged

    async def _became(self, judged: tuple[str, JudgedEvents]) -> TakenEvents:
        log_id, (refused, where) = judged
        records = [LoggedRecord(log_id, part, at, len(own)) for part, at, own in where]
        outcomes = await self._lookup.outcomes(records)
        if outcomes is None:
            return TakenEvents(refused)
        known = {where[record][2][place] for record, place in outcomes.known}
        # What was refused in the same record as others is not in the table yet, perhaps.
        known -= {place for place, rejected in enumerate(refused) if rejected is not None}
        return TakenEvents(refused, frozenset(known), outcomes.changes)

    def _why_not_taken(self, conflicts: set[str]) -> str:
        if self._stopping.is_set():
            return "the worker stops"
        waiting = dict(behind_by_conflict(self._progress.behind))
        for conflict in sorted(conflicts & waiting.keys()):
            return _busy(conflict, waiting[conflict])
        return "what came before is still being judged"


def _busy(conflict: str, waiting: int) -> str:
    return f"{waiting:,} events of {conflict} wait to be judged"
