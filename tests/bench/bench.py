"""`make bench`: how fast events are judged beside a Faust agent that does nothing, and in what memory.

All figures of a table come from one run on one machine: rounds of peer and tracker in turn, medians
with the spread, and ratios. Nothing here is a test; a slow machine fails nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import aiohttp
from aiokafka import AIOKafkaProducer
from rich.console import Console
from rich.table import Table

from streams.broker import EmbeddedBroker
from streams.topics import EVENTS, declared, ensure
from tests.bench.load import claims, incidents

CLAIMS = 500
PARTITIONS = 1
CONFLICT = b"bench"
POLL_SECONDS = 0.02
HERE = Path(__file__).parent
console = Console(highlight=False)


class Speed(NamedTuple):
    """Records a second of one round, and the tracker's peak memory in MiB (0 for the peer)."""

    per_second: float
    peak_mib: float = 0.0


class Log(NamedTuple):
    """A broker with a log in it."""

    bootstrap: str
    records: int


@asynccontextmanager
async def log_of(folder: Path, events: Iterable[bytes]) -> AsyncIterator[Log]:
    """A broker whose `truce.events` holds `events`, one a record."""
    broker = EmbeddedBroker(folder)
    await broker.start()
    try:
        await ensure(broker.bootstrap, declared(PARTITIONS, 1))
        yield Log(broker.bootstrap, await _fill(broker.bootstrap, events))
    finally:
        await broker.stop()


async def _fill(bootstrap: str, events: Iterable[bytes]) -> int:
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, max_batch_size=900_000, acks="all")
    await producer.start()
    count = 0
    try:
        batch = producer.create_batch()
        for event in events:
            count += 1
            if batch.append(key=CONFLICT, value=event, timestamp=None) is None:
                await (await producer.send_batch(batch, EVENTS, partition=0))
                batch = producer.create_batch()
                batch.append(key=CONFLICT, value=event, timestamp=None)
        await (await producer.send_batch(batch, EVENTS, partition=0))
    finally:
        await producer.stop()
    return count


async def idle(log: Log, folder: Path) -> Speed:
    """A Faust agent that does nothing with the same records."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(HERE / "idle_agent.py"), f"kafka://{log.bootstrap}", EVENTS),
        *(str(PARTITIONS), str(log.records), str(folder)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    out, _ = await process.communicate()
    seconds, seen = out.split()
    return Speed(int(seen) / float(seconds))


async def tracker(log: Log, folder: Path, port: int) -> Speed:
    """`truce run` on a database of its own, until all records are judged and committed."""
    environment = os.environ | {
        "TRUCE_BROKER": f"kafka://{log.bootstrap}",
        "TRUCE_DATA_DIR": str(folder),
        "TRUCE_HTTP": f"127.0.0.1:{port}",
        "TRUCE_GROUP": folder.name,
        "TRUCE_PARTITIONS": str(PARTITIONS),
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "streams.cli", "run"),
        env=environment,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        began, first, ended = await _until_judged(process, log, port)
        peak = _peak_mib(process.pid)
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        _, err = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"the worker ended with {process.returncode}: {err.decode()[-2000:]}")
    return Speed((log.records - first) / (ended - began), peak)


async def _until_judged(
    process: asyncio.subprocess.Process, log: Log, port: int
) -> tuple[float, int, float]:
    began, first = 0.0, 0
    async with aiohttp.ClientSession() as session:
        while process.returncode is None:
            done = await _judged(session, port)
            now = time.perf_counter()
            if done and not first:
                began, first = now, done
            if done >= log.records:
                return began, first, now
            await asyncio.sleep(POLL_SECONDS)
    raise RuntimeError("the worker ended before all was judged")


async def _judged(session: aiohttp.ClientSession, port: int) -> int:
    try:
        async with session.get(f"http://127.0.0.1:{port}/offsets") as answer:
            if answer.status != 200:
                return 0
            return sum((await answer.json())["partitions"].values())
    except aiohttp.ClientError:
        return 0


def _peak_mib(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return 0.0


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def _shown(found: list[Speed]) -> str:
    rates = [speed.per_second for speed in found]
    return f"{statistics.median(rates):,.0f} ({min(rates):,.0f} to {max(rates):,.0f})"


def _ratio(found: list[Speed], peer: list[Speed]) -> str:
    # Pair by pair, so that a machine that slows down slows both.
    ratios = [a.per_second / b.per_second for a, b in zip(found, peer, strict=True)]
    return f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"


def _free_port() -> int:
    import socket

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


async def speeds(rounds: int, records: int, overlapping: int, folder: Path) -> None:
    """The table of speeds."""
    peer: list[Speed] = []
    apart: list[Speed] = []
    meet: list[Speed] = []
    usual = [*claims(CLAIMS, overlap=False), *incidents(records, claims=CLAIMS)]
    async with log_of(_made(folder / "apart"), usual) as log:
        for number in range(rounds):
            peer.append(await idle(log, folder / f"idle-{number}"))
            apart.append(await tracker(log, folder / f"apart-{number}", _free_port()))
            console.print(f"round {number + 1}: {peer[-1]} {apart[-1]}", style="dim")
    worst = [*claims(CLAIMS, overlap=True), *incidents(overlapping, claims=CLAIMS)]
    async with log_of(_made(folder / "meet"), worst) as log:
        meet.extend([await tracker(log, folder / f"meet-{n}", _free_port()) for n in range(rounds)])
    table = Table(title=f"Single-event records, {CLAIMS} standing claims, {rounds} rounds")
    for column in ("what", "records", "records/s: median (range)", "ratio to the peer", "peak MiB"):
        table.add_column(column, justify="left" if column == "what" else "right")
    table.add_row("Faust agent that does nothing (peer)", f"{records:,}", _shown(peer), "1", "")
    peak = f"{max(s.peak_mib for s in apart):,.0f}"
    table.add_row(
        "tracker, at most 3 windows meet", f"{records:,}", _shown(apart), _ratio(apart, peer), peak
    )
    peak = f"{max(s.peak_mib for s in meet):,.0f}"
    table.add_row(
        "tracker, all windows meet", f"{overlapping:,}", _shown(meet), _ratio(meet, peer), peak
    )
    console.print(table)


async def memory(incident_count: int, folder: Path) -> None:
    """Peak memory over many incidents."""
    lines = (
        event
        for part in (claims(CLAIMS, overlap=False), incidents(incident_count, claims=CLAIMS))
        for event in part
    )
    async with log_of(_made(folder / "many"), lines) as log:
        speed = await tracker(log, folder / "memory", _free_port())
    console.print(
        f"{incident_count:,} incidents: peak {speed.peak_mib:,.0f} MiB "
        f"(goal: under 1,536), {speed.per_second:,.0f} records/s"
    )


def main() -> None:
    """Parse the options and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--records", type=int, default=60_000)
    parser.add_argument("--overlapping", type=int, default=4_000)
    parser.add_argument("--incidents", type=int, default=1_000_000, help="0: leave memory out")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        asyncio.run(speeds(chosen.rounds, chosen.records, chosen.overlapping, folder))
        if chosen.incidents:
            asyncio.run(memory(chosen.incidents, folder))


if __name__ == "__main__":
    main()
