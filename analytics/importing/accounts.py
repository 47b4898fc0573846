"""What became of every row: an event, refused with a reason, or skipped with one. It adds up."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from analytics.importing.problems import BrokenSource
from schemas.safe_text import for_terminal

UNSAID, EVENT, SKIPPED, REFUSED = range(4)
WORDS = ("unsaid", "event", "skipped", "refused")


class Fate(NamedTuple):
    """What became of a row: `event`, `skipped` or `refused`; its events, or why it has none."""

    file: str
    line: int
    became: str
    events: Sequence[str]
    reason: str


class Accounts:
    """What became of each row, by its number from 1."""

    def __init__(self, total: int) -> None:
        self._files: list[str] = []
        self._file = array("H", bytes(2 * (total + 1)))
        self._line = array("Q", bytes(8 * (total + 1)))
        self._became = bytearray(total + 1)
        self._reasons: dict[int, list[str]] = {}
        self._events: dict[int, list[str]] = {}
        self.skipped = Counter[str]()

    def place(self, row: int, file: str, line: int) -> None:
        """Say where a row was read."""
        if not self._files or self._files[-1] != file:
            self._files.append(file)
        self._file[row], self._line[row] = len(self._files) - 1, line

    def whence(self, row: int) -> tuple[str, int]:
        """The file and the line of a row."""
        return self._files[self._file[row]], self._line[row]

    def refuse(self, row: int, column: str, reason: str) -> str:
        """Note that a row is refused. Returns `FILE:LINE: column: reason`."""
        self._became[row] = REFUSED
        said = f"{column}: {reason}" if column else reason
        self._reasons.setdefault(row, []).append(said)
        file, line = self.whence(row)
        return for_terminal(f"{file}:{line}: {said}")

    def skip(self, row: int, reason: str) -> None:
        """Note that a row is to be no event."""
        self._claim(row, SKIPPED)
        self._reasons[row] = [reason]
        self.skipped[reason] += 1

    def take(self, row: int) -> None:
        """Note that an event is made of a row."""
        if self._became[row] != EVENT:
            self._claim(row, EVENT)

    def event(self, row: int, identifier: str) -> None:
        """Note the event that a row was made into, for who wants the fate of every row."""
        self._events.setdefault(row, []).append(identifier)

    def _claim(self, row: int, became: int) -> None:
        before = self._became[row]
        if before != UNSAID:
            file, line = self.whence(row)
            raise BrokenSource(
                f"{file}:{line}: the source's SQL says both that it is {WORDS[before]} and that it "
                f"is {WORDS[became]}"
            )
        self._became[row] = became

    def check(self) -> None:
        """BrokenSource: the source says nothing of some row."""
        row = self._became.find(UNSAID, 1)
        if row > 0:
            file, line = self.whence(row)
            raise BrokenSource(f"{file}:{line}: the source's SQL says nothing of this row")

    @property
    def has_refused(self) -> bool:
        """Is any row refused by now?"""
        return REFUSED in self._became

    def count(self, became: int) -> int:
        """How many rows became that."""
        return self._became.count(became, 1)

    def fates(self) -> Iterator[Fate]:
        """What became of each row, in order."""
        for row in range(1, len(self._became)):
            file, line = self.whence(row)
            yield Fate(
                file,
                line,
                WORDS[self._became[row]],
                self._events.get(row, ()),
                "; ".join(self._reasons.get(row, ())),
            )
