"""`make crash`: a worker is killed again and again while it replays a log, and nothing is amiss after.

The broker is a process of its own and outlives the workers; each life has a group of its own, since a
broker waits for a killed member. What the last life leaves is compared with what one undisturbed life
makes of the same log: every row of every table, and every message for others.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any, NamedTuple, cast

from aiokafka import AIOKafkaConsumer, TopicPartition
from rich.console import Console
from rich.table import Table

from streams.kafka.embedded_broker import EmbeddedBroker
from streams.kafka.topics import EVENTS, REJECTED, VERDICTS, declared, ensure
from tests.faults.marked_worker import (
    BETWEEN,
    LEDGERS,
    PHASES,
    PRELOADED,
    Ledger,
    Marks,
    blank,
    live,
    read_marks,
)
from tests.faults.mixed import log_of
from tests.kafka.real import PARTITIONS, Sent, Worker, differences, found, publish
from tests.support.logged import Dump, dump

PROGRAM = (str(Path(__file__).with_name("marked_worker.py")),)
SECONDS_OF_SILENCE = 2.0
SECONDS_OF_A_LIFE = 60.0
# How many of a hundred lives are killed when.
WHEN = {"starting": 14, "working": 76, "draining": 10}
BATCHES = (2, 5, 10, 25, 50, 100, 250, 1_000)
# After how much of a write-ahead log the database makes a checkpoint; the last: as it always does.
# Killed workers leave theirs for the next one to read, which takes as long as writing it did.
CHECKPOINTS = ("64KB", "1MB", "1MB", "")
# In how many lives all is read by a process beside, as soon as there is one.
SHARE_BESIDE = 0.3
# What takes a few milliseconds and must not be cut in half; and how long to wait for it.
SHORT = (
    LEDGERS[Ledger.COMMITTING],
    LEDGERS[Ledger.COMMITTING],
    LEDGERS[Ledger.NOTING],
    BETWEEN,
)
SECONDS_TO_AIM = 1.0
console = Console(highlight=False, soft_wrap=True)


class Plan(NamedTuple):
    """When a life is to end: `kind` of WHEN, after so many records, so many seconds later."""

    kind: str
    records: int
    seconds: float


class Death(NamedTuple):
    """What a worker was at when it was killed, and how many records all lives had judged by then."""

    marks: Marks
    place: int


class Lives:
    """Workers, one after the other, on one database."""

    def __init__(self, folder: Path, bootstrap: str, records: int, rng: random.Random) -> None:
        self.data_dir = folder / "killed"
        self.deaths: list[Death] = []
        self.judged = 0
        self._lives = 0
        self._marks = folder / "marks"
        self._said = folder / "said"
        self._bootstrap, self._records, self._rng = bootstrap, records, rng
        # Python and its modules take most of a start: forked workers have them.
        self._forking = multiprocessing.get_context("forkserver")
        self._forking.set_forkserver_preload([*PRELOADED])

    @property
    def said(self) -> str:
        """What the last worker said on stderr."""
        return self._said.read_text(encoding="utf-8")

    def one(self, left: int) -> bool:
        """Start a worker and kill it, with so many kills to come; whether it was killed.

        One that is told to stop first may have stopped.
        """
        rng = self._rng
        pace = (self._records - self.judged) / (left * (WHEN["working"] + WHEN["draining"]) / 100)
        kind = rng.choices([*WHEN], [*WHEN.values()])[0]
        records = int(min(rng.expovariate(1 / max(1, pace)), 4 * pace))
        plan = Plan(kind, records, rng.uniform(0, 0.03) if rng.random() < 0.8 else 0.5)
        # Several commits a life, and not too many of them.
        most = [size for size in BATCHES if pace / 30 <= size <= max(2, pace)] or [BATCHES[-1]]
        checkpoint = rng.choice(CHECKPOINTS)
        environ = {"CHECKPOINT": checkpoint} if checkpoint else {}
        if rng.random() < SHARE_BESIDE:
            environ["BESIDE"] = "yes"
        self._lives += 1
        blank(self._marks)
        self._said.write_text("", encoding="utf-8")
        environ |= {
            "TRUCE_BROKER": f"kafka://{self._bootstrap}",
            "TRUCE_DATA_DIR": str(self.data_dir),
            "TRUCE_HTTP": "127.0.0.1:0",
            "TRUCE_GROUP": f"life-{self._lives}",
            "TRUCE_MAX_BATCH": str(rng.choice(most)),
            "MARKS": str(self._marks),
        }
        worker = self._forking.Process(target=live, args=(environ, str(self._said)))
        worker.start()
        try:
            self._wait(worker, plan)
        finally:
            worker.kill()
            worker.join()
        if worker.exitcode not in {-signal.SIGKILL, 0}:
            raise RuntimeError(f"a worker ended with {worker.exitcode}: {self.said}")
        marks = read_marks(self._marks)
        self.judged += marks.judged
        if worker.exitcode == 0:
            return False
        self.deaths.append(Death(marks, self.judged))
        return True

    def _wait(self, worker: ForkServerProcess, plan: Plan) -> None:
        if plan.kind == "starting":
            time.sleep(self._rng.uniform(0, 1.2))
            return
        end = time.monotonic() + SECONDS_OF_A_LIFE
        goal = min(plan.records, self._records - self.judged)
        while (marks := read_marks(self._marks)).judged < goal or marks.life < marks.life.WORKING:
            if not worker.is_alive():
                return
            if time.monotonic() > end:
                raise RuntimeError(f"a worker stands still, {marks}: {self.said}")
            # Then it has judged all there is: a commit that was not counted is one all the same.
            if "Worker ready" in self.said:
                break
            time.sleep(0.002)
        time.sleep(plan.seconds)
        if plan.kind == "working":
            self._aim(worker)
        if plan.kind == "draining":
            worker.terminate()
            time.sleep(self._rng.uniform(0, 0.6))

    def _aim(self, worker: ForkServerProcess) -> None:
        """In two of three lives, wait for one of the short moments, that few kills would hit."""
        aim = self._rng.choice((*SHORT, *[None] * 2))
        end = time.monotonic() + SECONDS_TO_AIM
        while aim is not None and worker.is_alive() and time.monotonic() < end:
            if str(read_marks(self._marks)) == aim:
                break


def undisturbed(data_dir: Path, bootstrap: str, ends: Sequence[int]) -> Dump:
    """What a worker that nobody disturbs leaves when it has judged the log up to `ends`.

    A worker that is told to end publishes for some seconds, and leaves the rest to the next one.
    """
    unpublished = 1
    while unpublished:
        worker = Worker(data_dir, bootstrap, {"TRUCE_GROUP": data_dir.name}, program=PROGRAM)
        try:
            worker.judges(sum(ends), seconds=600)
            code, said = worker.end()
        finally:
            worker.kill()
        if code:
            raise RuntimeError(f"the last worker ended with {code}: {said}")
        waiting = {"outbox": "SELECT count(*) FROM outbox"}
        [(unpublished,)] = dump(data_dir / "truce.duckdb", waiting)["outbox"]
    return found(data_dir)


async def read_on(bootstrap: str, topic: str, starts: Sequence[int]) -> list[list[Any]]:
    """What follows in each partition of a topic, until nothing comes for a while.

    What Tansu says of its log's end may be late.
    """
    parts: list[list[Any]] = [[] for _ in starts]
    async with AIOKafkaConsumer(bootstrap_servers=bootstrap) as consumer:
        tps = [TopicPartition(topic, p) for p in range(len(starts))]
        consumer.assign(tps)
        for tp in tps:
            consumer.seek(tp, starts[tp.partition])
        last = time.monotonic()
        while time.monotonic() < last + SECONDS_OF_SILENCE:
            for tp, records in (await consumer.getmany(timeout_ms=200)).items():
                parts[tp.partition].extend(records)
                last = time.monotonic()
    return parts


def by_conflict(told: Mapping[object, object]) -> dict[object, list[object]]:
    """What messages are known by, in the order of each conflict: these take turns with each other."""
    found: dict[object, list[object]] = {}
    for name, message in told.items():
        key, *_ = cast("tuple[object, ...]", message)
        found.setdefault(key, []).append(name)
    return found


class Told:
    """What others are told: each message by what it is known by, in its order, repeats left out."""

    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap
        self._starts = {topic: [0] * PARTITIONS for topic in (VERDICTS, REJECTED)}
        self.repeats = 0

    def since(self) -> dict[tuple[str, int], dict[object, object]]:
        """What was published since this was asked last, by topic and partition."""
        told = {}
        for topic, starts in self._starts.items():
            for partition, records in enumerate(asyncio.run(self._read(topic))):
                known: dict[object, object] = {}
                for record in records:
                    name = _known_by(topic, record)
                    self.repeats += name in known
                    known.setdefault(name, (record.key, record.value, tuple(record.headers)))
                told[topic, partition] = known
                if records:
                    starts[partition] = records[-1].offset + 1
        return told

    async def _read(self, topic: str) -> list[list[Any]]:
        return await read_on(self._bootstrap, topic, self._starts[topic])


def _known_by(topic: str, record: Any) -> object:
    if topic == VERDICTS:
        return json.loads(record.value)["id"]
    headers = dict(record.headers)
    return tuple(headers[name] for name in ("log", "partition", "offset", "index"))


class Outcome(NamedTuple):
    """What is amiss after the kills; all of it should be 0."""

    lost: int
    doubled: int
    differing_rows: int
    differing_messages: int


def compared(killed: Dump, whole: Dump) -> tuple[int, int, int]:
    """Events lost, events there twice, and rows that only one of the two databases has."""
    # source, event_id and conflict of the table `accepted`.
    mine, others = (Counter((r[0], r[1], r[3]) for r in d["accepted"]) for d in (killed, whole))
    lost = (others - mine).total()
    doubled = sum(count - 1 for count in mine.values())
    differing = 0
    for table in whole:
        one, other = (Counter(map(repr, d[table])) for d in (killed, whole))
        differing += (one - other).total() + (other - one).total()
    return lost, doubled, differing


def show(lives: Lives, records: int) -> None:
    """What the kills hit, and how far in the log."""
    phases = Counter(str(death.marks) for death in lives.deaths)
    table = Table(title="Killed while", show_header=False)
    for phase in PHASES:
        table.add_row(phase, str(phases[phase]))
    console.print(table)
    tenths = Counter(min(9, death.place * 10 // records) for death in lives.deaths)
    table = Table(title="Killed when so much of the log was judged")
    for tenth in range(10):
        table.add_column(f"{tenth * 10}-{tenth * 10 + 10} %", justify="right")
    table.add_row(*(str(tenths[tenth]) for tenth in range(10)))
    console.print(table)
    worked = sum(death.marks.judged > 0 for death in lives.deaths)
    console.print(f"{worked} of {len(lives.deaths)} lives had judged something of their own")


def work(folder: Path, broker: EmbeddedBroker, log: Sequence[Sent], kills: int, seed: int) -> int:
    """Kill, replay, compare, print. Returns the exit code."""
    began = time.monotonic()
    bootstrap = broker.bootstrap
    publish(bootstrap, log)
    ends = [len(part) for part in asyncio.run(read_on(bootstrap, EVENTS, [0] * PARTITIONS))]
    lives = Lives(folder, bootstrap, sum(ends), random.Random(seed))
    while len(lives.deaths) < kills:
        killed = lives.one(kills - len(lives.deaths))
        if killed and len(lives.deaths) % 20 == 0:
            seconds = time.monotonic() - began
            console.print(
                f"{len(lives.deaths)} kills, {lives.judged:,} records, {seconds:.0f} s", style="dim"
            )
    told = Told(bootstrap)
    last = undisturbed(lives.data_dir, bootstrap, ends)
    mine, repeats = told.since(), told.repeats
    whole = undisturbed(folder / "undisturbed", bootstrap, ends)
    others = told.since()
    show(lives, sum(ends))
    lost, doubled, differing = compared(last, whole)
    differing_messages = sum(
        len(dict(mine[place].items() ^ others[place].items()))
        + (by_conflict(mine[place]) != by_conflict(others[place]))
        for place in others
    )
    console.print(
        f"Messages for others: {sum(map(len, others.values())):,}; sent again after a kill: "
        f"{repeats:,}; differing once repeats are left out: {differing_messages}"
    )
    rows = sum(map(len, whole.values()))
    console.print(
        f"kills: {len(lives.deaths)}, events: {len(whole['accepted']):,}, lost: {lost}, doubled: {doubled}, "
        f"differing rows: {differing} of {rows:,}; seed {seed}, {time.monotonic() - began:.0f} s"
    )
    for table, some in differences(last, whole).items():
        console.print(table, *some, sep="\n  ")
    return 1 if lost or doubled or differing or differing_messages else 0


async def run(kills: int, events: int, seed: int) -> int:
    """Start the broker, and do the rest beside it."""
    with tempfile.TemporaryDirectory() as name:
        broker = EmbeddedBroker(Path(name), private=False)
        await broker.start()
        try:
            await ensure(broker.access, declared(PARTITIONS, 1))
            log = log_of(events, seed)
            code = await asyncio.to_thread(work, Path(name), broker, log, kills, seed)
            if code and (keep := os.environ.get("TRUCE_CRASH_KEEP")):
                shutil.copytree(name, keep)
            return code
        finally:
            await broker.stop()


def main() -> int:
    """Read what is wanted from the environment."""
    kills = int(os.environ.get("TRUCE_CRASH_KILLS", "200"))
    events = int(os.environ.get("TRUCE_CRASH_EVENTS", "24000"))
    seed = int(os.environ.get("TRUCE_CRASH_SEED", str(random.randrange(2**32))))
    console.print(f"{kills} kills over {events:,} events; TRUCE_CRASH_SEED={seed} does it again")
    return asyncio.run(run(kills, events, seed))


if __name__ == "__main__":
    sys.exit(main())
