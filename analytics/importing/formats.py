"""Files of rows that are no delimited text: JSON, Parquet and XLSX."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import Any

from analytics.importing.problems import ImportFailed
from analytics.importing.reading import SourceRow, SourceRows

_BATCH = 4_096


def other_format(path: Path) -> Callable[[Path], AbstractContextManager[SourceRows]] | None:
    """What opens a file with this name's ending; None: it is delimited text."""
    return {
        ".json": _json,
        ".jsonl": _json,
        ".ndjson": _json,
        ".parquet": _parquet,
        ".xlsx": _xlsx,
    }.get(path.suffix.lower())


@contextmanager
def _json(path: Path) -> Iterator[SourceRows]:
    """An array of objects, an object that holds one, or one object a line."""
    text = path.read_text("utf-8-sig").strip()
    try:
        found = [(number, one) for number, one in _objects(text) if one is not None]
    except ValueError as error:
        raise ImportFailed(f"{path} is not JSON: {error}") from error
    for number, one in found:
        if not isinstance(one, Mapping):
            raise ImportFailed(f"{path}:{number}: expected an object for each row")
    header = list(dict.fromkeys(name for _, one in found for name in one))
    rows = (SourceRow(number, [_text(one.get(name)) for name in header]) for number, one in found)
    yield SourceRows(header, rows)


def _objects(text: str) -> Iterator[tuple[int, Any]]:
    """(number, object) of each row: of a line, or the place in the list from 1."""
    try:
        whole = json.loads(text)
    except ValueError:
        for number, line in enumerate(text.splitlines(), 1):
            yield number, json.loads(line) if line.strip() else None
        return
    if isinstance(whole, dict):
        lists = [value for value in whole.values() if isinstance(value, list)]
        whole = lists[0] if len(lists) == 1 else [whole]
    yield from enumerate(whole, 1)


@contextmanager
def _parquet(path: Path) -> Iterator[SourceRows]:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        file = parquet.ParquetFile(path)
    except pa.ArrowException as error:
        raise ImportFailed(f"{path} is not Parquet: {error}") from error
    with file:
        yield SourceRows(list(file.schema_arrow.names), _parquet_rows(file))


def _parquet_rows(file: Any) -> Iterator[SourceRow]:  # noqa: ANN401 - pyarrow has no types
    number = 0
    for batch in file.iter_batches(batch_size=_BATCH):
        columns = [column.to_pylist() for column in batch.columns]
        for cells in zip(*columns, strict=True):
            number += 1
            yield SourceRow(number, [_text(one) for one in cells])


@contextmanager
def _xlsx(path: Path) -> Iterator[SourceRows]:
    """The first sheet that is not empty; its first row with anything in it is the header."""
    for _, rows in sheets(path):
        yield rows
        return
    raise ImportFailed(f"{path} has no header: it is empty")


def sheets(path: Path) -> Iterator[tuple[str, SourceRows]]:
    """The sheets of an XLSX file that are not empty, by name; each as `_xlsx`. ImportFailed."""
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        workbook = CalamineWorkbook.from_path(str(path))
    except CalamineError as error:
        raise ImportFailed(f"{path} is not an XLSX file: {error}") from error
    with closing(workbook):
        for name in workbook.sheet_names:
            sheet: Sequence[Sequence[object]] = workbook.get_sheet_by_name(name).to_python(
                skip_empty_area=False
            )
            found = [
                (number, [_text(one) for one in cells]) for number, cells in enumerate(sheet, 1)
            ]
            found = [(number, cells) for number, cells in found if any(cells)]
            if found:
                header = [one or "" for one in found[0][1]]
                rows = (SourceRow(number, cells) for number, cells in found[1:])
                yield name, SourceRows(header, rows)


def _text(value: object) -> str | None:
    """A cell as a source's SQL has it: a day or a moment in ISO 8601, a whole number without .0."""
    match value:
        case None:
            text = ""
        case bool():
            text = "true" if value else "false"
        case float() if value.is_integer() and abs(value) < 2**53:
            text = str(int(value))
        case dt.datetime():
            text = value.isoformat(" ")
        case list() | dict():
            text = json.dumps(value, ensure_ascii=False, default=str)
        case _:
            text = str(value)
    return text.strip() or None
