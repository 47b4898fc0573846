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
        self._stops = array("Q")
        self._names: dict[str, int] = {}
        self._places: list[array[int]] = [array("L"), array("Q")]

    def add(self, file: str, number: int, text: bytes) -> None:
        """Keep an event that a row of `file` says."""
        self._places[0].append(self._names.setdefault(file, len(self._names)))
        self._places[1].append(number)
        self._file.write(text)
        self._stops.append((self._stops[-1] if self._stops else 0) + len(text))

    def __len__(self) -> int:
        return len(self._stops)

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
        start = self._stops[at - 1] if at else 0
        self._file.seek(start)
        text = self._file.read(self._stops[at] - start)
        return Line(list(self._names)[self._places[0][at]], self._places[1][at], text)

    def __iter__(self) -> Iterator[str | Line]:
        """All events, in order. To be taken to the end before any is asked for by its place."""
        names, start = list(self._names), 0
        self._file.seek(0)
        for name, number, stop in zip(*self._places, self._stops, strict=True):
            yield Line(names[name], number, self._file.read(stop - start))
            start = stop

    def close(self) -> None:
        """Remove the file."""
        self._file.close()


def write_event(text: bytes) -> None:
    """Print an event on a line of stdout."""
    sys.stdout.write(text.decode() + "\n")
