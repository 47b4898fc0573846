"""Addresses of pages: what a reader chose stands in them, so that they can be shared."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import quote, urlencode

from multidict import MultiMapping
from pydantic_core import PydanticCustomError

from analytics.pages.model import SORTS, IncidentsWanted
from analytics.pages.zones import UTC, ReaderZone, zone_named
from schemas.time import Instant, iso
from schemas.time_fields import read_instant
from schemas.verdicts import BY_GRAVITY

MOST_PAGES = 100_000
MOST_LETTERS = 2_000
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
Params = dict[str, str | list[str]]


class BadAddress(ValueError):  # noqa: N818 - named as what is the case
    """An address that means nothing; the message says which part."""


class Chosen(NamedTuple):
    """What the address of a page says: the zone, the filter, and the span of the timeline."""

    zone: ReaderZone
    conflict: str | None
    commitment: str | None
    verdicts: tuple[str, ...]
    party: str | None
    since: Instant | None
    until: Instant | None
    start: Instant | None
    end: Instant | None
    claim: str | None
    sort: str
    page: int

    def wanted(self, conflict: str) -> IncidentsWanted:
        """The filter, for a conflict."""
        return IncidentsWanted(
            conflict,
            self.commitment,
            self.verdicts,
            self.party,
            self.since,
            self.until,
            self.sort,
            self.page,
        )


def chosen(query: MultiMapping[str]) -> Chosen:
    """Read what was chosen. BadAddress: something of it cannot be."""
    zone = zone_named(query.get("zone", ""))
    if zone is None:
        raise BadAddress(f"zone: there is no time zone {query['zone']!r}")
    verdicts = tuple(dict.fromkeys(one for one in query.getall("verdict", []) if one))
    if not set(verdicts) <= set(BY_GRAVITY):
        raise BadAddress(f"verdict: one of {', '.join(BY_GRAVITY)}")
    sort = query.get("sort") or SORTS[0]
    if sort not in SORTS:
        raise BadAddress(f"sort: one of {', '.join(SORTS)}")
    page = query.get("page") or "1"
    if not re.fullmatch(r"[0-9]{1,6}", page) or not 1 <= int(page) <= MOST_PAGES:
        raise BadAddress("page: a number from 1")
    start, end = (_moment(query, name, UTC) for name in ("from", "to"))
    if (start is None) != (end is None) or (start is not None and end is not None and start >= end):
        raise BadAddress("from, to: both, and from before to")
    return Chosen(
        zone,
        _text(query, "conflict"),
        _text(query, "commitment"),
        verdicts,
        _text(query, "party"),
        _moment(query, "since", zone),
        _moment(query, "until", zone),
        start,
        end,
        _text(query, "claim"),
        sort,
        int(page),
    )


def _text(query: MultiMapping[str], name: str) -> str | None:
    found = query.get(name) or None
    if found is not None and len(found) > MOST_LETTERS:
        raise BadAddress(f"{name}: too long")
    if found is not None and "\x00" in found:
        raise BadAddress(f"{name}: no name has a zero character")
    return found


def _moment(query: MultiMapping[str], name: str, zone: ReaderZone) -> Instant | None:
    """A day on the clocks of the zone, which means its beginning, or an RFC 3339 time."""
    import datetime as dt

    text = query.get(name)
    if not text:
        return None
    try:
        if _DAY.fullmatch(text):
            return zone.midnight(dt.date.fromisoformat(text))
        return read_instant(text)
    except (ValueError, OverflowError, PydanticCustomError):
        raise BadAddress(f"{name}: a day or a time, such as 2026-02-01") from None


class Here:
    """The address of the page that is shown, and of what it leads to."""

    def __init__(self, path: str, query: MultiMapping[str]) -> None:
        self.path = path
        self.params: Params = {name: query.getall(name) for name in query if query.getall(name)}

    def __call__(self, _anchor: str = "", **changes: object) -> str:
        """This page with some of its parameters changed; None takes one out."""
        return _address(self.path, {**self.params, **_texts(changes)}, _anchor)

    def to(self, path: str, **params: object) -> str:
        """Another page; the zone goes with the reader."""
        kept = {"zone": self.params["zone"]} if "zone" in self.params else {}
        return _address(path, {**kept, **_texts(params)}, "")

    def incident(self, conflict: str, incident_id: str) -> str:
        """The page of an incident."""
        return self.to(f"/incidents/{_segment(conflict)}/{_segment(incident_id)}")

    def commitment(self, conflict: str, commitment_id: str) -> str:
        """The page of a commitment."""
        return self.to(f"/commitments/{_segment(conflict)}/{_segment(commitment_id)}")

    def hidden(self, *without: str) -> list[tuple[str, str]]:
        """The parameters that a form keeps, as names and values."""
        return [
            (name, one)
            for name, value in self.params.items()
            if name not in without
            for one in ([value] if isinstance(value, str) else value)
        ]


class LinksOf:
    """Where the marks of a picture lead to: pages of this conflict."""

    def __init__(self, here: Here, conflict: str) -> None:
        self._here, self._conflict = here, conflict

    def incident(self, incident_id: str) -> str:
        """The page of an incident."""
        return self._here.incident(self._conflict, incident_id)

    def commitment(self, commitment_id: str) -> str:
        """The page of a commitment."""
        return self._here.commitment(self._conflict, commitment_id)

    def span(self, start: Instant, end: Instant) -> str:
        """The timeline over a span."""
        return self._here("timeline", **{"from": minute(start), "to": minute(end)})


def minute(instant: Instant) -> str:
    """A moment in an address, to the minute."""
    return iso(instant // 60_000_000 * 60_000_000)


def _texts(changes: dict[str, object]) -> Params:
    return {
        name: [str(one) for one in value]
        if isinstance(value, list | tuple)
        else ("" if value is None else str(value))
        for name, value in changes.items()
    }


def _address(path: str, params: Params, anchor: str) -> str:
    kept = {name: value for name, value in params.items() if value not in ("", [], [""])}
    query = urlencode(kept, doseq=True)
    return path + (f"?{query}" if query else "") + (f"#{anchor}" if anchor else "")


def _segment(text: str) -> str:
    return quote(text, safe="")
