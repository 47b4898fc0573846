"""Workers as processes of their own, with a real broker and a stand-in for the ledger."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from streams.endpoint import Endpoint
from tests.support.brokers import reach

PROGRAM = Path(__file__).with_name("plain_core.py")


class Process:
    """A worker that runs as a program."""

    def __init__(self, data_dir: Path, *arguments: str, **environ: str) -> None:
        self.data_dir = data_dir
        self.popen = subprocess.Popen(
            [sys.executable, str(PROGRAM), *arguments],
            env={
                **{k: v for k, v in os.environ.items() if not k.startswith("TRUCE_")},
                "TRUCE_DATA_DIR": str(data_dir),
                "TRUCE_HTTP": "127.0.0.1:0",
                **environ,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def ready(self) -> Endpoint:
        """Wait until it says so."""
        assert self.popen.stdout is not None
        assert self.popen.stdout.readline() == "ready\n", self.popen.communicate()
        return reach(self.data_dir)

    def end(self, number: signal.Signals = signal.SIGTERM) -> tuple[int, str]:
        """Send a signal; the exit code and what it said on stderr."""
        self.popen.send_signal(number)
        return self.ended()

    def ended(self) -> tuple[int, str]:
        _, said = self.popen.communicate(timeout=30)
        return self.popen.returncode, said


Start = Callable[..., Process]


def brokers(log_id: str) -> list[int]:
    """The processes of the broker with this log."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            arguments = path.read_bytes().split(b"\0")
        except OSError:
            continue
        if log_id.encode() in arguments:
            found.append(int(path.parent.name))
    return found


def within(seconds: float, true: Callable[[], bool]) -> bool:
    """Whether it becomes true in that time."""
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def publish(bootstrap: str, values: Sequence[tuple[int, bytes]]) -> None:
    """Put values into partitions of the log, in their order, as single records."""
    asyncio.run(publish_async(bootstrap, values))


async def publish_async(bootstrap: str, values: Sequence[tuple[int, bytes]]) -> None:
    from aiokafka import AIOKafkaProducer

    async with AIOKafkaProducer(
        bootstrap_servers=bootstrap, acks="all", linger_ms=5, max_batch_size=200_000
    ) as producer:
        sent = [
            await producer.send("truce.events", value, key=b"c", partition=partition)
            for partition, value in values
        ]
        await asyncio.gather(*sent)
