"""Which names look alike: other apostrophes, letters of another script, one letter too many.

No two names that look alike are the same to the tracker; people are only asked whether they meant
one of them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

LEAST_LETTERS = 5
"""Only in words of so many letters is one letter more or less likely to be a slip."""
MOST_WITH_EDITS = 5_000
"""Among more names than these, only those that look the same are found, which costs less."""

# Once normalised and in lower case: what is easily typed for one another, or looks the same.
_SAME = str.maketrans(
    dict.fromkeys(
        "\u2018\u2019\u201b\u02b9\u02bb\u02bc\u02bd\u02c8\u0060\u00b4\u2032\u055a\ua78c", "'"
    )
    | dict.fromkeys("_\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u00ad ", "-")
    | dict(zip("асеіјорԛѕԝухһԁӏьѵ", "aceijopqswyxhdlbv", strict=True))  # Cyrillic
    | dict(zip("αοινυρτκχε", "aoivuptkxe", strict=True))  # Greek
)
_WORD = re.compile(rf"[^\W\d_]{{{LEAST_LETTERS},}}")


def skeleton(name: str) -> str:
    """The same for all names that look like `name`: case, accents and what is unseen left out."""
    if name.isascii():
        return name.lower().translate(_SAME)
    # After folding, too: what a capital stands for may be composed again.
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", name).casefold())
    seen = (char for char in folded if unicodedata.category(char) not in {"Mn", "Cf"})
    return "".join(seen).translate(_SAME)


class Lookalikes:
    """Names, of which those are found that nearly are another one; the first spelling counts."""

    def __init__(self) -> None:
        self._exact: set[str] = set()
        self._first: dict[str, str] = {}
        self._edited: dict[tuple[str, str, str], str] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._exact

    def add(self, name: str) -> None:
        """Know `name` from now on."""
        if name in self._exact:
            return
        self._exact.add(name)
        shape = skeleton(name)
        self._first.setdefault(shape, name)
        if len(self._exact) <= MOST_WITH_EDITS:
            for key in _edits(shape):
                self._edited.setdefault(key, name)

    def near(self, name: str) -> str | None:
        """The known name that `name` probably stands for; None: it is known, or like none."""
        if name in self._exact:
            return None
        shape = skeleton(name)
        if shape in self._first:
            return self._first[shape]
        found = (self._edited[key] for key in _edits(shape) if key in self._edited)
        return next((one for one in found if one_edit_apart(shape, skeleton(one))), None)


def _edits(shape: str) -> Iterator[tuple[str, str, str]]:
    """`shape` as it is, and with one letter of a long word left out: before, word, after."""
    for word in _WORD.finditer(shape):
        before, text, after = shape[: word.start()], word.group(), shape[word.end() :]
        yield before, text, after
        for at in range(len(text)):
            yield before, text[:at] + text[at + 1 :], after


def one_edit_apart(one: str, other: str) -> bool:
    """Whether one letter is too many, missing, another, or two are exchanged."""
    if len(one) > len(other):
        one, other = other, one
    at = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), len(one))
    if len(one) < len(other):
        return len(other) - len(one) == 1 and one[at:] == other[at + 1 :]
    exchanged = one[at + 1 : at + 2] + one[at : at + 1] + one[at + 2 :]
    return one[at + 1 :] == other[at + 1 :] or exchanged == other[at:]
