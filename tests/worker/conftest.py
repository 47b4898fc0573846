"""Starts workers for tests, and ends them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.kafka.embedded_broker import EmbeddedBroker
from tests.support.brokers import open_broker
from tests.worker.running import Process, Start


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[EmbeddedBroker]:
    """A broker that lets in everybody, in the place of a Kafka elsewhere."""
    with open_broker(tmp_path / "broker") as tansu:
        yield tansu


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start a worker; whatever still runs at the end of the test is killed."""
    started: list[Process] = []

    def start_one(*arguments: str, data_dir: Path | None = None, **environ: str) -> Process:
        process = Process(data_dir or tmp_path / "data", *arguments, **environ)
        started.append(process)
        return process

    yield start_one
    for process in started:
        process.popen.kill()
        process.popen.communicate()
