"""`make soak`: mixed load with faults for half an hour; memory stays flat and no verdict differs.

Two workers read one log, each into a database of its own. One of them is killed and stopped all the
time. The other lives from beginning to end, so that its memory can be compared with itself; it sees the
same load and the same pauses of the broker. In the end both databases must be equal to the row, and
`truce verify` must find no difference in either.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from aiokafka import AIOKafkaProducer
from rich.console import Console
from rich.table import Table

from streams.commands.lake_reader import opened
from streams.endpoint import read_endpoint
from streams.errors import CommandError
from streams.kafka.embedded_broker import EmbeddedBroker
from streams.kafka.topics import EVENTS, declared, ensure
from streams.settings import Settings
from tests.faults.crash import PROGRAM
from tests.faults.mixed import log_of, mixed
from tests.kafka.real import PARTITIONS, Sent, Worker, differences, found

# The log has these before the clock starts: caches fill, and what is imported late is imported.
EVENTS_BEFORE = 2_000
MOST_GROWTH = 1.05
# Of so many incidents a conflict the load tells: each is judged as often again at the end as before.
INCIDENTS = 500
# Before that, caches still fill: the growth of a shorter run is printed, and not judged.
MINUTES_TO_SETTLE = 20.0
SECONDS_TO_CATCH_UP = 300.0
QUERIES = (
    "select verdict, count(*) from verdicts group by verdict",
    "select * from compliance order by all limit 50",
    "select conflict, max(recorded_at) from verdict_versions group by conflict",
    "select reason, count(*) from rejected group by reason",
    "select count(*) from events e join reports r on e.conflict = r.conflict and e.payload = r.payload",
)
FAULTS = ("SIGKILL", "SIGKILL", "SIGTERM", "broker hangs")
console = Console(highlight=False, soft_wrap=True)


class Life(NamedTuple):
    """One life of the disturbed worker: MiB and records judged when it ended."""

    seconds: float
    ended: str
    judged: int
    mib: float


def rss_mib(worker: Worker) -> float:
    """How much memory a worker holds now; 0 if it is gone."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{worker.popen.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
    return 0.0


