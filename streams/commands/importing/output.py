"""Where the events of an import go: to stdout, or into a file from which they are published."""

from __future__ import annotations

import sys
import tempfile
from array import array
from collections.abc import Iterator, Sequence
from typing import overload

from schemas.json_lines import Line

GONE = "gone"
"""What stands for the file of a retraction that no row says."""


class EventLines(Sequence[str | Line]):
    """Events with the rows that they are of, in a temporary file: 100,000 of them are 100 MB."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - it is closed with this
        self._starts = array("Q")
        self._end = 0
        self._names: dict[str, int] = {}
        self._places: list[array[int]] = [array("L"), array("Q")]

    def add(self, file: str, number: int, text: bytes) -> None:
        """Keep an event that a row of `file` says."""
        self._starts.append(self._end)
        self._places[0].append(self._names.setdefault(file, len(self._names)))
        self._places[1].append(number)
        self._file.write(text)
        self._end += len(text)

    def __len__(self) -> int:
        return len(self._starts)

    @overload
    def __getitem__(self, at: int) -> Line: ...

    @overload
    def __getitem__(self, at: slice) -> list[str | Line]: ...

    def __getitem__(self, at: int | slice) -> Line | list[str | Line]:
        """The event at a place."""
        if isinstance(at, slice):
            return [self[one] for one in range(*at.indices(len(self)))]
        if not 0 <= at < len(self):
            raise IndexError(at)
        stop = self._starts[at + 1] if at + 1 < len(self) else self._end
        self._file.seek(self._starts[at])
        text = self._file.read(stop - self._starts[at])
        return Line(list(self._names)[self._places[0][at]], self._places[1][at], text)

    def __iter__(self) -> Iterator[str | Line]:
        """All events, in order."""
        return (self[at] for at in range(len(self)))

    def close(self) -> None:
        """Remove the file."""
        self._file.close()


def write_event(text: bytes) -> None:
    """Print an event on a line of stdout."""
    sys.stdout.write(text.decode() + "\n")
