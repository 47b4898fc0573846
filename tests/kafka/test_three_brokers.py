"""Three brokers that hold each record three times, and one of them gone in the middle."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.kafka import topics
from tests.kafka.apache_kafka import ApacheKafka, cluster
from tests.kafka.real import Worker, consume, declare, differences, folded, found, messages, publish
from tests.kafka.test_kafka import some_events


@pytest.fixture(scope="module")
def brokers(
    can_have_kafka: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[ApacheKafka]]:
    with cluster(tmp_path_factory.mktemp("kafkas"), 3) as three:
        yield three


def test_one_of_three_brokers_may_stop(brokers: list[ApacheKafka], tmp_path: Path) -> None:
    bootstrap = ",".join(broker.bootstrap for broker in brokers)
    sent = some_events(1_500)
    declare(bootstrap, replication=3)
    publish(bootstrap, sent[:500])
    worker = Worker(
        tmp_path / "data",
        bootstrap,
        {"TRUCE_REPLICATION": "3", "TRUCE_MAX_BATCH": "25", "TRUCE_GROUP": "g"},
    )
    try:
        worker.judges(50)
        brokers[0].kill()
        publish(bootstrap, sent[500:1_000])
        worker.judges(1_000)
        brokers[0].start()
        publish(bootstrap, sent[1_000:])
        worker.judges_all(bootstrap)
        endpoint = worker.ready()
        code, said = worker.end()
        assert code == 0, said
    finally:
        worker.kill()
    expected = folded(tmp_path / "expected", endpoint.log_id, consume(bootstrap, topics.EVENTS))
    assert len(expected.tables["accepted"]) > 1_400
    assert not differences(found(worker.data_dir), expected.tables)
    assert set(messages(bootstrap)) == set(expected.messages)
