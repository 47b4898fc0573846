"""A warning: where in the input, about which field, what is odd and what was probably meant."""

from __future__ import annotations

from typing import NamedTuple

from schemas.safe_text import for_terminal

MOST_WARNINGS = 20
"""How many warnings one command or one post gives; further ones are counted."""


class Whence(NamedTuple):
    """A place of the input: line or index `number` of `file`, which a post does not have."""

    file: str
    number: int | None

    def __str__(self) -> str:
        number = "" if self.number is None else str(self.number)
        return f"{self.file}:{number}" if self.file and number else self.file or number


class Oddity(NamedTuple):
    """What is odd in one event. The same `cause` and `subject` again is warned of once."""

    cause: str
    subject: str
    field: str
    reason: str


class EventWarning(NamedTuple):
    """What is odd, how often, and where first; `whence` is None for what is about no one event."""

    whence: Whence | None
    field: str
    reason: str
    times: int = 1

    @property
    def said(self) -> str:
        """The reason, and how often there is one."""
        return self.reason + (f" ({self.times:,} times, first here)" if self.times > 1 else "")

    def __str__(self) -> str:
        """`FILE:LINE: field: reason`, on one line whatever the input held."""
        where = [] if self.whence is None else [str(self.whence)]
        return for_terminal(": ".join(one for one in (*where, self.field, self.said) if one))


def bounded(found: list[EventWarning], most: int = MOST_WARNINGS) -> list[EventWarning]:
    """`found`; of more than `most`, the first of them and one that counts the others."""
    if len(found) <= most:
        return found
    rest = f"and {len(found) - most:,} more warnings"
    return [*found[:most], EventWarning(None, "", rest)]
