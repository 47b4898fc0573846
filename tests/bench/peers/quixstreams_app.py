"""The job with Quix Streams: one function a record, and a sink that writes at each checkpoint.

After its documentation on custom sinks. `quixstreams_app.py BROKER TOPIC EVENTS COMMIT_EVERY FOLDER`
"""

from __future__ import annotations

import sys
from pathlib import Path

from quixstreams import Application
from quixstreams.sinks import BatchingSink, SinkBatch

from tests.bench.peers.job import Clock, Job, Written


class DuckDBSink(BatchingSink):  # type: ignore[misc] # of a library that is not installed here
    """Writes all records of a checkpoint in one transaction; the offsets are committed after it."""

    def __init__(self, written: Written, clock: Clock) -> None:
        super().__init__()
        self._written, self._clock = written, clock

    def write(self, batch: SinkBatch) -> None:
        for item in batch:
            self._written.add(item.value, batch.partition, item.offset, item.timestamp)
        self._written.commit()
        self._clock.committed(self._written.events)


def main(broker: str, topic: str, events: int, commit_every: int, folder: Path) -> None:
    """Work until all `events` are in the database."""
    folder.mkdir(exist_ok=True)
    job = Job(folder / "truce.duckdb")
    app = Application(
        broker_address=broker,
        consumer_group=folder.name,
        auto_offset_reset="earliest",
        auto_create_topics=False,
        commit_every=commit_every,
        state_dir=folder / "state",
        loglevel="ERROR",
    )
    frame = app.dataframe(app.topic(topic, key_deserializer="bytes", value_deserializer="bytes"))
    frame = frame.apply(job.judged)
    frame.sink(DuckDBSink(job.written, Clock(events, job.written.close)))
    app.run()


if __name__ == "__main__":
    broker, topic, events, commit_every, folder = sys.argv[1:]
    main(broker, topic, int(events), int(commit_every), Path(folder))
