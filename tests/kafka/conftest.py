"""A real Apache Kafka for the tests of one file, and workers on it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.kafka.apache_kafka import ApacheKafka, jars
from tests.kafka.real import Worker, forget

Start = Callable[..., Worker]


@pytest.fixture(scope="session")
def can_have_kafka() -> None:
    """Skip where no Apache Kafka can be had; in CI that is a failure if Java and Maven are there."""
    jars().wanted()


@pytest.fixture(scope="module")
def broker(can_have_kafka: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApacheKafka]:
    """One broker, which a test may kill and start again."""
    with ApacheKafka(tmp_path_factory.mktemp("kafka")) as kafka:
        yield kafka


@pytest.fixture
def kafka(broker: ApacheKafka) -> ApacheKafka:
    """The broker, without any of our topics."""
    forget(broker.bootstrap)
    return broker


@pytest.fixture
def start(kafka: ApacheKafka, tmp_path: Path) -> Iterator[Start]:
    """Start a worker, in a group of the test's own; what still runs at the end is killed."""
    group = uuid.uuid4().hex
    started: list[Worker] = []

    def start_one(name: str = "data", **environ: str) -> Worker:
        worker = Worker(tmp_path / name, kafka.bootstrap, {"TRUCE_GROUP": group, **environ})
        started.append(worker)
        return worker

    yield start_one
    for worker in started:
        worker.kill()
