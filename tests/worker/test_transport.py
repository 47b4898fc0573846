from __future__ import annotations

import asyncio
import struct
import time
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.record.default_records import DefaultRecord

from streams import worker
from streams.kafka.consumer.feed import FetchedBatch, bounded
from streams.settings import Address, Settings
from tests.worker.plain_core import PlainCore, rows
from tests.worker.running import Start, publish, within


def test_a_batch_is_bounded_in_bytes_and_one_record_is_always_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("streams.kafka.consumer.feed.MAX_BATCH_BYTES", 10)
    values = {5: b"a" * 4, 6: b"b" * 6, 7: b"c", 9: b"d" * 30, 10: None}
    records = [DefaultRecord(offset, 0, 0, None, value, []) for offset, value in values.items()]
    found = list(bounded(2, 5, records))
    assert [(b.position, [r.offset for r in b.records]) for b in found] == [
        (5, [5, 6]),
        (7, [7]),
        (8, [9]),
        (10, [10]),
    ]
    assert {batch.partition for batch in found} == {2}
    assert isinstance(found[0], FetchedBatch)


def test_records_that_come_while_few_are_committed_are_taken_together(tmp_path: Path) -> None:
    core = PlainCore(tmp_path, slow=0.1)
    took: list[float] = []

    async def run() -> int:
        stop, ready = asyncio.Event(), asyncio.Queue[Any]()
        settings = Settings(data_dir=tmp_path, http=Address("127.0.0.1", 0))
        running = asyncio.create_task(
            worker.run(settings, core=core, stop=stop, on_ready=ready.put_nowait)
        )
        endpoint = await ready.get()
        began = time.monotonic()
        async with AIOKafkaProducer(bootstrap_servers=endpoint.bootstrap) as producer:
            for n in range(100):
                await producer.send_and_wait("truce.events", b"%d" % n, partition=n % 2)
                await asyncio.sleep(0.02)
        took.append(time.monotonic() - began)
        stop.set()
        return await running

    assert asyncio.run(run()) == 0
    assert len(rows(tmp_path)) == sum(core.batches) == 100
    # The records of two partitions come together, and are committed one partition after the other.
    assert len(core.batches) <= took[0] / core.slow + 4


@pytest.mark.parametrize(
    ("damage", "readable"),
    [
        pytest.param("header name", 2, id="a header's name that is no text"),
        pytest.param("length", 0, id="a length that leads out of the record"),
        pytest.param("checksum", 0, id="a checksum that is wrong"),
    ],
)
def test_a_record_that_the_client_cannot_read_does_not_stop_the_worker(
    start: Start, damage: str, readable: int
) -> None:
    process = start()
    endpoint = process.ready()
    sent = asyncio.run(publish_damaged(endpoint.bootstrap, damage))
    publish(endpoint.bootstrap, [(2, b"after"), (1, b"beside")])
    assert within(5, lambda: len(rows(process.data_dir)) == readable + 3)
    found = [(offset, value) for p, offset, value in rows(process.data_dir) if p == 2]
    assert found[:readable] == [(n, b"value %d" % n) for n in range(readable)]
    assert found[readable:] == [(4, sent), (5, b"after")]
    code, _ = process.end()
    assert code == 0


async def publish_damaged(bootstrap: str, damage: str) -> bytes:
    """Send five records in a batch that is broken in its third one; the bytes of the batch."""
    from aiokafka import AIOKafkaProducer
    from aiokafka.record.util import calc_crc32c

    async with AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all") as producer:
        batch = producer.create_batch()
        for n in range(5):
            batch.append(
                key=b"c", value=b"value %d" % n, timestamp=None, headers=[(f"name{n}", b"")]
            )
        whole = batch._build

        def broken() -> bytes:
            content = bytearray(whole())
            place = content.index(b"name2")
            if damage == "header name":
                content[place : place + 2] = b"\xff\xfe"
            elif damage == "length":
                content[content.index(b"value 0") - 1] = 0x7F
            if damage == "checksum":
                content[place] ^= 1
            else:
                struct.pack_into(">I", content, 17, calc_crc32c(bytes(content[21:])))
            broken_bytes.append(bytes(content))
            return bytes(content)

        broken_bytes: list[bytes] = []
        batch._build = broken
        await (await producer.send_batch(batch, "truce.events", partition=2))
        return broken_bytes[0]
