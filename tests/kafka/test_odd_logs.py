"""What a log on a real Apache Kafka may hold beside plain records, and what may happen to it."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient

from streams.kafka import codecs, topics
from tests.kafka.apache_kafka import ApacheKafka
from tests.kafka.conftest import Start
from tests.kafka.real import (
    Sent,
    administer,
    consume,
    declare,
    differences,
    folded,
    forget,
    found,
    publish,
)
from tests.kafka.test_kafka import EVENTS
from tests.worker.running import within


async def in_a_transaction(bootstrap: str, records: list[Sent], *, taken_back: bool) -> None:
    async with AIOKafkaProducer(
        bootstrap_servers=bootstrap, transactional_id=f"t-{time.monotonic_ns()}"
    ) as producer:
        await producer.begin_transaction()
        for one in records:
            await producer.send_and_wait(
                topics.EVENTS, key=one.key, value=one.value, headers=list(one.headers)
            )
        await (producer.abort_transaction() if taken_back else producer.commit_transaction())


def test_what_a_transaction_took_back_is_not_judged(
    kafka: ApacheKafka, start: Start, tmp_path: Path
) -> None:
    declare(kafka.bootstrap)
    asyncio.run(in_a_transaction(kafka.bootstrap, EVENTS[:6], taken_back=False))
    asyncio.run(in_a_transaction(kafka.bootstrap, EVENTS[6:10], taken_back=True))
    # The log ends with the marks of the two transactions: it is caught up with all the same.
    worker = start()
    endpoint = worker.ready()
    asyncio.run(in_a_transaction(kafka.bootstrap, EVENTS[10:12], taken_back=True))
    publish(kafka.bootstrap, EVENTS[12:])
    asyncio.run(in_a_transaction(kafka.bootstrap, EVENTS[10:12], taken_back=False))
    log = consume(kafka.bootstrap, topics.EVENTS)
    assert len(log) == len(EVENTS) - 4
    last = max(r.offset for r in log)
    assert within(30, lambda: worker.judged() > last), worker.said
    assert worker.end() == (0, "")
    expected = folded(tmp_path / "expected", endpoint.log_id, log)
    assert len(expected.tables["accepted"]) == len(EVENTS) - 4
    assert not differences(found(worker.data_dir), expected.tables)
    again = start()
    again.ready()
    assert again.end() == (0, "")
    assert not differences(found(again.data_dir), expected.tables)


def test_each_codec_is_read_and_a_bomb_is_rejected_unopened(
    kafka: ApacheKafka, start: Start, tmp_path: Path
) -> None:
    declare(kafka.bootstrap)
    worker = start()
    endpoint = worker.ready()

    async def send(codec: str, values: list[Sent]) -> None:
        async with AIOKafkaProducer(
            bootstrap_servers=kafka.bootstrap,
            compression_type=codec,
            max_batch_size=2 * codecs.MOST_BYTES,
            max_request_size=4 * codecs.MOST_BYTES,
            request_timeout_ms=120_000,
        ) as producer:
            for one in values:
                await producer.send_and_wait(
                    topics.EVENTS, key=one.key, value=one.value, headers=list(one.headers)
                )

    for number, codec in enumerate(("gzip", "snappy", "lz4", "zstd")):
        asyncio.run(send(codec, EVENTS[3 * number : 3 * number + 3]))
    # A few kilobytes in the log, and more than the worker ever opens.
    asyncio.run(send("zstd", [Sent(EVENTS[0].key, bytes(codecs.MOST_BYTES + 1))]))
    publish(kafka.bootstrap, [Sent(EVENTS[0].key, None, ()), *EVENTS[12:]])
    worker.judges(len(EVENTS) + 2)
    peak = Path(f"/proc/{worker.popen.pid}/status").read_text().partition("VmHWM:")[2].split()[0]
    assert int(peak) < 700_000, f"{peak} KiB"
    assert worker.end() == (0, "")
    rejected = {len(r.value) < 100_000 for r in consume(kafka.bootstrap, topics.REJECTED)}
    assert rejected == {True}
    log = [r for r in consume(kafka.bootstrap, topics.EVENTS) if len(r.value or b"") < 10**6]
    expected = folded(tmp_path / "expected", endpoint.log_id, log)
    events = dict(expected.tables)["accepted"]
    assert len(events) == len(EVENTS)
    assert sorted(map(repr, found(worker.data_dir)["accepted"])) == sorted(map(repr, events))
    assert len(found(worker.data_dir)["rejected"]) == 2


def test_a_log_that_is_deleted_while_it_is_read_ends_in_an_error_not_in_silence(
    kafka: ApacheKafka, start: Start
) -> None:
    worker = start()
    worker.ready()
    publish(kafka.bootstrap, EVENTS)
    worker.judges(len(EVENTS))

    async def delete(admin: AIOKafkaAdminClient) -> None:
        await admin.delete_topics([topics.EVENTS])

    administer(kafka.bootstrap, delete)
    code, said = worker.ended(seconds=60)
    assert code == 1
    assert said.splitlines()[-1] == (
        "truce: topic truce.events is not there any more: the log was deleted; the database has "
        "all that was judged"
    )
    # Made anew, it is another log: the database is left as it is.
    assert len(found(worker.data_dir)["accepted"]) == len(EVENTS)
    declare(kafka.bootstrap)
    code, said = start().ended()
    assert code == 1
    assert "topic truce.events is not the one that the database has read" in said
    assert "is behind its end" in said


def test_a_log_that_is_created_again_while_it_is_read_ends_the_worker_within_seconds(
    kafka: ApacheKafka, start: Start
) -> None:
    worker = start()
    worker.ready()
    publish(kafka.bootstrap, EVENTS)
    worker.judges(len(EVENTS))
    # As long as the one before: no offset tells that it is another one.
    forget(kafka.bootstrap)
    declare(kafka.bootstrap)
    publish(kafka.bootstrap, EVENTS)
    code, said = worker.ended(seconds=60)
    assert code == 1
    assert said.splitlines()[-1].startswith(
        "truce: topic truce.events was deleted and created again while it was read: the database "
        "has all that was judged"
    )
    assert len(found(worker.data_dir)["accepted"]) == len(EVENTS)
