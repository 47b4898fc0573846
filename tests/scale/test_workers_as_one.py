"""Workers on a real Apache Kafka of 12 partitions: commands and pages have all of it in one lake."""

from __future__ import annotations

import json
import os
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from analytics.lake.session import LakeError, open_lake
from streams.kafka import topics
from tests.bench.measuring import cpu_seconds
from tests.cli.commands import truce
from tests.kafka import conftest as kafkas
from tests.kafka.apache_kafka import ApacheKafka
from tests.kafka.conftest import Start
from tests.kafka.real import (
    Expected,
    Sent,
    Worker,
    consume,
    declare,
    differences,
    event,
    folded,
    publish,
)
from tests.kafka.test_rebalance import lags
from tests.lake.compared import revised
from tests.scale.shared import doubles
from tests.support.logged import HISTORY, answers
from tests.web.served import pages
from tests.worker.running import within

broker, can_have_kafka = kafkas.broker, kafkas.can_have_kafka
kafka, start = kafkas.kafka, kafkas.start

PARTITIONS = 12
CONFLICTS = [f"conflict-{number}" for number in range(24)]
INCIDENTS = 10
MEASURED = "TRUCE_SCALE_INCIDENTS"
MANY_INCIDENTS = int(os.environ.get(MEASURED, "20"))
"""Of each conflict, where what they take is looked at: 500 for `docs/scale.md`."""
PUBLISHED = (0, 100, 200, 300)
"""The number of the first incident of each conflict that is published, time after time."""
TABLES = {name: query for name, query in HISTORY.items() if name not in {"outbox", "provenance"}}


def log(first: int, incidents: int = INCIDENTS) -> Iterator[Sent]:
    """Some incidents of each conflict, and its claims the first time."""
    for conflict in CONFLICTS:
        for line in revised(incidents, first=first, conflict=conflict):
            yield event(line)


class SharedLake:
    """The lake of all workers of a log, as a machine without one knows it."""

    def __init__(self, folder: Path, postgres: str) -> None:
        self.path = folder / "lake"
        self.environ = {
            "TRUCE_LAKE": str(self.path),
            "TRUCE_LAKE_CATALOG": f"postgres:{postgres}",
            "TRUCE_PARTITIONS": str(PARTITIONS),
        }
        self.nobody = folder / "nobody"
        self.nobody.mkdir()

    def worker(self, start: Start, name: str, **more: str) -> Worker:
        """A worker that writes a part of it."""
        return start(name, TRUCE_WORKER=name, **self.environ, **more)

    def asked(self, *arguments: str) -> str:
        """What a command says there."""
        done = truce(*arguments, data_dir=self.nobody, TRUCE_LAKE=str(self.path))
        assert (done.returncode, done.stderr) == (0, ""), done.stderr
        return done.stdout

    def reached(self) -> dict[int, int]:
        """How far it is in each partition."""
        try:
            with open_lake(self.path) as lake:
                assert doubles(lake.ask) == []
                return dict(lake.ask("SELECT partition, next_offset FROM log_offsets"))
        except LakeError:
            return {}

    def has_all(self, bootstrap: str) -> bool:
        """Whether all that the log has is in it, soon."""
        wanted: dict[int, int] = {}
        for record in consume(bootstrap, topics.EVENTS, partitions=PARTITIONS):
            wanted[record.partition] = record.offset + 1
        return within(120, lambda: self.reached() == wanted)


@pytest.fixture
def lake(tmp_path: Path, postgres: str) -> SharedLake:
    return SharedLake(tmp_path, postgres)


def test_with_a_rebalance_in_the_middle_the_union_is_one_workers_database(
    kafka: ApacheKafka, start: Start, lake: SharedLake, tmp_path: Path
) -> None:
    bootstrap = kafka.bootstrap
    declare(bootstrap, partitions=PARTITIONS)
    one = lake.worker(start, "one", TRUCE_MAX_BATCH="100")
    log_id = one.ready().log_id
    publish(bootstrap, log(PUBLISHED[0]))
    assert lake.has_all(bootstrap), one.said
    # Two more take some of its partitions, while there is more to judge.
    two, three = (lake.worker(start, name, TRUCE_MAX_BATCH="100") for name in ("two", "three"))
    publish(bootstrap, log(PUBLISHED[1]))
    two.ready()
    three.ready()
    assert lake.has_all(bootstrap), (two.said, three.said)
    # One is killed, and the others have its partitions.
    publish(bootstrap, log(PUBLISHED[2]))
    one.kill()
    publish(bootstrap, log(PUBLISHED[3]))
    assert lake.has_all(bootstrap), (two.said, three.said)
    expected = _expected(tmp_path, log_id, bootstrap)
    with open_lake(lake.path) as reader:
        assert reader.workers == ("one", "three", "two")
        assert not differences(answers(reader.connection, TABLES), expected.tables)
    _commands_have_all(lake)
    _pages_have_all(lake)
    for worker in (two, three):
        assert worker.end()[0] == 0


