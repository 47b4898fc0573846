"""When the Kafka client may fetch more records: not while a few can be committed together.

All of it is called from the consumer's thread.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from faust.types import TP

# To commit a few records takes about as long as to commit dozens. What comes while few are in
# flight is judged sooner together, once these are in the ledger, than in small batches that queue.
# Behind many it pays to have others in flight, and there is a limit to the wait.
FEW = 500
FEW_BYTES = 2**18
SECONDS_TO_GATHER = 0.04
SECONDS_TO_SETTLE = 0.5
SECONDS_BETWEEN_LOOKS = 0.002


class Pacing:
    """Holds back requests for records, and knows which are under way.

    `in_flight()` is how many offsets were handed over and not yet judged.
    """

    def __init__(self, in_flight: Callable[[], int]) -> None:
        self._in_flight = in_flight
        # When records were last handed over, if only few were in flight then.
        self._few_came: float | None = None
        # Requests for records that are under way, and whether there may be more.
        self._fetching = 0
        self._none_fetches, self._may_fetch = asyncio.Event(), asyncio.Event()
        self._none_fetches.set()
        self._may_fetch.set()

    def count(self, change: int) -> None:
        """Note that one more request is under way, or one less."""
        self._fetching += change
        if self._fetching:
            self._none_fetches.clear()
        else:
            self._none_fetches.set()

    async def hold(self) -> None:
        """Allow no more requests, and wait for the answers that are due."""
        self._may_fetch.clear()
        await self._none_fetches.wait()

    def resume(self) -> None:
        """Allow requests again."""
        self._may_fetch.set()

    def came(self, found: Mapping[TP, tuple[int, Sequence[Any]]]) -> None:
        """Note what was handed over just now: of each partition its position and its records."""
        few = self._in_flight() < FEW and _bytes_of(found) < FEW_BYTES
        self._few_came = _now() if few else None

    async def gather(self) -> None:
        """After few records, let others come until these are in the ledger."""
        await self._may_fetch.wait()
        came = self._few_came
        if came is None:
            return
        await asyncio.sleep(came + SECONDS_TO_GATHER - _now())
        while self._in_flight():
            if _now() > came + SECONDS_TO_SETTLE:
                break
            # The ledger's commit is signalled in another thread's loop.
            await asyncio.sleep(SECONDS_BETWEEN_LOOKS)


def _now() -> float:
    return asyncio.get_running_loop().time()


def _bytes_of(found: Mapping[TP, tuple[int, Sequence[Any]]]) -> int:
    return sum(len(record.value or b"") for _, records in found.values() for record in records)
