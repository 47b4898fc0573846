"""A conflict as one file: a page with everything in it, or its pictures."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import NamedTuple

from markupsafe import Markup

from analytics.charts.axis import WIDTH, Axis, around
from analytics.charts.daily import daily
from analytics.charts.drawing import CHARTS, NoLinks, chart_svg, environment, picture
from analytics.charts.map import map_of
from analytics.charts.outlines import read_outlines
from analytics.charts.timeline import Content, timeline
from analytics.pages.model import IncidentsWanted, PageModel
from analytics.pages.zones import UTC, ReaderZone
from analytics.provenance import provenance
from analytics.queries import queries
from analytics.read_model import ReadModel
from analytics.report.texts import texts
from schemas.time import Instant, iso
from schemas.verdicts import RULES

HERE = CHARTS.parent / "report"
MOST_INCIDENTS = 2_000
GAP = 24
FORMS = ("html", "svg", "png", "pdf")
PICTURES = ("timeline", "days", "map")


class ReportScope(NamedTuple):
    """What a report is of: a conflict, or one commitment of it, from `since` on."""

    conflict: str
    commitment: str | None
    since: Instant | None
    made_at: Instant
    transaction: int


class ConflictReport:
    """What one report shows, asked of the lake once."""

    def __init__(
        self,
        asked: tuple[ReadModel, PageModel],
        about: ReportScope,
        zone: ReaderZone,
        language: str,
        boundaries: Path | None = None,
    ) -> None:
        """`boundaries`: a file of one's own, for the outlines."""
        self._knowledge, self._pages = asked
        self._boundaries = boundaries
        self._about, self._zone = about, zone
        self._language, self._words = language, texts(language)
        self.claims = {
            name: one
            for name, one in self._knowledge.claims_of(about.conflict).items()
            if about.commitment in {None, name[1]}
        }

    @property
    def _wanted(self) -> IncidentsWanted:
        about = self._about
        return IncidentsWanted(about.conflict, about.commitment, since=about.since, sort="oldest")

    def _axis(self) -> Axis:
        about = self._about
        reach = self._pages.reach(about.conflict, about.commitment)
        if reach is not None and about.since is not None:
            reach = (min(max(reach[0], about.since), reach[1]), reach[1])
        return around(reach, about.made_at)

    def timeline(self) -> Markup:
        """The timeline, over all that is known."""
        conflict, commitment, axis = self._about.conflict, self._about.commitment, self._axis()
        span = (axis.start, axis.end)
        marks = self._pages.marks(conflict, commitment, span)
        content = Content(
            self.claims,
            self._pages.bands(conflict, commitment, span),
            marks,
            [] if marks is not None else self._pages.bins(conflict, commitment, span),
            self._pages.watched(conflict, span),
            self._pages.gaps(conflict, span),
        )
        return chart_svg(
            "timeline",
            chart=timeline(content, axis, self._zone, self._about.made_at, self._words),
            links=NoLinks(),
            title=self._words["timeline"],
            words=self._words,
            key="timeline",
        )

    def days(self) -> list[tuple[str, Markup]]:
        """The daily bars of each commitment."""
        found = []
        for number, name in enumerate(dict.fromkeys(key[1] for key in self.claims)):
            days = self._pages.daily(self._about.conflict, name, None)
            if days:
                title = f"{self._words['days']}: {name}"
                key = f"days{number}"
                found.append(
                    (
                        name,
                        chart_svg("daily", chart=daily(days, self._words), title=title, key=key),
                    )
                )
        return found

    def map(self) -> Markup | None:
        """The map; None: nothing has a point, or an outline."""
        codes = self._pages.codes(self._wanted)
        chart = map_of(
            self._pages.points(self._wanted), codes, read_outlines(self._boundaries), self._words
        )
        if chart is None:
            return None
        title = self._words["map"]
        return chart_svg("map", chart=chart, links=NoLinks(), title=title, key="map")

    def html(self) -> str:
        """All of it as a page that needs nothing else."""
        files = (CHARTS / "palette.css", HERE / "report.css", CHARTS / "charts.css")
        style = "\n".join(path.read_text("utf-8") for path in files)
        counts = self._pages.counts(self._wanted)
        rows = self._pages.incidents(self._wanted, MOST_INCIDENTS)
        conflict = self._about.conflict
        kept = self._pages.kept(conflict)
        templates = environment([HERE])
        templates.filters["iso"] = iso
        return templates.get_template("report.html.j2").render(
            about=self._about,
            lang=self._language,
            t=self._words,
            zone=self._zone,
            utc=UTC,
            version=provenance().version,
            rules=RULES,
            positions=self._pages.log_positions(conflict),
            style=Markup(style),  # noqa: S704 - our own files
            style_hash=_hash(style),
            sql=queries("pages"),
            claims=self.claims,
            counts=counts,
            rows=rows,
            left_out=max(counts.total() - len(rows), 0),
            kept=[row for row in kept if self._about.commitment in {None, row.commitment_id}],
            timeline_svg=self.timeline(),
            days=self.days(),
            map_svg=self.map(),
            codes=self._pages.codes(self._wanted),
        )

    def picture(self, form: str, which: str | None) -> bytes:
        """Its pictures, one below the other, or `which` of them: `form` is svg, png or pdf."""
        drawn: list[Markup] = []
        if which in {None, "timeline"}:
            drawn.append(self.timeline())
        if which in {None, "days"}:
            drawn += [svg for _, svg in self.days()]
        if which in {None, "map"}:
            found = self.map()
            drawn += [] if found is None else [found]
        return picture(self._stacked(drawn), form)

    def _stacked(self, drawn: list[Markup]) -> Markup:
        """The pictures in one, with what they are of above, and what made them below."""
        about = self._about
        of = about.conflict if about.commitment is None else f"{about.conflict}: {about.commitment}"
        made = f"{self._words['made_by']} Trucewatch, {self._zone.both(about.made_at)}"
        position = f"{self._words['transaction']} {about.transaction}"
        y, inner = 40, Markup("")
        for svg in drawn:
            opening, rest = svg.split("<svg", 1)
            inner += Markup('{}<svg y="{}"').format(opening, y) + Markup(rest)  # noqa: S704
            y += _height(svg) + GAP
        head = Markup('<text class="heading" x="12" y="24">{}</text>').format(of)
        foot = Markup('<text class="tick" x="12" y="{}">{}; {} {}; {}</text>').format(
            y, made, self._words["rules"], RULES, position
        )
        return Markup(
            '<svg class="chart" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {0} {1}" '
            'width="{0}" height="{1}">{2}{3}{4}</svg>'
        ).format(WIDTH, y + 16, head, inner, foot)


def _height(svg: str) -> int:
    from re import search

    found = search(r'height="([0-9.]+)"', svg)
    return 0 if found is None else round(float(found[1]))


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def form_of(file: Path) -> str | None:
    """What a file is to be by its name: one of `FORMS`; None: another."""
    form = file.suffix.lower().removeprefix(".")
    return form if form in FORMS else None
