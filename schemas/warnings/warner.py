"""Collects what is odd in an input, event by event, and says it once it is known what else stands.

Pure: `wanted` says what has to be looked up, and whoever has a database hands it in.
"""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Callable, Iterator
from typing import assert_never

from schemas.events import (
    ClaimEvent,
    ClaimRetractedEvent,
    CoverageEvent,
    Event,
    ReportEvent,
    ReportRetractedEvent,
)
from schemas.places import Point, Polygonal
from schemas.safe_text import named
from schemas.time import Instant
from schemas.warnings.countries import places_of
from schemas.warnings.known import ClaimName, KnownNames, ReportName, WantedNames
from schemas.warnings.lookalikes import Lookalikes
from schemas.warnings.oddities import oddities, places
from schemas.warnings.parties import NamedParties
from schemas.warnings.swapped import LatLon, exchanged, landmarks
from schemas.warnings.warning import MOST_WARNINGS, EventWarning, Whence, bounded

MOST_HELD = 100_000
"""Of how many names, positions and oddities of one input it is remembered where they first came."""

NameKind = tuple[str, ...]
"""What a name is of, and within what: ("incident", conflict), for example."""
_FIELDS = {
    "party": "party",
    "commitment": "data.commitment_id",
    "claim": "data.claim_id",
    "incident": "data.incident_id",
    "report": "data.report_id",
}


