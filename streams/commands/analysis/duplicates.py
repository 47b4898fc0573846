"""`truce duplicates`: pairs of incidents that may be one, and how to say that two are."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any, NamedTuple

import click

from analytics.queries import queries
from schemas.events import parse_event
from schemas.safe_text import for_json
from streams.commands.console import err, say, say_json, table
from streams.commands.lake_reader import explained, opened
from streams.errors import BadInput
from streams.settings import Settings

MOST_ON_A_TERMINAL = 1_000


class DuplicatesWanted(NamedTuple):
    """Which pairs are wanted; None leaves none out. Times in us since 1970."""

    min_score: float
    commitment: str | None = None
    since: int | None = None
    until: int | None = None
    conflict: str | None = None


class CandidatePair(NamedTuple):
    """Two incidents that may be one; `score` from 0 to 1, `reasons` in words."""

    conflict: str
    incident_id: str
    other_incident_id: str
    score: float
    reasons: list[str]
    seconds_apart: float
    km_apart: float | None


def run_duplicates(settings: Settings, wanted: DuplicatesWanted, *, as_json: bool) -> int:
    """Print the pairs, the surest first. Returns the exit code."""
    with opened(settings) as lake, explained():
        rows = lake.ask(queries("duplicates")["pairs"], wanted._asdict())
        within = {name: getattr(wanted, name) for name in ("since", "until", "conflict")}
        crowded = lake.ask(queries("duplicates")["crowded"], within)
    _say_crowded(crowded)
    found = [CandidatePair(*row) for row in rows]
    if as_json:
        say_json([one._asdict() for one in found])
        return 0
    shown = found[:MOST_ON_A_TERMINAL] if sys.stdout.isatty() else found
    if not shown:
        say("no pairs")
        return 0
    table(
        ("score", "incident", "other", "why", "conflict"),
        [
            [
                f"{one.score:.2f}",
                one.incident_id,
                one.other_incident_id,
                ", ".join(one.reasons),
                one.conflict,
            ]
            for one in shown
        ],
    )
    if len(shown) < len(found):
        err(f"The first {len(shown):,} of {len(found):,}; --json has all")
    err("Two of them are one? truce duplicates --merge INCIDENT OTHER | truce publish -")
    return 0


def _say_crowded(rows: list[tuple[Any, ...]]) -> None:
    """Say where not all was compared. Rows: day, code of the place, number of reports."""
    if not rows:
        return
    day, code, reports = rows[0]
    where = f"in {code} " if code else ""
    err(
        f"warning: a day in one place with too many reports to compare all: {len(rows):,}, the "
        f"largest {where}on {day} with {reports:,}; there, only those are compared that agree in "
        "the hour or in a number",
        style="yellow",
    )


def run_merge(settings: Settings, kept: str, other: str, *, conflict: str | None) -> int:
    """Print the events that say that `other` is `kept`. Returns the exit code."""
    if kept == other:
        raise BadInput(f"{kept!r} is one already: name two incidents")
    with opened(settings) as lake, explained():
        rows = lake.ask(queries("duplicates")["reports_of"], {"ids": [kept, other]})
    conflicts = {name: {row[0] for row in rows if row[1] == name} for name in (kept, other)}
    for name in (kept, other):
        if not conflicts[name]:
            raise BadInput(f"there is no incident {name!r}: see truce incidents")
    both = sorted(conflicts[kept] & conflicts[other])
    if conflict is not None:
        both = [one for one in both if one == conflict]
    if not both:
        raise BadInput(
            f"no conflict has both {kept!r} and {other!r}: a truce never spans conflicts"
        )
    if len(both) > 1:
        raise BadInput(f"several conflicts have both; choose one: --conflict {' | '.join(both)}")
    reports = {
        name: {row[2]: json.loads(row[3]) for row in rows if row[:2] == (both[0], name)}
        for name in (kept, other)
    }
    for event in merging(kept, other, reports[kept], reports[other]):
        click.echo(for_json(json.dumps(event, ensure_ascii=False, separators=(",", ":"))))
    return 0


def merging(
    kept: str, other: str, of_kept: dict[str, Any], of_other: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    """Each report of `other` under `kept`, and its retraction: by its source, at its time.

    Both have the time of what they replace, so that the incident counts once, too, in what sources
    had said by any later moment.
    """
    taken = set(of_kept)
    for report_id, event in of_other.items():
        name = report_id
        if name in taken:
            name = f"{report_id} ({other})"
        taken.add(name)
        data = {**event["data"], "incident_id": kept, "report_id": name}
        moved = {**event, "id": f"{event['id']}: is {kept}", "data": data}
        retraction = {
            **event,
            "id": f"{event['id']}: was {other}",
            "type": "incident.report_retracted",
            "data": {
                "conflict": data["conflict"],
                "incident_id": other,
                "report_id": report_id,
                "reason": f"the same incident as {kept}",
            },
        }
        for one in (moved, retraction):
            parse_event(json.dumps(one))
            yield one
