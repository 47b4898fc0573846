"""From an event's publishing to its verdicts, at a steady rate: consumed, and committed.

Consumed by a client that is set up to hear of a verdict soon. Tansu looks for records when it is
asked and once more after half of the time that the client would wait: with the usual
`fetch_max_wait_ms` of 500 a verdict that is there is handed over up to 250 ms later.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import time
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from prometheus_client.parser import text_string_to_metric_families

from streams.client import worker_of
from streams.kafka.access import Access
from streams.kafka.topics import EVENTS, VERDICTS, declared, ensure
from streams.settings import Settings
from tests.bench.load import claims, incidents
from tests.bench.measuring import (
    CLAIMS,
    CONFLICT,
    PARTITIONS,
    BenchError,
    broker_at,
    console,
    judged,
    made,
    reached,
    show,
    spread,
    worker,
)
from tests.support.brokers import reach

GOAL_P99_MS = 250.0
# The first verdicts of a process are slower: code is compiled and caches fill.
WARM_UP = 200
SECONDS_TO_ANSWER = 60.0
# Until what goes on beside it does.
SECONDS_TO_BEGIN = 5.0
# Of the client that consumes the verdicts.
FETCH_WAIT_MS = 20
DELAY = "truce_detection_delay_seconds"


class Delays(NamedTuple):
    """Of one round, in milliseconds; `committed_p99` is the bound of a histogram's bucket."""

    p50: float
    p99: float
    greatest: float
    committed_p99: float


async def latency(folder: Path, kind: str, *, rounds: int, rate: int, seconds: int) -> None:
    """The table. With tansu it is the broker that the worker brings with it."""
    found = []
    for number in range(rounds):
        delays = await delays_of(folder / f"latency-{number}", kind, rate, rate * seconds)
        found.append(delays)
        console.print(f"  round {number + 1}: p99 {delays.p99:,.0f} ms", style="dim")
    p99 = [delays.p99 for delays in found]
    middle = statistics.median(p99)
    show(
        f"Publish to verdict at {rate} events/s, {seconds} s, {rounds} rounds ({kind})",
        ("ms: median of rounds (range)", "p50", "p99", "greatest", "committed, p99 under", "goal"),
        [
            (
                f"{VERDICTS} consumed (fetch_max_wait_ms={FETCH_WAIT_MS})",
                spread([delays.p50 for delays in found]),
                spread(p99),
                spread([delays.greatest for delays in found]),
                spread([delays.committed_p99 for delays in found]),
                f"p99 under {GOAL_P99_MS:.0f} ms: {reached(middle, GOAL_P99_MS, at_most=True)}",
            )
        ],
    )


async def delays_of(
    folder: Path, kind: str, rate: int, count: int, beside: Callable[[Path], Any] | None = None
) -> Delays:
    """One round; `beside`: what goes on meanwhile, a context that is given the data directory."""
    async with AsyncExitStack() as stack:
        bootstrap = ""
        if kind == "kafka":
            bootstrap = await stack.enter_async_context(broker_at(folder / "broker", kind))
            await ensure(Access(bootstrap), declared(PARTITIONS, 1))
        data_dir = made(folder / "worker")
        _, port = await stack.enter_async_context(worker(bootstrap, data_dir))
        bootstrap = await bootstrap_of(data_dir, bootstrap)
        producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all")
        await producer.start()
        stack.push_async_callback(producer.stop)
        consumer = AIOKafkaConsumer(
            bootstrap_servers=bootstrap,
            auto_offset_reset="earliest",
            fetch_max_wait_ms=FETCH_WAIT_MS,
        )
        consumer.assign([TopicPartition(VERDICTS, p) for p in range(PARTITIONS)])
        await consumer.start()
        stack.push_async_callback(consumer.stop)
        async with aiohttp.ClientSession() as session:
            for claim in claims(CLAIMS, overlap=False):
                await producer.send(EVENTS, claim, CONFLICT)
            await producer.flush()
            await _judged_up_to(session, port, CLAIMS)
            events = list(incidents(WARM_UP + count, claims=CLAIMS))
            await _published(producer, consumer, events[:WARM_UP], rate)
            await _judged_up_to(session, port, CLAIMS + WARM_UP)
            if beside is not None:
                stack.enter_context(beside(data_dir))
                await asyncio.sleep(SECONDS_TO_BEGIN)
            before = await _buckets(session, port)
            delays = await _published(producer, consumer, events[WARM_UP:], rate)
            await _judged_up_to(session, port, CLAIMS + WARM_UP + count)
            committed = _p99(before, await _buckets(session, port))
    cuts = statistics.quantiles(delays, n=100, method="inclusive")
    return Delays(cuts[49], cuts[98], max(delays), committed)


