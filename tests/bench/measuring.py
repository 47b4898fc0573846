"""What the sections share: a log to read, a run of the tracker or of a peer on it, and how to tell.

A speed is always taken in the same way: from a program's first commit to its last, the events of the
first left out, so that nobody's start counts.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import statistics
import sys
import time
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import aiohttp
import duckdb
from aiokafka import AIOKafkaProducer
from rich.console import Console
from rich.table import Table

from streams.kafka.access import Access
from streams.kafka.embedded_broker import EmbeddedBroker
from streams.kafka.topics import EVENTS, declared, ensure
from tests.cli.commands import TRUCE, environment

CLAIMS = 500
PARTITIONS = 1
CONFLICT = b"bench"
# Each look costs the worker a millisecond, and a run takes some ten seconds at the least.
POLL_SECONDS = 0.1
SECONDS_TO_STOP = 60
LONGEST_SECONDS = 1_200
HERE = Path(__file__).parent
ROOT = HERE.parent.parent
ROWS = (HERE / "rows.sql").read_text("utf-8")
console = Console(highlight=False, width=None if sys.stdout.isatty() else 140)


class BenchError(Exception):
    """A section cannot be measured, or what it measured is not what it says: the reason."""


class Skipped(Exception):  # noqa: N818 - not an error
    """A section has nothing to measure here: the reason."""


class Log(NamedTuple):
    """A broker with a log in it: so many records, with so many events in all."""

    bootstrap: str
    records: int
    events: int


class Run(NamedTuple):
    """One run over a whole log: events a second, peak memory, CPU time and what was written.

    The CPU time, in us an event over all its processes, is what a busy machine changes least.
    """

    per_second: float
    peak_mib: float = 0.0
    cpu_us: float = 0.0
    database: Path | None = None


@asynccontextmanager
async def broker_at(folder: Path, kind: str) -> AsyncIterator[str]:
    """A broker of its own in `folder`: tansu, or kafka (wants Java and Maven). Its address."""
    made(folder)
    if kind == "kafka":
        from tests.kafka.apache_kafka import ApacheKafka, why_not

        if reason := why_not():
            raise BenchError(f"no Apache Kafka: {reason}; use --broker tansu")
        with ApacheKafka(folder) as kafka:
            yield kafka.bootstrap
        return
    tansu = EmbeddedBroker(folder, private=False)
    await tansu.start()
    try:
        yield tansu.bootstrap
    finally:
        await tansu.stop()


@asynccontextmanager
async def log_of(
    folder: Path, records: Iterable[tuple[bytes, int]], kind: str
) -> AsyncIterator[Log]:
    """A broker whose `truce.events` holds `records`: each its bytes and how many events are in it.

    All are of the one conflict, and so in one partition.
    """
    async with broker_at(folder, kind) as bootstrap:
        await ensure(Access(bootstrap), declared(PARTITIONS, 1))
        yield Log(bootstrap, *await _fill(bootstrap, records))


async def _fill(bootstrap: str, records: Iterable[tuple[bytes, int]]) -> tuple[int, int]:
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, max_batch_size=900_000, acks="all")
    await producer.start()
    count = events = 0
    try:
        batch = producer.create_batch()
        for value, size in records:
            count, events = count + 1, events + size
            if batch.append(key=CONFLICT, value=value, timestamp=None) is None:
                await (await producer.send_batch(batch, EVENTS, partition=0))
                batch = producer.create_batch()
                batch.append(key=CONFLICT, value=value, timestamp=None)
        await (await producer.send_batch(batch, EVENTS, partition=0))
    finally:
        await producer.stop()
    return count, events


@asynccontextmanager
async def worker(
    bootstrap: str, folder: Path, *, program: Sequence[str] = TRUCE, **settings: str
) -> AsyncIterator[tuple[asyncio.subprocess.Process, int]]:
    """`truce run` on a database of its own: the process and its HTTP port. A clean stop at the end.

    Without `bootstrap` it brings its own broker. `program`: what is there instead of `truce`.
    """
    port = free_port()
    given = {
        "TRUCE_BROKER": f"kafka://{bootstrap}" if bootstrap else "",
        "TRUCE_HTTP": f"127.0.0.1:{port}",
        "TRUCE_GROUP": folder.name,
        "TRUCE_PARTITIONS": str(PARTITIONS),
        **settings,
    }
    process = await asyncio.create_subprocess_exec(
        *program,
        "run",
        env=environment(folder, **given),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield process, port
    finally:
        err = await _stopped(process)
    if process.returncode:
        raise BenchError(f"the worker ended with {process.returncode}: {err[-2000:]}")


async def _stopped(process: asyncio.subprocess.Process) -> str:
    if process.returncode is None:
        process.send_signal(signal.SIGTERM)
    try:
        _, err = await asyncio.wait_for(process.communicate(), SECONDS_TO_STOP)
    except TimeoutError:
        process.kill()
        _, err = await process.communicate()
    return err.decode()


async def tracker(
    log: Log, folder: Path, *, after: int = 1, program: Sequence[str] = TRUCE, **settings: str
) -> Run:
    """The worker, until all records are judged and committed; timed once `after` of them are."""
    async with worker(log.bootstrap, folder, program=program, **settings) as (process, port):
        first, began, cpu_before = await _until_judged(process, port, after)
        done, ended, cpu_after = await _until_judged(process, port, log.records)
        peak = peak_mib(process.pid)
    if first == done:
        raise BenchError("all was in one commit: no speed can be told; measure more --events")
    events = log.events * (done - first) / log.records
    cpu_us = (cpu_after - cpu_before) * 1e6 / events
    return Run(events / (ended - began), peak, cpu_us, folder / "truce.duckdb")


async def _until_judged(
    process: asyncio.subprocess.Process, port: int, wanted: int
) -> tuple[int, float, float]:
    """How many records were judged when at least `wanted` were, when that was, and CPU seconds."""
    last = time.monotonic() + LONGEST_SECONDS
    async with aiohttp.ClientSession() as session:
        while process.returncode is None and time.monotonic() < last:
            done = await judged(session, port)
            if done >= wanted:
                return done, time.perf_counter(), cpu_seconds(process.pid)
            await asyncio.sleep(POLL_SECONDS)
    raise BenchError(f"the worker ended, or {LONGEST_SECONDS} s were over, before all was judged")


async def judged(session: aiohttp.ClientSession, port: int) -> int:
    """Up to how many records the worker's ledger is."""
    with contextlib.suppress(aiohttp.ClientError):
        async with session.get(f"http://127.0.0.1:{port}/offsets") as answer:
            if answer.status == 200:
                return sum((await answer.json())["partitions"].values())
    return 0


