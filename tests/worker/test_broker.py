from __future__ import annotations

import asyncio
import logging
import os
import signal
from pathlib import Path

import pytest

from streams.kafka import topics
from streams.kafka.access import Access
from streams.kafka.broker import RemoteBroker
from streams.kafka.embedded_broker import LOG_BYTES, EmbeddedBroker, _BoundedLog
from tests.worker.running import Start, brokers, within


def test_a_killed_worker_leaves_no_broker(start: Start) -> None:
    endpoint = start().ready()
    assert len(brokers(endpoint.log_id)) == 1
    os.kill(endpoint.pid, signal.SIGKILL)
    assert within(3, lambda: not brokers(endpoint.log_id))


def test_nor_does_one_whose_guard_was_killed_first(start: Start) -> None:
    endpoint = start().ready()
    (broker,) = brokers(endpoint.log_id)
    old = guards(broker)
    os.kill(old[0], signal.SIGKILL)
    # Another one takes its place.
    assert within(3, lambda: guards(broker) not in ([], old))
    os.kill(endpoint.pid, signal.SIGKILL)
    assert within(3, lambda: not brokers(endpoint.log_id) and not guards(broker))


def guards(broker: int) -> list[int]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            arguments = path.read_bytes().split(b"\0")
        except OSError:
            continue
        if arguments[:2] == [b"/bin/sh", b"-c"] and arguments[3:4] == [str(broker).encode()]:
            found.append(int(path.parent.name))
    return found


def test_the_guard_alone_is_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As where the kernel cannot end a process with its parent."""
    monkeypatch.setattr("streams.kafka.embedded_broker._end_with_parent", lambda: None)
    log_id = ""
    child = os.fork()
    if child == 0:
        try:
            asyncio.run(start_and_tell(tmp_path))
        finally:
            os._exit(9)
    told = tmp_path / "log_id"
    assert within(10, told.exists)
    log_id = told.read_text()
    assert len(brokers(log_id)) == 1
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    assert within(3, lambda: not brokers(log_id))


async def start_and_tell(tmp_path: Path) -> None:
    broker = EmbeddedBroker(tmp_path)
    await broker.start()
    draft = tmp_path / "draft"
    draft.write_text(broker.log_id)
    draft.replace(tmp_path / "log_id")
    await asyncio.sleep(60)


def test_a_worker_notices_that_its_broker_has_died(start: Start) -> None:
    worker = start()
    endpoint = worker.ready()
    os.kill(brokers(endpoint.log_id)[0], signal.SIGKILL)
    code, said = worker.ended()
    assert (code, said) == (3, "truce: the embedded broker has died; start the worker again\n")


def test_every_start_is_a_log_of_its_own(tmp_path: Path) -> None:
    async def twice() -> set[str]:
        ids = set()
        for _ in range(2):
            broker = EmbeddedBroker(tmp_path)
            await broker.start()
            ids.add(broker.log_id)
            remote = RemoteBroker(broker.access)
            await remote.start()
            assert remote.log_id == broker.log_id
            await broker.stop()
            assert not broker.died.is_set()
            assert not brokers(broker.log_id)
        return ids

    assert len(asyncio.run(twice())) == 2


def test_a_broker_that_is_not_there_is_waited_for(caplog: pytest.LogCaptureFixture) -> None:
    async def start() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(RemoteBroker(Access("127.0.0.1:1")).start(), 1.5)

    logger = logging.getLogger("streams")
    logger.addHandler(caplog.handler)
    asyncio.run(start())
    logger.removeHandler(caplog.handler)
    said = [record.getMessage() for record in caplog.records if record.name == "streams"]
    assert set(said) == {"no Kafka answers at 127.0.0.1:1 yet: waiting for it"}


def test_topics_are_made_once_and_with_one_number_of_partitions(tmp_path: Path) -> None:
    async def ensure() -> None:
        broker = EmbeddedBroker(tmp_path)
        await broker.start()
        try:
            await topics.ensure(broker.access, topics.declared(3, 1))
            await topics.ensure(broker.access, topics.declared(3, 1))
            with pytest.raises(topics.TopicError) as raised:
                await topics.ensure(broker.access, topics.declared(4, 1))
            assert str(raised.value) == (
                "topic truce.events has 3 partitions but TRUCE_PARTITIONS is 4: "
                "set TRUCE_PARTITIONS=3, or use another broker"
            )
        finally:
            await broker.stop()

    asyncio.run(ensure())


def test_the_log_of_the_broker_is_bounded(tmp_path: Path) -> None:
    async def write() -> None:
        source = asyncio.StreamReader()
        for _ in range(50):
            source.feed_data(b"x" * 60_000)
        source.feed_eof()
        await _BoundedLog(tmp_path / "broker.log").copy(source)

    asyncio.run(write())
    sizes = {path.name: path.stat().st_size for path in tmp_path.iterdir()}
    assert set(sizes) == {"broker.log", "broker.log.1"}
    assert max(sizes.values()) <= LOG_BYTES
