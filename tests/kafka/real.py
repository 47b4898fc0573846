"""Workers as users run them, what they read and say on a real Kafka, and what they must have found."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from aiokafka.errors import KafkaError

from analytics.ledger.ledger import Ledger
from streams.endpoint import Endpoint, read_endpoint
from streams.engine.decoding import RawRecord, read
from streams.engine.loading import load_standing, process
from streams.kafka import topics
from streams.kafka.access import Access
from tests.support.logged import HISTORY, Dump, dump
from tests.worker.running import within

ROOT = Path(__file__).parents[2]
PARTITIONS = 4
TABLES = {name: query for name, query in HISTORY.items() if name != "outbox"}
SECONDS_TO_BE_READY = 90.0

T = TypeVar("T")


class Worker:
    """`truce run` as a process of its own."""

    def __init__(
        self,
        data_dir: Path,
        bootstrap: str,
        environ: Mapping[str, str],
        *,
        program: Sequence[str] = ("-m", "streams.cli", "run"),
        stderr: Path | None = None,
    ) -> None:
        """Start it; `stderr`: where to keep what it says, if not beside its data."""
        self.data_dir = data_dir
        data_dir.mkdir(parents=True, exist_ok=True)
        self.environ = {k: v for k, v in os.environ.items() if not k.startswith("TRUCE_")} | {
            "TRUCE_BROKER": f"kafka://{bootstrap}",
            "TRUCE_DATA_DIR": str(data_dir),
            "TRUCE_HTTP": "127.0.0.1:0",
            "PYTHONPATH": str(ROOT),
            **environ,
        }
        self.began = time.monotonic()
        self._stderr = stderr or data_dir / "stderr"
        with self._stderr.open("w") as said:
            self.popen = subprocess.Popen([sys.executable, *program], env=self.environ, stderr=said)

    @property
    def said(self) -> str:
        """What it said on stderr until now."""
        return self._stderr.read_text(encoding="utf-8")

    def endpoint(self) -> Endpoint:
        """Wait until it has joined the log; it may still be catching up."""
        found: list[Endpoint] = []

        def there() -> bool:
            endpoint = read_endpoint(self.data_dir)
            found.extend([endpoint] if endpoint is not None else [])
            return endpoint is not None or self.popen.poll() is not None

        assert within(SECONDS_TO_BE_READY, there), self.said
        assert found, self.said
        return found[0]

    def ready(self) -> Endpoint:
        """Wait until it has judged what was in the log at its start."""
        endpoint = self.endpoint()
        assert within(SECONDS_TO_BE_READY, lambda: _get(f"{endpoint.http}/readyz") is not None), (
            self.said
        )
        return endpoint

    def judged(self) -> int:
        """How many records are in its ledger."""
        answer = _get(f"{self.endpoint().http}/offsets")
        return sum(json.loads(answer)["partitions"].values()) if answer else 0

    def judges(self, count: int, *, seconds: float = SECONDS_TO_BE_READY) -> None:
        """Wait until that many records of the log are in its ledger."""
        assert within(seconds, lambda: self.judged() >= count), (self.judged(), self.said)

    def judges_all(self, bootstrap: str) -> None:
        """Wait until all of the log is in its ledger.

        A producer that gets no answer sends again: there may be more records than were published.
        """
        self.judges(len(consume(bootstrap, topics.EVENTS)))

    def end(self) -> tuple[int, str]:
        """Ask it to end; its exit code and all it said, but for what it says when it is ready."""
        self.popen.send_signal(signal.SIGTERM)
        return self.ended()

    def ended(self, *, seconds: float = SECONDS_TO_BE_READY) -> tuple[int, str]:
        code = self.popen.wait(timeout=seconds)
        greeting = ("Worker ready", "Metrics:", "Publish events")
        lines = self.said.splitlines(keepends=True)
        return code, "".join(line for line in lines if not line.startswith(greeting))

    def kill(self) -> None:
        self.popen.kill()
        self.popen.wait()


def _get(url: str) -> str | None:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310
            return str(answer.read().decode())
    except (OSError, urllib.error.HTTPError):
        return None


class Sent(NamedTuple):
    """A record for the log."""

    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]] = (("content-type", b"application/cloudevents+json"),)


def event(line: str) -> Sent:
    """The record of one event."""
    return Sent(json.loads(line)["data"]["conflict"].encode(), line.encode())


def publish(bootstrap: str, records: Iterable[Sent], *, batch: int = 16_384) -> None:
    """Put records into the log, in their order within each key."""

    async def send() -> None:
        async with AIOKafkaProducer(
            bootstrap_servers=bootstrap, acks="all", linger_ms=5, max_batch_size=batch
        ) as producer:
            sent = [
                await producer.send(
                    topics.EVENTS, key=one.key, value=one.value, headers=list(one.headers)
                )
                for one in records
            ]
            await asyncio.gather(*sent)

    asyncio.run(send())


def consume(bootstrap: str, topic: str, *, partitions: int = PARTITIONS) -> list[Any]:
    """All that is in a topic now, as aiokafka gives it, in log order within each partition.

    What an aborted transaction held is left out.
    """

    async def take() -> list[Any]:
        async with AIOKafkaConsumer(
            bootstrap_servers=bootstrap, isolation_level="read_committed"
        ) as consumer:
            tps = [TopicPartition(topic, p) for p in range(partitions)]
            consumer.assign(tps)
            await consumer.seek_to_beginning()
            ends = await consumer.end_offsets(tps)
            found: list[Any] = []
            async with asyncio.timeout(60):
                while any([await consumer.position(tp) < ends[tp] for tp in tps]):
                    for records in (await consumer.getmany(timeout_ms=200)).values():
                        found.extend(records)
            return found

    return asyncio.run(take())


def administer(bootstrap: str, do: Callable[[AIOKafkaAdminClient], Awaitable[T]]) -> T:
    """Do something as the administrator of the broker."""

    async def administered() -> T:
        admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
        await admin.start()
        try:
            return await do(admin)
        finally:
            await admin.close()

    return asyncio.run(administered())


def declare(bootstrap: str, *, partitions: int = PARTITIONS, replication: int = 1) -> None:
    """Have the topics there before any worker is."""
    asyncio.run(topics.ensure(Access(bootstrap), topics.declared(partitions, replication)))


def forget(bootstrap: str) -> None:
    """Delete the topics, so that the next test begins with a log of its own."""
    names = [topics.EVENTS, topics.VERDICTS, topics.REJECTED]

    async def delete(admin: AIOKafkaAdminClient) -> None:
        async with asyncio.timeout(30):
            await admin.delete_topics([n for n in names if n in await admin.list_topics()])
            while set(names) & set(await admin.list_topics()):  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.1)

    administer(bootstrap, delete)


def cut(bootstrap: str, partition: int, before: int) -> None:
    """Remove the records before that offset from the log, as retention would."""

    async def delete(admin: AIOKafkaAdminClient) -> None:
        tp = TopicPartition(topics.EVENTS, partition)
        await admin.delete_records({tp: RecordsToDelete(before)})

    administer(bootstrap, delete)


def commit(bootstrap: str, group: str, offsets: dict[int, int]) -> None:
    """Set the offsets of a consumer group that has no member now."""

    async def set_offsets() -> None:
        async with AIOKafkaConsumer(
            bootstrap_servers=bootstrap, group_id=group, enable_auto_commit=False
        ) as consumer:
            tps = {TopicPartition(topics.EVENTS, p): offset for p, offset in offsets.items()}
            consumer.assign(list(tps))
            async with asyncio.timeout(30):
                while True:
                    try:
                        await consumer.commit(tps)
                    except KafkaError:
                        # A member that was killed is one until its session is over.
                        await asyncio.sleep(0.5)
                    else:
                        return

    asyncio.run(set_offsets())


def committed(bootstrap: str, group: str) -> dict[int, int]:
    """The offsets that a consumer group has committed."""

    async def ask(admin: AIOKafkaAdminClient) -> dict[int, int]:
        found = await admin.list_consumer_group_offsets(group)
        return {tp.partition: meta.offset for tp, meta in found.items() if meta.offset >= 0}

    return administer(bootstrap, ask)


class Expected(NamedTuple):
    """What the log comes to: the tables, and the messages for the other two topics."""

    tables: Dump
    messages: list[tuple[Any, ...]]


def folded(path: Path, log_id: str, log: Sequence[Any]) -> Expected:
    """Fold what a topic was found to hold, at once, without a broker or a worker."""
    records = [
        RawRecord(r.partition, r.offset, r.timestamp, r.key, r.value, tuple(r.headers)) for r in log
    ]
    with Ledger.open(path) as ledger:
        process(ledger, load_standing(ledger), log_id, read(records))
        pending = ledger.pending_outbox(1_000_000)
    messages = [(m.topic, m.key, m.value, m.headers) for m in pending]
    return Expected(dump(path, TABLES), sorted(messages, key=repr))


def found(data_dir: Path) -> Dump:
    """What the database of a worker that has ended holds."""
    return dump(data_dir / "truce.duckdb", TABLES)


def differences(one: Dump, other: Dump) -> dict[str, list[str]]:
    """The first rows that only one of two databases has, by table: `-` the one, `+` the other."""
    differing = {}
    for table in one:
        mine, others = (Counter(map(repr, rows)) for rows in (one[table], other[table]))
        rows = [f"- {row}" for row in sorted(mine - others)[:3]]
        rows += [f"+ {row}" for row in sorted(others - mine)[:3]]
        if rows:
            differing[table] = rows
    return differing


def messages(bootstrap: str) -> list[tuple[Any, ...]]:
    """What was published to the two topics for others, in the form of `Expected.messages`."""
    return sorted(
        (
            (topic, r.key, r.value, tuple(r.headers))
            for topic in (topics.VERDICTS, topics.REJECTED)
            for r in consume(bootstrap, topic)
        ),
        key=repr,
    )
