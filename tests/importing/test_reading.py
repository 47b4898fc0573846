"""Files of rows: whatever they are written in, the same cells, each record with its line."""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from analytics.importing.columnar import read_columns
from analytics.importing.problems import ImportFailed
from analytics.importing.reading import open_rows
from analytics.importing.sources import read_source
from tests.support.importing import imported

LOG = read_source(
    "log",
    """-- A log that only these tests have.
-- source: urn:log
-- licence: ours
-- conflict: testland
-- encodings: windows-1251
-- layout log: id, day, killed, place
-- not summary: id, total | it has sums and no events

CREATE VIEW refused AS
SELECT "row", 'killed' AS "column", not_a(killed, 'a number') AS reason
FROM raw WHERE NOT is_blank(killed) AND NOT is_number(killed);
CREATE VIEW skipped AS
SELECT "row", 'a drill' AS reason FROM raw WHERE place = 'drill';
CREATE VIEW events AS
SELECT list("row") AS "rows", 'incident.reported' AS type, NULL AS said, {
    'conflict': getvariable('conflict'), 'incident_id': 'log-' || id, 'report_id': 'log-' || id,
    'reported_by': {'name': any_value(place)}, 'occurred': {'start': iso(day(any_value(day), '%d.%m.%Y'))},
    'effects': {'killed': any_value(number(killed))}} AS data
FROM raw
WHERE "row" NOT IN (SELECT "row" FROM refused) AND "row" NOT IN (SELECT "row" FROM skipped)
GROUP BY id;
""",
)
HEADER = "id,day,killed,place"
ROWS = (HEADER, "1,03.02.2026,2.5,Київ", "2,04.02.2026,,Одеса")
NAMES = ["Київ", "Одеса"]


def semicolons(lines: tuple[str, ...]) -> str:
    return "\r\n".join(line.replace(",", ";").replace("2.5", "2,5") for line in lines)


@pytest.mark.parametrize(
    "content",
    [
        "\n".join(ROWS).encode(),
        "\n".join(ROWS).encode("utf-8-sig"),
        "\n".join(ROWS).encode("utf-16"),
        "\n".join(ROWS).replace(",", "\t").encode(),
        semicolons(ROWS).encode("windows-1251"),
        semicolons(ROWS).encode("utf-8-sig"),
    ],
    ids=["plain", "byte order mark", "UTF-16", "tabs", "windows-1251", "decimal commas"],
)
def test_any_usual_encoding_delimiter_and_decimal_comma_says_the_same(content: bytes) -> None:
    found = imported(LOG, content)

    assert [one["reported_by"]["name"] for one in found.data] == NAMES
    assert found.data[0]["effects"] == {"killed": 2.5}
    assert (found.refused, found.rows) == ([], 2)


def xlsx(rows: tuple[str, ...]) -> bytes:
    """The least that is an XLSX file, with its text in the cells."""
    kinds = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    links = "http://schemas.openxmlformats.org/package/2006/relationships"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    cells = "".join(
        f'<row r="{n}">'
        + "".join(f'<c t="inlineStr"><is><t>{cell}</t></is></c>' for cell in row.split(","))
        + "</row>"
        for n, row in enumerate(rows, 1)
    )
    parts = {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{kinds}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{kinds}.worksheet+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{links}"><Relationship Id="r1" Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets><sheet name="s" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{links}"><Relationship Id="r1" Type="{office}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}"><sheetData>{cells}</sheetData></worksheet>',
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return packed.getvalue()


def as_parquet(rows: tuple[str, ...]) -> bytes:
    header, *cells = [row.split(",") for row in rows]
    columns = dict(zip(header, map(list, zip(*cells, strict=True)), strict=True))
    packed = io.BytesIO()
    parquet.write_table(pa.table(columns), packed)
    return packed.getvalue()


JSON = (
    '{"data": [{"id": 1, "day": "03.02.2026", "killed": 2.5, "place": "Київ"},'
    ' {"id": 2, "day": "04.02.2026", "killed": null, "place": "Одеса"}]}'
)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("rows.xlsx", xlsx(ROWS)),
        ("rows.parquet", as_parquet(ROWS)),
        ("rows.json", JSON.encode()),
        ("rows.jsonl", "\n".join(JSON[10:-2].split(", {")).replace('\n"', '\n{"').encode()),
    ],
)
def test_xlsx_parquet_and_json_say_the_same(name: str, content: bytes) -> None:
    found = imported(LOG, content.replace(b"},\n", b"}\n"), name=name)

    assert [one["reported_by"]["name"] for one in found.data] == NAMES
    assert [one.get("effects") for one in found.data] == [{"killed": 2.5}, None]