async def printed(
    *command: str, given: Mapping[str, str] | None = None, longest: float = LONGEST_SECONDS
) -> str:
    """What a program says on stdout. BenchError with the end of its stderr if it fails or hangs."""
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=ROOT,
        env=environment() | dict(given or {}),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        out, err = await asyncio.wait_for(process.communicate(), longest)
    except BaseException:
        process.kill()
        await process.wait()
        raise
    if process.returncode:
        shown = err.decode(errors="replace")[-2000:]
        raise BenchError(f"{' '.join(command)} ended with {process.returncode}: {shown}")
    return out.decode()


async def idle(log: Log, folder: Path) -> Run:
    """A Faust agent that does nothing with the same records: records a second, not events."""
    said = await printed(
        *(sys.executable, str(HERE / "idle_agent.py"), f"kafka://{log.bootstrap}", EVENTS),
        *(str(PARTITIONS), str(log.records), str(folder)),
        longest=300,
    )
    seconds, seen = said.split()
    return Run(int(seen) / float(seconds))


def written(database: Path) -> dict[str, tuple[int, int]]:
    """For each table how many rows there are, and a number made of all they say."""
    with duckdb.connect(str(database), read_only=True) as connection:
        found = connection.execute(ROWS).fetchall()
    return {name: (row_count, contents) for name, row_count, contents in found}


def made(folder: Path) -> Path:
    """The folder, now there."""
    folder.mkdir(parents=True)
    return folder


def peak_mib(pid: int) -> float:
    """The most memory that the process and those it has started have had, each at its own time.

    In MiB; 0 where the system does not tell.
    """
    return sum(map(_peak_mib, _with_children(pid)))


def _peak_mib(pid: int) -> float:
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return 0.0


def cpu_seconds(pid: int) -> float:
    """What the process and those it has started have used; 0 where the system does not tell."""
    ticks = 0
    for one in _with_children(pid):
        with contextlib.suppress(OSError):
            # Behind the name, which may hold anything: user and system ticks are 12th and 13th.
            fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _with_children(pid: int) -> list[int]:
    found = [pid]
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            found += map(int, children.read_text().split())
    return found


def cpu_text(runs: Sequence[Run]) -> str:
    """The CPU time of an event, in us."""
    return f"{statistics.median(run.cpu_us for run in runs):.0f}"


def peak_text(runs: Iterable[Run]) -> str:
    """The most memory that any of them took."""
    return f"{max(run.peak_mib for run in runs):,.0f}"


def free_port() -> int:
    """A port that is free now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def spread(values: Sequence[float], form: str = ",.0f") -> str:
    """Median (least to greatest)."""
    return f"{statistics.median(values):{form}} ({min(values):{form}} to {max(values):{form}})"


def rates(runs: Sequence[Run]) -> list[float]:
    """The events a second of each."""
    return [run.per_second for run in runs]


def ratios(found: Sequence[Run], peer: Sequence[Run]) -> list[float]:
    """Pair by pair, so that a machine that slows down slows both."""
    return [a.per_second / b.per_second for a, b in zip(found, peer, strict=True)]


def reached(value: float, goal: float, *, at_most: bool = False) -> str:
    """Whether a goal is reached, in a word."""
    return "reached" if (value <= goal if at_most else value >= goal) else "NOT reached"


def show(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table; all columns but the first are figures."""
    table = Table(title=title, title_justify="left")
    for number, column in enumerate(columns):
        table.add_column(column, justify="right" if number else "left")
    for row in rows:
        table.add_row(*row)
    console.print(table)


def progress(what: str, run: Run) -> None:
    """One line of what has just been measured, for whoever waits."""
    peak = f", {run.cpu_us:.0f} us CPU, peak {run.peak_mib:,.0f} MiB" if run.peak_mib else ""
    console.print(f"  {what}: {run.per_second:,.0f}/s{peak}", style="dim")
