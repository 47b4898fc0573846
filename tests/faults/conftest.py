"""A Tansu that is a process of its own, and workers on it that can be killed without it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from streams.kafka.embedded_broker import EmbeddedBroker
from tests.faults.crash import PROGRAM
from tests.kafka.real import Worker
from tests.support.brokers import open_broker

Start = Callable[..., Worker]


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[EmbeddedBroker]:
    """A broker with empty topics."""
    with open_broker(tmp_path / "broker") as tansu:
        yield tansu


@pytest.fixture
def start(broker: EmbeddedBroker, tmp_path: Path) -> Iterator[Start]:
    """Start a worker in a group of its own; what still runs at the end is killed."""
    started: list[Worker] = []

    def start_one(data_dir: Path | None = None, **environ: str) -> Worker:
        number = len(started)
        worker = Worker(
            data_dir or tmp_path / "data",
            broker.bootstrap,
            {"TRUCE_GROUP": uuid.uuid4().hex, **environ},
            program=PROGRAM,
            stderr=tmp_path / f"said-{number}",
        )
        started.append(worker)
        return worker

    yield start_one
    for worker in started:
        worker.kill()
