"""The cells of one row of a table, and what is wrong with one that does not fit."""

from __future__ import annotations

import re
from collections.abc import Mapping

from analytics.importing.layouts import normal

MappedCells = Mapping[str, str]
"""The texts of a row by their columns; a blank cell is not among them."""


class CellMisfit(Exception):  # noqa: N818 - it ends one row, and no more
    """A value that does not fit."""

    def __init__(self, column: str, reason: str) -> None:
        super().__init__(column, reason)
        self.column, self.reason = column, reason


def number(text: str, column: str, *, comma: bool) -> float:
    """A number; `comma`: with a decimal comma. Misfit: it is none."""
    try:
        return float(text.replace(",", ".") if comma else text)
    except ValueError:
        hint = "; if it is a range, say in `ranges` what stands between" if _is_range(text) else ""
        raise CellMisfit(column, f"{text[:60]!r} is not a number{hint}") from None


def _is_range(text: str) -> bool:
    return re.fullmatch(r"\d+\s*[^\d.,\s]+\s*\d+", text) is not None


def word(words: dict[str, str] | None, text: str | None, column: str) -> str | None:
    """What a text means. Misfit: it is not among the words."""
    if text is None or words is None:
        return text
    if text not in words:
        raise CellMisfit(
            column, f"{text[:60]!r} is not among the words that the mapping has for it"
        )
    return words[text]


def parts(text: str | None, separator: str | None) -> list[str]:
    """What is in a cell, between separators if there is one."""
    if text is None:
        return []
    parts = [text] if separator is None else text.split(separator)
    return [one.strip() for one in parts if one.strip()]


def required(column: str, cells: MappedCells) -> str:
    """A cell that may not be blank. Misfit: it is."""
    try:
        return cells[normal(column)]
    except KeyError:
        raise CellMisfit(normal(column), "blank; expected a part of the id") from None
