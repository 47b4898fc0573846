"""The broker and the topics of the compose stack, on the Apache Kafka that it names."""

from __future__ import annotations

import asyncio
import logging
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from streams.kafka import topics
from streams.kafka.access import Access
from tests.kafka import apache_kafka
from tests.kafka.apache_kafka import ApacheKafka

ROOT = Path(__file__).parents[2]
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load(
    (ROOT / "deploy" / "compose.yaml").read_text()
)["services"]
ENVIRONMENT: dict[str, str] = SERVICES["kafka"]["environment"]
KAFKAS_OWN = "/opt/kafka/bin/"


class OfTheStack(ApacheKafka):
    """The broker with the properties of the stack, on this machine's loopback."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        ports = dict(zip(("19092", "9093", "9092"), apache_kafka.free_ports(3), strict=True))

        def here(value: str) -> str:
            return re.sub(
                r"(?:kafka|localhost)?:(19092|9093|9092)\b",
                lambda found: f"127.0.0.1:{ports[found[1]]}",
                value,
            ).replace("/var/lib/kafka/data", str(folder / "data"))

        # As the image makes properties of its environment.
        properties = {
            name.removeprefix("KAFKA_").lower().replace("_", "."): here(value)
            for name, value in ENVIRONMENT.items()
            if name.startswith("KAFKA_")
        }
        lines = "".join(f"{name}={value}\n" for name, value in properties.items())
        self._properties.write_text(lines, encoding="utf-8")
        self.bootstrap = f"127.0.0.1:{ports['19092']}"


@pytest.fixture(scope="module")
def broker(can_have_kafka: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApacheKafka]:
    broker = OfTheStack(tmp_path_factory.mktemp("stack"))
    broker.format(ENVIRONMENT["CLUSTER_ID"])
    broker.start()
    yield broker
    broker.kill()


def run_the_set_up(bootstrap: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the command of the service `topics` with Kafka's own programs."""
    program = folder / "kafka-topics.sh"
    tool = "org.apache.kafka.tools.TopicCommand"
    program.write_text(f'#!/bin/sh\nexec java -cp "{apache_kafka.class_path()}" {tool} "$@"\n')
    program.chmod(0o755)
    service = SERVICES["topics"]
    [script] = service["command"]
    script = script.replace("$$", "$").replace(KAFKAS_OWN, f"{folder}/")
    return subprocess.run(
        [*service["entrypoint"], script],
        env={**os.environ, **service["environment"], "BOOTSTRAP": bootstrap},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_the_set_up_makes_the_topics_that_the_worker_wants(
    broker: ApacheKafka, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    partitions = int(SERVICES["worker"]["environment"]["TRUCE_PARTITIONS"])
    declared = topics.declared(partitions, 1)

    # A second time there is nothing to do.
    for _ in range(2):
        done = run_the_set_up(broker.bootstrap, tmp_path)
        assert done.returncode == 0, done.stdout + done.stderr

    with caplog.at_level(logging.WARNING):
        asyncio.run(topics.ensure(Access(broker.bootstrap), declared))
    assert caplog.messages == []
    for topic in declared:
        found = asyncio.run(configs_of(broker.bootstrap, topic.name))
        assert {name: found[name] for name in topic.configs} == topic.configs


async def configs_of(bootstrap: str, topic: str) -> dict[str, str]:
    from aiokafka.admin import AIOKafkaAdminClient

    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        return await topics._configs(admin, topic)
    finally:
        await admin.close()