@pytest.mark.parametrize("many", [1, 2, 4] if MEASURED in os.environ else [4])
def test_so_many_workers_come_to_the_same(
    kafka: ApacheKafka, start: Start, lake: SharedLake, tmp_path: Path, many: int
) -> None:
    bootstrap = kafka.bootstrap
    declare(bootstrap, partitions=PARTITIONS)
    workers = [lake.worker(start, f"worker-{number}") for number in range(many)]
    log_ids = {worker.ready().log_id for worker in workers}
    assert within(90, lambda: _assigned(workers) == [*range(PARTITIONS)])
    before = sum(cpu_seconds(worker.popen.pid) for worker in workers)
    publish(bootstrap, log(0, MANY_INCIDENTS))
    assert lake.has_all(bootstrap)
    used = sum(cpu_seconds(worker.popen.pid) for worker in workers) - before
    events = len(consume(bootstrap, topics.EVENTS, partitions=PARTITIONS))
    print(f"{many} workers: {events:,} events, {used / events * 1e6:.0f} us of processor time each")  # noqa: T201
    [log_id] = log_ids
    expected = _expected(tmp_path, log_id, bootstrap)
    with open_lake(lake.path) as reader:
        assert not differences(answers(reader.connection, TABLES), expected.tables)
        owners = {worker for (worker,) in reader.ask("SELECT worker FROM owned_partitions")}
        assert len(owners) == many
    for worker in workers:
        assert worker.end()[0] == 0


def _assigned(workers: Sequence[Worker]) -> list[int]:
    return sorted(partition for worker in workers for partition in lags(worker))


def _expected(folder: Path, log_id: str, bootstrap: str) -> Expected:
    found = consume(bootstrap, topics.EVENTS, partitions=PARTITIONS)
    expected = folded(folder / "expected", log_id, found)
    del expected.tables["provenance"]
    return expected


def _commands_have_all(lake: SharedLake) -> None:
    # It warns of a party that no claim binds.
    done = truce("status", "--json", data_dir=lake.nobody, TRUCE_LAKE=str(lake.path))
    status: dict[str, Any] = json.loads(done.stdout)
    assert {one["conflict"] for one in status["commitments"]} == set(CONFLICTS)
    workers = status["lake"]["workers"]
    assert {one["worker"] for one in workers} == {"one", "two", "three"}
    owned = sorted(partition for one in workers for partition in one["partitions"])
    assert owned == sorted(set(owned))
    assert set(owned) == {*lake.reached()}
    done = truce("status", data_dir=lake.nobody, TRUCE_LAKE=str(lake.path))
    assert "No worker runs here" in done.stdout
    listed = json.loads(lake.asked("incidents", "--json"))
    found = {(one["conflict"], one["incident_id"]) for one in listed}
    assert len(found) == len(CONFLICTS) * INCIDENTS * len(PUBLISHED)
    for conflict in (CONFLICTS[0], CONFLICTS[-1]):
        assert "truce-0" in lake.asked("explain", "i0", "--conflict", conflict)
        file = lake.nobody / f"{conflict}.html"
        done = truce(
            "report", "--conflict", conflict, file, data_dir=lake.nobody, TRUCE_LAKE=str(lake.path)
        )
        assert done.returncode == 0, done.stderr
        assert conflict in file.read_text(encoding="utf-8")
    assert "No difference" in lake.asked("verify")
    done = truce(
        "lake", "--parquet", lake.nobody / "files", data_dir=lake.nobody, TRUCE_LAKE=str(lake.path)
    )
    assert done.returncode == 0, done.stderr
    verdicts = lake.nobody / "files" / "verdict_versions.parquet"
    standing = pq.read_table(verdicts, columns=["superseded_at"])["superseded_at"].null_count
    assert standing == len(listed)


def _pages_have_all(lake: SharedLake) -> None:
    with pages(lake.nobody, TRUCE_LAKE=str(lake.path)) as address:
        for conflict in (CONFLICTS[0], CONFLICTS[-1]):
            url = f"{address}/incidents/{conflict}/i0"
            with urllib.request.urlopen(url, timeout=30) as answer:  # noqa: S310
                assert conflict in answer.read().decode()
