"""Reads files of rows: text in any usual encoding and delimiter, with the line of each record.

A cell is text here, whatever its file makes of it; what it means is the source's to say.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, NamedTuple

from analytics.importing.problems import ImportFailed

if TYPE_CHECKING:
    from _csv import Reader

DELIMITERS = (",", ";", "\t")
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CHUNK = 1 << 20
MOST_CELL = 1 << 20
"""How long one cell may be, in characters."""

RowCells = Sequence[str | None]


class SourceRow(NamedTuple):
    """One record: the line on which it begins, and its cells, which are blank if they are None.

    There are as many cells as the header has names, or something is wrong with the file.
    """

    line: int
    cells: RowCells


class SourceRows(NamedTuple):
    """An open file: its header, its rows, and whether its numbers have decimal commas.

    `delimiter`: that of a file of plain UTF-8; None: it is another.
    """

    header: Sequence[str]
    rows: Iterator[SourceRow]
    decimal_comma: bool = False
    delimiter: str | None = None


FitsHeader = Callable[[Sequence[str]], bool]


@contextmanager
def open_rows(path: str, encodings: Sequence[str], fits: FitsHeader) -> Iterator[SourceRows]:
    """The rows of a file, read as they are taken. ImportFailed: it cannot be read.

    `encodings`: what it may be in if it is not UTF-8. `fits`: is this the header of a known layout?
    By that the delimiter is told.
    """
    from analytics.importing.formats import other_format

    try:
        opener = other_format(Path(path))
        if opener is not None:
            with opener(Path(path)) as rows:
                yield rows
            return
        encoding = encoding_of(path, encodings)
        with Path(path).open(encoding=encoding, newline="") as file:
            opened = _delimited(path, file, fits)
            is_plain = encoding in {"utf-8", "utf-8-sig"}
            yield opened if is_plain else opened._replace(delimiter=None)
    except OSError as error:
        raise ImportFailed(f"{path} cannot be read: {error.strerror or error}") from error
    except UnicodeError as error:
        raise ImportFailed(f"{path} cannot be read as text: {error}") from error


def encoding_of(path: str, encodings: Sequence[str]) -> str:
    """The encoding of a file of text: by its byte order mark, UTF-8, or the first that fits."""
    with Path(path).open("rb") as file:
        start = file.read(4)
        for mark, encoding in _BOMS:
            if start.startswith(mark):
                return encoding
        for encoding in ("utf-8", *encodings):
            file.seek(0)
            if _decodes(file, encoding):
                return encoding
    tried = ", ".join(["UTF-8", *encodings])
    raise ImportFailed(
        f"{path} is not text in {tried}; save it as UTF-8, or as UTF-16 with a byte order mark"
    )


def _decodes(file: IO[bytes], encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        while chunk := file.read(_CHUNK):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _delimited(path: str, file: IO[str], fits: FitsHeader) -> SourceRows:
    csv.field_size_limit(MOST_CELL)
    sample = _first_record(file)
    if not sample.strip():
        raise ImportFailed(f"{path} has no header: it is empty")
    headers = {one: next(csv.reader(io.StringIO(sample), delimiter=one)) for one in DELIMITERS}
    fitting = [one for one in DELIMITERS if fits(headers[one])]
    delimiter = fitting[0] if fitting else max(DELIMITERS, key=lambda one: len(headers[one]))
    file.seek(0)
    reader = csv.reader(file, delimiter=delimiter)
    header = [one.strip() for one in next(reader)]
    return SourceRows(header, _records(path, reader, len(header)), delimiter == ";", delimiter)


def _first_record(file: IO[str]) -> str:
    """The lines of the header: a quoted name may hold a line break."""
    text = ""
    while line := file.readline(MOST_CELL):
        text += line
        if text.count('"') % 2 == 0:
            break
    return text


def _records(path: str, reader: Reader, width: int) -> Iterator[SourceRow]:
    last = reader.line_num
    try:
        for cells in reader:
            line, last = last + 1, reader.line_num
            if not cells:
                continue
            if len(cells) > width and not any(one.strip() for one in cells[width:]):
                cells = cells[:width]  # noqa: PLW2901 - delimiters at the end of the line
            yield SourceRow(line, [one.strip() or None for one in cells])
    except csv.Error as error:
        raise ImportFailed(f"{path}:{reader.line_num}: {error}") from error
