"""The network between a worker and a real Apache Kafka: cut in the middle, or silent."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from streams.kafka import topics
from tests.faults.mixed import log_of
from tests.kafka.apache_kafka import ApacheKafka, free_ports
from tests.kafka.proxy import Proxy
from tests.kafka.real import (
    Sent,
    Worker,
    consume,
    declare,
    differences,
    folded,
    found,
    messages,
    publish,
)
from tests.worker.running import within


class Net(NamedTuple):
    """A broker, the way to it that can be cut, and a worker that goes this way."""

    kafka: ApacheKafka
    proxy: Proxy
    worker: Worker

    def judged_all(self, count: int) -> None:
        assert within(120, lambda: self.worker.judged() >= count), self.worker.said


@pytest.fixture
def net(can_have_kafka: None, tmp_path: Path) -> Iterator[Net]:
    folder = tmp_path / "kafka"
    folder.mkdir()
    port, proxied = free_ports(2)
    with ApacheKafka(folder, behind=(port, proxied)) as kafka, Proxy(proxied, port) as proxy:
        declare(kafka.bootstrap)
        worker = Worker(tmp_path / "data", f"127.0.0.1:{proxied}", {"TRUCE_MAX_BATCH": "100"})
        try:
            worker.ready()
            yield Net(kafka, proxy, worker)
        finally:
            worker.kill()


def test_what_was_cut_in_the_middle_is_judged_once(net: Net, tmp_path: Path) -> None:
    kafka, proxy, worker = net
    log: list[Sent] = log_of(3_000, seed=5)
    size = len(log) // 5
    parts = [log[n : n + size] for n in range(0, len(log), size)]
    publish(kafka.bootstrap, parts[0])
    net.judged_all(len(parts[0]))
    # In the middle of what the broker answers to a fetch; then of what is published; then at once;
    # and then in a hole, from which neither side hears anything.
    sent = len(parts[0])
    for number, part in enumerate(parts[1:]):
        match number:
            case 0:
                proxy.cut_after(answered=20_000)
            case 1:
                proxy.cut_after(sent=20_000)
            case 3:
                proxy.swallow()
            case _:
                pass
        publish(kafka.bootstrap, part)
        if number == 2:
            proxy.cut()
        time.sleep(2)
        if number < 2:
            assert within(30, lambda n=number: proxy.cuts == n + 1)  # type: ignore[misc]
        if number == 3:
            assert within(60, lambda: "does not answer since" in worker.said), worker.said
        assert worker.popen.poll() is None, worker.said
        proxy.mend()
        sent += len(part)
        net.judged_all(sent)
    assert within(30, lambda: "the broker answers again" in worker.said), worker.said
    log_file = worker.data_dir / "worker.log"
    assert not log_file.exists() or len(log_file.read_bytes().splitlines()) < 500
    endpoint = worker.endpoint()
    code, said = worker.end()
    assert code == 0
    # Nothing but that, and each time once.
    assert len(re.findall("does not answer", said)) == len(re.findall("answers again", said))
    expected = folded(
        tmp_path / "expected", endpoint.log_id, consume(kafka.bootstrap, topics.EVENTS)
    )
    assert not differences(found(worker.data_dir), expected.tables)
    assert set(messages(kafka.bootstrap)) == set(expected.messages)
