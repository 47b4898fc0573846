"""`truce import sheet`: the rows of a sheet that `truce new --sheet` made, as events."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any, NamedTuple

from analytics.boundaries.points import Gazetteer, unlocated
from analytics.boundaries.points import locate as locate_points
from analytics.importing.formats import sheets
from analytics.importing.problems import ImportFailed
from analytics.importing.reading import SourceRow
from schemas.warnings.warning import Whence
from streams.commands.console import err
from streams.commands.importing.locating import LazyGazetteer
from streams.commands.importing.output import EventLines, write_event
from streams.commands.lake_reader import beside
from streams.commands.new.columns import COLUMNS, FIXED, OF_YOURS, SHEETS, YOURS, SheetColumn
from streams.commands.new.draft import Draft
from streams.commands.new.entered import Locate, TypedForm, entered
from streams.commands.new.left_over import left_over
from streams.commands.publish import new_tally, run_publish, say_warnings
from streams.errors import BadInput
from streams.explain.words import counted
from streams.settings import Settings

_HOUR = re.compile(r"([0-9]{2}:[0-9]{2}):00")

TypedCells = dict[str, list[str]]
"""What was entered, by the names of the fields."""


class EnteredRow(NamedTuple):
    """A row: where it stands, and its event or what is wrong with it, column by column."""

    sheet: str
    number: int
    found: Draft | list[tuple[str, str]]

    def where(self, file: str) -> str:
        """`file.xlsx:Reports`: by which its lines are named."""
        return f"{file}:{self.sheet}"


def run_import_sheet(
    settings: Settings,
    files: Sequence[str],
    *,
    publish: bool,
    conflict: str | None,
    locate: bool,
) -> int:
    """Print the events of the sheets, or publish them. Returns the exit code.

    `conflict`: of the rows that name none. `locate`: give points their codes.
    """
    tally, made, refused = new_tally(), 0, 0
    locating = _locating(settings) if locate else None
    with ExitStack() as stack:
        lines = stack.enter_context(closing(EventLines()))
        for file in files:
            for row in _entered(file, conflict, locating):
                if not isinstance(row.found, Draft):
                    refused += 1
                    for column, why in row.found:
                        err(f"{row.where(file)}:{row.number}: {column}: {why}", style="red")
                    continue
                made += 1
                if publish:
                    lines.add(row.where(file), row.number, row.found.raw)
                else:
                    event = row.found.found()
                    assert not isinstance(event, tuple)  # noqa: S101 - `entered` saw to that
                    tally.warner.note(event, Whence(row.where(file), row.number))
                    write_event(row.found.raw)
        err(f"{counted(made + refused, 'row')}: {made:,} in events, {refused:,} refused")
        code = 1 if refused else 0
        if publish:
            return max(code, run_publish(settings, lines, dry_run=False) if lines else 0)
        with beside(settings) as lake:
            say_warnings(tally, lake)
    return code


def _locating(settings: Settings) -> Locate:
    gazetteer = LazyGazetteer(settings)
    return lambda events: _give_codes(gazetteer, events)


def _give_codes(gazetteer: Gazetteer, events: Iterable[dict[str, Any]]) -> None:
    locate_points(gazetteer, [point for event in events for point in unlocated(event)])


def _entered(file: str, conflict: str | None, locate: Locate | None) -> Iterator[EnteredRow]:
    """The rows of all sheets of a file that anything was entered into. BadInput."""
    kinds = {name: kind for kind, name in SHEETS.items()}
    yours: TypedCells = {} if conflict is None else {"conflict": [conflict]}
    has_rows = False
    try:
        # Wherever it stands among the sheets, it holds for all of them.
        for name, rows in sheets(Path(file)):
            if name == YOURS:
                yours |= _of_yours(rows.rows)
        for name, rows in sheets(Path(file)):
            if name in kinds:
                has_rows = True
                kind = kinds[name]
                columns = _columns(f"{file}:{name}", kind, rows.header)
                for row in rows.rows:
                    typed = _typed(columns, row.cells)
                    if typed.cells:
                        yield EnteredRow(name, row.line, _event(kind, yours, typed, locate))
    except ImportFailed as error:
        raise BadInput(str(error)) from error
    if not has_rows:
        raise BadInput(f"{file} is not of `truce new --sheet`: it has none of {', '.join(kinds)}")


def _of_yours(rows: Iterator[SourceRow]) -> TypedCells:
    labels = {column.label: column.field for column in OF_YOURS}
    pairs = ((labels.get(row.cells[0] or ""), row.cells[1:2]) for row in rows)
    return {field: [cells[0]] for field, cells in pairs if field and cells and cells[0]}


def _columns(where: str, kind: str, header: Sequence[str]) -> list[SheetColumn | None]:
    known = {column.label: column for column in COLUMNS[kind]}
    for label in header:
        if label and label not in known:
            raise BadInput(
                f"{where}: there is no column {label!r} in a sheet of `truce new --sheet`"
            )
    return [known.get(label) for label in header]


class TypedRow(NamedTuple):
    """What was entered in a row by the names of the fields, and in which column each entry is."""

    cells: TypedCells
    labels: dict[str, list[str]]


def _typed(columns: Sequence[SheetColumn | None], cells: Sequence[str | None]) -> TypedRow:
    found = TypedRow({}, {})
    for column, cell in zip(columns, cells, strict=False):
        if column is not None and cell:
            # Programs make an hour of a day a time with seconds.
            text = _HOUR.sub(r"\1", cell) if column.field.startswith("daily_") else cell
            found.cells.setdefault(column.field, []).append(text)
            found.labels.setdefault(column.field, []).append(column.label)
    return found


def _event(
    kind: str, yours: TypedCells, typed: TypedRow, locate: Locate | None
) -> Draft | list[tuple[str, str]]:
    # A source may be what no speaker of a claim is.
    has = {column.field: FIXED.get(column.choices) for column in COLUMNS[kind]}
    mine = {
        field: cells
        for field, cells in yours.items()
        if field in has and cells[0] in (has[field] or cells)
    }
    form = TypedForm(mine | typed.cells)
    found: Draft | list[tuple[str, str]] = [*left_over(kind, form)]
    found = found or entered(kind, form, is_named=True, locate=locate)
    if isinstance(found, Draft):
        return found
    return [(_label(kind, field, typed.labels), why) for field, why in found]


OTHER_NAMES = {
    "reported_by.name": "by",
    "claimed_by.name": "by",
    "reported_by.kind": "speaker",
    "claimed_by.role": "speaker",
    "reported_by.party": "by_party",
    "claimed_by.party": "by_party",
    "occurred.start": "start",
    "occurred.end": "end",
    "occurred": "start",
    "actor.party": "actor",
    "actor.confidence": "confidence",
    "area": "places",
    "prohibits.acts": "acts",
    "prohibits.targets": "targets",
    "window.0.start": "start",
    "window.0.end": "end",
    "window.0.daily": "daily_from",
    "window.0.zone": "times_in",
}
"""The fields of events whose column is called otherwise."""


def _label(kind: str, field: str, entered_in: Mapping[str, Sequence[str]]) -> str:
    """The column in which a field of an event stands, or else the field itself."""
    at = OTHER_NAMES.get(field, field)
    parts = at.split(".")
    for length in range(len(parts), 0, -1):
        path = ".".join(parts[:length])
        name = OTHER_NAMES.get(path, path)
        labels = entered_in.get(name) or [one.label for one in COLUMNS[kind] if one.field == name]
        if labels:
            entry = parts[length] if length < len(parts) else "0"
            return labels[min(int(entry), len(labels) - 1)] if entry.isdigit() else labels[0]
    return field or "event"
