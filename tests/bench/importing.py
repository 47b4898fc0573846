"""`truce import --publish`: from a file of made rows to the verdicts on what they say, source by source.

The rows have the shape of those that are published and none of their content. PAX and the ceasefires of
the CF dataset are some hundred rows in all, and are left out.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from tests.bench.measuring import BenchError, console, peak_mib, reached, show
from tests.cli.commands import TRUCE, environment, truce, worker
from tests.importing import test_acled, test_il_alerts, test_ua_air_force, test_ucdp

GOAL_PER_SECOND, GOAL_MIB = 10_000.0, 600.0
CONFLICT = "bench"
BEGIN = datetime(2025, 1, 1, tzinfo=UTC)
MINUTES = 2 * 365 * 24 * 60
OBLASTS = (
    "Kyivska oblast",
    "Sumska oblast",
    "Odeska oblast",
    "Kharkivska oblast",
    "Lvivska oblast",
)
SECONDS_BETWEEN_LOOKS = 0.2


class FileImported(NamedTuple):
    """How one file went: wall and processor seconds, and the peaks of command and worker."""

    events: int
    seconds: float
    cpu: float
    peak_mib: float
    worker_mib: float


def _moments() -> Iterator[tuple[int, datetime, random.Random]]:
    rng = random.Random(1)
    for number in range(10**9):
        yield number, BEGIN + timedelta(minutes=rng.randrange(MINUTES)), rng


def _ucdp() -> Iterator[str]:
    yield test_ucdp.HEADER
    for number, moment, rng in _moments():
        day = f"{moment:%Y-%m-%d}"
        yield test_ucdp.row(
            id=str(number),
            date_start=day,
            date_end=day,
            latitude=f"{rng.uniform(46.5, 51.5):.4f}",
            longitude=f"{rng.uniform(24, 38):.4f}",
            best=str(rng.randrange(9)),
            low="0",
            high="9",
        )


def _acled() -> Iterator[str]:
    yield test_acled.NEW
    for number, moment, rng in _moments():
        yield test_acled.row(
            event_id_cnty=f"YEM{number}",
            event_date=f"{moment:%Y-%m-%d}",
            latitude=f"{rng.uniform(13, 17):.4f}",
            longitude=f"{rng.uniform(44, 49):.4f}",
            fatalities=str(rng.randrange(9)),
        )


def _air_force() -> Iterator[str]:
    yield test_ua_air_force.NEW
    for number, moment, rng in _moments():
        yield test_ua_air_force.row(
            f"{moment:%Y-%m-%d %H:%M}",
            f"{moment + timedelta(hours=5):%Y-%m-%d %H:%M}",
            "Shahed-136/131",
            "Ukraine",
            f"{rng.randrange(20, 90)}.0",
            f"{rng.randrange(20)}.0",
            by=f"kpszsu/posts/p{number}",
        )


def _sirens() -> Iterator[str]:
    yield "region,started_at,finished_at,n_subalerts"
    for number, _, rng in _moments():
        # Two at one second in one oblast would be one.
        moment = BEGIN + timedelta(seconds=631 * number)
        until = moment + timedelta(minutes=rng.randrange(10, 90))
        oblast = rng.choice(OBLASTS)
        yield f"{oblast},{moment.isoformat()},{until.isoformat()},1"


def _alerts() -> Iterator[str]:
    yield test_il_alerts.HEADER
    for _, moment, rng in _moments():
        yield (
            f'"אשקלון {rng.randrange(9)}",{moment:%d.%m.%Y},{moment:%H:%M:%S},'
            f"{moment:%Y-%m-%d}T00:00:00,1,ירי,1,1"
        )


SOURCES: dict[str, Callable[[], Iterator[str]]] = {
    "ucdp-candidate": _ucdp,
    "acled": _acled,
    "ua-air-force": _air_force,
    "ua-sirens": _sirens,
    "il-alerts": _alerts,
}


def _claim() -> str:
    data = {
        "conflict": CONFLICT,
        "commitment_id": "truce",
        "claim_id": "text",
        "claimed_by": {"name": "Mediator", "role": "mediator"},
        "stance": "asserts",
        "bound_parties": ["RUS", "UKR"],
        "prohibits": {"acts": ["any"], "targets": ["any"]},
        "window": [{"start": "2025-06-01T00:00:00Z", "end": "2026-06-01T00:00:00Z"}],
    }
    event = {
        "specversion": "1.0",
        "id": "claim",
        "source": "https://bench.example",
        "type": "commitment.claimed",
        "data": data,
    }
    return json.dumps(event) + "\n"


def _imported(folder: Path, source: str, rows: int) -> FileImported:
    file = folder / f"{source}.csv"
    with file.open("w", encoding="utf-8") as target:
        target.writelines(f"{line}\n" for line in islice(SOURCES[source](), rows + 1))
    data_dir = folder / source
    with worker(data_dir) as running, tempfile.TemporaryFile() as said:
        truce("publish", "-", data_dir=data_dir, given=_claim().encode())
        command = [*TRUCE, "import", source, "--publish", "--conflict", CONFLICT, str(file)]
        before = os.times()
        began = time.perf_counter()
        process = subprocess.Popen(
            command, env=environment(data_dir), stdout=said, stderr=subprocess.STDOUT
        )
        peak = 0.0
        while process.poll() is None:
            peak = max(peak, peak_mib(process.pid))
            time.sleep(SECONDS_BETWEEN_LOOKS)
        seconds = time.perf_counter() - began
        after = os.times()
        if process.returncode:
            said.seek(0)
            raise BenchError(f"{source}: {said.read().decode()[-2_000:]}")
        cpu = after.children_user + after.children_system
        cpu -= before.children_user + before.children_system
        worker_mib = peak_mib(running.pid)
        counted = "SELECT count(*) FROM reports"
        answer = truce("sql", "--format", "csv", counted, data_dir=data_dir)
    return FileImported(int(answer.stdout.split()[-1]), seconds, cpu, peak, worker_mib)


async def importing(folder: Path, *, rows: int) -> None:
    """The table."""
    found = []
    for source in SOURCES:
        console.print(f"  {source}", style="dim")
        one = await asyncio.to_thread(_imported, folder, source, rows)
        fast, small = rows / one.seconds, one.peak_mib
        found.append(
            (
                source,
                f"{one.events:,}",
                f"{fast:,.0f}",
                reached(fast, GOAL_PER_SECOND),
                f"{one.cpu / rows * 1e6:,.0f}",
                f"{small:,.0f}",
                reached(small, GOAL_MIB, at_most=True),
                f"{one.worker_mib:,.0f}",
            )
        )
    show(
        f"truce import --publish, {rows:,} made rows a source, one round: from the file to the verdicts "
        f"(goals: {GOAL_PER_SECOND:,.0f} rows/s, {GOAL_MIB:,.0f} MiB)",
        ("source", "events", "rows/s", "", "CPU us a row", "peak MiB", "", "worker MiB"),
        found,
    )
