"""`truce incidents`: lists the incidents with their verdicts, who is named, when and where."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from rich.text import Text

from analytics.read_model import ListedIncident, Unknowns
from schemas.safe_text import party_label
from schemas.time import iso
from streams.commands.console import err, in_colour, say, say_json, table, when
from streams.commands.lake_reader import reading
from streams.explain.words import counted
from streams.settings import Settings

MOST_ON_A_TERMINAL = 1_000
MOST_PLACES = 3


class IncidentFilter(NamedTuple):
    """Which incidents are wanted; what is empty or None leaves none out.

    `since` and `until` (us since 1970) bound when they may have happened; `is_open`: only those of
    which a claim is undetermined, with the criteria that are unknown.
    """

    verdicts: Sequence[str] = ()
    party: str | None = None
    commitment: str | None = None
    since: int | None = None
    until: int | None = None
    is_open: bool = False


def run_incidents(settings: Settings, wanted: IncidentFilter, *, as_json: bool) -> int:
    """Print the incidents. Returns the exit code."""
    with reading(settings) as knowledge:
        found = knowledge.incidents(**wanted._asdict())
    if as_json:
        say_json([_document(one, wanted) for one in found])
        return 0
    shown = found[:MOST_ON_A_TERMINAL] if sys.stdout.isatty() else found
    columns = ["incident", "verdict", "party", "evidence", "when (UTC)", "where", "commitment"]
    if wanted.is_open:
        columns.append("unknown")
    if shown:
        table(columns, [_row(one, wanted) for one in shown])
    if len(shown) < len(found):
        err(f"The first {len(shown):,} of {len(found):,}; --json has all")
    if not found:
        say("no incidents")
    return 0


def _row(one: ListedIncident, wanted: IncidentFilter) -> list[str | Text]:
    start, end = when(one.occurred_start), when(one.occurred_end)
    stretch = start if start == end else f"{start} to {end}"
    party = "" if one.party is None else party_label(one.party)
    places = _places(one)
    more = (
        f" and {counted(len(places) - MOST_PLACES, 'other')}" if len(places) > MOST_PLACES else ""
    )
    row: list[str | Text] = [
        one.incident_id,
        in_colour(one.verdict),
        party,
        _evidence(one),
        stretch,
        ", ".join(places[:MOST_PLACES]) + more,
        one.commitment_id,
    ]
    return [*row, _unknowns(one.unknowns)] if wanted.is_open else row


def _evidence(one: ListedIncident) -> str:
    """`reported, admitted, denied`: what the evidence is worth, and who else speaks of it."""
    words = [
        *([one.evidence.replace("_", "-")] if one.evidence is not None else []),
        *(["admitted"] if one.admitted else []),
        *(["denied"] if one.denied_by else []),
    ]
    return ", ".join(words)


def _unknowns(unknowns: Iterable[Unknowns]) -> str:
    """`by c-1: target covered; by c-2: in window, in area`."""
    return "; ".join(
        f"by {claim_id}: {', '.join(name.replace('_', ' ') for name in names) or 'reports differ'}"
        for claim_id, names in unknowns
    )


def _places(one: ListedIncident) -> list[str]:
    """Each place once, in words; what another program wrote in odd ways is left as it is."""
    return list(dict.fromkeys(_place(json.loads(place)) for place in one.places))


def _place(place: object) -> str:
    match place:
        case str():
            return place
        case {"lat": int() | float() as lat, "lon": int() | float() as lon, **rest}:
            radius = rest.get("radius_km")
            codes = rest.get("codes")
            inside = f" in {'/'.join(codes)}" if isinstance(codes, list) and codes else ""
            return f"{lat:g},{lon:g}" + (f" within {radius:g} km" if radius else "") + inside
        case {"one_of": list(places)}:
            return " or ".join(_place(one) for one in places)
        case _:
            return "others"


def _document(one: ListedIncident, wanted: IncidentFilter) -> dict[str, Any]:
    found: dict[str, Any] = {
        "conflict": one.conflict,
        "commitment_id": one.commitment_id,
        "incident_id": one.incident_id,
        "verdict": one.verdict,
        "party": one.party,
        "occurred_start": iso(one.occurred_start),
        "occurred_end": iso(one.occurred_end),
        "evidence": one.evidence,
        "admitted": one.admitted,
        "denied_by": one.denied_by,
        "places": [json.loads(place) for place in one.places],
    }
    if wanted.is_open:
        found["unknown"] = [
            {"claim_id": claim_id, "criteria": names} for claim_id, names in one.unknowns
        ]
    return found
