"""Whether a difference may come from what judged: the version, the rules, the lists; pure."""

from __future__ import annotations

from collections.abc import Sequence

from analytics.provenance import JudgedSince, Provenance
from schemas.time import iso


def other_judges(history: Sequence[JudgedSince], now: Provenance) -> list[str]:
    """A line for each that judged by something else than `now`, and the last for `now` itself.

    Empty where all was judged by the same rules and lists: then no difference comes from there.
    """
    if all(one.by[1:] == now[1:] for one in history):
        return []
    lines = []
    for number, one in enumerate(history):
        after = "from the first event on" if one.since is None else f"after {iso(one.since)}"
        until = history[number + 1].since if number + 1 < len(history) else None
        to = "" if until is None else f" until {iso(until)}"
        lines.append(f"Judged {after}{to}: {_words(one.by)}")
    return [*lines, f"Recomputed: {_words(now)}"]


def _words(by: Provenance) -> str:
    return (
        f"Trucewatch {by.version}, rules of {by.rules}, tzdata {by.tzdata}, "
        f"ISO 3166 of pycountry {by.iso_lists}"
    )
