"""The ledger of a worker while it is open: which thread does what with it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, NamedTuple

from streams.kafka.progress import Progress
from streams.threads import SerialExecutor

if TYPE_CHECKING:
    from streams.engine.engine import Core
    from streams.kafka.outbox_publisher import OutboxReader


class OpenLedger(NamedTuple):
    """An open ledger, where its outbox is read, and the threads for judging, for commits, for that.

    All other calls of the core are made in `judging`.
    """

    core: Core
    outbox: OutboxReader
    judging: SerialExecutor
    committing: SerialExecutor
    publishing: SerialExecutor


@contextlib.asynccontextmanager
async def opened_ledger(core: Core) -> AsyncIterator[OpenLedger]:
    """Open the ledger in its thread, and close it there once nothing is committed any more."""
    judging, committing = SerialExecutor("ledger"), SerialExecutor("commit")
    publishing = SerialExecutor("outbox")
    async with contextlib.AsyncExitStack() as stack:
        stack.callback(judging.close)
        stack.push_async_callback(judging.do, core.close)
        stack.callback(publishing.close)
        stack.callback(committing.close)
        outbox = await judging.do(core.open)
        yield OpenLedger(core, outbox, judging, committing, publishing)


class MetricsPage:
    """The page of metrics: none before the ledger is open, and one at a time."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._opened = False
        self._progress = Progress("", {})
        self._one_at_a_time = asyncio.Lock()

    def open(self) -> None:
        """The ledger is open."""
        self._opened = True

    def follow(self, progress: Progress) -> None:
        """Show this progress, known once the broker is."""
        self._progress = progress

    async def page(self, accepts: str) -> tuple[bytes, str] | None:
        """A page in the format that is accepted, and its content type; None before it is open."""
        if not self._opened:
            return None
        async with self._one_at_a_time:
            return await asyncio.to_thread(self._core.metrics, accepts, self._progress)
