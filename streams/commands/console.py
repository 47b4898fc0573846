"""What people see: consoles, tables, progress, and the wording of times, windows and answers.

Results go to stdout, all else to stderr; colour and progress bars only where there is a terminal.
"""

from __future__ import annotations

import itertools
import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.measure import Measurement
from rich.padding import Padding
from rich.style import Style
from rich.table import Table
from rich.text import Text

from schemas.safe_text import for_json, for_terminal
from schemas.time import OPEN, UNKNOWN, Bound, Daily, Limit, Span, iso
from streams.bar import Bar, Unseen

if TYPE_CHECKING:
    from streams.endpoint import Endpoint
    from streams.settings import Settings

# Wide enough that nothing is cut or wrapped where no terminal has a width of its own.
UNLIMITED = 1_000_000

LEAST_COLUMNS = 20

STYLES = {
    "violation": "bold red",
    "contested": "bold yellow",
    "undetermined": "yellow",
    "clear": "green",
    "yes": "red",
    "no": "green",
    "unknown": "yellow",
}


@cache
def _console(*, stderr: bool) -> Console:
    console = Console(stderr=stderr, highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        # What goes to a program or a file has no width, unless somebody says so.
        console.width = _columns() or UNLIMITED
    return console


def _columns() -> int | None:
    given = os.environ.get("COLUMNS", "")
    return int(given) if given.isdecimal() and int(given) >= LEAST_COLUMNS else None


def say(text: str | Text = "", *, style: str | None = None, whole: bool = False) -> None:
    """One line of the result, to stdout, whatever is in it, wrapped at words where it is too long.

    `whole`: it is to be copied, such as a command, and stays one line.
    """
    _print(_console(stderr=False), text, style, whole=whole)


def err(text: str, *, style: str | None = None) -> None:
    """One line that is not part of the result, to stderr; the same."""
    _print(_console(stderr=True), text, style, whole=False)


def _print(console: Console, text: str | Text, style: str | None, *, whole: bool) -> None:
    shown = _fit(text)
    line = shown if isinstance(shown, Text) else Text(shown)
    if whole or line.cell_len <= console.width:
        console.print(line, style=style, soft_wrap=True)
        return
    # What goes on on the next line stands below its beginning, and a little to the right.
    indent = len(line.plain) - len(line.plain.lstrip(" "))
    hanging = min(indent + 2, console.width // 2)
    first, *rest = line[indent:].wrap(console, console.width - hanging)
    for one in (first, *rest):
        one.rstrip()
    console.print(Text(" " * indent) + first, style=style, soft_wrap=True)
    for one in rest:
        console.print(Text(" " * hanging) + one, style=style, soft_wrap=True)


def say_json(document: object) -> None:
    """A JSON document, to stdout: what a terminal would act on stands in it in JSON's escapes."""
    text = for_json(json.dumps(document, indent=2, ensure_ascii=False))
    _console(stderr=False).print(text, soft_wrap=True)


def _fit(text: str | Text) -> str | Text:
    """`text` on one line, without what a terminal would act on."""
    if isinstance(text, str):
        return for_terminal(text)
    if for_terminal(text.plain) == text.plain:
        return text
    # Each piece with the style it has: escapes are longer than what they stand for.
    parts = [(for_terminal(part.plain), style) for part, style in _pieces(text)]
    return Text.assemble(*parts, style=text.style)


def _pieces(text: Text) -> Iterator[tuple[Text, str | Style]]:
    bounds = sorted({0, len(text), *(at for span in text.spans for at in span[:2])})
    for start, end in itertools.pairwise(bounds):
        styles = [span.style for span in text.spans if span.start <= start and span.end >= end]
        yield text[start:end], styles[-1] if styles else ""


def table(
    columns: Sequence[str],
    rows: Iterable[Sequence[str | Text]],
    *,
    right: Sequence[int] = (),
    indent: int = 0,
    narrow: Sequence[str] = (),
) -> None:
    """A table to stdout. On a terminal too narrow for it: `narrow`, or else one cell a line."""
    console = _console(stderr=False)
    cells = [[_cell(one) for one in row] for row in rows]
    shown = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="bold")
    for number, name in enumerate(columns):
        shown.add_column(Text(for_terminal(name)))
        shown.columns[number].justify = "right" if number in right else "left"
    for row in cells:
        shown.add_row(*row)
    padded = Padding(shown, (0, 0, 0, indent), expand=False)
    if not console.is_terminal and console.width == UNLIMITED:
        _print_plain(columns, cells, right, indent)
    elif _fits(shown, console.width - indent):
        console.print(padded)
    elif narrow:
        for text in narrow:
            say(" " * indent + for_terminal(text))
    else:
        _print_records(columns, cells, indent)


SHORT = {
    "violation": "V",
    "contested": "C",
    "undetermined": "?",
    "clear": "-",
    "(outside)": ".",
    "yes": "yes",
    "no": "no",
    "unknown": "?",
}


def matrix(
    columns: Sequence[str], rows: Sequence[Sequence[str | Text]], *, indent: int = 0
) -> None:
    """A table of answers to stdout, of which the first column stays as it is.

    Where it is too wide, heads and answers are short, with a legend.
    """
    console = _console(stderr=False)
    cells = [[_cell(one) for one in row] for row in rows]
    widths = [
        max(cell_len(for_terminal(name)), *(one.cell_len for one in column))
        for name, column in zip(columns, zip(*cells, strict=True), strict=True)
    ]
    if sum(widths) + 3 * (len(widths) - 1) + indent <= console.width:
        table(columns, rows, indent=indent)
        return
    heads = [columns[0], *(str(number) for number in range(1, len(columns)))]
    used = {one.plain for row in cells for one in row[1:]}
    short = [
        [row[0], *(Text(SHORT.get(one.plain, one.plain), style=one.style) for one in row[1:])]
        for row in cells
    ]
    table(heads, short, indent=indent)
    legend = [f"{number} {name}" for number, name in enumerate(columns[1:], 1)]
    answers = [f"{sign} {word}" for word, sign in SHORT.items() if word in used and sign != word]
    say(" " * indent + "; ".join([*legend, *answers]))


def _cell(one: str | Text) -> Text:
    fit = _fit(one) if isinstance(one, Text) else for_terminal(one)
    return fit if isinstance(fit, Text) else Text(fit)


def _print_plain(
    columns: Sequence[str], rows: list[list[Text]], right: Sequence[int], indent: int
) -> None:
    """The same without a terminal: as wide as it is, and quick for many rows."""
    lines = [[for_terminal(name) for name in columns], *([c.plain for c in row] for row in rows)]
    widths = [max(cell_len(line[number]) for line in lines) for number in range(len(columns))]
    lines.insert(1, ["─" * width for width in widths])
    for number, line in enumerate(lines):
        gap = "───" if number == 1 else "   "
        padded = (
            set_cell_size(text, width) if at not in right else " " * (width - cell_len(text)) + text
            for at, (text, width) in enumerate(zip(line, widths, strict=True))
        )
        sys.stdout.write(" " * indent + gap.join(padded).rstrip() + "\n")


def _fits(shown: Table, width: int) -> bool:
    console = _console(stderr=False)
    whole = console.options.update(width=UNLIMITED)
    return Measurement.get(console, whole, shown).maximum <= width


def _print_records(columns: Sequence[str], rows: list[list[Text]], indent: int) -> None:
    widest = max(len(name) for name in columns)
    for row in rows:
        say(" " * indent + "─" * (widest + 2))
        for name, cell in zip(columns, row, strict=True):
            if cell.plain:
                label = f"{for_terminal(name):<{widest}}  "
                say(Text.assemble(" " * indent, (label, "bold"), cell))


def in_colour(verdict: str) -> Text:
    """A verdict or an answer, in the colour it always has."""
    return Text(verdict, style=STYLES.get(verdict, ""))


def bounds(lower: int, upper: int) -> str:
    """A count with its bounds: `0..3`, or `2..2`."""
    return f"{lower:,}..{upper:,}"


def when(limit: Limit) -> str:
    """An instant for people, to the second: `2026-01-29 22:00Z`."""
    text = iso(limit // 1_000_000 * 1_000_000 if isinstance(limit, int) else limit)
    return text.replace("T", " ").replace(":00Z", "Z")


def window_in_words(parts: Iterable[Span | Daily]) -> str:
    """A window, in UTC; `a..b` is a bound somewhere between the two."""
    return "; ".join(_part(part) for part in parts)


def _part(part: Span | Daily) -> str:
    stretch = f"{_bound(part.start)} to {_bound(part.end)}"
    if isinstance(part, Span):
        return stretch
    always = part.start == UNKNOWN and part.end in (OPEN, UNKNOWN)
    hours = f"daily {part.from_:%H:%M} to {part.to:%H:%M} {part.zone}"
    return hours if always else f"{hours}, {stretch}"


def _bound(bound: Bound) -> str:
    if bound == OPEN:
        return "open end"
    if bound == UNKNOWN:
        return "unknown"
    if bound.earliest == bound.latest:
        return when(bound.earliest)
    earliest = "?" if bound.earliest == UNKNOWN.earliest else when(bound.earliest)
    latest = "?" if bound.latest == UNKNOWN.latest else when(bound.latest)
    return f"{earliest}..{latest}"


@contextmanager
def progress_bar(doing: str, total: int | None) -> Iterator[Bar]:
    """A progress bar on stderr while the block runs, if that is a terminal; `total` if known."""
    console = _console(stderr=True)
    if not console.is_terminal:
        yield Unseen()
        return
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Drawn

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
    with Drawn(*columns, TimeRemainingColumn(), console=console, transient=True) as bars:
        task = bars.add_task(doing, total=total)

        class Seen:
            def advance(self, by: int) -> None:
                bars.advance(task, by)

            def expect(self, total: int) -> None:
                bars.update(task, total=total)

        yield Seen()


@contextmanager
def waiting(doing: str) -> Iterator[None]:
    """A sign of life on stderr while the block runs, if that is a terminal."""
    console = _console(stderr=True)
    if not console.is_terminal:
        yield
        return
    with console.status(doing):
        yield


def say_ready(settings: Settings, endpoint: Endpoint) -> None:
    """The lines that a worker prints when it is ready; to stderr, as a log would be."""
    broker = endpoint.bootstrap if settings.broker else f"embedded, {endpoint.bootstrap}"
    err(f"Worker ready. Data: {settings.data_dir}; broker: {broker}")
    err(f"Metrics: {endpoint.http}/metrics")
    err("Publish events with `truce publish FILE`; stop with Ctrl-C.")
