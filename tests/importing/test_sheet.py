"""A sheet that was made, filled in offline and read back gives the events that the forms would."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from python_calamine import CalamineWorkbook

from streams.commands.importing.sheet import run_import_sheet
from streams.commands.new.columns import COLUMNS, FIXED, SHEETS
from streams.commands.new.entered import KINDS
from streams.settings import Settings
from tests.cli.commands import truce
from tests.web.served import folded, hostile, scenario

REPORT: Mapping[str, Any] = {
    "Conflict": "russia-ukraine",
    "Incident": "2026-02-03-sheet",
    "Report": "desk",
    "How the time is known": "night",
    "Time, or from": dt.datetime.fromisoformat("2026-02-02T20:00"),
    "Times are on the clocks of": "Europe/Kyiv",
    "Who did it": "RUS",
    "How sure that is": "likely",
    "What was done": "drone_strike",
    "What was hit 1": "substation",
    "What was hit 2": "others",
    "Where 1": "UA-63",
    "Effect 1": "killed",
    "How many 1": 3,
    "Link 1": "https://desk.example/1",
}
YOU: Mapping[str, Any] = {
    "Your source": "https://desk.example/sheet",
    "Who says so": "Our desk",
    "Which is": "monitor",
}


def filled(path: Path, you: Mapping[str, Any], **sheets: list[Mapping[str, Any]]) -> Path:
    """A sheet as somebody would fill it in."""
    book = xlsxwriter.Workbook(str(path))
    moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
    page = book.add_worksheet("You")
    page.write_row(0, 0, ["For every row", "…"])
    for place, pair in enumerate(you.items(), 1):
        page.write_row(place, 0, pair)
    for kind, rows in sheets.items():
        page = book.add_worksheet(SHEETS[kind])
        labels = [one.label for one in COLUMNS[kind]]
        page.write_row(0, 0, labels)
        for number, row in enumerate(rows, 1):
            for label, value in row.items():
                if isinstance(value, dt.datetime):
                    page.write_datetime(number, labels.index(label), value, moment)
                else:
                    page.write(number, labels.index(label), value)
    book.close()
    return path


def read(path: Path, tmp_path: Path) -> int:
    return run_import_sheet(
        Settings(data_dir=tmp_path), [str(path)], publish=False, conflict=None, locate=True
    )


def test_a_row_is_the_event_that_the_form_makes(tmp_path: Path, capsys: Any) -> None:
    path = filled(tmp_path / "s.xlsx", YOU, report=[REPORT])
    assert read(path, tmp_path) == 0
    out = capsys.readouterr().out
    event = json.loads(out)
    assert event["type"] == "incident.reported"
    assert event["source"] == "https://desk.example/sheet"
    data = event["data"]
    assert data["reported_by"] == {"name": "Our desk", "kind": "monitor"}
    assert data["occurred"]["start"] == "2026-02-02T18:00:00+02:00"
    assert data["targets"] == ["substation", None]
    assert data["effects"] == {"killed": 3}
    later = filled(tmp_path / "later.xlsx", YOU, report=[REPORT])
    read(later, tmp_path)
    assert capsys.readouterr().out == out, "the same row, the same event, whenever it is read"


def test_what_is_wrong_is_said_by_sheet_row_and_column(tmp_path: Path, capsys: Any) -> None:
    wrong = [
        {**REPORT, "Incident": ""},
        {**REPORT, "Times are on the clocks of": "Mars/Base"},
        {**REPORT, "How sure that is": "sure"},
        {**REPORT, "How many 1": "many"},
        REPORT,
    ]
    watched = {
        "Conflict": "russia-ukraine",
        "Name of this entry": "w",
        "From": "2026-02-01 08:00",
        "Until": "2026-02-02 08:00",
        "How": "well",
        "Area 1": "UA",
    }
    path = filled(tmp_path / "s.xlsx", YOU, report=wrong, coverage=[watched])
    assert read(path, tmp_path) == 1
    out, err = capsys.readouterr()
    assert out.count("\n") == 1
    said = err.replace(str(path), "s.xlsx")
    for line in (
        "s.xlsx:Reports:2: Incident: required",
        "s.xlsx:Reports:3: Times are on the clocks of: there is no such time zone",
        "s.xlsx:Reports:4: How sure that is: ",
        "s.xlsx:Reports:5: How many 1: expected a number",
        "s.xlsx:Coverage:2: How: ",
        "6 rows: 1 in events, 5 refused",
    ):
        assert line in said, said


CLAIM: Mapping[str, Any] = {
    "Conflict": "russia-ukraine",
    "Commitment": "truce",
    "Claim": "desk",
    "Binds party 1": "RUS",
    "From": "2026-02-01 00:00",
    "How its end is known": "open",
    "Which is": "observer",
}


@pytest.mark.parametrize(
    ("kind", "entry", "said"),
    [
        ("report", {"How the time is known": "nigth"}, "How the time is known: expected at or"),
        ("report", {"Until": "2026-02-03 08:00"}, "Until: is not read where 'How the time is"),
        ("report", {"Hours around": 2}, "Hours around: is not read where"),
        ("report", {"Launched 2": 5}, "Launched 2: is not read without 'Weapon 2'"),
        ("report", {"How many 3": 5}, "How many 3: is not read without 'Effect 3'"),
        ("report", {"Who did it": ""}, "How sure that is: is not read without 'Who did it'"),
        ("report", {"Where 1": "", "Where 3": "?"}, "Where 3: "),
        ("claim", {"Only while the other side keeps it": "no"}, "keeps it: expected yes"),
        ("claim", {"How its end is known": "opne"}, "How its end is known: expected at or"),
        ("claim", {"Until": "2026-02-08 00:00"}, "Until: is not read where"),
        ("claim", {"Daily from": "08:00"}, "Daily from: is not read without 'Daily until'"),
        ("claim", {"From": "", "How its start is known": "at"}, "is not read without 'From'"),
    ],
)
def test_nothing_that_is_entered_goes_unread(
    tmp_path: Path, capsys: Any, kind: str, entry: Mapping[str, Any], said: str
) -> None:
    rows: list[Mapping[str, Any]] = [{**(REPORT if kind == "report" else CLAIM), **entry}]
    assert read(filled(tmp_path / "s.xlsx", YOU, **{kind: rows}), tmp_path) == 1
    out, err = capsys.readouterr()
    assert (out, said in err) == ("", True), err


def test_what_is_left_empty_follows_from_what_is_not(tmp_path: Path, capsys: Any) -> None:
    until = {"How the time is known": "", "Until": dt.datetime.fromisoformat("2026-02-02T23:00")}
    path = filled(tmp_path / "s.xlsx", YOU, report=[{**REPORT, **until}], claim=[CLAIM])
    assert read(path, tmp_path) == 0
    report, claim = map(json.loads, capsys.readouterr().out.splitlines())
    assert report["data"]["occurred"]["end"] == "2026-02-02T23:00:00+02:00"
    assert claim["data"]["window"] == [{"start": "2026-02-01T00:00:00+00:00", "end": None}]
    # Not "monitor", which no speaker of a claim is.
    assert claim["data"]["claimed_by"]["role"] == "observer"
    assert "conditions" not in claim["data"]


def test_a_sheet_offers_what_is_known_and_comes_back_empty(tmp_path: Path) -> None:
    """Foreign names are text in it: no formula, no link."""
    data_dir = folded(tmp_path / "data", [*scenario(), *hostile()])
    path = tmp_path / "s.xlsx"
    made = truce("new", "--sheet", path, data_dir=data_dir)
    assert (made.returncode, made.stdout, made.stderr.count("\n")) == (0, "", 1), made.stderr
    # One that may hold entries is not written over.
    again = truce("new", "--sheet", path, data_dir=data_dir)
    assert (again.returncode, "is there already" in again.stderr) == (1, True)
    lists = CalamineWorkbook.from_path(str(path)).get_sheet_by_name("Lists").to_python()
    columns = {str(name): {row[at] for row in lists[1:]} for at, name in enumerate(lists[0])}
    assert {"russia-ukraine"} < columns["conflicts"]
    assert {"RUS", "UKR"} < columns["parties"]
    assert "drone_strike" in columns["acts"]
    assert "Europe/Kyiv" in columns["zones"]
    back = truce("import", "sheet", path, data_dir=data_dir)
    assert (back.returncode, back.stdout) == (0, "")
    assert "0 rows" in back.stderr


def test_each_kind_of_event_has_a_sheet_and_each_list_a_column() -> None:
    assert set(COLUMNS) == set(SHEETS) == set(KINDS)
    offered = {one.choices for columns in COLUMNS.values() for one in columns if one.choices}
    assert set(FIXED) < offered


def test_what_is_no_such_sheet_is_refused_in_a_line(tmp_path: Path) -> None:
    other = tmp_path / "other.xlsx"
    book = xlsxwriter.Workbook(str(other))
    book.add_worksheet("x").write(0, 0, "y")
    book.close()
    for args, said in (
        (("import", "sheet", other), "truce new --sheet"),
        (("import", "sheet", "--changes", other), "--changes"),
        (("new", "--sheet", tmp_path / "s.csv"), ".xlsx"),
    ):
        done = truce(*args, data_dir=tmp_path)
        assert done.returncode in {1, 2}
        assert done.stderr.count("\n") == 1
        assert said in done.stderr
