"""What reports say beyond what is judged, in words: numbers, links, and an incident's history."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from analytics.read_model import PastVerdict
from schemas.events import Count, Range, Report, ReportDenial
from schemas.safe_text import party_label
from schemas.time import iso
from schemas.verdicts import Outcome


def figures_in_words(report: Report | ReportDenial) -> str:
    """Weapons and effects of a report and its impacts: `missile: 71 launched, 38 intercepted`."""
    parts = []
    for weapon in report.weapons:
        counts = [
            f"{_count(number)} {word}"
            for number, word in (
                (weapon.launched, "launched"),
                (weapon.intercepted, "intercepted"),
            )
            if number is not None
        ]
        parts.append(f"{weapon.type}: {', '.join(counts)}" if counts else weapon.type)
    parts += _effects(report.effects)
    for number, impact in enumerate(report.impacts, 1):
        parts += [f"impact {number}: {effect}" for effect in _effects(impact.effects or {})]
    return "; ".join(parts)


def _effects(effects: dict[str, Count]) -> Iterator[str]:
    return (f"{name.replace('_', ' ')} {_count(number)}" for name, number in effects.items())


def _count(number: Count) -> str:
    if not isinstance(number, Range):
        return f"{number:,}"
    if number.max is None:
        return f"at least {number.min:,}"
    return f"at most {number.max:,}" if number.min is None else f"{number.min:,} to {number.max:,}"


def history_rows(history: Sequence[PastVerdict]) -> list[list[str]]:
    """What an incident was, version by version: recorded, commitment, verdict, party, evidence."""
    return [
        [
            iso(one.recorded_at),
            "stands" if one.superseded_at is None else iso(one.superseded_at),
            one.commitment_id,
            one.verdict,
            party_label(one.party),
            one.evidence or "",
            ", ".join(one.denied_by),
        ]
        for one in history
    ]


def was_in_words(history: Sequence[PastVerdict], commitment_id: str, verdict: Outcome | str) -> str:
    """`was violation until 2026-02-03T09:37:00Z`: the last other verdict; empty: there was none."""
    for one in reversed(history):
        other = one.commitment_id == commitment_id and one.verdict != verdict
        if other and one.superseded_at is not None:
            return f"was {one.verdict} until {iso(one.superseded_at)}"
    return ""
