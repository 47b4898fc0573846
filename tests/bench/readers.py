"""What readers cost the writer: publish to verdict with four of the worst of them, and with none.

Run by itself: `PYTHONPATH=. python tests/bench/readers.py`; rounds are paired, one after the other.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.bench.latency import Delays, delays_of
from tests.bench.measuring import console, show, spread
from tests.cli.commands import TRUCE, environment

WORST = (
    "SELECT array_agg(range) FROM range(1000000000)",
    "SELECT list(repeat('x', 100000000)) FROM range(100)",
    "WITH RECURSIVE r AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM r) SELECT count(*) FROM r",
    "SELECT count(*) FROM accepted AS a, accepted AS b, range(10000000)",
)
GOAL_P50, GOAL_P99 = 1.5, 2.0


@contextmanager
def readers(data_dir: Path) -> Iterator[None]:
    """Each of the worst queries, asked again as soon as it has ended."""
    over = threading.Event()
    running: set[subprocess.Popen[bytes]] = set()

    def ask(query: str) -> None:
        while not over.is_set():
            process = subprocess.Popen(
                [*TRUCE, "sql", "--format", "csv", query],
                env=environment(data_dir),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            running.add(process)
            process.wait()
            running.discard(process)

    asking = [threading.Thread(target=ask, args=[query]) for query in WORST]
    for thread in asking:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for process in list(running):
            process.terminate()
        for thread in asking:
            thread.join()


async def beside(folder: Path, *, rounds: int, rate: int, seconds: int) -> None:
    """The table."""
    with_none: list[Delays] = []
    with_four: list[Delays] = []
    for number in range(rounds):
        for found, what in ((with_none, None), (with_four, readers)):
            place = folder / f"{number}-{len(found)}-{what is None}"
            found.append(await delays_of(place, "tansu", rate, rate * seconds, what))
        console.print(f"  round {number + 1}: {with_none[-1]} {with_four[-1]}", style="dim")
    ratios = [
        [
            getattr(four, name) / getattr(none, name)
            for none, four in zip(with_none, with_four, strict=True)
        ]
        for name in ("p50", "p99")
    ]
    show(
        f"Publish to verdict at {rate} events/s, {seconds} s, {rounds} paired rounds",
        ("ms: median of rounds (range)", "no reader", "four of the worst", "ratio", "goal"),
        [
            (
                name,
                spread([getattr(one, name) for one in with_none]),
                spread([getattr(one, name) for one in with_four]),
                f"{statistics.median(ratio):.2f}",
                f"at most {goal}",
            )
            for name, ratio, goal in zip(("p50", "p99"), ratios, (GOAL_P50, GOAL_P99), strict=True)
        ],
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rate", type=int, default=200)
    parser.add_argument("--seconds", type=int, default=15)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(
            beside(Path(folder), rounds=chosen.rounds, rate=chosen.rate, seconds=chosen.seconds)
        )


if __name__ == "__main__":
    main()
