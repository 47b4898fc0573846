"""The addresses of the pages, and what each answers."""

from __future__ import annotations

import asyncio
import mimetypes
import time
from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import quote

from aiohttp import web

from analytics.charts.drawing import CHARTS, environment
from analytics.pages.zones import UTC, zone_names
from schemas.safe_text import for_terminal
from schemas.time import iso
from streams.commands.status import SILENCE
from streams.errors import CommandError
from streams.explain.words import sentence
from streams.web.address import BadAddress, Chosen, Here, chosen
from streams.web.board import board, places_in_words
from streams.web.changes import ChangeStream
from streams.web.details import commitment, incident
from streams.web.downloads import FORMS, MOST
from streams.web.entry import EntryForms
from streams.web.site import NotReady, Site

HERE = Path(str(files("streams").joinpath("web")))

PageAnswer = Callable[[web.Request, Here, Chosen], web.Response]


class SitePages:
    """The pages of a site."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self._changes = ChangeStream(site)
        self._templates = environment([HERE / "templates"])
        self._templates.globals.update(silence=SILENCE, utc=UTC, places_in_words=places_in_words)
        self._templates.filters.update(
            bounds=bounds,
            number=number,
            ratio=ratio,
            iso=iso,
            sentence=sentence,
            shown_lines=shown_lines,
        )

    def routes(self) -> list[web.RouteDef]:
        """All that can be asked for."""
        return [
            web.get("/", partial(self._page, self._board)),
            web.get(
                "/incidents/{conflict:[^/]+}/{incident:[^/]+}", partial(self._page, self._incident)
            ),
            web.get(
                "/commitments/{conflict:[^/]+}/{commitment:[^/]+}",
                partial(self._page, self._commitment),
            ),
            *(web.get(f"/incidents.{form}", partial(self._download, form)) for form in FORMS),
            web.get("/changes", self._changes.stream),
            *EntryForms(self.site, self).routes(),
            web.get("/healthz", self._healthz),
            *(web.get(f"/static/{name}", partial(_static, name)) for name in STATIC),
        ]

    async def _healthz(self, _: web.Request) -> web.Response:
        return web.json_response({"status": "alive", "version": str(self.site.version)})

    async def _page(self, answer: PageAnswer, request: web.Request) -> web.Response:
        here = Here(request.path, request.query)
        try:
            choice = chosen(request.query)
        except BadAddress as error:
            return self.message(here, HTTPStatus.BAD_REQUEST, str(error))
        try:
            return await asyncio.to_thread(answer, request, here, choice)
        except NotReady as error:
            return self.message(here, HTTPStatus.SERVICE_UNAVAILABLE, str(error))
        except CommandError as error:
            return self.message(here, HTTPStatus.INTERNAL_SERVER_ERROR, str(error))

    def message(self, here: Here, status: HTTPStatus, text: str) -> web.Response:
        """A page that says what is the matter."""
        choice: dict[str, Any] = {"zone": UTC, "conflict": None, "conflicts": []}
        return self.render("message.html", here, status, text=text, status=status, **choice)

    def render(
        self,
        name: str,
        here: Here,
        code: HTTPStatus = HTTPStatus.OK,
        **values: Any,  # noqa: ANN401
    ) -> web.Response:
        """A page of a template."""
        values = {"here": here, "zones": zone_names(), "version": str(self.site.version)} | values
        text = self._templates.get_template(name).render(values)
        return web.Response(status=code.value, text=text, content_type="text/html")

    def _shared(self, choice: Chosen, conflict: str | None) -> dict[str, Any]:
        """What every page has: the conflicts, and how far it all is."""
        reports = self.site.knowledge.coverage()
        return {
            "zone": choice.zone,
            "choice": choice,
            "conflict": conflict,
            "conflicts": [one.conflict for one in reports],
            "about": next((one for one in reports if one.conflict == conflict), None),
            "now": _now(),
            "shown_at": self.site.shown_at,
        }

    def _board(self, _: web.Request, here: Here, choice: Chosen) -> web.Response:
        with self.site.reading() as site:
            reports = site.knowledge.coverage()
            if not reports:
                raise NotReady(
                    "no claim and no report is known yet: truce publish FILE brings some"
                )
            latest = max(reports, key=lambda one: one.last_report or 0).conflict
            conflict = choice.conflict or latest
            if all(one.conflict != conflict for one in reports):
                return self.message(here, HTTPStatus.NOT_FOUND, f"no conflict is called {conflict}")
            found = board(site, conflict, choice, here, _now())
            shared = self._shared(choice, conflict)
        return self.render("board.html", here, **shared, **found)

    def _incident(self, request: web.Request, here: Here, choice: Chosen) -> web.Response:
        conflict, incident_id = request.match_info["conflict"], request.match_info["incident"]
        with self.site.reading() as site:
            found = incident(site.knowledge, site.pages, conflict, incident_id, choice.zone)
            if found is None:
                text = f"no incident {incident_id} of {conflict} is known"
                return self.message(here, HTTPStatus.NOT_FOUND, text)
            shared = self._shared(choice, conflict)
        return self.render("incident.html", here, **shared, **found)

    def _commitment(self, request: web.Request, here: Here, choice: Chosen) -> web.Response:
        conflict, name = request.match_info["conflict"], request.match_info["commitment"]
        with self.site.reading() as site:
            found = commitment((site.knowledge, site.pages), (conflict, name), choice, here, _now())
            if found is None:
                text = f"no claim of {name} of {conflict} stands"
                return self.message(here, HTTPStatus.NOT_FOUND, text)
            shared = self._shared(choice, conflict)
        return self.render("commitment.html", here, **shared, **found)

    async def _download(self, form: str, request: web.Request) -> web.Response:
        here = Here(request.path, request.query)
        try:
            choice = chosen(request.query)
            body = await asyncio.to_thread(self._file, form, choice)
        except BadAddress as error:
            return self.message(here, HTTPStatus.BAD_REQUEST, str(error))
        except NotReady as error:
            return self.message(here, HTTPStatus.SERVICE_UNAVAILABLE, str(error))
        name = quote(f"incidents-{choice.conflict}.{form}", safe="")
        return web.Response(
            body=body,
            content_type=FORMS[form][0],
            charset="utf-8",
            headers={"Content-Disposition": f"attachment; filename*=UTF-8''{name}"},
        )

    def _file(self, form: str, choice: Chosen) -> bytes:
        conflict = choice.conflict
        if conflict is None:
            raise BadAddress("conflict: which one?")
        with self.site.reading() as site:
            found = site.pages.incidents(choice.wanted(conflict), MOST, 0)
        # Other readers need not wait until it is written.
        return "".join(FORMS[form][1](iter(found))).encode()


def shown_lines(text: str) -> str:
    """Text of several lines: each without what could hide or reorder."""
    return "\n".join(for_terminal(line) for line in text.split("\n"))


def bounds(lower: int | None, upper: int | None) -> str:
    """`0 to 3`, or `2` where both are the same."""
    if lower is None or upper is None:
        return "unknown"
    return f"{lower:,}" if lower == upper else f"{lower:,} to {upper:,}"


def number(value: float | None, digits: int = 2) -> str:
    """A rate; nothing is rounded to 0."""
    return "unknown" if value is None else f"{value:.{digits}g}"


def ratio(one: Any) -> str:  # noqa: ANN401 - a row of compliance
    """`0.4 (0.1 to 1.2)`: a ratio of rates with its interval."""
    if one.rate_ratio is None:
        return "unknown"
    high = "no limit" if one.rate_ratio_high is None else number(one.rate_ratio_high)
    return f"{number(one.rate_ratio)} ({number(one.rate_ratio_low)} to {high})"


STATIC: dict[str, tuple[Path, ...]] = {
    "trucewatch.css": (
        CHARTS / "palette.css",
        HERE / "static" / "trucewatch.css",
        CHARTS / "charts.css",
    ),
    "trucewatch.js": (HERE / "static" / "trucewatch.js",),
    "trucewatch.svg": (HERE / "static" / "trucewatch.svg",),
}


async def _static(name: str, _: web.Request) -> web.Response:
    text = "\n".join(path.read_text("utf-8") for path in STATIC[name])
    kind = mimetypes.types_map["." + name.rpartition(".")[2]]
    return web.Response(text=text, content_type=kind, headers={"Cache-Control": "no-cache"})


def _now() -> int:
    return time.time_ns() // 1_000
