"""When a post is answered: once Kafka has its events, or, with the embedded broker, the ledger.

Who may post, and what a post looks like, was decided before.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING

from streams.http.ingest import NotTaken
from streams.kafka.producer import LogWriter
from streams.kafka.progress import Progress, behind_by_conflict
from streams.kafka.receipts import Receipts
from streams.threads import end_task

if TYPE_CHECKING:
    from schemas.wire import Rejected

# With the embedded broker: how long a post waits for the ledger, and how many events of a conflict
# may wait for their turn before further ones are refused. Fewer than are held for all.
SECONDS_TO_JUDGE = 12.0
MOST_BEHIND = 4_000
SECONDS_TO_FINISH_POSTS = 2.0


class KafkaPosts:
    """Writes posted events to a Kafka, without waiting for the ledger to ingest them."""

    def __init__(self, writer: LogWriter) -> None:
        self._writer = writer

    async def take(
        self, events: Sequence[tuple[str, bytes]], posted_by: str
    ) -> Sequence[Rejected | None]:
        """Write events, each with its conflict, to the log; None for each. Raises `KafkaError`."""
        await self._writer.write_all(events, posted_by)
        return [None] * len(events)


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
    ) -> None:
        """`writing()`: while its log is not being replaced; `stopping`: set once it stops."""
        self._writer = writer
        self._receipts = receipts
        self._progress = progress
        self._writing = writing
        self._stopping = stopping

    async def take(
        self, events: Sequence[tuple[str, bytes]], posted_by: str
    ) -> Sequence[Rejected | None]:
        """Write events, each with its conflict; why each was refused, None if it was not.

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
                return await judged
            raise NotTaken(self._why_not_taken(conflicts))
        finally:
            for task in (judged, stopping):
                await end_task(task)

    async def _write_until_judged(
        self, events: Sequence[tuple[str, bytes]], posted_by: str
    ) -> Sequence[Rejected | None]:
        async with self._writing():
            return await self._writer.write_until_judged(events, self._receipts, posted_by)

    def _why_not_taken(self, conflicts: set[str]) -> str:
        if self._stopping.is_set():
            return "the worker stops"
        waiting = dict(behind_by_conflict(self._progress.behind))
        for conflict in sorted(conflicts & waiting.keys()):
            return _busy(conflict, waiting[conflict])
        return "what came before is still being judged"


def _busy(conflict: str, waiting: int) -> str:
    return f"{waiting:,} events of {conflict} wait to be judged"
