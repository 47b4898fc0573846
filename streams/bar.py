"""How far something long is, for whoever looks: a bar that a command draws, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol


class Bar(Protocol):
    """How far something is."""

    def advance(self, by: int) -> None:
        """So much more is done."""

    def expect(self, total: int) -> None:
        """So much there is to do."""


Bars = Callable[[str, int | None], AbstractContextManager[Bar]]
"""Makes a bar for what is being done, of so many steps, if that is known."""


class Unseen:
    """A bar at which nobody looks."""

    def advance(self, by: int) -> None:
        """Nobody looks."""

    def expect(self, total: int) -> None:
        """Nobody looks."""


@contextmanager
def no_bar(_doing: str, _total: int | None) -> Iterator[Bar]:
    """What draws nothing, as in a worker."""
    yield Unseen()