async def _published(
    producer: AIOKafkaProducer, consumer: AIOKafkaConsumer, events: list[bytes], rate: int
) -> list[float]:
    """Publish at `rate`; for each verdict of these incidents how long it took, in ms.

    Counted from when an event was due, so that a stall delays nobody else's clock.
    """
    due: dict[str, float] = {}
    delays: list[float] = []
    told: set[str] = set()

    async def publish() -> None:
        began = time.perf_counter()
        for number, event in enumerate(events):
            at = began + number / rate
            await asyncio.sleep(max(0.0, at - time.perf_counter()))
            due[json.loads(event)["data"]["incident_id"]] = at
            await producer.send(EVENTS, event, CONFLICT)

    publishing = asyncio.create_task(publish())
    quiet_from = time.perf_counter() + len(events) / rate + SECONDS_TO_ANSWER
    try:
        # Every window is next to another: each incident touches one at least.
        while len(told) < len(events):
            if time.perf_counter() > quiet_from:
                raise BenchError(f"of {len(events)} incidents {len(told)} got a verdict")
            found = await consumer.getmany(timeout_ms=1_000)
            now = time.perf_counter()
            for message in (message for messages in found.values() for message in messages):
                incident = json.loads(message.value)["data"]["incident_id"]
                if incident in due:
                    told.add(incident)
                    delays.append((now - due[incident]) * 1_000)
        await publishing
    finally:
        publishing.cancel()
    return delays


async def bootstrap_of(data_dir: Path, bootstrap: str) -> str:
    """Where the worker's broker is, for a client of this process."""
    end = time.monotonic() + SECONDS_TO_ANSWER
    while time.monotonic() < end:
        if found := worker_of(Settings(data_dir=data_dir)):
            # An embedded broker lets in only whom its worker lets in.
            return found.bootstrap if bootstrap else reach(data_dir).bootstrap
        await asyncio.sleep(0.1)
    raise BenchError("the worker was not ready in time")


async def _judged_up_to(session: aiohttp.ClientSession, port: int, records: int) -> None:
    end = time.monotonic() + SECONDS_TO_ANSWER
    while await judged(session, port) < records:
        if time.monotonic() > end:
            raise BenchError(f"{records} records were not judged in time")
        await asyncio.sleep(0.1)


async def _buckets(session: aiohttp.ClientSession, port: int) -> dict[float, float]:
    """How many events were committed within so many seconds, since the worker started."""
    async with session.get(f"http://127.0.0.1:{port}/metrics") as answer:
        page = await answer.text()
    return {
        float(sample.labels["le"]): sample.value
        for family in text_string_to_metric_families(page)
        if family.name == DELAY
        for sample in family.samples
        if sample.name == f"{DELAY}_bucket"
    }


def _p99(before: Mapping[float, float], after: Mapping[float, float]) -> float:
    """The bound, in ms, of the bucket within which 99 of 100 events were committed meanwhile."""
    counts = {bound: count - before[bound] for bound, count in sorted(after.items())}
    enough = 0.99 * max(counts.values())
    return next(bound for bound, count in counts.items() if count >= enough) * 1_000
