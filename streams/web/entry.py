"""`/new`: forms for events, what an event would change, and handing it to the worker."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NamedTuple

import aiohttp
from aiohttp import web
from markupsafe import Markup

from analytics.boundaries.names import Suggestion, listed_name
from analytics.charts.drawing import NoLinks, chart_svg
from analytics.charts.map import map_of
from analytics.duplicates.beside import LikelySame, likely_same
from analytics.lake.session import LakeError
from analytics.pages.model import EventPlace, IncidentsWanted
from analytics.pages.zones import UTC, zone_named, zone_names
from analytics.queries import queries
from schemas.events import Event, ReportEvent
from schemas.vocabulary import ACTS, TARGETS
from streams.commands.new.draft import Draft
from streams.commands.new.entered import KINDS, TypedForm, entered
from streams.commands.new.preview import Preview, preview_over
from streams.endpoint import read_endpoint
from streams.errors import CommandError
from streams.web.address import Here
from streams.web.site import NotReady, Site

if TYPE_CHECKING:
    from streams.web.app import SitePages

SECONDS_FOR_AN_ANSWER = 35.0
MOST_NAMES = 300
MOST_PLACES = 12
LETTERS_OF_A_NAME = 80
MOST_NEAR = 6
HALF_A_DAY = 43_200_000_000
LETTERS_OF_A_TOKEN = 512
TITLES = {
    "report": "What happened",
    "claim": "What was promised",
    "coverage": "Who watched",
    "report_retraction": "Take a report back",
    "claim_retraction": "Take a claim back",
}

logger = logging.getLogger("streams")


class Sent(NamedTuple):
    """What became of an event that was handed to the worker; `at`: where in the log it is."""

    taken: bool
    text: str
    event_id: str
    warnings: list[str]
    at: EventPlace | None = None


class EntryForms:
    """The forms."""

    def __init__(self, site: Site, pages: SitePages) -> None:
        self._site, self._pages = site, pages

    def routes(self) -> list[web.RouteDef]:
        """All that can be asked for."""
        return [
            web.get("/new", self._shown),
            web.post("/new", self._typed),
            web.get("/places", self._places),
        ]

    async def _shown(self, request: web.Request) -> web.Response:
        typed = {name: request.query.getall(name) for name in request.query}
        return await asyncio.to_thread(self._page, request, typed, None, None)

    async def _typed(self, request: web.Request) -> web.Response:
        try:
            posted = await request.post()
        except (ValueError, LookupError):  # no UTF-8, an unknown charset, no boundary
            here = Here("/new", request.query)
            text = "what was posted is no form that can be read"
            return self._pages.message(here, HTTPStatus.BAD_REQUEST, text)
        typed: dict[str, list[str]] = {}
        for name, value in posted.items():
            if isinstance(value, str):
                typed.setdefault(name, []).append(value)
        token = "".join(typed.pop("token", []))[:LETTERS_OF_A_TOKEN]
        wants = "".join(typed.pop("do", []))
        found = entered(_kind(typed), TypedForm(typed))
        sent = None
        if wants == "send" and isinstance(found, Draft):
            sent = await self._send(found, token)
        if sent is not None and sent.taken and isinstance(found, Draft):
            sent = sent._replace(at=await asyncio.to_thread(self._where, found))
        return await asyncio.to_thread(self._page, request, typed, found, sent)

    async def _send(self, draft: Draft, token: str) -> Sent:
        """Hand it to the worker."""
        event_id = str(json.loads(draft.raw)["id"])

        def refused(why: str) -> Sent:
            return Sent(False, why, event_id, [])

        endpoint = read_endpoint(self._site.settings.data_dir)
        if endpoint is None:
            return refused("No worker runs on this data directory: start one with truce run.")
        if not token or not token.isascii() or not token.isprintable():
            return refused("A writer's token is needed: truce token add makes one.")
        headers = {
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/cloudevents+json",
        }
        limit = aiohttp.ClientTimeout(total=SECONDS_FOR_AN_ANSWER)
        try:
            async with (
                aiohttp.ClientSession(timeout=limit, trust_env=False) as session,
                session.post(f"{endpoint.http}/events", data=draft.raw, headers=headers) as answer,
            ):
                told = await answer.json(content_type=None)
                return _sent(answer.status, told, event_id)
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            return refused(f"The worker does not answer: {error}")

    def _where(self, draft: Draft) -> EventPlace | None:
        """Where in the log it is; None: the lake does not have it yet."""
        event = json.loads(draft.raw)
        self._site.catch_up()
        with contextlib.suppress(NotReady), self._site.reading() as site:
            return site.pages.place_in_log(event["source"], event["id"])
        return None

    async def _places(self, request: web.Request) -> web.Response:
        """ISO codes by name, in any script: `/places?q=kharkiv`."""
        wanted = request.query.get("q", "").strip()[:LETTERS_OF_A_NAME]
        found = await asyncio.to_thread(self._named, wanted) if len(wanted) > 1 else []
        return web.json_response(found)

    def _named(self, wanted: str) -> list[dict[str, str]]:
        codes = [Suggestion(wanted.upper(), listed_name(wanted.upper()), "")]
        found = [one for one in codes if one.name != one.code]
        found += self._site.outlines.place_names.search(wanted, MOST_PLACES)
        return [
            {"code": one.code, "name": ", ".join(dict.fromkeys(filter(None, one[1:])))}
            for one in found
        ]

    def _page(
        self,
        request: web.Request,
        typed: Mapping[str, Sequence[str]],
        found: Draft | list[tuple[str, str]] | None,
        sent: Sent | None,
    ) -> web.Response:
        here = Here("/new", request.query)
        kind, conflict = _kind(typed), TypedForm(typed).one("conflict")
        place_map = None
        told, problems = None, found if isinstance(found, list) else []
        near: list[tuple[str, str]] = []
        same: list[LikelySame] = []
        try:
            with self._site.reading() as site:
                names = self._names(site, conflict)
                if kind == "report" and found is None:
                    place_map = _place_map(site, conflict)
                if isinstance(found, Draft) and not (sent and sent.taken):
                    event = found.found()
                    assert not isinstance(event, tuple)  # noqa: S101 - `entered` saw to that
                    told = _previewed(site, event)
                    same = _same(site, event, found.raw)
                    alike = {one.incident_id for one in same}
                    near = [one for one in _near(site, event) if one[0] not in alike]
        except NotReady:
            names = {"conflicts": []}
        if sent is not None and sent.taken:
            kept = ("kind", "conflict", "source", "by", "speaker", "by_party", "times_in")
            typed = {name: value for name, value in typed.items() if name in kept}
        values: dict[str, Any] = {
            "typed": TypedForm(typed),
            "kind": kind,
            "kinds": KINDS,
            "titles": TITLES,
            "names": names,
            "acts": list(ACTS),
            "targets": list(TARGETS),
            "told": told,
            "problems": problems,
            "near": near,
            "same": same,
            "place_map": place_map,
            "sent": sent,
            "raw": json.dumps(json.loads(found.raw), indent=2, ensure_ascii=False)
            if isinstance(found, Draft)
            else None,
            "zone": zone_named(request.query.get("zone", "")) or UTC,
            "conflict": TypedForm(typed).one("conflict") or None,
            "conflicts": names["conflicts"],
            "all_zones": zone_names(),
        }
        return self._pages.render("new.html", here, **values)

    @staticmethod
    def _names(site: Site, conflict: str) -> dict[str, list[str]]:
        values = {"conflict": conflict, "most": MOST_NAMES}
        asked = site.knowledge.ask(queries("pages")["names"], values)
        found: dict[str, list[str]] = {"conflicts": []}
        for what, name in asked:
            found.setdefault(what, []).append(name)
        return found


def _kind(typed: Mapping[str, Sequence[str]]) -> str:
    kind = next(iter(typed.get("kind", ())), KINDS[0])
    return kind if kind in KINDS else KINDS[0]


def _place_map(site: Site, conflict: str) -> Markup | None:
    """The map of a conflict, for a place to be pointed at; None: it has no place yet."""
    codes = site.pages.codes(IncidentsWanted(conflict))
    chart = map_of([], codes, site.outlines())
    if chart is None:
        return None
    title = "Map: a click adds a point to the places"
    return chart_svg("map", chart=chart, links=NoLinks(), title=title, key="pick")


def _previewed(site: Site, event: Event) -> Preview:
    try:
        return preview_over(site.knowledge, event)
    except CommandError as error:
        return Preview([f"No preview: {error}"], [])


def _same(site: Site, event: Event, raw: bytes) -> list[LikelySame]:
    """Incidents that it may be, with why: then both would count once."""
    if not isinstance(event, ReportEvent) or event.data.stance != "asserts":
        return []
    try:
        return likely_same(site.knowledge.ask, event, raw)
    except LakeError as error:
        # The verdict is more than this list, and is said without it.
        logger.warning("%s", error)
        return []


def _near(site: Site, event: Event) -> list[tuple[str, str]]:
    """Incidents of about the same time: which of them is meant, if it is one of these?"""
    if not isinstance(event, ReportEvent) or event.data.occurred is None:
        return []
    report = event.data
    start, end = event.data.occurred.reported
    span = (start - HALF_A_DAY, end + HALF_A_DAY)
    marks = site.pages.marks(report.conflict, None, span) or []
    verdicts = {one.incident_id: one.verdict for one in marks}
    others = [name for name in verdicts if name != report.incident_id]
    return [(name, verdicts[name]) for name in others[:MOST_NEAR]]


def _sent(status: int, told: Any, event_id: str) -> Sent:  # noqa: ANN401 - JSON of the worker
    said = told if isinstance(told, dict) else {}
    warnings = [str(one.get("reason")) for one in said.get("warnings") or []]
    if status == HTTPStatus.ACCEPTED:
        changed = said.get("verdicts_changed")
        known = " The log had it already." if said.get("known_already") else ""
        more = "" if changed is None else f" {changed} verdicts changed."
        return Sent(True, f"The log has it.{known}{more}", event_id, warnings)
    why = {
        401: "The token is not known.",
        403: "This token may not post for this source, or of this conflict.",
        409: "This id stands for other content already.",
        429: "Too many posts at once: try again in a moment.",
    }.get(status, str(said.get("title") or status))
    problems = [
        f"{one.get('field') or 'event'}: {one.get('reason')}"
        for one in said.get("problems") or []
        if isinstance(one, dict)
    ]
    detail = "; ".join(problems) or str(said.get("detail") or "")
    return Sent(False, f"Not taken. {why} {detail}".strip(), event_id, warnings)
