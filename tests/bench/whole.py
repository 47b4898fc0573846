"""What is done with the whole of a large database: rebuilding it, and verifying it."""

from __future__ import annotations

import asyncio
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from tests.bench.measuring import (
    HERE,
    BenchError,
    Skipped,
    console,
    peak_mib,
    printed,
    show,
    spread,
    written,
)
from tests.cli.commands import TRUCE, environment

SECONDS_BETWEEN_LOOKS = 0.2

CLAIMS = 1_000


class Done(NamedTuple):
    """A program that has ended well: how long it and its processor time took, its peak memory."""

    seconds: float
    cpu_seconds: float
    peak_mib: float
    said: str


async def world(folder: Path, events: int, claims: int = CLAIMS) -> Path:
    """A data directory with so many events; made once for all sections of a run."""
    made = folder / f"world-{events}-{claims}"
    if not made.exists():
        console.print(f"  making a database of {events:,} events", style="dim")
        await printed(sys.executable, str(HERE / "world.py"), str(made), str(events), str(claims))
    return made


def _done(data_dir: Path, *arguments: str) -> Done:
    """Run `truce` with these arguments."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        began, before = time.perf_counter(), _cpu_of_children()
        process = subprocess.Popen(
            [*TRUCE, *arguments], env=environment(data_dir), stdout=out, stderr=err
        )
        peak = 0.0
        while process.poll() is None:
            peak = max(peak, peak_mib(process.pid))
            time.sleep(SECONDS_BETWEEN_LOOKS)
        seconds = time.perf_counter() - began
        out.seek(0)
        err.seek(0)
        if process.returncode:
            shown = err.read().decode(errors="replace")[-2_000:]
            raise BenchError(f"truce {' '.join(arguments)} ended {process.returncode}: {shown}")
        return Done(seconds, _cpu_of_children() - before, peak, out.read().decode())


def _cpu_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


async def rebuild(folder: Path, *, rounds: int, events: int) -> None:
    """`truce rebuild --from-events`: the same rows again, from the events of the database."""
    told = await asyncio.to_thread(
        subprocess.run,
        [*TRUCE, "rebuild", "--help"],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    if told.returncode or "--from-events" not in told.stdout:
        raise Skipped("there is no `truce rebuild --from-events` yet")
    data_dir = await world(folder, events)
    before = written(data_dir / "truce.duckdb")
    found = []
    for number in range(rounds):
        found.append(await asyncio.to_thread(_done, data_dir, "rebuild", "--from-events"))
        console.print(f"  round {number + 1}: {found[-1].seconds:,.1f} s", style="dim")
        after = written(data_dir / "truce.duckdb")
        if after != before:
            raise BenchError(f"a rebuild gave {after} where there was {before}")
    _show(
        f"truce rebuild --from-events: {events:,} events, {CLAIMS:,} claims among them",
        found,
        events,
        "events/s",
    )


async def verify(folder: Path, *, rounds: int, incidents: int) -> None:
    """`truce verify`: every verdict once more, set-based, and compared."""
    data_dir = await world(folder, incidents + CLAIMS)
    found = []
    for number in range(rounds):
        found.append(await asyncio.to_thread(_done, data_dir, "verify", "--json"))
        console.print(f"  round {number + 1}: {found[-1].seconds:,.1f} s", style="dim")
    compared = json.loads(found[-1].said)["compared"]
    if (compared["incidents"], compared["claims"]) != (incidents, CLAIMS):
        raise BenchError(f"not all was compared: {compared}")
    rows = compared["claim_verdicts"] + compared["verdicts"]
    _show(
        f"truce verify: {incidents:,} incidents, {CLAIMS:,} claims, {rows:,} rows, no difference",
        found,
        rows,
        "rows/s",
    )


async def what_if(folder: Path, *, rounds: int, incidents: int) -> None:
    """`truce what-if` of one commitment: whose window has few of all incidents, or has them all."""
    for claims, few in ((CLAIMS, "few"), (1, "all")):
        data_dir = await world(folder, incidents + claims, claims)
        # The lake is made once, and not by the first round.
        await asyncio.to_thread(_done, data_dir, "lake")
        asked = ("what-if", "--commitment", f"truce-{claims // 2}", "--count-alleged", "--json")
        found = []
        for number in range(rounds):
            found.append(await asyncio.to_thread(_done, data_dir, *asked))
            console.print(f"  round {number + 1}: {found[-1].seconds:,.1f} s", style="dim")
        _show(
            f"truce what-if: {incidents:,} incidents, {few} of them in the window",
            found,
            incidents,
            "incidents/s",
        )


def _show(title: str, found: list[Done], count: int, unit: str) -> None:
    seconds = [done.seconds for done in found]
    show(
        f"{title}; {len(found)} rounds",
        ("median (range)", "seconds", "CPU seconds", unit, "peak MiB"),
        [
            (
                "",
                spread(seconds, ".1f"),
                spread([done.cpu_seconds for done in found], ".1f"),
                f"{count / statistics.median(seconds):,.0f}",
                f"{max(done.peak_mib for done in found):,.0f}",
            )
        ],
    )
