"""The tracker as it would be if each record were one of Faust's messages, as Faust has it.

`truce` but for one thing: what was fetched is handed over record by record, and put together again
by the agent. What Faust does for a message is the ceiling that handing over whole fetches lifts.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

from faust.types import TP, ConsumerMessage

from streams.cli import main
from streams.kafka.consumer import log_app
from streams.kafka.consumer.feed import FetchedBatch
from streams.kafka.consumer.log_app import LogApp
from streams.kafka.consumer.transport import LogConsumer, LogTransport
from tests.bench.idle_agent import LightMonitor

# As many as Faust lets wait by itself; the tracker lets two fetches wait.
WAITING_RECORDS = 4_096


class OneByOne(LogConsumer):
    """Gives each record by itself."""

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, ConsumerMessage]]:  # noqa: ASYNC109
        """Give every record that was fetched as one message."""
        async for tp, message in super().getmany(timeout):
            fetched: Any = message.value
            position = fetched.position
            for record in fetched.records:
                yield tp, self._message(tp, FetchedBatch(tp.partition, position, [record]))
                position = record.offset + 1


class QuickApp(LogApp):
    """In the configuration in which Faust is quickest, as the idle agent has it."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, cython_optimizations=True, Monitor=LightMonitor, **options)


async def put_together(records: AsyncIterator[FetchedBatch]) -> AsyncIterator[FetchedBatch]:
    """All that has come, whenever somebody is ready for it."""
    come: list[FetchedBatch] = []
    some = asyncio.Event()

    async def take() -> None:
        async for one in records:
            come.append(one)
            some.set()

    taking = asyncio.create_task(take())
    taking.add_done_callback(lambda _: some.set())
    while True:
        await some.wait()
        some.clear()
        if taking.done():
            taking.result()
            return
        taken, come[:] = come.copy(), []
        first = taken[0]
        yield FetchedBatch(
            first.partition, first.position, [r for one in taken for r in one.records]
        )


def _make_app(group: str, access: Any, feed: Any, agent: Callable[[Any], Any], **given: Any) -> Any:
    return whole(group, access, feed, lambda records: agent(put_together(records)), **given)


if __name__ == "__main__":
    whole = log_app.make_app
    given: dict[str, Any] = {
        "make_app": _make_app,
        "WAITING_BATCHES": WAITING_RECORDS,
        "LogApp": QuickApp,
    }
    vars(log_app).update(given)
    LogTransport.Consumer = OneByOne
    main()
