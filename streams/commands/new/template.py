"""`--template`: an example with a comment above each field, and how a filled one is read again.

No line of it is an event, so `truce publish` refuses it: only `--file` reads it.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

from streams.commands.new.explained import Explained
from streams.errors import BadInput

WIDTH = 96
COMMENT = "#"


def template(event: Mapping[str, Any], explained: Explained, how: str) -> Iterator[str]:
    """The lines of a template; `how` says what to do with it."""
    for line in textwrap.wrap(how, WIDTH - 2):
        yield f"{COMMENT} {line}"
    yield from _value(event, explained, "", 0, "", set())


def filled(name: str, text: str) -> dict[str, Any]:
    """The event, or what there is of one, in a template that was filled in. BadInput."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            names = [key for key, _ in pairs]
            twice = next(key for key in names if names.count(key) > 1)
            raise BadInput(f"{name}: {twice!r} is given more than once; which is meant?")
        return found

    try:
        # Lines are blanked and not taken out: an error is to name the line of the file.
        lines = text.removeprefix("\ufeff").splitlines()
        blanked = ("" if one.lstrip().startswith(COMMENT) else one for one in lines)
        event = json.loads("\n".join(blanked), object_pairs_hook=once)
    except (json.JSONDecodeError, RecursionError) as error:
        raise BadInput(f"{name}: not JSON with comments: {error}") from None
    if not isinstance(event, dict):
        raise BadInput(f"{name}: expected one JSON object")
    return event


def _value(
    value: object, explained: Explained, path: str, depth: int, tail: str, seen: set[str]
) -> Iterator[str]:
    """The lines of a value; the first one goes on where a name was written."""
    pad, inner = "  " * depth, "  " * (depth + 1)
    if _is_short(value, explained, path) or not isinstance(value, dict | list):
        yield f"{json.dumps(value, ensure_ascii=False)}{tail}"
        return
    opening, closing = ("{", "}") if isinstance(value, dict) else ("[", "]")
    yield opening
    entries = list(value.items()) if isinstance(value, dict) else [(None, one) for one in value]
    for number, (name, one) in enumerate(entries):
        at = path if name is None else f"{path}.{name}".lstrip(".")
        if at in explained and at not in seen and name is not None:
            seen.add(at)
            for line in textwrap.wrap(explained[at], WIDTH - len(inner) - 2):
                yield f"{inner}{COMMENT} {line}"
        key = "" if name is None else f"{json.dumps(name)}: "
        comma = "," if number < len(entries) - 1 else ""
        first, *rest = _value(one, explained, at, depth + 1, comma, seen)
        yield f"{inner}{key}{first}"
        yield from rest
    yield f"{pad}{closing}{tail}"


def _is_short(value: object, explained: Explained, path: str) -> bool:
    """Does it fit on one line, with nothing in it that is to be explained?"""
    if isinstance(value, dict):
        return not any(f"{path}.{name}".lstrip(".") in explained for name in value)
    if isinstance(value, list):
        return all(_is_short(one, explained, path) for one in value)
    return True
