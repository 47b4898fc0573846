"""`truce new --sheet`: a spreadsheet to fill in offline, with lists of what the lake knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from analytics.pages.zones import zone_names
from analytics.queries import queries
from analytics.read_model import ReadModel
from schemas.vocabulary import ACTS, TARGETS
from streams.commands.console import err
from streams.commands.lake_reader import opened
from streams.commands.new.columns import COLUMNS, FIXED, OF_YOURS, SHEETS, YOURS, SheetColumn
from streams.commands.new.entered import OTHERS
from streams.errors import BadInput, CommandError
from streams.settings import Settings

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

ROWS = 1_000
"""How many rows have lists and formats."""
MOST_NAMES = 300
MOST_CONFLICTS = 30
MOST_LETTERS_OF_A_TITLE = 32
"""Of what a program says to a wrong cell: with a longer one there is no list at all."""
LISTS = "Lists"
WIDTH = 22
HOW = (
    "A row is an entry. Rest the pointer on a heading for what it means; blue ones are required. "
    "What stands here holds for every row that leaves it empty. When you are back online: "
    "truce import sheet FILE.xlsx says what is wrong, row by row, and --publish sends the rest."
)

SheetLists = Mapping[str, Sequence[str]]
"""What there is to choose from, list by list."""


def run_sheet(settings: Settings, file: Path) -> int:
    """Write a sheet to fill in. Returns the exit code."""
    if file.suffix.lower() != ".xlsx":
        raise BadInput(f"{file}: a sheet is an .xlsx file")
    if file.exists():
        raise BadInput(f"{file} is there already: what was entered in it would be lost")
    write_sheet(file, {**FIXED, **_vocabulary(), **_known(settings)})
    err(f"{file}: fill it in, then truce import sheet {file}")
    return 0


def _vocabulary() -> SheetLists:
    return {
        "acts": [*ACTS, OTHERS],
        "targets": [*TARGETS, OTHERS],
        "zones": zone_names(),
    }


def _known(settings: Settings) -> SheetLists:
    """The names that the lake has, those used last first; without a lake, none."""
    found: dict[str, dict[str, None]] = {}
    try:
        with opened(settings) as lake:
            reports = ReadModel(lake.ask).coverage()
            for one in sorted(reports, key=lambda one: -(one.last_report or 0))[:MOST_CONFLICTS]:
                values = {"conflict": one.conflict, "most": MOST_NAMES}
                for what, name in lake.ask(queries("pages")["names"], values):
                    found.setdefault(what, {})[name] = None
    except CommandError as error:
        err(f"warning: the lists have no names: {error}", style="yellow")
    return {what: list(names)[:MOST_NAMES] for what, names in found.items()}


def write_sheet(file: Path, choices: SheetLists) -> None:
    """Write it with these lists. BadInput: the file cannot be written."""
    import xlsxwriter
    from xlsxwriter.exceptions import XlsxWriterException

    # What is known is foreign text: none of it becomes a formula or a link.
    options = {"strings_to_formulas": False, "strings_to_urls": False}
    workbook = xlsxwriter.Workbook(str(file), options)
    _yours(workbook, choices)
    for kind, name in SHEETS.items():
        _rows(workbook, workbook.add_worksheet(name), COLUMNS[kind], choices)
    _lists(workbook, choices)
    try:
        workbook.close()
    except (OSError, XlsxWriterException) as error:
        raise BadInput(f"{file} cannot be written: {error}") from error


def _heading(workbook: Workbook, column: SheetColumn) -> Format:
    colour = "#cfe2ff" if column.hint.startswith("Required") else "#e9edf2"
    return workbook.add_format(
        {"bold": True, "bg_color": colour, "border": 1, "text_wrap": True, "valign": "top"}
    )


def _yours(workbook: Workbook, choices: SheetLists) -> None:
    sheet = workbook.add_worksheet(YOURS)
    sheet.set_column(0, 0, 34)
    sheet.set_column(1, 1, 60)
    sheet.write_string(0, 0, "For every row", workbook.add_format({"bold": True}))
    sheet.write_string(0, 1, HOW, workbook.add_format({"text_wrap": True}))
    for row, column in enumerate(OF_YOURS, 1):
        sheet.write_string(row, 0, column.label, _heading(workbook, column))
        _offer(sheet, column, choices, (row, 1, row, 1))


def _rows(
    workbook: Workbook, sheet: Worksheet, columns: Sequence[SheetColumn], choices: SheetLists
) -> None:
    as_text = workbook.add_format({"num_format": "@"})
    as_moment = workbook.add_format({"num_format": "yyyy-mm-dd hh:mm"})
    sheet.freeze_panes(1, 2)
    for number, column in enumerate(columns):
        sheet.set_column(number, number, WIDTH, as_moment if column.is_moment else as_text)
        sheet.write_string(0, number, column.label, _heading(workbook, column))
        if column.hint:
            sheet.write_comment(0, number, column.hint)
        _offer(sheet, column, choices, (1, number, ROWS, number))


def _offer(
    sheet: Worksheet, column: SheetColumn, choices: SheetLists, where: tuple[int, int, int, int]
) -> None:
    """Let these cells be chosen from the list of the column, if there is anything in it."""
    if not choices.get(column.choices):
        return
    at = list(choices).index(column.choices)
    last = len(choices[column.choices]) + 1
    from xlsxwriter.utility import xl_col_to_name

    letter = xl_col_to_name(at)
    sheet.data_validation(
        *where,
        {
            "validate": "list",
            "source": f"='{LISTS}'!${letter}$2:${letter}${last}",
            # Of what is known already another may be meant that is not known yet.
            "show_error": column.choices in FIXED,
            "error_title": column.label[:MOST_LETTERS_OF_A_TITLE],
            "error_message": "Choose one of the list, or leave it empty.",
        },
    )


def _lists(workbook: Workbook, choices: SheetLists) -> None:
    sheet = workbook.add_worksheet(LISTS)
    for number, (name, words) in enumerate(choices.items()):
        sheet.set_column(number, number, WIDTH)
        sheet.write_string(0, number, name, workbook.add_format({"bold": True}))
        for row, word in enumerate(words, 1):
            sheet.write_string(row, number, word)
