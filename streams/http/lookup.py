"""What the ledger knows beside a post, and what became of it: asked in a thread of its own.

A post is answered without it where it cannot be had, or not soon.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from streams.threads import SerialExecutor

if TYPE_CHECKING:
    from analytics.outcomes import LoggedRecord, RecordOutcomes
    from analytics.read_model import Ask
    from schemas.warnings.known import KnownNames, WantedNames

logger = logging.getLogger("streams")

SECONDS_TO_LOOK = 2.0
MOST_WAITING = 16
"""While more lookups wait, posts are answered without: they shall not wait for one another."""

T = TypeVar("T")


class Lookup:
    """Queries of the ledger, one after the other. Used by one event loop."""

    def __init__(self, ask: Ask) -> None:
        """`ask`: runs a statement on the ledger, and cannot write; in one thread at a time."""
        self._ask = ask
        self._executor = SerialExecutor("lookup")
        self._waiting = 0

    async def known(self, wanted: WantedNames) -> KnownNames | None:
        """What is known of what is wanted; None: that cannot be had."""
        from analytics.known_names import known_beside

        return await self._soon(lambda: known_beside(self._ask, wanted))

    async def outcomes(self, records: Sequence[LoggedRecord]) -> RecordOutcomes | None:
        """What became of the events of records that are in the ledger; None: it cannot be had."""
        from analytics.outcomes import outcomes_of

        return await self._soon(lambda: outcomes_of(self._ask, records))

    async def _soon(self, work: Callable[[], T]) -> T | None:
        if self._waiting >= MOST_WAITING:
            return None
        self._waiting += 1
        doing = asyncio.ensure_future(self._executor.do(work))
        doing.add_done_callback(self._over)
        try:
            return await asyncio.wait_for(asyncio.shield(doing), SECONDS_TO_LOOK)
        except TimeoutError:
            return None
        except Exception:
            # The events are in the log, whatever is the matter here.
            logger.exception("what became of a post cannot be looked up")
            return None

    def _over(self, doing: asyncio.Future[Any]) -> None:
        self._waiting -= 1
        if not doing.cancelled():
            doing.exception()

    def close(self) -> None:
        """Wait until the last query has ended."""
        self._executor.close()
