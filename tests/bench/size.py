"""Cost over size: events/s and memory over the number of events, and over that of standing claims."""

from __future__ import annotations

import csv
import statistics
from collections.abc import Sequence
from pathlib import Path

from tests.bench.load import singly, usual
from tests.bench.measuring import (
    CLAIMS,
    ROOT,
    Run,
    Skipped,
    console,
    cpu_text,
    log_of,
    made,
    peak_text,
    printed,
    progress,
    rates,
    ratios,
    show,
    spread,
    tracker,
)

WRITTEN = ROOT / "docs" / "cost-over-size.csv"
PLOT = ROOT / "tests" / "bench" / "plot.py"
PLOT_PYTHON = ROOT / ".venv" / "peers" / "plot" / "bin" / "python"
# The same for all sizes, and few enough that the smallest has several transactions.
RECORDS_AT_ONCE = "1000"
COLUMNS = ("over", "size", "median", "least", "greatest", "peak_mib", "rounds")


async def size(
    folder: Path,
    kind: str,
    *,
    rounds: int,
    events: Sequence[int],
    claims: Sequence[int],
    events_each: int,
) -> None:
    """The two tables, docs/cost-over-size.csv, and the plot of it."""
    by_events = [
        await _at(folder / f"events-{count}", kind, rounds, count, CLAIMS) for count in events
    ]
    by_claims = [
        await _at(folder / f"claims-{count}", kind, rounds, count + events_each, count)
        for count in claims
    ]
    _show(f"Over events; {CLAIMS} claims stand", "events", events, by_events)
    title = f"Over standing claims that hardly overlap; {events_each:,} incidents"
    _show(title, "claims", claims, by_claims)
    WRITTEN.parent.mkdir(exist_ok=True)
    with WRITTEN.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(COLUMNS)
        for over, sizes, found in (("events", events, by_events), ("claims", claims, by_claims)):
            for count, runs in zip(sizes, found, strict=True):
                rows.writerow((over, count, *_figures(runs)))
    console.print(f"Written: {WRITTEN.relative_to(ROOT)}")
    if not PLOT_PYTHON.exists():
        raise Skipped(f"no plot of {WRITTEN.name}: `make peers` installs what draws it")
    said = await printed(str(PLOT_PYTHON), str(PLOT), str(WRITTEN))
    console.print(f"Written: {Path(said.strip()).relative_to(ROOT)}")


async def _at(folder: Path, kind: str, rounds: int, events: int, claims: int) -> list[Run]:
    found = []
    async with log_of(made(folder) / "log", singly(usual(events, claims)), kind) as log:
        for number in range(rounds):
            # Not before all claims stand: the cost of one more incident is what is asked for.
            run = await tracker(
                log, folder / f"run-{number}", after=claims, TRUCE_MAX_BATCH=RECORDS_AT_ONCE
            )
            found.append(run)
            progress(f"{events:,} events, {claims:,} claims, round {number + 1}", run)
    return found


def _figures(runs: list[Run]) -> tuple[str, ...]:
    found = rates(runs)
    figures = (statistics.median(found), min(found), max(found), max(r.peak_mib for r in runs))
    return (*(f"{figure:.0f}" for figure in figures), str(len(runs)))


def _show(title: str, what: str, sizes: Sequence[int], found: list[list[Run]]) -> None:
    show(
        f"{title}; {len(found[0])} rounds, medians (range)",
        (what, "events/s", "to the smallest", "us an event", "CPU us", "peak MiB"),
        [
            (
                f"{count:,}",
                spread(rates(runs)),
                spread(ratios(runs, found[0]), ".2f"),
                f"{1e6 / statistics.median(rates(runs)):.0f}",
                cpu_text(runs),
                peak_text(runs),
            )
            for count, runs in zip(sizes, found, strict=True)
        ],
    )
