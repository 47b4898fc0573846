"""Messages of bounded size: as many whole items as there is room for, and how many are left out."""

from __future__ import annotations

import json
from collections.abc import Sequence

from schemas.safe_text import for_json

MOST_BYTES = 8 * 1024
"""No message is larger, whatever the reports hold."""
LEAST_BYTES = 40
"""In less room nothing is said at all."""


def dumps(document: object) -> str:
    """A JSON text without anything that is not fit to be shown."""
    return for_json(json.dumps(document, ensure_ascii=False))


def size(value: object) -> int:
    """How many bytes `value` takes in JSON."""
    return len(dumps(value).encode())


def cut(text: str, most: int) -> str:
    """`text` in at most `most` bytes of JSON; of what is left out, the number of characters."""
    if size(text) <= most:
        return text
    low, high = 0, min(len(text), most)
    while low < high:
        kept = (low + high + 1) // 2
        low, high = (kept, high) if size(_marked(text, kept)) <= most else (low, kept - 1)
    return _marked(text, low) if low else ""


def _marked(text: str, kept: int) -> str:
    return f"{text[:kept]}\u2026 (+{len(text) - kept:,} characters)"


def listed(
    items: Sequence[str], separator: str, most: int, *, can_be_cut: bool = True
) -> tuple[str, int]:
    """Items in at most `most` bytes of JSON, and how many are left out, which is said in it, too.

    `can_be_cut`: the first one is cut if it is too long by itself. A part of a link leads nowhere.
    """
    whole = separator.join(items)
    if size(whole) <= most:
        return whole, 0
    room = most - size(separator + _more(len(items)))
    kept: list[str] = []
    for item in items:
        room -= size(separator + item) - 2
        if room < 0:
            break
        kept.append(item)
    if not kept and can_be_cut and most > LEAST_BYTES:
        rest = len(items) - 1
        end = separator + _more(rest) if rest else ""
        first = cut(items[0], most - size(end))
        return (first + end if first else ""), len(items) - bool(first)
    left = len(items) - len(kept)
    end = _more(left)
    return (separator.join((*kept, end)) if size(end) <= most else ""), left


def _more(count: int) -> str:
    return f"\u2026 and {count:,} more"
