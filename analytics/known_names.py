"""Looks up what the warnings of an input need to know: names, what stands, and where it is."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator
from itertools import islice
from typing import Any

from analytics.queries import queries
from analytics.read_model import Ask
from schemas.time import FIRST_INSTANT, LAST_INSTANT
from schemas.warnings.known import ClaimName, KnownNames, ReportName, WantedNames

DAY = 24 * 3_600 * 1_000_000
DAYS_AROUND = 3
"""An incident within so many days of another may be the same."""
MOST_CLAIMS = 10_000
MOST_REPORTS = 50_000
MOST_WITH_PLACES = 300
MOST_CLOSE = 20


def known_beside(ask: Ask, wanted: WantedNames) -> KnownNames:
    """What is known of what is `wanted`, as far as so much of it is enough for a warning."""
    sql, found = queries("known"), KnownNames()
    if not wanted.conflicts:
        return found
    conflicts = sorted(wanted.conflicts)
    for conflict, bound in ask(sql["bound"], {"conflicts": conflicts}):
        found.bound[conflict] = set(bound)
        found.parties[conflict] = set(bound)
    _take_claims(found, ask(sql["claims"], {"conflicts": conflicts, "most": MOST_CLAIMS}))
    if wanted.spans:
        rows = ask(sql["reports"], {**_around(wanted, wanted.spans), "most": MOST_REPORTS})
        found.reports = [(conflict, incident, report) for conflict, incident, report in rows]
    # To read the places of reports takes longer, and the codes of claims mostly say enough.
    unplaced = {one for one in wanted.unplaced & wanted.spans.keys() if not found.codes.get(one)}
    if unplaced:
        values = {**_around(wanted, unplaced), "most": MOST_WITH_PLACES}
        for conflict, places in ask(sql["places"], values):
            _take_places(found, conflict, places)
    found.standing_claims = _standing(ask, "standing_claims", wanted.retracted_claims)
    found.standing_reports = _standing(ask, "standing_reports", wanted.retracted_reports)
    lost = sorted(wanted.retracted_reports - found.standing_reports)
    for name in islice(lost, MOST_CLOSE):
        conflict, incident, report = name
        values = {"conflict": conflict, "incident_id": incident, "report_id": report}
        for close in ask(sql["close_report"], values):
            found.close_reports[name] = (close[0], close[1], close[2])
    return found


def _around(wanted: WantedNames, conflicts: Iterable[str]) -> dict[str, object]:
    """Some days around what happened, conflict by conflict, as parameters."""
    spans = sorted((conflict, *wanted.spans[conflict]) for conflict in conflicts)
    around = DAYS_AROUND * DAY
    return {
        "conflicts": [conflict for conflict, _, _ in spans],
        "earliest": [max(earliest - around, FIRST_INSTANT) for _, earliest, _ in spans],
        "latest": [min(latest + around, LAST_INSTANT) for _, _, latest in spans],
    }


def _take_claims(found: KnownNames, rows: list[tuple[Any, ...]]) -> None:
    for conflict, commitment, claim, claimant, area in rows:
        found.claims.append((conflict, commitment, claim))
        if claimant is not None:
            found.parties.setdefault(conflict, set()).add(claimant)
        codes = (part for part in _listed(area) if isinstance(part, str))
        found.codes.setdefault(conflict, set()).update(codes)


def _take_places(found: KnownNames, conflict: str, places: str | None) -> None:
    for place in _listed(places):
        match place:
            case str():
                found.codes.setdefault(conflict, set()).add(place)
            case {"lat": int() | float() as lat, "lon": int() | float() as lon}:
                found.positions.setdefault(conflict, []).append((float(lat), float(lon)))
            case _:
                continue


def _listed(text: str | None) -> Iterator[Any]:
    listed = None if text is None else json.loads(text)
    yield from listed if isinstance(listed, list) else ()


def _standing(
    ask: Ask, statement: str, names: Collection[ClaimName] | Collection[ReportName]
) -> set[tuple[str, str, str]]:
    if not names:
        return set()
    conflicts, groups, own = zip(*sorted(names), strict=True)
    values = {"conflicts": list(conflicts), "groups": list(groups), "names": list(own)}
    return {(c, g, n) for c, g, n in ask(queries("known")[statement], values)}
