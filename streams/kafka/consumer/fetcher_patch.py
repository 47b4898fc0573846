"""Patches the Kafka client's fetcher where it has no setting, one consumer at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from aiokafka.consumer.fetcher import Fetcher, FetchResult
from faust.types import TP


def give_as_read(fetcher: Fetcher) -> None:
    """Have the client give records as it reads them, not each copied into another object."""
    fetch = fetcher._proc_fetch_request

    async def fetch_as_read(*request: Any) -> Any:
        fetched = await fetch(*request)
        # Nobody has seen them yet: whoever waits for them is woken after this.
        for result in fetcher._records.values():
            if isinstance(result, FetchResult):
                result._partition_records._consumer_record = _as_read
        return fetched

    fetcher._proc_fetch_request = fetch_as_read


def ask_after(
    fetcher: Fetcher, wait: Callable[[], Awaitable[None]], count: Callable[[int], None]
) -> None:
    """Have the client wait for this before each request for records, and count it meanwhile."""
    fetch = fetcher._proc_fetch_request

    async def wait_and_fetch(*request: Any) -> Any:
        try:
            await wait()
        except asyncio.CancelledError:
            # As in the client's own: the partitions are reassigned, or it is being closed.
            return False
        count(1)
        try:
            return await fetch(*request)
        finally:
            count(-1)

    fetcher._proc_fetch_request = wait_and_fetch


def _as_read(_: TP, record: Any) -> Any:
    return record
