"""When it happened, by a row: days and times in their one format, on the clocks of a zone."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from analytics.importing.layouts import normal
from analytics.importing.table.cells import CellMisfit, MappedCells
from analytics.importing.table.mapping import Formats, TimeColumns
from schemas.time import iso, to_instant


class MappedClock:
    """Reads when something happened."""

    def __init__(self, formats: Formats, zone: str) -> None:
        self._formats, self._zone = formats, ZoneInfo(zone)

    def occurred(self, when: TimeColumns, cells: MappedCells) -> dict[str, Any]:
        """`occurred` of an event. Misfit: it is not said, or a value does not fit."""
        span = self.span(when, cells)
        if span is None:
            column = normal(when.moment or when.day or "")
            raise CellMisfit(column, "blank; expected when it happened")
        start, end = span
        return {
            "start": iso(start),
            "end": None if end == start else iso(end),
            "certainty": when.certainty,
            "of": when.of,
            "as_stated": _stated(when, cells),
        }

    def window(self, when: TimeColumns, cells: MappedCells) -> dict[str, Any]:
        """An entry of a claim's window: a bound that is a day is somewhere within it.

        One that is blank is not known. Misfit: a value does not fit.
        """
        end_day = when.end_day or (when.day if when.end_time else None)
        first = self._moment(when.moment, when.day, when.time, cells)
        last = self._moment(when.end_moment, end_day, when.end_time, cells)
        if first is not None and last is not None and last[1] <= first[0]:
            column = normal(when.end_moment or end_day or "")
            raise CellMisfit(column, "before the start")
        bounds = (("start", first), ("end", last))
        entry = {name: _bound(*bound) for name, bound in bounds if bound is not None}
        stated = _stated(when, cells)
        return {**entry, "as_stated": stated} if stated else entry

    def span(self, when: TimeColumns, cells: MappedCells) -> tuple[int, int] | None:
        """From when to when, in us since 1970: a day without a time lasts until it has ended."""
        first = self._moment(when.moment, when.day, when.time, cells)
        if first is None:
            return None
        last = self._moment(when.end_moment, when.end_day or when.day, when.end_time, cells)
        named_end = any(
            one is not None and normal(one) in cells
            for one in (when.end_moment, when.end_day, when.end_time)
        )
        start, end = first[0], last[1] if named_end and last is not None else first[1]
        if end < start:
            column = normal(when.end_moment or when.end_day or when.end_time or "")
            raise CellMisfit(column, "before the start")
        return start, end

    def _moment(
        self, moment: str | None, day: str | None, time: str | None, cells: MappedCells
    ) -> tuple[int, int] | None:
        """The first and the last instant that is meant."""
        formats = self._formats
        if moment is not None:
            text = cells.get(normal(moment))
            if text is None:
                return None
            read = _read(text, formats.moment, normal(moment))
            at = _instant(read if read.tzinfo is not None else read.replace(tzinfo=self._zone))
            return at, at
        text = None if day is None else cells.get(normal(day))
        if day is None or text is None:
            return None
        on = _read(text, formats.day, normal(day)).replace(tzinfo=self._zone)
        of_day = None if time is None else cells.get(normal(time))
        if time is None or of_day is None:
            return _instant(on), _instant(on + dt.timedelta(days=1))
        clock = _read(of_day, formats.time, normal(time)).time()
        at = _instant(dt.datetime.combine(on.date(), clock, self._zone))
        return at, at


def _bound(earliest: int, latest: int) -> str | dict[str, str]:
    if earliest == latest:
        return iso(earliest)
    return {"earliest": iso(earliest), "latest": iso(latest)}


def _stated(when: TimeColumns, cells: MappedCells) -> str:
    """What the cells say of it, in their own words."""
    columns = (when.moment, when.day, when.time, when.end_moment, when.end_day, when.end_time)
    named = (normal(one) for one in columns if one is not None)
    return " ".join(dict.fromkeys(cells[one] for one in named if one in cells))


def _instant(moment: dt.datetime) -> int:
    return to_instant(moment.astimezone(dt.UTC))


@lru_cache(maxsize=4_096)
def _parsed(text: str, form: str) -> dt.datetime | None:
    try:
        return dt.datetime.strptime(text, form)  # noqa: DTZ007 - the zone is the mapping's
    except ValueError:
        return None


def _read(text: str, form: str, column: str) -> dt.datetime:
    read = _parsed(text, form)
    if read is None:
        raise CellMisfit(column, f"{text[:60]!r} is not written as {form}")
    return read
