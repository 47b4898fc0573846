"""Two workers, each with a database of its own, that share a log on a real Apache Kafka."""

from __future__ import annotations

import re
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from analytics.ledger.ledger import Ledger
from analytics.metrics.families import families
from analytics.metrics.summary import SummaryReader
from streams.kafka import topics
from tests.faults.mixed import log_of
from tests.kafka.apache_kafka import ApacheKafka
from tests.kafka.conftest import Start
from tests.kafka.real import (
    PARTITIONS,
    Expected,
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

Series = dict[tuple[str, frozenset[tuple[str, str]]], float]


def scraped(worker: Worker) -> Series:
    """All series that a worker shows."""
    with urllib.request.urlopen(f"{worker.endpoint().http}/metrics", timeout=10) as answer:  # noqa: S310
        text = answer.read().decode()
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def of_the_domain(series: Series) -> Series:
    return {key: value for key, value in series.items() if "conflict" in dict(key[1])}


def lags(worker: Worker) -> dict[int, float]:
    """Which partitions a worker has, and how far behind it is in each."""
    return {
        int(dict(labels)["partition"]): value
        for (name, labels), value in scraped(worker).items()
        if name == "truce_log_lag_events"
    }


def share(*workers: Worker) -> bool:
    """Whether each partition is one worker's, and all is judged."""
    each = [lags(worker) for worker in workers]
    owned = sorted(partition for one in each for partition in one)
    return (
        all(each) and owned == [*range(PARTITIONS)] and not any(sum(one.values()) for one in each)
    )


def expect(tmp_path: Path, log_id: str, bootstrap: str) -> tuple[Expected, Series]:
    """What the log comes to, undisturbed: the tables, and the series of the domain."""
    path = tmp_path / f"expected-{time.monotonic_ns()}"
    expected = folded(path, log_id, consume(bootstrap, topics.EVENTS))
    with Ledger.open(path, read_only=True) as ledger:
        summary = SummaryReader(ledger.cursor()).read()
    series = {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in families(summary, time.time_ns() // 1_000)
        for sample in family.samples
    }
    return expected, of_the_domain(series)


def together(*workers: Worker) -> Series:
    """The series of all workers, none of them shown by two."""
    found: Series = {}
    for worker in workers:
        mine = of_the_domain(scraped(worker))
        assert not found.keys() & mine.keys()
        found |= mine
    return found


def differing(one: Series, other: Series) -> Sequence[object]:
    """The first few series that only one of them has, or with another value."""
    return sorted(one.items() ^ other.items(), key=repr)[:10]


def test_partitions_that_move_are_judged_by_their_owner_and_counted_once(
    kafka: ApacheKafka, start: Start, tmp_path: Path
) -> None:
    declare(kafka.bootstrap)
    bootstrap = kafka.bootstrap
    log = log_of(3_000, seed=9)
    third = len(log) // 3
    one = start("one", TRUCE_MAX_BATCH="100")
    log_id = one.ready().log_id
    publish(bootstrap, log[:third])
    one.judges(third // 2)
    # Another one joins in the middle.
    two = start("two", TRUCE_MAX_BATCH="100")
    two.ready()
    publish(bootstrap, log[third : 2 * third])
    assert within(90, lambda: share(one, two)), (lags(one), lags(two))
    assert differing(together(one, two), expect(tmp_path, log_id, bootstrap)[1]) == []
    # It leaves in good order, in the middle.
    publish(bootstrap, log[2 * third :])
    assert two.end()[0] == 0
    assert within(90, lambda: share(one)), lags(one)
    expected, series = expect(tmp_path, log_id, bootstrap)
    assert differing(together(one), series) == []
    # It comes back, and the first one is killed: what that one had, the other has from here on.
    two = start("two", TRUCE_MAX_BATCH="100")
    two.ready()
    assert within(90, lambda: share(one, two)), (lags(one), lags(two))
    assert differing(together(one, two), series) == []
    one.kill()
    assert within(90, lambda: share(two)), lags(two)
    assert differing(together(two), series) == []
    code, said = two.end()
    assert (code, said) == (0, "")
    # Each partition that it ever had it read from its own offset on, or from the beginning.
    assert not differences(found(two.data_dir), expected.tables)
    again = start("one")
    again.ready()
    assert again.end()[0] == 0
    assert not differences(found(again.data_dir), expected.tables)
    # Both published what both judged; one message is known by one id.
    assert set(messages(bootstrap)) == set(expected.messages)
    assert not re.search(r"stands still|does not answer", said)
