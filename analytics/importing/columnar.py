"""A fast way to read delimited UTF-8: the same cells and lines as `reading` finds row by row.

Where a file is not plain enough for it, nothing is returned, and the slow way reads it.
"""

from __future__ import annotations

import mmap
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyarrow import csv

MOST_BYTES = 512 << 20
"""What is larger is read row by row, in little memory."""
_BLOCK = 16 << 20
_QUOTE, _LINE_FEED = ord('"'), ord("\n")


class SourceColumns(NamedTuple):
    """The lines on which the records begin, and the wanted columns; None: all of it is blank."""

    lines: NDArray[np.int64]
    cells: list[Any]


def read_columns(
    path: str, delimiter: str, width: int, places: Sequence[int | None]
) -> SourceColumns | None:
    """The columns at `places` of a file whose records have `width` cells; None: read it slowly."""
    size = Path(path).stat().st_size
    if not 0 < size <= MOST_BYTES:
        return None
    with (
        Path(path).open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped,
    ):
        found = _records(mapped)
        if found is None:
            return None
        starts, lines, header_end = found
        if not len(starts):
            return None
        table = _table(path, header_end, delimiter, width, places)
    if table is None or table.num_rows != len(lines):
        return None
    cells = [None if at is None else _stripped(table.column(f"c{at}")) for at in places]
    return SourceColumns(lines, cells)


def _records(
    mapped: mmap.mmap,
) -> tuple[NDArray[np.int64], NDArray[np.int64], int] | None:
    """(where each record begins, on which line) after the header, and where that has ended."""
    ends: list[NDArray[np.int64]] = []
    numbers: list[NDArray[np.int64]] = []
    quotes = newlines = 0
    for first in range(0, len(mapped), _BLOCK):
        block = np.frombuffer(mapped[first : first + _BLOCK], np.uint8)
        feeds = np.flatnonzero(block == _LINE_FEED)
        before = np.searchsorted(np.flatnonzero(block == _QUOTE), feeds) + quotes
        is_end = before % 2 == 0
        ends.append(feeds[is_end] + first + 1)
        numbers.append(np.flatnonzero(is_end) + newlines + 2)
        quotes += int(np.count_nonzero(block == _QUOTE))
        newlines += len(feeds)
    if quotes % 2:
        return None
    # Each record begins where the one before has ended, the first after the header.
    starts = np.concatenate(ends)
    lines = np.concatenate(numbers)
    if not len(starts):
        return None
    header_end = int(starts[0])
    stops = np.append(starts[1:], len(mapped))
    # Lines without anything on them are no records.
    is_record = np.ones(len(starts), bool)
    for one in np.flatnonzero(stops - starts <= len("\r\n")).tolist():
        is_record[one] = bool(mapped[starts[one] : stops[one]].strip(b"\r\n"))
    return starts[is_record], lines[is_record], header_end


def _table(
    path: str, skipped: int, delimiter: str, width: int, places: Sequence[int | None]
) -> Any | None:  # noqa: ANN401 - pyarrow has no types
    names = [f"c{number}" for number in range(width)]
    # One column at least, to know how many records there are.
    wanted = sorted({at for at in places if at is not None} or {0})
    with suppress(pa.ArrowInvalid), pa.memory_map(path) as source:
        source.seek(skipped)
        return csv.read_csv(
            source,
            read_options=csv.ReadOptions(column_names=names, block_size=4 << 20),
            parse_options=csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
            convert_options=csv.ConvertOptions(
                column_types={name: pa.string() for name in names},
                include_columns=[f"c{at}" for at in wanted],
                strings_can_be_null=True,
                null_values=[""],
                quoted_strings_can_be_null=True,
            ),
        )
    return None


def _stripped(column: Any) -> Any:  # noqa: ANN401 - pyarrow has no types
    text = pc.utf8_trim_whitespace(column)
    return pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text)
