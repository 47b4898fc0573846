"""DailyBars bars: what certainly happened on a day, what at most, and what nobody is named for."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import NamedTuple

from analytics.charts.axis import WIDTH, day_label
from analytics.pages.model import Day
from analytics.report.texts import ENGLISH, ReportWords

HEAD, PLOT, BETWEEN, FOOT, LEFT = 24.0, 92.0, 22.0, 24.0, 40.0
MOST_BARS = 200
MOST_LABELS = 12


class DayBar(NamedTuple):
    """The bar of a day: the tops of its three parts, one on the other, above `base`."""

    x: float
    width: float
    base: float
    lower: float
    upper: float
    unattributed: float
    watched: float | None
    says: str


class PartyBars(NamedTuple):
    """One party's days."""

    party: str
    top: float
    base: float
    bars: list[DayBar]


class DailyBars(NamedTuple):
    """Parties one below the other, over the same days and with the same scale."""

    height: float
    most: int
    labels: list[tuple[float, str]]
    parties: list[PartyBars]
    first: dt.date | None
    left_out: int


def daily(days: Sequence[Day], words: ReportWords = ENGLISH) -> DailyBars:
    """Where everything stands, and what is said of it in these words; of too many days the last."""
    months = words["months"].split()
    dates = sorted({one.day for one in days})
    shown = dates[-MOST_BARS:]
    at = {day: number for number, day in enumerate(shown)}
    kept = [one for one in days if one.day in at]
    most = max((one.upper + one.unattributed for one in kept), default=0) or 1
    step = (WIDTH - LEFT - 12) / max(len(shown), 1)
    parties, y = [], HEAD
    for party in sorted({one.party for one in kept}):
        base = y + PLOT
        bars = [
            _bar(one, LEFT + at[one.day] * step, min(step, 60.0), base, PLOT / most, words)
            for one in kept
            if one.party == party
        ]
        parties.append(PartyBars(party, y, base, bars))
        y = base + BETWEEN
    every = max(-(-len(shown) // MOST_LABELS), 1)
    labels = [
        (round(LEFT + number * step + min(step, 60.0) / 2, 1), day_label(day, months))
        for number, day in enumerate(shown)
        if number % every == 0
    ]
    first = shown[0] if shown else None
    return DailyBars(y + FOOT, most, labels, parties, first, len(dates) - len(shown))


def _bar(day: Day, x: float, width: float, base: float, unit: float, words: ReportWords) -> DayBar:
    watched = words["tip_day_unsaid"]
    if day.watched is not None:
        watched = words["tip_day_watched"].format(share=f"{day.watched:.0%}")
    says = words["tip_day"].format(
        day=f"{day.day:%Y-%m-%d}",
        party=day.party,
        lower=day.lower,
        upper=day.upper,
        unattributed=day.unattributed,
        watched=watched,
    )
    lower, upper = base - day.lower * unit, base - day.upper * unit
    top = upper - day.unattributed * unit
    gap = 1.0 if width > 6 else 0.2  # noqa: PLR2004
    return DayBar(
        round(x + gap, 1),
        round(max(width - 2 * gap, 0.6), 1),
        base,
        round(lower, 1),
        round(upper, 1),
        round(top, 1),
        day.watched,
        says,
    )
