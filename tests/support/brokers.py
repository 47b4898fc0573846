"""Ways to an embedded broker for tests: through the worker that it is of, or to one that is open."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from streams.endpoint import Endpoint, read_endpoint
from streams.kafka.dialling import FILE_NAME, Handed, dial_with
from streams.kafka.embedded_broker import EmbeddedBroker
from streams.kafka.topics import EVENTS, declared, ensure

PARTITIONS = 4
T = TypeVar("T")
_handed: dict[Path, Handed] = {}


def reach(data_dir: Path) -> Endpoint:
    """Have this process's Kafka clients let in to the broker of the worker there, as commands are.

    Those that were let in by an earlier call must be closed by now.
    """
    endpoint = read_endpoint(data_dir)
    assert endpoint is not None
    if (data_dir / FILE_NAME).exists():
        leave(data_dir)
        _handed[data_dir] = Handed(data_dir)
        dial_with(endpoint.bootstrap, _handed[data_dir])
    return endpoint


def leave(data_dir: Path) -> None:
    """Close what `reach` was let in with."""
    if data_dir in _handed:
        _handed.pop(data_dir).close()


@contextmanager
def open_broker(folder: Path) -> Iterator[EmbeddedBroker]:
    """A broker with empty topics that lets in everybody: in the place of a Kafka elsewhere."""
    folder.mkdir(parents=True, exist_ok=True)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    tansu = EmbeddedBroker(folder, private=False)

    def do(work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, loop).result(60)

    async def begin() -> None:
        await tansu.start()
        await ensure(tansu.access, declared(PARTITIONS, 1))

    try:
        do(begin())
        yield tansu
    finally:
        do(tansu.stop())
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def copy_log(source: str, target: str) -> None:
    """Put what one log holds into another one, in the same partitions."""
    tps = [TopicPartition(EVENTS, partition) for partition in range(PARTITIONS)]
    async with (
        AIOKafkaConsumer(bootstrap_servers=source, auto_offset_reset="earliest") as consumer,
        AIOKafkaProducer(bootstrap_servers=target, acks="all") as producer,
    ):
        consumer.assign(tps)
        while fetched := await consumer.getmany(timeout_ms=1_000):
            for tp, records in fetched.items():
                for record in records:
                    await producer.send_and_wait(
                        *(EVENTS, record.value, record.key),
                        partition=tp.partition,
                        headers=list(record.headers),
                    )