def test_every_row_is_in_exactly_one_account_and_a_refusal_names_file_line_and_column() -> None:
    found = imported(
        LOG,
        HEADER,
        '1,03.02.2026,"many",Kyiv',
        '2,03.02.2026,"1',
        '",two lines',
        "",
        "3,03.02.2026,1,drill",
        "4,03.02.2026,1,Kyiv,too many",
        "5,2026,1,Kyiv",
    )

    assert sorted(found.refused) == [
        "rows.csv:2: killed: 'many' is not a number",
        "rows.csv:7: expected 4 cells as the header has, found 5",
        "rows.csv:8: data.occurred: required",
    ]
    assert found.skipped == {"a drill": 1}
    assert [(one.line, one.became) for one in found.fates] == [
        (2, "refused"),
        (3, "event"),
        (6, "skipped"),
        (7, "refused"),
        (8, "refused"),
    ]


def test_two_rows_that_would_be_one_report_are_refused_and_name_each_other() -> None:
    head = (
        "-- Twins\n-- source: urn:t\n-- licence: none\n-- conflict: c\n"
        "-- layout log: id, day, killed, place\n"
    )
    twins = read_source("twins", head + LOG.sql.replace("GROUP BY id", 'GROUP BY id, "row"'))
    found = imported(twins, HEADER, "1,03.02.2026,1,A", "2,03.02.2026,1,A", "1,03.02.2026,1,B")

    assert [one["report_id"] for one in found.data] == ["log-2"]
    assert found.refused == [
        "rows.csv:2: its report would have the id of rows.csv:4",
        "rows.csv:4: its report would have the id of rows.csv:2",
    ]


@pytest.mark.parametrize(
    ("header", "why"),
    [
        ("id,day,killed", "an unknown edition; beside the layout 'log' its header lacks 'place'"),
        ("id,day,dead,place", "lacks 'killed', and it has 'dead' that nothing is known of"),
        ("id,day,killed,place,day", "the header names 'day' more than once"),
        ("ID,total,day,killed,place", "this is the summary: it has sums and no events"),
    ],
)
def test_an_unknown_edition_is_refused_by_the_names_in_its_header(header: str, why: str) -> None:
    with pytest.raises(ImportFailed, match=why):
        imported(LOG, header, "1,2,3,4,5")


def test_an_unknown_column_is_named_and_not_read() -> None:
    found = imported(LOG, f"{HEADER},mood", "1,03.02.2026,1,Kyiv,fair")

    assert found.notes == ["rows.csv: not read, since the layout 'log' has none: 'mood'"]
    assert found.rows == len(found.events) == 1


CELLS = st.text(st.sampled_from(["a", "é", ",", ";", '"', "\n", " "]), max_size=4)


@given(st.lists(st.tuples(CELLS, CELLS), max_size=6), st.booleans())
def test_the_fast_way_reads_what_the_slow_way_reads(
    tmp_path_factory: pytest.TempPathFactory, records: list[tuple[str, str]], blanks: bool
) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["one", "two"])
    for record in records:
        writer.writerow(record)
        if blanks:
            text.write("\n")
    path = tmp_path_factory.mktemp("fast") / "rows.csv"
    path.write_text(text.getvalue(), "utf-8", newline="")

    fast = read_columns(str(path), ",", 2, [1, None, 0])

    with open_rows(str(path), (), lambda header: len(header) == 2) as opened:
        slow = list(opened.rows)
    if fast is not None:
        assert fast.lines.tolist() == [row.line for row in slow]
        assert fast.cells[1] is None
        assert [*zip(fast.cells[2].to_pylist(), fast.cells[0].to_pylist(), strict=True)] == [
            tuple(row.cells) for row in slow
        ]


def test_a_plain_file_is_read_the_fast_way(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text('one,two\n1,"a\nb"\n\n2, c \n', "utf-8")

    fast = read_columns(str(path), ",", 2, [0, 1])

    assert fast is not None
    assert np.array_equal(fast.lines, [2, 5])
    assert [one.to_pylist() for one in fast.cells] == [["1", "2"], ["a\nb", "c"]]
