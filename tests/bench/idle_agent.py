"""The peer: a Faust agent that does nothing, in the configuration in which that is quickest.

Run as a program: `idle_agent.py BROKER TOPIC PARTITIONS RECORDS DATADIR`; prints the seconds
between the first record and the last, and how many there were.
"""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import time
from pathlib import Path
from typing import Any

import faust
import uvloop
from faust.sensors.monitor import Monitor


class LightMonitor(Monitor):
    """Faust's monitor costs as much as the agent: without what it does for each record."""

    def on_message_in(self, *_: Any) -> None:
        pass

    def on_message_out(self, *_: Any) -> None:
        pass

    def on_stream_event_in(self, *_: Any) -> None:
        pass

    def on_stream_event_out(self, *_: Any) -> None:
        pass

    def on_topic_buffer_full(self, *_: Any) -> None:
        pass

    def track_tp_end_offset(self, *_: Any) -> None:
        pass


async def main(broker: str, topic: str, partitions: int, records: int, folder: str) -> None:
    app = faust.App(
        # A group of its own: it must not go on where another run has ended.
        Path(folder).name,
        broker=broker,
        autodiscover=False,
        broker_session_timeout=6.0,
        broker_heartbeat_interval=1.0,
        stream_recovery_delay=0.0,
        consumer_auto_offset_reset="earliest",
        topic_disable_leader=True,
        web_enabled=False,
        store="memory://",
        datadir=folder,
        cython_optimizations=True,
        Monitor=LightMonitor,
    )
    source = app.topic(
        topic,
        partitions=partitions,
        key_type=bytes,
        key_serializer="raw",
        value_type=bytes,
        value_serializer="raw",
    )
    done = asyncio.Event()
    seen = 0
    first = 0.0

    @app.agent(source)
    async def idle(stream: Any) -> None:
        nonlocal seen, first
        async for _ in stream:
            if not seen:
                first = time.perf_counter()
            seen += 1
            if seen == records:
                done.set()

    await app.start()
    await done.wait()
    sys.stdout.write(f"{time.perf_counter() - first:.6f} {seen}\n")
    sys.stdout.flush()
    # The figure is taken; a clean leave of the group is of no interest.
    os._exit(0)


if __name__ == "__main__":
    # The tracker's worker does the same.
    gc.freeze()
    gc.set_threshold(500_000, 20, 100)
    broker, topic, partitions, records, folder = sys.argv[1:]
    uvloop.run(main(broker, topic, int(partitions), int(records), folder))
