"""What several workers on one log show together."""

from __future__ import annotations

import urllib.request
from collections import Counter

from prometheus_client.parser import text_string_to_metric_families

from tests.kafka.apache_kafka import ApacheKafka
from tests.kafka.conftest import Start
from tests.kafka.real import Worker, publish
from tests.kafka.test_kafka import some_events
from tests.worker.running import within

CONFLICTS = {f"conflict-{n}" for n in range(4)}


def shown(workers: list[Worker]) -> Counter[tuple[tuple[str, str], ...]]:
    """The incidents that the workers' pages show, added up by their labels."""
    total: Counter[tuple[tuple[str, str], ...]] = Counter()
    for worker in workers:
        with urllib.request.urlopen(f"{worker.endpoint().http}/metrics", timeout=10) as answer:  # noqa: S310
            page = answer.read().decode()
        for family in text_string_to_metric_families(page):
            for sample in family.samples if family.name == "truce_incidents" else ():
                total[tuple(sorted(sample.labels.items()))] += int(sample.value)
    return total


def conflicts(worker: Worker) -> set[str]:
    return {dict(labels)["conflict"] for labels in shown([worker])}


def test_several_workers_add_up_and_count_nothing_twice(kafka: ApacheKafka, start: Start) -> None:
    first = start("first")
    first.ready()
    sent = some_events(600)
    publish(kafka.bootstrap, sent)
    first.judges(len(sent))
    alone = shown([first])
    assert conflicts(first) == CONFLICTS
    assert sum(alone.values()) > 100
    second = start("second")
    second.ready()
    both = [first, second]
    # The first one has it all in its database still, and shows only what it reads.
    assert within(60, lambda: conflicts(second) != set() and shown(both) == alone)
    assert conflicts(first) | conflicts(second) == CONFLICTS
    assert conflicts(first) & conflicts(second) == set()
    assert second.end() == (0, "")
    assert within(60, lambda: shown([first]) == alone)
