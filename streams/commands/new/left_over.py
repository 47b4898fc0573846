"""What in a row of a sheet would go unread: words of no list, and fields that others rule out.

A form shows only what goes together, and its lists have only their words; a cell takes anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from streams.commands.new.columns import COLUMNS, FIXED
from streams.commands.new.entered import TypedForm


class ReadWith(NamedTuple):
    """A field is read if `other` is one of `words`; without any, if something is entered there."""

    other: str
    words: Sequence[str] = ()


_TIMED = ("", "between", "throughout")
_BOUND = ("", "at", "between")
NEEDS: Mapping[str, Mapping[str, ReadWith]] = {
    "report": {
        "when": ReadWith("start"),
        "end": ReadWith("when", _TIMED),
        "margin": ReadWith("when", ("around",)),
        "confidence": ReadWith("actor"),
        **{
            f"{of}{n}": ReadWith(f"weapon{n}")
            for n in range(3)
            for of in ("launched", "intercepted")
        },
        **{f"figure{n}": ReadWith(f"effect{n}") for n in range(4)},
    },
    "claim": {
        "start": ReadWith("start_how", _BOUND),
        "start_latest": ReadWith("start_how", ("", "between")),
        "end": ReadWith("end_how", _BOUND),
        "end_latest": ReadWith("end_how", ("", "between")),
        "daily_from": ReadWith("daily_to"),
        "daily_to": ReadWith("daily_from"),
    },
}
_DATED = {"start_how": "start", "end_how": "end"}


def left_over(kind: str, form: TypedForm) -> Iterator[tuple[str, str]]:
    """Each field that would not be read as it was entered, and why."""
    for column in COLUMNS[kind]:
        words = FIXED.get(column.choices)
        if words and (entered := form.one(column.field)) and entered not in words:
            yield column.field, f"expected {' or '.join(words)}"
    labels = {column.field: column.label for column in COLUMNS[kind]}
    for field, need in NEEDS.get(kind, {}).items():
        if not form.one(field):
            continue
        given = form.one(need.other)
        if need.words and given not in need.words:
            yield field, f"is not read where {labels[need.other]!r} is {given or 'empty'}"
        elif not need.words and not given:
            yield field, f"is not read without {labels[need.other]!r}"
    for how, moment in _DATED.items():
        if form.one(how) in {"at", "between"} and not form.one(moment):
            yield how, f"is not read without {labels[moment]!r}"
