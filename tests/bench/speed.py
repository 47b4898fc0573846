"""How fast events are judged, single and batched, beside a Faust agent that does nothing.

And beside the tracker as it would be if Faust were given each record by itself: that is the ceiling
which handing over whole fetches has lifted.
"""

from __future__ import annotations

import sys
from pathlib import Path
from statistics import median

from tests.bench.load import batched, claims, in_turn, incidents, singly, usual
from tests.bench.measuring import (
    CLAIMS,
    Run,
    cpu_text,
    idle,
    log_of,
    peak_text,
    progress,
    rates,
    ratios,
    reached,
    show,
    spread,
    tracker,
)

SHARE_OF_IDLE = 0.75
TIMES_FIRST = 3.0
BATCH = 50
ONE_BY_ONE = (sys.executable, "-m", "tests.bench.one_by_one")


async def speed(
    folder: Path, kind: str, *, rounds: int, events: int, batched_events: int, overlapping: int
) -> None:
    """The table: (a) singly, (b) in batches, and where every window meets every incident."""
    peer: list[Run] = []
    first: list[Run] = []
    single: list[Run] = []
    many: list[Run] = []
    async with (
        log_of(folder / "single", singly(usual(events, CLAIMS)), kind) as one,
        log_of(folder / "batched", batched(usual(batched_events, CLAIMS), BATCH), kind) as fifty,
    ):
        for number in range(rounds):
            peer.append(await idle(one, folder / f"idle-{number}"))
            progress(f"round {number + 1}: idle agent", peer[-1])
            first.append(await tracker(one, folder / f"first-{number}", program=ONE_BY_ONE))
            progress(f"round {number + 1}: single events, one by one", first[-1])
            single.append(await tracker(one, folder / f"single-{number}"))
            progress(f"round {number + 1}: single events", single[-1])
            many.append(await tracker(fifty, folder / f"batched-{number}"))
            progress(f"round {number + 1}: batches of {BATCH}", many[-1])
    batched_points = batched(usual(batched_events, CLAIMS, points=True), BATCH)
    async with log_of(folder / "points", batched_points, kind) as log:
        points = [await tracker(log, folder / f"points-{number}") for number in range(rounds)]
    batched_in_turn = batched(in_turn(batched_events, CLAIMS), BATCH)
    async with log_of(folder / "in-turn", batched_in_turn, kind) as log:
        turns = [await tracker(log, folder / f"in-turn-{number}") for number in range(rounds)]
    worst = [*claims(CLAIMS, overlap=True), *incidents(overlapping, claims=CLAIMS)]
    async with log_of(folder / "meet", singly(worst), kind) as log:
        # Few records a transaction: all in one, and no speed could be told.
        meet = [
            await tracker(log, folder / f"meet-{number}", TRUCE_MAX_BATCH="500")
            for number in range(rounds)
        ]

    to_peer, to_first = ratios(single, peer), ratios(many, first)

    def row(what: str, events: int, runs: list[Run], goal: str = "") -> tuple[str, ...]:
        return (
            *(what, f"{events:,}", spread(rates(runs))),
            *(spread(ratios(runs, others), ".2f") for others in (peer, first, single)),
            *(cpu_text(runs), peak_text(runs), goal),
        )

    show(
        f"Speed: {CLAIMS} standing claims, {rounds} rounds, medians (range)",
        (
            *("what", "events", "events/s", "to idle", "to one by one", "to (a)"),
            *("CPU us", "peak MiB", "goal"),
        ),
        (
            ("Faust agent that does nothing", f"{events:,}", spread(rates(peer)), "1", *[""] * 5),
            row("single events, handed over one by one", events, first),
            row(
                "(a) single events, at most 3 windows meet",
                events,
                single,
                f"{SHARE_OF_IDLE} of idle: {reached(median(to_peer), SHARE_OF_IDLE)}",
            ),
            row(
                f"(b) batches of {BATCH}",
                batched_events,
                many,
                f"{TIMES_FIRST:.0f} x one by one: {reached(median(to_first), TIMES_FIRST)}",
            ),
            row(f"batches of {BATCH}, points", batched_events, points),
            row(f"batches of {BATCH}, every second a further report", batched_events, turns),
            row("single events, all windows meet", overlapping, meet),
        ),
    )
