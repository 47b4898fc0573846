"""What one event shows to be odd by itself: times, numbers, places and names of states."""

from __future__ import annotations

import datetime as dt
import difflib
from collections.abc import Iterator

from schemas.claims import AreaTerms
from schemas.events import ClaimEvent, Count, CoverageEvent, Event, Range, ReportEvent
from schemas.places import OneOf, Place, Point, place_codes
from schemas.reports import REPORTER_KINDS, Occurred, Report, ReportDenial, Reporter
from schemas.time import Instant, iso, to_instant
from schemas.warnings.countries import code_of_state
from schemas.warnings.warning import Oddity

DAY = 24 * 3_600 * 1_000_000
FIRST_YEAR = 1900
CENTURY = 100
_FIRST = to_instant(dt.datetime(FIRST_YEAR, 1, 1, tzinfo=dt.UTC))


def oddities(event: Event, now: Instant) -> Iterator[Oddity]:
    """What is odd in `event`. One without `time` is said `now` (us since 1970)."""
    if isinstance(event, ReportEvent | CoverageEvent):
        yield from _of_reporter(event.data.reported_by)
    if isinstance(event, ReportEvent):
        said = now if event.time is None else event.time
        yield from _of_report(event.data, said)
    elif isinstance(event, CoverageEvent):
        yield from _of_area(event.data.area)
    elif isinstance(event, ClaimEvent):
        for number, party in enumerate(event.data.bound_parties):
            code = code_of_state(party)
            if code is not None and code != party:
                yield Oddity(
                    "state",
                    party,
                    f"data.bound_parties.{number}",
                    f"{party!r} is another party than {code!r}; did you mean {code!r}?",
                )
        yield from _of_area(event.data.area)


def _of_area(area: AreaTerms) -> Iterator[Oddity]:
    for number, part in enumerate(area):
        if isinstance(part, str):
            yield from _of_code(part, f"data.area.{number}")


def _of_reporter(reporter: Reporter) -> Iterator[Oddity]:
    kind = reporter.kind
    if kind is not None and kind not in REPORTER_KINDS:
        close = difflib.get_close_matches(kind, REPORTER_KINDS, n=1)
        hint = f"did you mean {close[0]!r}? " if close else ""
        yield Oddity(
            "kind",
            kind,
            "data.reported_by.kind",
            f"{kind!r} counts as 'other'; {hint}one of: {', '.join(REPORTER_KINDS)}",
        )


def _of_report(report: Report | ReportDenial, said: Instant) -> Iterator[Oddity]:
    actor = report.actor
    if actor is not None and actor.party is not None and "confidence" not in actor.model_fields_set:
        yield Oddity(
            "confidence",
            report.conflict,
            "data.actor",
            "an actor without 'confidence' counts as alleged, and breaks nothing; how sure is the "
            "source? confirmed, likely or alleged",
        )
    for field, occurred in occurrences(report):
        yield from _of_time(occurred, said, f"data.{field}.start")
    for field, place in places(report):
        if isinstance(place, Point) and (place.lat, place.lon) == (0.0, 0.0):
            yield Oddity(
                "zero",
                report.conflict,
                field,
                "0,0 lies in the Gulf of Guinea; if the position is not known, leave the place out",
            )
        elif isinstance(place, str):
            yield from _of_code(place, field)
    for number, weapon in enumerate(report.weapons):
        if weapon.launched is None or weapon.intercepted is None:
            continue
        least, most = _least(weapon.intercepted), _most(weapon.launched)
        if least is not None and most is not None and least > most:
            yield Oddity(
                "intercepted",
                f"{report.incident_id}/{report.report_id}/{weapon.type}",
                f"data.weapons.{number}.intercepted",
                f"more intercepted ({least:,}) than launched ({most:,}); are they exchanged?",
            )


def occurrences(report: Report | ReportDenial) -> Iterator[tuple[str, Occurred]]:
    """When the whole and its impacts happened, each with its field within `data`."""
    if report.occurred is not None:
        yield "occurred", report.occurred
    for number, impact in enumerate(report.impacts):
        if impact.occurred is not None:
            yield f"impacts.{number}.occurred", impact.occurred


def places(report: Report | ReportDenial) -> Iterator[tuple[str, str | Point]]:
    """Where the whole and its impacts were, or may have been, each with its field.

    The codes of a point come after it.
    """
    for number, place in enumerate(report.places):
        yield from _in_place(f"data.places.{number}", place)
    for number, impact in enumerate(report.impacts):
        yield from _in_place(f"data.impacts.{number}.place", impact.place)


def _in_place(field: str, place: Place | None) -> Iterator[tuple[str, str | Point]]:
    if isinstance(place, OneOf):
        for number, one in enumerate(place.one_of):
            yield from _in_place(f"{field}.one_of.{number}", one)
    elif place is not None:
        yield field, place
        if isinstance(place, Point):
            for number, code in enumerate(place.codes):
                yield f"{field}.codes.{number}", code


def _of_time(occurred: Occurred, said: Instant, field: str) -> Iterator[Oddity]:
    if _FIRST <= occurred.start <= said + DAY:
        return
    start = iso(occurred.start)
    year = int(start[:4])
    if year < FIRST_YEAR:
        meant = f"20{year:02d}{start[4:]}" if year < CENTURY else ""
        hint = f"; did you mean {meant}?" if meant else ""
        yield Oddity("early", start, field, f"{start} is before {FIRST_YEAR}{hint}")
    else:
        meant = f"{iso(said)[:4]}{start[4:]}"
        hint = f"; did you mean {meant}?" if _is_by(meant, said + DAY) else ""
        yield Oddity("late", start, field, f"{start} is after it was said, {iso(said)}{hint}")


def _is_by(text: str, limit: Instant) -> bool:
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:  # 29 February of another year
        return False
    return moment.timestamp() * 1_000_000 <= limit


def _of_code(code: str, field: str) -> Iterator[Oddity]:
    if code not in place_codes():
        yield Oddity(
            "code",
            code,
            field,
            f"{code!r} is in no list of ISO 3166 now: withdrawn, or renumbered?",
        )


def _least(count: Count) -> int | float | None:
    return count.min if isinstance(count, Range) else count


def _most(count: Count) -> int | float | None:
    return count.max if isinstance(count, Range) else count