class Warner:
    """The warnings of one input. `note` each of its events, look up what is `wanted`, and ask."""

    def __init__(self, now: Callable[[], Instant]) -> None:
        """`now`: when what has no `time` is said."""
        self._now = now
        self._parties = NamedParties()
        self._odd: dict[tuple[str, str], EventWarning] = {}
        self._names: dict[tuple[NameKind, str], Whence] = {}
        self._stands: dict[ClaimName | ReportName, bool] = {}
        self._retracted_claims: dict[ClaimName, Whence] = {}
        self._retracted_reports: dict[ReportName, Whence] = {}
        self._spans: dict[str, tuple[Instant, Instant]] = {}
        self._positions: dict[tuple[str, LatLon], tuple[Whence, str]] = {}
        self._codes: dict[str, set[str]] = {}
        self._conflicts: set[str] = set()

    def note(self, event: Event, whence: Whence) -> None:
        """Take an event that was read at `whence`."""
        self._conflicts.add(event.data.conflict)
        self._parties.note(event, str(whence))
        for odd in oddities(event, self._now()):
            self._warn((odd.cause, odd.subject), whence, odd.field, odd.reason)
        if isinstance(event, ClaimEvent):
            self._note_claim(event, whence)
        elif isinstance(event, ReportEvent):
            self._note_report(event, whence)
        elif isinstance(event, ClaimRetractedEvent):
            claim = (event.data.conflict, event.data.commitment_id, event.data.claim_id)
            self._note_retraction(claim, self._retracted_claims, whence, "claim")
        elif isinstance(event, CoverageEvent):
            self._name(("party", event.data.conflict), event.data.reported_by.party, whence)
        elif isinstance(event, ReportRetractedEvent):
            report = (event.data.conflict, event.data.incident_id, event.data.report_id)
            self._note_retraction(report, self._retracted_reports, whence, "report")
        else:
            assert_never(event)

    def wanted(self) -> WantedNames:
        """What has to be known before `warnings`."""
        return WantedNames(
            frozenset(self._conflicts),
            dict(self._spans),
            frozenset({conflict for conflict, _ in self._positions} - self._codes.keys()),
            frozenset(self._retracted_claims),
            frozenset(self._retracted_reports),
        )

    def warnings(self, known: KnownNames | None) -> list[EventWarning]:
        """All that is odd, each cause once; at most `MOST_WARNINGS`, and one that counts others.

        `known`: what was `wanted`; None: it cannot be had, so only what the input itself shows.
        """
        found = [*self._odd.values(), *self._of_names(known or KnownNames())]
        if known is not None:
            for conflict, parties in known.bound.items():
                self._parties.bind(conflict, parties)
            unbound = [EventWarning(None, "", line) for line in self._parties.warnings()]
            found = [*unbound, *found, *self._of_retractions(known)]
        found += self._of_positions(known or KnownNames())
        return bounded(sorted(found, key=_place))

    def _warn(self, cause: tuple[str, str], whence: Whence, field: str, reason: str) -> None:
        before = self._odd.get(cause)
        if before is not None:
            self._odd[cause] = before._replace(times=before.times + 1)
        elif len(self._odd) < MOST_HELD:
            self._odd[cause] = EventWarning(whence, field, reason)

    def _name(self, kind: NameKind, name: str | None, whence: Whence) -> None:
        if name is not None and len(self._names) < MOST_HELD:
            self._names.setdefault((kind, name), whence)

    def _note_claim(self, event: ClaimEvent, whence: Whence) -> None:
        claim = event.data
        conflict = claim.conflict
        for party in (*claim.bound_parties, claim.claimed_by.party):
            self._name(("party", conflict), party, whence)
        self._name(("commitment", conflict), claim.commitment_id, whence)
        self._name(("claim", conflict, claim.commitment_id), claim.claim_id, whence)
        self._now_stands((conflict, claim.commitment_id, claim.claim_id))
        for number, part in enumerate(claim.area):
            if isinstance(part, str):
                self._codes.setdefault(conflict, set()).add(part)
            elif isinstance(part, Polygonal):
                middle = part.shape.centroid
                self._position(conflict, (middle.y, middle.x), whence, f"data.area.{number}")

    def _note_report(self, event: ReportEvent, whence: Whence) -> None:
        report, conflict = event.data, event.data.conflict
        self._name(("party", conflict), report.reported_by.party, whence)
        self._name(("incident", conflict), report.incident_id, whence)
        self._name(("report", conflict, report.incident_id), report.report_id, whence)
        self._now_stands((conflict, report.incident_id, report.report_id))
        if report.occurred is not None:
            start = report.occurred.start
            earliest, latest = self._spans.get(conflict, (start, start))
            self._spans[conflict] = min(start, earliest), max(start, latest)
        for field, place in places(report):
            if isinstance(place, str):
                self._codes.setdefault(conflict, set()).add(place)
            elif isinstance(place, Point):
                self._position(conflict, (place.lat, place.lon), whence, field)

    def _now_stands(self, name: ClaimName | ReportName) -> None:
        if len(self._stands) < MOST_HELD:
            self._stands[name] = True

    def _position(self, conflict: str, position: LatLon, whence: Whence, field: str) -> None:
        if len(self._positions) < MOST_HELD:
            self._positions.setdefault((conflict, position), (whence, field))

    def _note_retraction(
        self, name: ClaimName, asked: dict[ClaimName, Whence], whence: Whence, noun: str
    ) -> None:
        stands = self._stands.get(name)
        if stands is False:
            self._warn(("retracted", "/".join(name)), whence, "", _retracted(name, noun, None))
        elif stands is None and len(asked) < MOST_HELD:
            asked[name] = whence
        self._stands[name] = False

    def _of_names(self, known: KnownNames) -> Iterator[EventWarning]:
        before = [*_names_of(known)]
        times = Counter(kind for kind, _ in (*self._names, *before))
        # A name that is alone is like no other, as that of the one report of an incident.
        alike = {kind: Lookalikes() for kind, number in times.items() if number > 1}
        for kind, name in before:
            if kind in alike:
                alike[kind].add(name)
        for (kind, name), whence in self._names.items():
            if kind not in alike:
                continue
            meant = alike[kind].near(name)
            alike[kind].add(name)
            if meant is not None:
                what, field = kind[0], _FIELDS[kind[0]]
                reason = f"{name!r} is another {what} than {meant!r}{_unlike(name, meant)}"
                yield EventWarning(whence, field, f"{reason}; did you mean {meant!r}?")

    def _of_retractions(self, known: KnownNames) -> Iterator[EventWarning]:
        said = 0
        for name, whence in self._retracted_claims.items():
            if name not in known.standing_claims:
                close = _close(name, known.claims) if said < MOST_WARNINGS else None
                said += 1
                yield EventWarning(whence, "", _retracted(name, "claim", close))
        for name, whence in self._retracted_reports.items():
            if name not in known.standing_reports:
                close = known.close_reports.get(name)
                if close is None and said < MOST_WARNINGS:
                    close = _close(name, self._reports_of(name[0]))
                said += 1
                yield EventWarning(whence, "", _retracted(name, "report", close))

    def _reports_of(self, conflict: str) -> list[ReportName]:
        return [
            (conflict, kind[2], name)
            for kind, name in self._names
            if kind[0] == "report" and kind[1] == conflict
        ]

    def _of_positions(self, known: KnownNames) -> Iterator[EventWarning]:
        conflicts = {conflict for conflict, _ in self._positions}
        for conflict in sorted(conflicts):
            own = {p: first for (of, p), first in self._positions.items() if of == conflict}
            codes = self._codes.get(conflict, set()) | known.codes.get(conflict, set())
            sure = [place for code in sorted(codes) for place in places_of(code)]
            others = landmarks([*known.positions.get(conflict, ()), *own])
            for position, meant in exchanged([*own], sure or others, are_of_these=not sure):
                whence, field = own[position]
                yield EventWarning(whence, field, _exchanged(position, meant, field))


