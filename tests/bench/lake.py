"""What the lake costs the writer, and how soon it holds what was committed.

Run by itself: `PYTHONPATH=. python tests/bench/lake.py`; rounds are paired, one after the other.
With `without` as its first argument it is a `truce` whose worker keeps no lake.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from unittest import mock

from aiokafka import AIOKafkaProducer

from analytics.lake.session import LakeError, LakeSession, open_lake
from streams.kafka.topics import EVENTS
from tests.bench.latency import bootstrap_of
from tests.bench.load import batched, claims, incidents, usual
from tests.bench.measuring import (
    CLAIMS,
    CONFLICT,
    Run,
    console,
    cpu_text,
    log_of,
    made,
    peak_text,
    rates,
    ratios,
    show,
    spread,
    tracker,
    worker,
)

GOAL_COST = 0.95
GOAL_IDLE_MS, GOAL_BUSY_MS = 2_000.0, 10_000.0
SECONDS_BETWEEN_LOOKS = 0.02
SECONDS_BETWEEN_EVENTS = 3.1
SECONDS_TO_ANSWER = 60.0
BATCH = 50


async def cost(folder: Path, *, rounds: int, events: int) -> None:
    """The table: the same log judged with a lake and without one, in turn."""
    found: dict[bool, list[Run]] = {True: [], False: []}
    without = (sys.executable, __file__, "without")
    async with log_of(folder / "log", batched(usual(events, CLAIMS), BATCH), "tansu") as log:
        for number in range(rounds):
            for kept in (True, False) if number % 2 == 0 else (False, True):
                place = folder / f"{number}-{kept}"
                run = await (tracker(log, place) if kept else tracker(log, place, program=without))
                found[kept].append(run)
                console.print(f"  round {number + 1}, lake {kept}: {run.per_second:,.0f}/s")
    show(
        f"What the lake costs: batches of {BATCH}, {events:,} events, {rounds} rounds in turn",
        ("", "events/s", "to none", "CPU us", "peak MiB"),
        [
            (name, spread(rates(runs)), ratio, cpu_text(runs), peak_text(runs))
            for name, runs, ratio in (
                ("no lake", found[False], "1"),
                (
                    f"a lake (goal {GOAL_COST})",
                    found[True],
                    spread(ratios(found[True], found[False]), ".2f"),
                ),
            )
        ],
    )


async def freshness(folder: Path, *, count: int, rate: int) -> None:
    """The table: from an event's publishing to a reader who sees it, alone and under load."""
    made(folder)
    rows = []
    for name, events_beside, goal in (("alone", 0, GOAL_IDLE_MS), ("load", rate, GOAL_BUSY_MS)):
        delays = await _delays(folder / name, count, events_beside)
        cuts = statistics.quantiles(delays, n=100, method="inclusive")
        what = "alone" if not events_beside else f"beside {events_beside:,} events/s"
        rows.append((what, *(f"{ms:,.0f}" for ms in (cuts[49], cuts[98], max(delays), goal))))
    show(
        f"From publishing to what a reader of the lake sees, {count} events, ms",
        ("", "p50", "p99", "greatest", "goal"),
        rows,
    )


async def _delays(data_dir: Path, count: int, rate: int) -> list[float]:
    made(data_dir)
    async with worker("", data_dir):
        producer = AIOKafkaProducer(
            bootstrap_servers=await bootstrap_of(data_dir, ""), acks="all", linger_ms=5
        )
        await producer.start()
        try:
            for claim in claims(CLAIMS, overlap=False):
                await producer.send(EVENTS, claim, CONFLICT)
            await producer.flush()
            every = list(
                incidents(count + int(rate * count * SECONDS_BETWEEN_EVENTS), claims=CLAIMS)
            )
            async with _load(producer, every[count:], rate):
                return await _seen(producer, data_dir / "lake", every[:count])
        finally:
            await producer.stop()


@contextlib.asynccontextmanager
async def _load(
    producer: AIOKafkaProducer, events: Sequence[bytes], rate: int
) -> AsyncIterator[None]:
    async def publish() -> None:
        began = time.perf_counter()
        for number, event in enumerate(events):
            await asyncio.sleep(max(0.0, began + number / rate - time.perf_counter()))
            await producer.send(EVENTS, event, CONFLICT)

    publishing = asyncio.create_task(publish()) if rate else None
    try:
        yield
    finally:
        if publishing is not None:
            publishing.cancel()


async def _seen(producer: AIOKafkaProducer, lake: Path, events: Sequence[bytes]) -> list[float]:
    delays = []
    for event in events:
        incident = json.loads(event)["data"]["incident_id"]
        await producer.send_and_wait(EVENTS, event, CONFLICT)
        began = time.perf_counter()
        await asyncio.to_thread(_until_seen, lake, incident)
        delays.append((time.perf_counter() - began) * 1_000)
        # Not in step with the lake's own rest.
        await asyncio.sleep(SECONDS_BETWEEN_EVENTS - (time.perf_counter() - began) % 1)
    return delays


def _until_seen(lake: Path, incident: str) -> None:
    until = time.monotonic() + SECONDS_TO_ANSWER
    session: LakeSession | None = None
    asked = "SELECT count(*) FROM reports WHERE incident_id = $incident"
    try:
        while time.monotonic() < until:
            with contextlib.suppress(LakeError):
                if session is None:
                    session = open_lake(lake)
                else:
                    session.refresh()
                if session.ask(asked, {"incident": incident}) == [(1,)]:
                    return
            time.sleep(SECONDS_BETWEEN_LOOKS)
        raise TimeoutError(f"{incident} is not in {lake}")
    finally:
        if session is not None:
            session.close()


def _without() -> None:
    """`truce` whose worker keeps no lake."""
    from streams.cli import main
    from streams.engine.lake import LakeService

    async def nothing(_: LakeService) -> None:
        await asyncio.Event().wait()

    with mock.patch.object(LakeService, "run", nothing):
        main()


async def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--events", type=int, default=300_000)
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--rate", type=int, default=2_000)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        await freshness(folder / "fresh", count=chosen.count, rate=chosen.rate)
        await cost(made(folder / "cost"), rounds=chosen.rounds, events=chosen.events)


if __name__ == "__main__":
    if sys.argv[1:2] == ["without"]:
        sys.argv = ["truce", *sys.argv[2:]]
        _without()
    else:
        asyncio.run(_main())
