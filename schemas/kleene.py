"""Strong Kleene logic over `bool | None`: yes, no, and unknown, which is neither.

Unknown is contagious only where it could matter. SQL's `AND`, `OR` and NULL are the same logic.
"""

from __future__ import annotations

from collections.abc import Iterable


def all_of(answers: Iterable[bool | None]) -> bool | None:
    """AND: any no is no, all yes is yes (of none, too), otherwise unknown."""
    said = tuple(answers)
    if False in said:
        return False
    return None if None in said else True


def any_of(answers: Iterable[bool | None]) -> bool | None:
    """OR: any yes is yes, all no is no (of none, too), otherwise unknown."""
    said = tuple(answers)
    if True in said:
        return True
    return None if None in said else False


def unanimous(answers: Iterable[bool | None]) -> bool | None:
    """What all answers agree on. Unknown where they differ, or where there is nobody to ask."""
    distinct = set(answers)
    return distinct.pop() if len(distinct) == 1 else None
