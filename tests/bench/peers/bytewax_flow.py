"""The job with Bytewax: its Kafka source, one function a batch of records, and a sink of our own.

After its documentation on custom sinks, with recovery on. What it is to do stands in the environment:
`python -m bytewax.run -r RECOVERY tests.bench.peers.bytewax_flow:flow`
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import bytewax.operators as op
from bytewax.connectors.kafka import KafkaSource, KafkaSourceMessage
from bytewax.dataflow import Dataflow
from bytewax.outputs import DynamicSink, StatelessSinkPartition

from tests.bench.peers.job import Clock, Job, Judged


class Record(NamedTuple):
    """What was found in one record, and where it was."""

    found: list[Judged]
    partition: int
    offset: int
    timestamp_ms: int


class Rows(StatelessSinkPartition[list[Record]]):  # type: ignore[misc] # not installed here
    """Writes each batch in one transaction."""

    def __init__(self, job: Job, events: int) -> None:
        self._written = job.written
        self._clock = Clock(events, job.written.close)

    def write_batch(self, items: list[list[Record]]) -> None:
        for records in items:
            for record in records:
                self._written.add(*record)
        self._written.commit()
        self._clock.committed(self._written.events)


class DuckDBSink(DynamicSink[list[Record]]):  # type: ignore[misc]
    """There is one worker, and so one partition of it."""

    def __init__(self, job: Job, events: int) -> None:
        self._job, self._events = job, events

    def build(self, step_id: str, worker_index: int, worker_count: int) -> Rows:
        return Rows(self._job, self._events)


def dataflow(broker: str, topic: str, events: int, batch_size: int, folder: Path) -> Dataflow:
    """Read at most `batch_size` records at a time, and keep their rows in `folder`."""
    folder.mkdir(exist_ok=True)
    job = Job(folder / "truce.duckdb")

    def judged(messages: list[KafkaSourceMessage]) -> Iterable[list[Record]]:
        yield [Record(job.judged(m.value), m.partition, m.offset, m.timestamp[1]) for m in messages]

    flow = Dataflow("bench")
    source = KafkaSource(brokers=[broker], topics=[topic], batch_size=batch_size)
    records = op.flat_map_batch("judge", op.input("log", flow, source), judged)
    op.output("rows", records, DuckDBSink(job, events))
    return flow


flow = dataflow(
    os.environ["BENCH_BROKER"],
    os.environ["BENCH_TOPIC"],
    int(os.environ["BENCH_EVENTS"]),
    int(os.environ["BENCH_BATCH"]),
    Path(os.environ["BENCH_FOLDER"]),
)
