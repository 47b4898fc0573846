"""Which edition of a dataset a header belongs to: what is missing or unknown is named."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Self

from analytics.importing.problems import ImportFailed

MOST_NAMED = 12
"""How many columns a message names; the others are counted."""
_OPTIONAL = "?"


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns of an edition: those that it must have, and those that it may have."""

    name: str
    required: frozenset[str]
    all_columns: tuple[str, ...]

    @classmethod
    def read(cls, name: str, text: str) -> Self:
        """The layout whose columns are listed in `text`; one with a `?` after it is optional."""
        listed = [normal(one) for one in text.split(",") if one.strip()]
        names = tuple(one.removesuffix(_OPTIONAL) for one in listed)
        return cls(name, frozenset(one for one in listed if not one.endswith(_OPTIONAL)), names)


@dataclass(frozen=True, slots=True)
class LayoutMisfit:
    """A header that looks like the dataset's and is not: any that has all these columns."""

    name: str
    columns: frozenset[str]
    why: str

    @classmethod
    def read(cls, name: str, text: str) -> Self:
        """The misfit whose columns, and after a bar the reason, are in `text`."""
        columns, _, why = text.partition("|")
        return cls(name, frozenset(normal(one) for one in columns.split(",")), why.strip())


class Fit(NamedTuple):
    """The layout of a header, and the columns in it that the layout does not know."""

    layout: Layout
    unknown: tuple[str, ...]

    def unknown_columns(self) -> str:
        """Which columns are not read."""
        return f"not read, since the layout {self.layout.name!r} has none: {listed(self.unknown)}"

    def places(self, header: Sequence[str], columns: Sequence[str]) -> list[int | None]:
        """Where in a record each of the columns is; None: this edition has it not."""
        known = frozenset(self.layout.all_columns)
        at = {normal(name): place for place, name in enumerate(header)}
        return [at.get(name) if name in known else None for name in columns]


def normal(name: str) -> str:
    """A column's name as layouts and SQL have it."""
    return " ".join(name.split()).lower()


def fits(layouts: Sequence[Layout], header: Sequence[str]) -> bool:
    """Does any layout have all its columns in this header?"""
    names = frozenset(map(normal, header))
    return any(layout.required <= names for layout in layouts)


def fit(
    file: str, layouts: Sequence[Layout], misfits: Sequence[LayoutMisfit], header: Sequence[str]
) -> Fit:
    """The layout of the header of `file`. ImportFailed: none fits, and what is wrong with it."""
    names = [normal(one) for one in header]
    given = frozenset(names)
    for one in misfits:
        if one.columns <= given:
            raise ImportFailed(f"{file}: this is the {one.name}: {one.why}")
    twice = [name for name, times in Counter(names).items() if times > 1 and name]
    if twice:
        raise ImportFailed(f"{file}: the header names {listed(twice)} more than once")
    found = [one for one in layouts if one.required <= given]
    if not found:
        raise ImportFailed(_unknown_edition(file, layouts, names))
    # Of the editions with as many columns of this header, the last in the source's list is meant.
    best = max(found, key=lambda one: (len(given & frozenset(one.all_columns)), len(one.required)))
    known = frozenset(best.all_columns)
    return Fit(best, tuple(name for name in names if name not in known))


def listed(names: Sequence[str]) -> str:
    """Columns for a message: the first of them by name, the others by number."""
    shown = ", ".join(repr(one) for one in names[:MOST_NAMED])
    rest = len(names) - MOST_NAMED
    return f"{shown} and {rest} more" if rest > 0 else shown


def _unknown_edition(file: str, layouts: Sequence[Layout], names: Sequence[str]) -> str:
    given = frozenset(names)
    closest = max(layouts, key=lambda one: len(one.required & given) - len(one.required - given))
    missing = [one for one in closest.all_columns if one in closest.required - given]
    unknown = [one for one in names if one and one not in closest.all_columns]
    parts = [f"its header lacks {listed(missing)}"]
    if unknown:
        parts.append(f"it has {listed(unknown)} that nothing is known of")
    return f"{file}: an unknown edition; beside the layout {closest.name!r} " + ", and ".join(parts)
