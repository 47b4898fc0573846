"""How fast this version is beside an earlier one: both read the same log, in turn.

`TRUCE_BENCH_BEFORE` names the earlier one's `truce`, in a checkout that `make setup` was run in.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from tests.bench.load import batched, in_turn, singly, usual
from tests.bench.measuring import (
    CLAIMS,
    Run,
    Skipped,
    cpu_text,
    log_of,
    peak_text,
    progress,
    rates,
    ratios,
    show,
    spread,
    tracker,
)

BATCH = 50


async def versions(folder: Path, kind: str, *, rounds: int, events: int) -> None:
    """The table: events a second, CPU time and memory of both, and the ratio within each round."""
    before = os.environ.get("TRUCE_BENCH_BEFORE")
    if not before:
        raise Skipped("TRUCE_BENCH_BEFORE names no `truce` of an earlier version")
    more = 3 * events
    cases = (
        ("single events", events, singly(usual(events, CLAIMS))),
        (f"batches of {BATCH}", more, batched(usual(more, CLAIMS), BATCH)),
        (f"batches of {BATCH}, points", more, batched(usual(more, CLAIMS, points=True), BATCH)),
        (
            f"batches of {BATCH}, every second a further report",
            more,
            batched(in_turn(more, CLAIMS), BATCH),
        ),
    )
    rows: list[tuple[str, ...]] = []
    for number, (what, count, records) in enumerate(cases):
        old, new = await _in_turn(folder / str(number), kind, before, what, records, rounds)
        rows.extend(
            (
                *(f"{what}, {version}", f"{count:,}", spread(rates(runs)), ratio),
                *(cpu_text(runs), peak_text(runs)),
            )
            for version, runs, ratio in (
                ("before", old, "1"),
                ("now", new, spread(ratios(new, old), ".2f")),
            )
        )
    show(
        f"This version beside an earlier one: {CLAIMS} standing claims, {rounds} rounds in turn",
        ("what", "events", "events/s", "to before", "CPU us", "peak MiB"),
        rows,
    )


async def _in_turn(
    folder: Path,
    kind: str,
    before: str,
    what: str,
    records: Iterable[tuple[bytes, int]],
    rounds: int,
) -> tuple[list[Run], list[Run]]:
    old: list[Run] = []
    new: list[Run] = []
    async with log_of(folder, records, kind) as log:
        for number in range(rounds):
            # Whoever comes second may find a warmer machine: they take turns at that, too.
            for version in ("before", "now") if number % 2 == 0 else ("now", "before"):
                place = folder / f"{version}-{number}"
                if version == "before":
                    # Without this checkout on its path, from which it would import.
                    old.append(await tracker(log, place, program=(before,), PYTHONPATH=""))
                else:
                    new.append(await tracker(log, place))
                progress(f"{what}, round {number + 1}, {version}", (old, new)[version == "now"][-1])
    return old, new
