"""`compliance` again, with every day of a window and every choice of days spelt out."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Iterator
from itertools import combinations
from typing import Any, NamedTuple

from schemas.claims import Assertion
from schemas.events import ClaimEvent, parse_event
from schemas.time import OPEN, Bound, Daily, Instant, Limit, Span, spans, to_datetime, zone
from tests.statistics.folded import Folded

Days = frozenset[dt.date]


class Counted(NamedTuple):
    """An incident that is not clear: when, the known actors, and whether it is a violation."""

    start: Instant
    end: Instant
    actors: frozenset[str]
    is_violation: bool


def compliance(folded: Folded) -> list[tuple[Any, ...]]:
    """The rows, as far as counts and days go."""
    events = [parse_event(payload) for (payload,) in folded.ask("SELECT payload FROM claims")]
    claims = [e.data for e in events if isinstance(e, ClaimEvent) and isinstance(e.data, Assertion)]
    commitments: dict[tuple[str, str], list[Assertion]] = {}
    for claim in claims:
        commitments.setdefault((claim.conflict, claim.commitment_id), []).append(claim)
    rows = []
    for (conflict, commitment), those in commitments.items():
        seen = _observed(folded, conflict)
        names = {_zone(claim) for claim in those}
        shared = names.pop() if len(names) == 1 else "UTC"
        for claim in those:
            counted = _counted(folded, conflict, commitment, claim.claim_id)
            key = (conflict, commitment, claim.claim_id)
            rows += [
                (*key, *_row([claim], party, _zone(claim), counted, seen))
                for party in claim.bound_parties
            ]
        counted = _counted(folded, conflict, commitment, None)
        for party in {party for claim in those for party in claim.bound_parties}:
            bind = [claim for claim in those if party in claim.bound_parties]
            rows.append((conflict, commitment, None, *_row(bind, party, shared, counted, seen)))
    return rows


def _row(
    claims: list[Assertion], party: str, name: str, counted: list[Counted], seen: Limit
) -> tuple[Any, ...]:
    violations = [one for one in counted if one.is_violation and one.actors == {party}]
    upper = [one for one in counted if party in one.actors]
    nobodys = [one for one in counted if not one.actors]
    parts = [part for claim in claims for part in claim.terms_window]
    days, hull = _days(parts, name, seen, core=True), _days(parts, name, seen, core=False)
    is_open = any(part.end == OPEN for part in parts)
    whole = None if is_open else _days(parts, name, math.inf, core=True)
    if days is None:
        bounds: tuple[int | None, int | None] = (None, None)
    else:
        touched = _most_days([_met(one, name) for one in (*upper, *nobodys)], days)
        fewest = _fewest_days([_met(one, name) for one in violations], days)
        bounds = (len(days) - touched, len(days) - fewest)
    return (
        party,
        len(violations),
        len(upper),
        len(nobodys),
        *bounds,
        None if days is None else len(days),
        None if hull is None else len(hull),
        None if whole is None or days is None else len(whole - days),
    )


def _zone(claim: Assertion) -> str:
    first = claim.window[0]
    return first.daily.zone if first.daily else first.zone or "UTC"


def _observed(folded: Folded, conflict: str) -> Limit:
    """Until when anybody reported; an instant lasts a microsecond."""
    ends = [
        start + 1 if end <= start <= known else min(end, known)
        for start, end, known in folded.connection.execute(
            "SELECT epoch_us(occurred_start), epoch_us(greatest(occurred_end, ends_at)),"
            " epoch_us(recorded_at) FROM report_versions"
            " WHERE superseded_at IS NULL AND stance = 'asserts' AND conflict = $conflict",
            {"conflict": conflict},
        ).fetchall()
    ]
    return max(ends, default=-math.inf)


def _counted(folded: Folded, conflict: str, commitment: str, claim: str | None) -> list[Counted]:
    ask = folded.connection.execute
    named: dict[str, set[str]] = {}
    reports = (
        "SELECT incident_id, actor, confidence FROM reports"
        " WHERE conflict = $conflict AND stance = 'asserts'"
    )
    for incident, actor, confidence in ask(reports, {"conflict": conflict}).fetchall():
        if confidence in {"confirmed", "likely"}:
            named.setdefault(incident, set()).add(actor)
    ids = {"conflict": conflict, "commitment": commitment}
    times = {
        incident: (start, end)
        for incident, start, end in ask(
            "SELECT incident_id, epoch_us(occurred_start), epoch_us(occurred_end) FROM verdicts"
            " WHERE conflict = $conflict AND commitment_id = $commitment",
            ids,
        ).fetchall()
    }
    verdicts = ask(
        "SELECT incident_id, verdict FROM verdicts"
        " WHERE conflict = $conflict AND commitment_id = $commitment"
        if claim is None
        else "SELECT incident_id, verdict FROM claim_verdicts WHERE conflict = $conflict"
        " AND commitment_id = $commitment AND claim_id = $claim",
        ids if claim is None else {**ids, "claim": claim},
    ).fetchall()
    return [
        Counted(*times[incident], frozenset(named.get(incident, ())), verdict == "violation")
        for incident, verdict in verdicts
        if verdict != "clear"
    ]


def _days(parts: Iterable[Span | Daily], name: str, seen: Limit, *, core: bool) -> Days | None:
    """The local days of the cores, or hulls, up to `seen`; None: their bounds are not known."""
    found: set[dt.date] = set()
    for part in parts:
        start = part.start.latest if core else part.start.earliest
        end = part.end.earliest if core else part.end.latest
        if math.isinf(start) or (math.isinf(end) and part.end != OPEN):
            return None
        found |= set(_local_days(part, start, min(end, seen), name))
    return frozenset(found)


def _local_days(part: Span | Daily, start: Limit, end: Limit, name: str) -> Iterator[dt.date]:
    if start >= end:
        return
    known = part._replace(start=Bound(start, start), end=Bound(end, end))
    pieces = [known] if isinstance(known, Span) else spans((known,), start, end)
    for piece in pieces:
        yield from _between(int(piece.start.earliest), int(piece.end.latest), name)


def _between(start: Instant, end: Instant, name: str) -> Iterator[dt.date]:
    first, last = (to_datetime(at).astimezone(zone(name)).date() for at in (start, end - 1))
    while first <= last:
        yield first
        first += dt.timedelta(days=1)


def _met(one: Counted, name: str) -> Days:
    return frozenset(_between(one.start, max(one.end, one.start + 1), name))


def _most_days(intervals: list[Days], days: Days) -> int:
    """Each day of a short interval, and for as many of the longer as can be one of their own."""
    taken: dict[dt.date, Days | None] = {
        day: None for met in intervals if len(met) <= 2 for day in met & days
    }

    def finds(met: Days, tried: set[dt.date]) -> bool:
        for day in (met & days) - tried:
            tried.add(day)
            holder = taken.get(day, met)
            if day not in taken or (holder is not None and finds(holder, tried)):
                taken[day] = met
                return True
        return False

    for met in intervals:
        if len(met) > 2:
            finds(met, set())
    return len(taken)


def _fewest_days(intervals: list[Days], days: Days) -> int:
    wanted = [met & days for met in intervals if met & days]
    choices = sorted(set().union(*wanted))
    for number in range(len(choices) + 1):
        for chosen in combinations(choices, number):
            if all(met & set(chosen) for met in wanted):
                return number
    raise AssertionError
