"""What a log's consumer and the worker hand each other: batches of records, and word of the log."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from streams.kafka.progress import Progress

MAX_BATCH_BYTES = 8 * 2**20

# How long a fetch waits for records, in milliseconds. Tansu looks for new ones at its start and
# once more after half of it, so a longer wait is a later verdict. A shorter one makes more and
# smaller batches, each with its transaction: at 100 events a second half of the verdicts came
# within 59 ms, with 20 within 186 ms (one round each). Kafka answers at once and need not be
# polled often.
FETCH_WAIT_TANSU = 100
FETCH_WAIT_KAFKA = 500


class FetchedBatch(NamedTuple):
    """Records of one partition in log order, as aiokafka's own reader of batches gives them.

    `position` is the offset up to which the records before were handed over: from there on none
    was left out. (The offsets of a log may have gaps of their own.)
    """

    partition: int
    position: int
    records: Sequence[Any]


class LogMismatchError(Exception):
    """The log and the ledger do not belong together any more."""


class Feed(NamedTuple):
    """What the consumer needs from the worker and reports to it, all from the consumer's thread.

    `next_offset(partition)` is where the ledger goes on; `assigned(ends)` is for an assignment,
    with the log's end at that moment for each partition; `fetched(partition, end)` of the log's
    end whenever records came; `passed(partition, following, position)` of offsets that hold no
    records (the marks of transactions, and what these took back); `failed` of what ends the worker.
    `handed_over(partition)`: up to where all is in the ledger or waits for its turn; None: in it.
    """

    topic: str
    fetch_wait_ms: int
    next_offset: Callable[[int], int]
    assigned: Callable[[Mapping[int, int]], None]
    fetched: Callable[[int, int], None]
    passed: Callable[[int, int, int], None]
    failed: Callable[[BaseException], None]
    handed_over: Callable[[int], int] | None = None


def feed_of(
    topic: str, progress: Progress, failed: Callable[[BaseException], None], *, embedded: bool
) -> Feed:
    """The feed that keeps `progress`, which belongs to the loop that this is called in.

    `failed` may be called in any thread.
    """
    loop = asyncio.get_running_loop()

    def in_loop(call: Callable[..., None], *args: object) -> None:
        with contextlib.suppress(RuntimeError):  # the loop may be closed already
            loop.call_soon_threadsafe(call, *args)

    return Feed(
        topic,
        FETCH_WAIT_TANSU if embedded else FETCH_WAIT_KAFKA,
        progress.next_offset,
        lambda ends: in_loop(progress.assigned, ends),
        progress.fetched,
        lambda *place: in_loop(progress.passed, *place),
        failed,
        progress.handed_over,
    )


def bounded(partition: int, position: int, records: Sequence[Any]) -> Iterator[FetchedBatch]:
    """Split what was fetched where it holds more bytes than one batch may."""
    start, size = 0, 0
    for index, record in enumerate(records):
        length = len(record.value or b"")
        if index > start and size + length > MAX_BATCH_BYTES:
            yield FetchedBatch(partition, position, records[start:index])
            start, size, position = index, 0, records[index - 1].offset + 1
        size += length
    yield FetchedBatch(partition, position, records[start:])