def _names_of(known: KnownNames) -> Iterator[tuple[NameKind, str]]:
    for conflict, parties in known.parties.items():
        for party in sorted(parties):
            yield ("party", conflict), party
    for conflict, commitment, claim in known.claims:
        yield ("commitment", conflict), commitment
        yield ("claim", conflict, commitment), claim
    for conflict, incident, report in known.reports:
        yield ("incident", conflict), incident
        yield ("report", conflict, incident), report


def _place(warning: EventWarning) -> tuple[str, int]:
    """What is about no one event comes first, then line by line."""
    return ("", 0) if warning.whence is None else (warning.whence.file, warning.whence.number or 0)


def _unlike(name: str, meant: str) -> str:
    """The characters by which `name` differs where that is not easily seen, by their names."""
    ours, theirs = _odd(name, meant), _odd(meant, name)
    if all(char.isascii() for char in ours + theirs):
        return ""
    parts = [", ".join(map(named, ours)), ", ".join(map(named, theirs))]
    return f" ({' for '.join(part or 'nothing' for part in parts)})"


def _odd(name: str, other: str) -> list[str]:
    extra = sorted(set(name) - set(other))
    return [char for char in extra if not (char.isascii() and char.isalnum())]


def _retracted(name: ClaimName, noun: str, close: ClaimName | None) -> str:
    conflict, group, one = name
    whole = "commitment" if noun == "claim" else "incident"
    hint = ""
    if close is not None and close != name:
        other = f" of {whole} {close[1]!r}" if close[1] != group else ""
        hint = f"; did you mean {close[2]!r}{other}?"
    said = f"{noun} {one!r} of {whole} {group!r} does not stand in conflict {conflict!r}"
    return f"{said}: its retraction changes nothing{hint}"


def _close(name: ClaimName, known: list[ClaimName]) -> ClaimName | None:
    """The one of `known` in the same conflict that is most like `name`."""
    of_conflict = {"/".join(one[1:]): one for one in known if one[0] == name[0]}
    found = difflib.get_close_matches("/".join(name[1:]), of_conflict, n=1, cutoff=0.7)
    return of_conflict[found[0]] if found else None


def _exchanged(position: LatLon, meant: LatLon, field: str) -> str:
    if ".area." in field:
        return (
            "far from all else of the conflict unless its positions are [latitude, longitude]; "
            "GeoJSON's are [longitude, latitude]"
        )
    lat, lon = position
    said = f"lat {lat:g}, lon {lon:g} is far from all else of the conflict"
    return f"{said}; did you mean lat {meant[0]:g}, lon {meant[1]:g}?"
