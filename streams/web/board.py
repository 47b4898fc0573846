"""The page of a conflict: truces now, timeline, days, map and the table of incidents."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

from analytics.charts.axis import Axis, around, axis_over
from analytics.charts.daily import daily
from analytics.charts.drawing import chart_svg
from analytics.charts.map import map_of
from analytics.charts.timeline import Content, timeline
from analytics.pages.model import ROWS_OF_A_PAGE, Band, Day, IncidentRow, Kept, PageModel
from analytics.pages.zones import ReaderZone
from analytics.read_model import ReadModel
from analytics.report.texts import texts
from schemas.claims import Claim
from schemas.events import Assertion
from schemas.time import DAY, Instant, in_force
from schemas.verdicts import BY_GRAVITY
from streams.web.address import Chosen, Here, LinksOf, minute
from streams.web.site import Site

MOST_PLACES = 3
MOST_COMMITMENTS = 12
Claims = dict[tuple[str, str, str], Claim]


class TruceCard(NamedTuple):
    """A commitment as it is now."""

    commitment_id: str
    yes: int
    no: int
    unknown: int
    denials: int
    ends: tuple[Instant, Instant | None] | None
    counts: Counter[str]
    kept: list[Kept]

    @property
    def state(self) -> str:
        """In force by all claims, by none, or what can be said."""
        if self.yes and not self.no and not self.unknown:
            return "in force"
        if self.yes or self.unknown:
            return "in force by some claims" if self.yes else "not known to be in force"
        return "not in force"


def truces(
    knowledge: ReadModel, pages: PageModel, conflict: str, claims: Claims, now: Instant
) -> list[TruceCard]:
    """The commitments of a conflict, those in force first."""
    counts: dict[str, Counter[str]] = {}
    for of, commitment_id, verdict, count in knowledge.verdict_counts():
        if of == conflict:
            counts.setdefault(commitment_id, Counter())[verdict] = count
    kept = pages.kept(conflict)
    # Of the whole day, so that the answer is that of the last moment.
    bands = [
        one
        for one in pages.bands(conflict, None, (now // DAY * DAY, now // DAY * DAY + DAY))
        if (one.hull_start is None or one.hull_start <= now)
        and (one.hull_end is None or one.hull_end >= now)
    ]
    found = []
    for commitment_id in dict.fromkeys(name[1] for name in claims):
        of_it = [one for name, one in claims.items() if name[1] == commitment_id]
        asserted = [one for one in of_it if isinstance(one, Assertion)]
        answers = [in_force(one.terms_window, now) for one in asserted]
        found.append(
            TruceCard(
                commitment_id,
                answers.count(True),
                answers.count(False),
                answers.count(None),
                len(of_it) - len(asserted),
                _ends([one for one in bands if one.commitment_id == commitment_id], now),
                counts.get(commitment_id, Counter()),
                [row for row in kept if row.commitment_id == commitment_id and not row.claim_id],
            )
        )
    return sorted(found, key=lambda one: (-one.yes, -one.unknown, one.commitment_id))


def _ends(bands: Sequence[Band], now: Instant) -> tuple[Instant, Instant | None] | None:
    """Between when and when the windows that may hold now end; None: nothing is known."""
    earliest = [one.core_end for one in bands if one.core_end is not None and one.core_end > now]
    latest = [one.hull_end for one in bands if one.hull_end is not None and one.hull_end > now]
    if not earliest and not latest:
        return None
    return min(earliest or latest), max(latest, default=None)


class Zooms(NamedTuple):
    """Addresses of other spans of the timeline."""

    closer: str
    wider: str
    earlier: str
    later: str
    whole: str | None


def zooms(axis: Axis, here: Here, *, is_whole: bool) -> Zooms:
    """Half the span, double, and one half to each side."""
    length = axis.end - axis.start

    def span(start: Instant, end: Instant) -> str:
        at = axis_over(start, end)
        return here("timeline", **{"from": minute(at.start), "to": minute(at.end)})

    quarter, half = length // 4, length // 2
    return Zooms(
        span(axis.start + quarter, axis.end - quarter),
        span(axis.start - half, axis.end + half),
        span(axis.start - half, axis.end - half),
        span(axis.start + half, axis.end + half),
        None if is_whole else here("timeline", **{"from": None, "to": None}),
    )


def drawn_timeline(
    pages: PageModel, claims: Claims, conflict: str, choice: Chosen, here: Here, now: Instant
) -> dict[str, Any]:
    """The timeline, and what stands beside it."""
    commitment = choice.commitment
    is_whole = choice.start is None or choice.end is None
    if choice.start is None or choice.end is None:
        axis = around(pages.reach(conflict, commitment), now)
    else:
        axis = axis_over(choice.start, choice.end)
    span = (axis.start, axis.end)
    marks = pages.marks(conflict, commitment, span)
    shown = {name: one for name, one in claims.items() if commitment in {None, name[1]}}
    content = Content(
        shown,
        pages.bands(conflict, commitment, span),
        marks,
        [] if marks is not None else pages.bins(conflict, commitment, span),
        pages.watched(conflict, span),
        pages.gaps(conflict, span),
    )
    chart = timeline(content, axis, choice.zone, now)
    title = (
        f"Timeline from {choice.zone.both(axis.start)} to {choice.zone.both(axis.end)}: "
        f"{len(chart.claims)} claims and {sum(lane.incidents for lane in chart.lanes):,} incidents"
    )
    svg = chart_svg(
        "timeline",
        chart=chart,
        links=LinksOf(here, conflict),
        title=title,
        words=texts("en"),
        key="timeline",
    )
    return {
        "timeline": chart,
        "timeline_svg": svg,
        "timeline_content": content,
        "zooms": zooms(axis, here, is_whole=is_whole),
    }


class DaysOf(NamedTuple):
    """The daily bars of a commitment or a claim, and the days behind them."""

    commitment_id: str
    claim_id: str | None
    svg: str
    days: list[Day]
    most: int
    left_out: int


def drawn_days(
    pages: PageModel, conflict: str, commitment_id: str, claim_id: str | None, key: str
) -> DaysOf | None:
    """The bars; None: no day of the window is known."""
    days = pages.daily(conflict, commitment_id, claim_id)
    if not days:
        return None
    chart = daily(days)
    title = f"Violations day by day of {commitment_id}, least and most, each party by itself"
    svg = chart_svg("daily", chart=chart, title=title, key=key)
    return DaysOf(commitment_id, claim_id, svg, days, chart.most, chart.left_out)


def board(site: Site, conflict: str, choice: Chosen, here: Here, now: Instant) -> dict[str, Any]:
    """All that the template of the page takes."""
    knowledge, pages = site.knowledge, site.pages
    claims = knowledge.claims_of(conflict)
    wanted = choice.wanted(conflict)
    counts = pages.counts(wanted)
    commitments = list(dict.fromkeys(name[1] for name in claims))
    chosen = [choice.commitment] if choice.commitment else commitments[:MOST_COMMITMENTS]
    days = [
        one
        for number, name in enumerate(chosen)
        if (one := drawn_days(pages, conflict, name, None, f"daily{number}")) is not None
    ]
    codes = pages.codes(wanted)
    chart = map_of(pages.points(wanted), codes, site.outlines())
    links = LinksOf(here, conflict)
    title = "Map of the incidents: areas by code, and points"
    total = counts.total()
    return {
        "claims": claims,
        "commitments": commitments,
        "shown_commitments": len(commitments if choice.commitment else chosen),
        "parties": sorted({one for claim in claims.values() for one in claim.bound_parties}),
        "truces": truces(knowledge, pages, conflict, claims, now),
        "last": pages.last_said(conflict),
        "wanted": wanted,
        "counts": counts,
        "total": total,
        "pages_of": max(-(-total // ROWS_OF_A_PAGE), 1),
        "rows": pages.incidents(wanted),
        "days": days,
        "map": chart,
        "map_svg": chart and chart_svg("map", chart=chart, links=links, title=title, key="map"),
        "codes": codes,
        "verdicts": BY_GRAVITY,
        "kept": [row for row in pages.kept(conflict) if row.commitment_id in chosen],
        **drawn_timeline(pages, claims, conflict, choice, here, now),
    }


def places_in_words(row: IncidentRow) -> list[str]:
    """Each place once; what another program wrote in odd ways is left as it is."""
    return list(dict.fromkeys(place_in_words(json.loads(one)) for one in row.places or ()))


def place_in_words(place: object) -> str:
    """A place of a report's JSON."""
    match place:
        case str():
            return place
        case {"lat": int() | float() as lat, "lon": int() | float() as lon, **rest}:
            radius, codes = rest.get("radius_km"), rest.get("codes")
            inside = f" in {'/'.join(codes)}" if isinstance(codes, list) and codes else ""
            return f"{lat:g}, {lon:g}" + (f" within {radius:g} km" if radius else "") + inside
        case {"one_of": list(places)}:
            return " or ".join(map(place_in_words, places))
        case _:
            return "others"


def when_in_words(start: Instant, end: Instant, zone: ReaderZone) -> str:
    """One moment, or from when to when, in the zone with UTC beside."""
    return zone.both(start) if start == end else f"{zone.both(start)} to {zone.both(end)}"