class Load:
    """Publishes without end, at a steady rate, in a loop of its own. `sent`: records acknowledged."""

    def __init__(self, bootstrap: str, records: Iterator[tuple[Sent, int]], rate: float) -> None:
        self.sent, self.ends = 0, [0] * PARTITIONS
        self._bootstrap, self._records, self._rate = bootstrap, records, rate
        self._over = threading.Event()
        self._failed: list[BaseException] = []
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Publish no more. Raises what went wrong meanwhile."""
        self._over.set()
        self._thread.join()
        if self._failed:
            raise self._failed[0]

    def _run(self) -> None:
        try:
            asyncio.run(self._publish())
        except BaseException as error:  # noqa: BLE001 - raised where it is stopped
            self._failed.append(error)

    async def _publish(self) -> None:
        async with AIOKafkaProducer(bootstrap_servers=self._bootstrap, acks="all") as producer:
            for one, _ in self._records:
                if self._over.is_set():
                    break
                where = await producer.send_and_wait(
                    EVENTS, key=one.key, value=one.value, headers=list(one.headers)
                )
                self.ends[where.partition] = where.offset + 1
                self.sent += 1
                await asyncio.sleep(1 / self._rate)


class Soak:
    """The two workers, what is done to them and what is seen of them."""

    def __init__(self, folder: Path, broker: EmbeddedBroker, rng: random.Random) -> None:
        self._folder, self._broker, self._rng = folder, broker, rng
        self.steady = self._worker("steady")
        self.disturbed = self._worker("disturbed")
        self.lives: list[Life] = []
        self.memory: list[float] = []
        self.did: Counter[str] = Counter()

    def _worker(self, name: str) -> Worker:
        group = f"{name}-{time.monotonic_ns()}"
        return Worker(
            self._folder / name,
            self._broker.bootstrap,
            {"TRUCE_GROUP": group, "TRUCE_MEMORY": "100MB"},
            program=PROGRAM,
        )

    def look(self) -> None:
        """Scrape and ask both; while one is not there, that is no fault."""
        self.memory.append(rss_mib(self.steady))
        for worker in (self.steady, self.disturbed):
            endpoint = read_endpoint(worker.data_dir)
            if endpoint is None:
                continue
            try:
                with urllib.request.urlopen(f"{endpoint.http}/metrics", timeout=5) as answer:  # noqa: S310
                    answer.read()
                asked = self._rng.choice(QUERIES)
                with opened(Settings(data_dir=worker.data_dir)) as lake:
                    self.did["rows read"] += len(lake.ask(asked))
                self.did["reads"] += 1
            except (OSError, CommandError):
                self.did["reads that nobody answered"] += 1

    def disturb(self) -> None:
        """Do one of the faults."""
        fault = self._rng.choice(FAULTS)
        self.did[fault] += 1
        if fault == "broker hangs":
            os.kill(self._broker.pid, signal.SIGSTOP)
            time.sleep(self._rng.uniform(0.5, 6))
            os.kill(self._broker.pid, signal.SIGCONT)
            return
        worker = self.disturbed
        mib, seconds = rss_mib(worker), time.monotonic() - worker.began
        judged = worker.judged() if read_endpoint(worker.data_dir) is not None else 0
        # One that has only begun to start has no handler for the signal yet, and nothing to drain.
        if fault == "SIGTERM" and read_endpoint(worker.data_dir) is not None:
            code, said = worker.end()
            if code:
                raise RuntimeError(f"a worker ended with {code}: {said}")
        worker.kill()
        self.lives.append(Life(seconds, fault, judged, mib))
        self.disturbed = self._worker("disturbed")

    def alive(self) -> None:
        """Raise if one ended by itself."""
        for worker in (self.steady, self.disturbed):
            if worker.popen.poll() is not None:
                raise RuntimeError(f"a worker ended with {worker.popen.returncode}: {worker.said}")

    def finish(self, records: int) -> None:
        """Let both judge all there is, and stop them in good order."""
        for worker in (self.steady, self.disturbed):
            worker.judges(records, seconds=SECONDS_TO_CATCH_UP)
        mib, seconds = rss_mib(self.disturbed), time.monotonic() - self.disturbed.began
        self.lives.append(Life(seconds, "at the end", records, mib))
        for worker in (self.steady, self.disturbed):
            code, said = worker.end()
            if code:
                raise RuntimeError(f"a worker ended with {code}: {said}")

    def kill(self) -> None:
        """Leave nothing running."""
        self.steady.kill()
        self.disturbed.kill()


def verify(data_dir: Path) -> str:
    """What `truce verify` says of a database, or RuntimeError if it found a difference."""
    done = subprocess.run(
        [sys.executable, "-m", "streams.cli", "verify", "--data-dir", str(data_dir)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"truce verify: {done.stdout}{done.stderr}")
    return done.stdout.strip()


def thirds(memory: list[float]) -> list[float]:
    """The median of each third. A checkpoint or a large answer is a peak, and no growth."""
    size = len(memory) // 3
    return [statistics.median(memory[n * size : n * size + size]) for n in range(3)]


def show(soak: Soak) -> float:
    """Print the lives and the memory; by how much the last third is above the second."""
    table = Table(title="Lives of the disturbed worker")
    for column in ("seconds", "ended by", "records judged in all", "MiB then"):
        table.add_column(column, justify="right")
    for life in soak.lives:
        table.add_row(f"{life.seconds:.0f}", life.ended, f"{life.judged:,}", f"{life.mib:.0f}")
    console.print(table)
    first, second, last = thirds(soak.memory)
    console.print(
        f"memory of the steady worker, median of each third: {first:.0f}, {second:.0f}, "
        f"{last:.0f} MiB; peak {max(soak.memory):.0f}; the last is {last / second - 1:+.1%} of the "
        f"second (limit {MOST_GROWTH - 1:+.0%})"
    )
    console.print(", ".join(f"{name}: {count:,}" for name, count in sorted(soak.did.items())))
    return last / second


def work(folder: Path, broker: EmbeddedBroker, minutes: float, rate: float, seed: int) -> int:
    """Load, disturb, compare, print. Returns the exit code."""
    from tests.kafka.real import publish

    rng = random.Random(seed)
    before = log_of(EVENTS_BEFORE, seed)
    publish(broker.bootstrap, before)
    soak = Soak(folder, broker, rng)
    try:
        soak.steady.judges(len(before), seconds=SECONDS_TO_CATCH_UP)
        load = Load(broker.bootstrap, mixed(seed + 1, name="soak", most=INCIDENTS), rate)
        began = time.monotonic()
        next_fault = began + rng.uniform(5, 20)
        while time.monotonic() < began + 60 * minutes:
            soak.look()
            soak.alive()
            if time.monotonic() > next_fault:
                soak.disturb()
                next_fault = time.monotonic() + rng.uniform(10, 40)
            time.sleep(1)
        load.stop()
        soak.finish(len(before) + load.sent)
    finally:
        soak.kill()
    growth = show(soak)
    for worker in (soak.steady, soak.disturbed):
        console.print(f"{worker.data_dir.name}: truce verify: {verify(worker.data_dir)}")
    differing = differences(found(soak.steady.data_dir), found(soak.disturbed.data_dir))
    for name, some in differing.items():
        console.print(name, *some, sep="\n  ")
    console.print(
        f"{minutes:g} minutes, {load.sent:,} records at {load.sent / 60 / minutes:.0f} a second; "
        f"tables in which the two databases differ: {len(differing)}; seed {seed}"
    )
    grows = minutes >= MINUTES_TO_SETTLE and growth > MOST_GROWTH
    return 1 if differing or grows else 0


async def run(minutes: float, rate: float, seed: int) -> int:
    """Start the broker, and do the rest beside it."""
    with tempfile.TemporaryDirectory() as name:
        broker = EmbeddedBroker(Path(name), private=False)
        await broker.start()
        try:
            await ensure(broker.access, declared(PARTITIONS, 1))
            return await asyncio.to_thread(work, Path(name), broker, minutes, rate, seed)
        finally:
            with contextlib.suppress(OSError):
                os.kill(broker.pid, signal.SIGCONT)
            await broker.stop()


def main() -> int:
    """Read what is wanted from the environment."""
    minutes = float(os.environ.get("TRUCE_SOAK_MINUTES", "30"))
    rate = float(os.environ.get("TRUCE_SOAK_RATE", "50"))
    seed = int(os.environ.get("TRUCE_SOAK_SEED", str(random.randrange(2**32))))
    console.print(f"{minutes:g} minutes at {rate:g} records a second; seed {seed}")
    return asyncio.run(run(minutes, rate, seed))


if __name__ == "__main__":
    sys.exit(main())
