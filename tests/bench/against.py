"""The same job with Quix Streams, with Bytewax and with the tracker, on the same log.

Each reads with pydantic, judges against 500 claims of which at most 3 touch an incident, and writes the
same rows to DuckDB. Their rows are compared with the tracker's: fewer, or others, is not the same job.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import median
from typing import NamedTuple

from streams.kafka.topics import EVENTS
from tests.bench.load import batched, singly, usual
from tests.bench.measuring import (
    CLAIMS,
    HERE,
    ROOT,
    BenchError,
    Log,
    Run,
    Skipped,
    console,
    cpu_text,
    log_of,
    peak_text,
    printed,
    progress,
    rates,
    ratios,
    reached,
    show,
    spread,
    tracker,
    written,
)

BATCH = 50
LONGEST_SECONDS = 600
# Events in one transaction of a peer, in which it is about as quick as it can be.
AT_ONCE = 10_000
SNAPSHOT_SECONDS = "10"  # what the documentation of Bytewax names as usual
VERSIONS = (
    "import sys; from importlib.metadata import version as v; "
    "print(', '.join(f'{p} {v(p)}' for p in sys.argv[1:]))"
)


class Peer(NamedTuple):
    """A framework: its environment, what it is made of, what it promises, and how it is run."""

    name: str
    environment: str
    parts: tuple[str, ...]
    promise: str
    run: Callable[[Path, Log, int, Path], Awaitable[str]]

    @property
    def python(self) -> Path:
        """The interpreter that it is installed for."""
        return ROOT / ".venv" / "peers" / self.environment / "bin" / "python"


async def _quixstreams(python: Path, log: Log, at_once: int, folder: Path) -> str:
    return await printed(
        *(str(python), str(HERE / "peers" / "quixstreams_app.py"), log.bootstrap, EVENTS),
        *(str(log.events), str(at_once), str(folder)),
        longest=LONGEST_SECONDS,
    )


async def _bytewax(python: Path, log: Log, at_once: int, folder: Path) -> str:
    recovery = folder.with_name(f"{folder.name}-recovery")
    recovery.mkdir()
    await printed(str(python), "-m", "bytewax.recovery", str(recovery), "1")
    return await printed(
        *(str(python), "-m", "bytewax.run", "-r", str(recovery), "-s", SNAPSHOT_SECONDS, "-b", "0"),
        "tests.bench.peers.bytewax_flow:flow",
        given={
            "BENCH_BROKER": log.bootstrap,
            "BENCH_TOPIC": EVENTS,
            "BENCH_EVENTS": str(log.events),
            "BENCH_BATCH": str(at_once),
            "BENCH_FOLDER": str(folder),
        },
        longest=LONGEST_SECONDS,
    )


PEERS = (
    Peer(
        "Quix Streams",
        "quixstreams",
        ("quixstreams", "confluent-kafka", "pydantic", "duckdb"),
        "at least once: offsets are committed after the sink has written, rows may come twice",
        _quixstreams,
    ),
    Peer(
        "Bytewax",
        "bytewax",
        ("bytewax", "confluent-kafka", "pydantic", "duckdb"),
        f"at least once: a snapshot of the offsets every {SNAPSHOT_SECONDS} s, rows may come twice",
        _bytewax,
    ),
)
OURS = "exactly once: offsets and rows in one transaction; and repeats are known by their ids"


async def measured(peer: Peer, log: Log, at_once: int, folder: Path) -> Run:
    """One run of a peer over the log, with so many records in one transaction."""
    said = json.loads(await peer.run(peer.python, log, at_once, folder))
    judged = said["judged"]
    if not judged:
        raise BenchError(
            f"{peer.name} made one commit: no speed can be told; measure more --events"
        )
    return Run(
        judged / said["seconds"],
        said["peak_mib"],
        said["cpu_seconds"] * 1e6 / judged,
        folder / "truce.duckdb",
    )


async def peers(folder: Path, kind: str, *, rounds: int, events: int, more: int) -> None:
    """The tables, for `events` single events, and for `more` in batches."""
    for peer in PEERS:
        if not peer.python.exists():
            raise Skipped(f"no environment for {peer.name}: `make peers` makes it")
        found = await printed(str(peer.python), "-c", VERSIONS, *peer.parts)
        console.print(f"{peer.name}: {found.strip()}; {peer.promise}")
    console.print(f"Trucewatch: {OURS}. It alone looks for repeats, and publishes every verdict")
    await _beside(folder, kind, 1, rounds=rounds, events=events)
    await _beside(folder, kind, BATCH, rounds=rounds, events=more)


async def _beside(folder: Path, kind: str, size: int, *, rounds: int, events: int) -> None:
    records = singly(usual(events, CLAIMS)) if size == 1 else batched(usual(events, CLAIMS), size)
    what = "single events" if size == 1 else f"batches of {size}"
    ours: list[Run] = []
    theirs: list[list[Run]] = [[] for _ in PEERS]
    async with log_of(folder / f"log-{size}", records, kind) as log:
        at_once = min(AT_ONCE, max(events // 10, size)) // size
        for number in range(rounds):
            for peer, runs in zip(PEERS, theirs, strict=True):
                place = folder / f"{peer.environment}-{size}-{number}"
                runs.append(await measured(peer, log, at_once, place))
                progress(f"{what}, round {number + 1}: {peer.name}", runs[-1])
            ours.append(await tracker(log, folder / f"ours-{size}-{number}"))
            progress(f"{what}, round {number + 1}: Trucewatch", ours[-1])
    counts = _same_rows(ours, theirs)
    rows = [
        (
            "Trucewatch",
            spread(rates(ours)),
            "1",
            cpu_text(ours),
            peak_text(ours),
            "",
            _counts(counts),
        )
    ]
    for peer, runs in zip(PEERS, theirs, strict=True):
        ahead = ratios(ours, runs)
        rows.append(
            (
                peer.name,
                spread(rates(runs)),
                spread(ahead, ".2f"),
                cpu_text(runs),
                peak_text(runs),
                f"above 1: {reached(median(ahead), 1.0)}",
                _counts(counts),
            )
        )
    listed = ", ".join(counts)
    show(
        f"The same job, {what}: {events:,} events, {CLAIMS} standing claims, {rounds} rounds; "
        f"the same rows of all, compared by content: {listed}",
        ("program", "events/s", "Trucewatch to it", "CPU us", "peak MiB", "goal", "rows"),
        rows,
    )


def _same_rows(ours: list[Run], theirs: list[list[Run]]) -> dict[str, tuple[int, int]]:
    """The rows that all have written. BenchError if any has written others."""
    found = {
        run.database.parent.name: written(run.database)
        for run in [*ours, *(run for runs in theirs for run in runs)]
        if run.database is not None
    }
    same = next(iter(found.values()))
    for name, rows in found.items():
        if rows != same:
            raise BenchError(f"not the same job: {name} wrote {rows} where others wrote {same}")
    return same


def _counts(rows: dict[str, tuple[int, int]]) -> str:
    return "\n".join(f"{count:,}" for count, _ in rows.values())
