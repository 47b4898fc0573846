"""Templates with everything escaped, and the pictures of a chart as SVG, PNG or PDF.

The pictures are templates, not Vega-Lite: so their marks are links with names that a keyboard and a
screen reader reach, they take the colours of the page they are in, and drawing one takes
milliseconds in the process that serves it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Protocol

import jinja2
from markupsafe import Markup

from schemas.safe_text import cut, for_terminal

_DECLARED = re.compile(r"(--[a-z-]+):\s*([^;]+);")
_USED = re.compile(r"var\((--[a-z-]+)\)")
CHARTS = Path(str(files("analytics").joinpath("charts")))


class Links(Protocol):
    """Where what is drawn leads to; None: nowhere."""

    def incident(self, incident_id: str) -> str | None:
        """The page of an incident."""

    def commitment(self, commitment_id: str) -> str | None:
        """The page of a commitment."""

    def span(self, start: int, end: int) -> str | None:
        """The timeline from `start` to `end`."""


class NoLinks:
    """A picture by itself."""

    def incident(self, incident_id: str) -> str | None:  # noqa: ARG002
        """Nowhere."""
        return None

    def commitment(self, commitment_id: str) -> str | None:  # noqa: ARG002
        """Nowhere."""
        return None

    def span(self, start: int, end: int) -> str | None:  # noqa: ARG002
        """Nowhere."""
        return None


def environment(folders: Iterable[Path] = ()) -> jinja2.Environment:
    """Templates of these folders and of the charts. What is not there is an error, not nothing."""
    found = jinja2.Environment(
        loader=jinja2.FileSystemLoader([str(one) for one in (*folders, CHARTS)]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters.update(shown=for_terminal, cut=cut, bdi=bdi)
    return found


def bdi(text: object) -> Markup:
    """Foreign text: its direction is its own, and what could hide or reorder is shown."""
    return Markup("<bdi>{}</bdi>").format(for_terminal(str(text)))


@cache
def _charts() -> jinja2.Environment:
    return environment()


def chart_svg(name: str, **values: Any) -> Markup:  # noqa: ANN401 - what the template takes
    """A chart as SVG for a page, which has its style: `timeline`, `daily` or `map`."""
    module = _charts().get_template(f"{name}.svg.j2").module
    return Markup(module.svg(**values))  # type: ignore[attr-defined]  # noqa: S704 - escaped


@cache
def style() -> str:
    """The style of charts in the colours of a light page."""
    palette = dict(_DECLARED.findall(CHARTS.joinpath("palette.css").read_text("utf-8")))
    rules = CHARTS.joinpath("charts.css").read_text("utf-8")
    return _USED.sub(lambda found: palette[found[1]].strip(), rules)


def picture_svg(svg: str) -> str:
    """The same as a file of its own: with its style, on white."""
    opening, rest = svg.split(">", 1)
    back = '<rect width="100%" height="100%" fill="#fff"/>'
    return f"{opening}><style>{style()}</style>{back}{rest}"


def picture(svg: str, form: str) -> bytes:
    """A picture for a file: `form` is svg, png or pdf."""
    alone = picture_svg(svg)
    if form == "svg":
        return alone.encode()
    # Imported here: it is large, and pages need none of it.
    import vl_convert

    if form == "png":
        return bytes(vl_convert.svg_to_png(alone, scale=2))
    return bytes(vl_convert.svg_to_pdf(alone))
