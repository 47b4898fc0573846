"""How fast events are judged, single and batched, beside a Faust agent that does nothing."""

from __future__ import annotations

from pathlib import Path
from statistics import median

from tests.bench.load import batched, claims, incidents, singly, usual
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
TIMES_SINGLE = 3.0
BATCH = 50


async def speed(
    folder: Path, kind: str, *, rounds: int, events: int, batched_events: int, overlapping: int
) -> None:
    """The table: (a) singly, (b) in batches, and where every window meets every incident."""
    peer: list[Run] = []
    single: list[Run] = []
    many: list[Run] = []
    async with (
        log_of(folder / "single", singly(usual(events, CLAIMS)), kind) as one,
        log_of(folder / "batched", batched(usual(batched_events, CLAIMS), BATCH), kind) as fifty,
    ):
        for number in range(rounds):
            peer.append(await idle(one, folder / f"idle-{number}"))
            progress(f"round {number + 1}: idle agent", peer[-1])
            single.append(await tracker(one, folder / f"single-{number}"))
            progress(f"round {number + 1}: single events", single[-1])
            many.append(await tracker(fifty, folder / f"batched-{number}"))
            progress(f"round {number + 1}: batches of {BATCH}", many[-1])
    worst = [*claims(CLAIMS, overlap=True), *incidents(overlapping, claims=CLAIMS)]
    async with log_of(folder / "meet", singly(worst), kind) as log:
        # Few records a transaction: all in one, and no speed could be told.
        meet = [
            await tracker(log, folder / f"meet-{number}", TRUCE_MAX_BATCH="500")
            for number in range(rounds)
        ]

    to_peer, to_single = ratios(single, peer), ratios(many, single)
    show(
        f"Speed: {CLAIMS} standing claims, {rounds} rounds, medians (range)",
        ("what", "events", "events/s", "to idle agent", "to single", "CPU us", "peak MiB", "goal"),
        (
            (
                "Faust agent that does nothing",
                f"{events:,}",
                spread(rates(peer)),
                "1",
                "",
                "",
                "",
                "",
            ),
            (
                "(a) single events, at most 3 windows meet",
                f"{events:,}",
                spread(rates(single)),
                spread(to_peer, ".2f"),
                "1",
                cpu_text(single),
                peak_text(single),
                f"{SHARE_OF_IDLE} of idle: {reached(median(to_peer), SHARE_OF_IDLE)}",
            ),
            (
                f"(b) batches of {BATCH}",
                f"{batched_events:,}",
                spread(rates(many)),
                spread(ratios(many, peer), ".2f"),
                spread(to_single, ".2f"),
                cpu_text(many),
                peak_text(many),
                f"{TIMES_SINGLE:.0f} x single: {reached(median(to_single), TIMES_SINGLE)}",
            ),
            (
                "single events, all windows meet",
                f"{overlapping:,}",
                spread(rates(meet)),
                spread(ratios(meet, peer), ".2f"),
                spread(ratios(meet, single), ".2f"),
                cpu_text(meet),
                peak_text(meet),
                "",
            ),
        ),
    )
