"""Drafts a mapping for a table: what can be read off its cells, and a question where it cannot.

A question is a "?": a mapping with one is refused, so that nothing is decided by not looking.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from analytics.importing.formats import other_format
from analytics.importing.layouts import normal
from analytics.importing.reading import encoding_of, open_rows
from analytics.importing.table.guesses import (
    DAYS,
    MOMENTS,
    NAMED_ACT,
    NAMED_ACTOR,
    NAMED_ID,
    NAMED_INJURED,
    NAMED_KILLED,
    NAMED_LAT,
    NAMED_LON,
    NAMED_PLACE,
    NAMED_PROVINCE,
    TIMES,
    GuessedColumn,
    act,
    fitting,
    is_number,
    party,
)
from analytics.importing.table.mapping import QUESTION
from schemas.vocabulary import ACTS

MOST_ROWS = 20_000
"""So many rows are looked at."""
OTHER_ENCODINGS = ("windows-1251",)
"""What a file may be in that is not UTF-8; a single byte set fits nearly everything."""


def draft(path: str) -> str:
    """The draft of a mapping for the table in a file. ImportFailed: it cannot be read."""
    encodings = _encodings(path)
    with open_rows(path, encodings, lambda _: False) as opened:
        columns = [GuessedColumn(normal(name)) for name in opened.header]
        total = 0
        for row in opened.rows:
            total += 1
            for column, text in zip(columns, row.cells, strict=False):
                if text:
                    column.filled += 1
                    column.texts[text] += 1
            if total >= MOST_ROWS:
                break
        comma = opened.decimal_comma
    named = [one for one in columns if one.name]
    found = _Draft(path, named, total, encodings, comma=comma)
    return "\n".join(found.lines()) + "\n"


def _encodings(path: str) -> tuple[str, ...]:
    """What a file of text is in, if that is not told by itself."""
    if other_format(Path(path)) is not None:
        return ()
    found = encoding_of(path, OTHER_ENCODINGS)
    return (found,) if found in OTHER_ENCODINGS else ()


class _Draft:
    """The parts of a draft, each of which takes the columns that it is about."""

    def __init__(
        self,
        path: str,
        columns: list[GuessedColumn],
        total: int,
        encodings: Sequence[str],
        *,
        comma: bool,
    ) -> None:
        self._path, self._total, self._comma = path, total, comma
        self._encodings = encodings
        self._all = columns
        self._left = list(columns)

    def lines(self) -> Iterator[str]:
        """The TOML, line by line."""
        when, formats, has_zone = self._when()
        ids = self._ids()
        rest = [
            *self._where(),
            *self._effects(),
            *self._vocabulary("act", NAMED_ACT, act),
            *self._vocabulary("actor", NAMED_ACTOR, party),
            *self._reporter(),
        ]
        links = [one for one in self._left if one.all_fit(lambda text: text.startswith("http"))]
        yield f"# A mapping for {self._path}, drafted from {self._total:,} rows. Answer each"
        yield f'# "{QUESTION}", look through the rest, then:'
        yield f"#   truce import table --map THIS.toml {self._path}"
        yield f"source = {_quoted(QUESTION)}  # a URI that stands for whoever made the table"
        yield f"conflict = {_quoted(QUESTION)}  # which conflict do the rows belong to?"
        zone = "UTC" if has_zone else QUESTION
        yield f"zone = {_quoted(zone)}  # on whose clocks are its days and times? e.g. Europe/Kyiv"
        if links:
            yield f"evidence = {json.dumps([one.name for one in links], ensure_ascii=False)}"
            self._left = [one for one in self._left if one not in links]
        if self._encodings:
            yield f"encodings = {json.dumps(self._encodings)}  # do the texts look right?"
        if self._comma:
            yield 'decimal = ","'
        yield '# gone = "span"  # rows missing from a newer file, between its days, are retracted'
        yield '# ranges = [" to ", "-"]  # if numbers are written as 5 to 7'
        yield from ("", *formats, "", *ids, "", *when, *rest)
        if self._left:
            names = ", ".join(one.name for one in self._left)
            yield ""
            yield f"# Not used: {names}"

    def _take(self, wanted: Callable[[GuessedColumn], bool]) -> GuessedColumn | None:
        found = next((one for one in self._left if wanted(one)), None)
        if found is not None:
            self._left.remove(found)
        return found

    def _when(self) -> tuple[list[str], list[str], bool]:
        moment = self._take(lambda one: bool(fitting(one, MOMENTS)))
        if moment is not None:
            forms = fitting(moment, MOMENTS)
            lines = ["[occurred]", f"moment = {_quoted(moment.name)}"]
            end = self._take(lambda one: bool(set(fitting(one, MOMENTS)) & set(forms)))
            if end is not None:
                lines.append(f"end_moment = {_quoted(end.name)}  # is it the end? else remove it")
            return lines, ["[formats]", _format("moment", forms)], "%z" in forms[0]
        day = self._take(lambda one: bool(fitting(one, DAYS)))
        if day is None:
            return (
                ["[occurred]", f"day = {_quoted(QUESTION)}  # which column says when it happened?"],
                ["[formats]", f"day = {_quoted(QUESTION)}  # as strptime reads it, e.g. %d.%m.%Y"],
                False,
            )
        days = fitting(day, DAYS)
        lines = ["[occurred]", f"day = {_quoted(day.name)}"]
        formats = ["[formats]", _format("day", days)]
        time = self._take(lambda one: bool(fitting(one, TIMES)))
        if time is not None:
            lines.append(f"time = {_quoted(time.name)}")
            formats.append(_format("time", fitting(time, TIMES)))
        end = self._take(lambda one: bool(set(fitting(one, DAYS)) & set(days)))
        if end is not None:
            lines.append(f"end_day = {_quoted(end.name)}  # is it the last day? else remove it")
        return lines, formats, False

    def _ids(self) -> list[str]:
        found = self._take(
            lambda one: one.named(NAMED_ID) and one.filled == len(one.texts) == self._total
        )
        lines = ["[id]"]
        if found is None:
            lines.append("# No column has another text in every row: the id is a hash of the row,")
            lines.append(
                "# and a row that is corrected later is another report. Is there a column?"
            )
            lines.append("# columns = []")
        else:
            lines.append(f"columns = [{_quoted(found.name)}]  # does it never change?")
        return [*lines, 'prefix = "table"  # tells its ids from those of other tables']

    def _where(self) -> list[str]:
        lat = self._take(lambda one: one.named(NAMED_LAT) and one.all_fit(is_number))
        lon = self._take(lambda one: one.named(NAMED_LON) and one.all_fit(is_number))
        province = self._take(lambda one: one.named(NAMED_PROVINCE)) or self._take(
            lambda one: one.named(NAMED_PLACE)
        )
        if lat is not None and lon is not None:
            lines = [
                *("", "[place]", f"lat = {_quoted(lat.name)}", f"lon = {_quoted(lon.name)}"),
                "radius_km = 5  # how far from the point may it have been?",
            ]
        elif province is not None:
            lines = ["", "[place]"]
        else:
            return ["", "# [place]  # no column says where: it stays unknown"]
        if province is not None:
            lines += [
                f"country = {{ constant = {_quoted(QUESTION)} }}  # ISO 3166-1, e.g. UA",
                f"province = {_quoted(province.name)}  # known by name, else only the country",
            ]
        return lines

    def _effects(self) -> list[str]:
        lines = []
        for name, pattern in (
            ("killed", NAMED_KILLED),
            ("injured", NAMED_INJURED),
        ):
            found = self._take(lambda one, p=pattern: one.named(p) and bool(one.texts))  # type: ignore[misc]
            if found is not None:
                lines.append(f"{name} = {_quoted(found.name)}")
        return ["", "[effects]", *lines] if lines else []

    def _vocabulary(
        self, about: str, pattern: str, guess: Callable[[str], str | None]
    ) -> list[str]:
        found = self._take(lambda one: one.named(pattern) and one.is_vocabulary)
        if found is None:
            lines = ["", f"# [{about}]  # no column seems to say it: it stays unknown"]
            if about == "actor":
                lines.append('# party = { constant = "…" }  # or the same in every row')
            return lines
        section = "act" if about == "act" else "actor.party"
        expected = {
            "act": f'# One of: {", ".join(ACTS)}; "" if it is not said',
            "actor": '# A state as ISO 3166-1 alpha-3, e.g. RUS; "" for nobody that is known',
        }[about]
        lines = [
            "",
            f"[{section}]",
            f"column = {_quoted(found.name)}",
            f"[{section}.words]",
            expected,
        ]
        for text, times in found.texts.most_common():
            meant = guess(text)
            note = f"  # {times:,} rows" + ("; is it?" if meant else "")
            lines.append(f"{_quoted(text)} = {_quoted(meant or QUESTION)}{note}")
        return lines

    def _reporter(self) -> list[str]:
        found = self._take(lambda one: one.named(r"source|reported|outlet") and one.is_vocabulary)
        name = (
            f"{{ constant = {_quoted(QUESTION)} }}  # who says all this?"
            if found is None
            else _quoted(found.name)
        )
        return [
            *("", "[reported_by]", f"name = {name}"),
            'kind = { constant = "dataset" }  # party, military, government, monitor, un, ngo, …',
        ]


def _format(name: str, fitting: Sequence[str]) -> str:
    if len(fitting) == 1:
        return f"{name} = {_quoted(fitting[0])}"
    return f"{name} = {_quoted(QUESTION)}  # all of it fits: {' or '.join(fitting)}"


def _quoted(text: str) -> str:
    """A string of TOML."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
