"""What may happen to a worker whose broker is a process of its own, and what it comes to after."""

from __future__ import annotations

import asyncio
import itertools
import os
import shutil
import signal
import time
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer

from streams.kafka.embedded_broker import EmbeddedBroker
from streams.kafka.topics import EVENTS
from tests.faults.conftest import Start
from tests.faults.mixed import log_of
from tests.kafka.real import Sent, differences, found, publish
from tests.worker.running import within

FAKETIME = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)
A_DAY_MS = 86_400_000

pytestmark = pytest.mark.faults


def test_a_second_worker_on_one_database_is_refused_and_the_first_goes_on(
    broker: EmbeddedBroker, start: Start, tmp_path: Path
) -> None:
    log = log_of(1_000, seed=1)
    first = start()
    first.ready()
    publish(broker.bootstrap, log[:300])
    code, said = start().ended()
    assert code == 1
    assert said == (
        f"truce: {first.data_dir / 'truce.duckdb'} is in use by process {first.popen.pid}: "
        "stop it, or use another data directory\n"
    )
    publish(broker.bootstrap, log[300:])
    first.judges(len(log))
    assert first.end() == (0, "")
    undisturbed = start(tmp_path / "undisturbed")
    undisturbed.judges(len(log))
    assert undisturbed.end() == (0, "")
    assert not differences(found(first.data_dir), found(undisturbed.data_dir))


def test_a_broker_that_hangs_is_told_of_once_and_once_more_when_it_answers(
    broker: EmbeddedBroker, start: Start, tmp_path: Path
) -> None:
    log = log_of(1_000, seed=2)
    worker = start()
    worker.ready()
    publish(broker.bootstrap, log[:300])
    worker.judges(100)
    os.kill(broker.pid, signal.SIGSTOP)
    try:
        assert within(60, lambda: "does not answer since" in worker.said), worker.said
    finally:
        os.kill(broker.pid, signal.SIGCONT)
    assert within(60, lambda: "the broker answers again, after" in worker.said), worker.said
    publish(broker.bootstrap, log[300:])
    worker.judges(len(log))
    code, said = worker.end()
    assert (code, said.count("\n")) == (0, 2), said
    undisturbed = start(tmp_path / "undisturbed")
    undisturbed.judges(len(log))
    assert undisturbed.end()[0] == 0
    assert not differences(found(worker.data_dir), found(undisturbed.data_dir))


async def publish_at(bootstrap: str, records: list[Sent], stamp_ms: int) -> None:
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all") as producer:
        for one in records:
            await producer.send_and_wait(
                *(EVENTS, one.value, one.key),
                timestamp_ms=stamp_ms,
                headers=list(one.headers),
            )


def test_clocks_that_jump_neither_set_recorded_time_back_nor_change_a_row(
    broker: EmbeddedBroker, start: Start, tmp_path: Path
) -> None:
    if FAKETIME is None:
        if os.environ.get("CI") and shutil.which("apt-get"):
            pytest.fail("no libfaketime: apt-get install faketime")
        pytest.skip("no libfaketime on this machine (Debian, Ubuntu: apt install faketime)")
    clock = tmp_path / "clock"
    clock.write_text("+0\n")
    worker = start(
        LD_PRELOAD=str(FAKETIME),
        FAKETIME_TIMESTAMP_FILE=str(clock),
        FAKETIME_CACHE_DURATION="1",
        FAKETIME_DONT_FAKE_MONOTONIC="1",
    )
    worker.ready()
    log = log_of(800, seed=4)
    size = len(log) // 4
    began = 1_780_000_000_000
    # The log's clock and the worker's, each by itself: a day on, two days back.
    for number, (log_ms, off) in enumerate(
        [(0, "+0"), (A_DAY_MS, "-3d"), (-A_DAY_MS, "+2d"), (0, "-1d")]
    ):
        clock.write_text(f"{off}\n")
        # It looks once a second: each time it is asked would take a slow machine's whole core.
        time.sleep(2)
        part = log[number * size : (number + 1) * size if number < 3 else None]
        asyncio.run(publish_at(broker.bootstrap, part, began + log_ms))
        worker.judges(number * size + len(part))
    assert worker.end() == (0, "")
    tables = found(worker.data_dir)
    undisturbed = start(tmp_path / "undisturbed")
    undisturbed.judges(len(log))
    assert undisturbed.end() == (0, "")
    assert not differences(tables, found(undisturbed.data_dir))
    # partition, offset, index in a batch; recorded_at
    places = sorted(((row[6], row[7], row[8]), row[4]) for row in tables["accepted"])
    for (before, earlier), (after, later) in itertools.pairwise(places):
        assert before[0] != after[0] or earlier <= later, (before, after)
    assert len({later.date() for _, later in places}) == 2
