"""How what is typed for a field becomes its JSON; whether that is right, the models say."""

from __future__ import annotations

import json
import re
from typing import Any

OTHERS = "others"
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_POINT = re.compile(
    r"([+-]?[0-9.]+)\s*,\s*([+-]?[0-9.]+)(?:\s*,\s*([0-9.]+))?(?:@([^@]+))?", re.ASCII
)
_DAILY = re.compile(r"(\S+?)\s*-\s*(\S+)\s+(\S+)")


class UnreadError(ValueError):
    """What was typed has not the form that the field has."""


def text(typed: str) -> str:
    """As it is."""
    return typed


def yes(typed: str) -> bool:
    """A flag, which is given or not."""
    return bool(typed)


def json_text(typed: str) -> Any:  # noqa: ANN401 - JSON
    """JSON."""
    try:
        return json.loads(typed)
    except (ValueError, RecursionError) as error:
        raise UnreadError(f"not JSON: {error}") from None


def term(typed: str) -> str | None:
    """A word of a vocabulary; null for others that were not named."""
    return None if typed == OTHERS else typed


def place(typed: str) -> Any:  # noqa: ANN401 - JSON
    """A place or a part of an area."""
    if typed == OTHERS:
        return None
    if typed.startswith("{"):
        return json_text(typed)
    if "|" in typed:
        return {"one_of": [place(one.strip()) for one in typed.split("|")]}
    point = _POINT.fullmatch(typed)
    if point is None:
        return typed
    lat, lon, radius, codes = point.groups()
    found: dict[str, Any] = {"lat": _number(lat), "lon": _number(lon)}
    if radius is not None:
        found["radius_km"] = _number(radius)
    if codes is not None:
        found["codes"] = codes.split("/")
    return found


def _number(typed: str) -> int | float:
    try:
        return float(typed) if "." in typed else int(typed)
    except ValueError:
        raise UnreadError(f"{typed!r} is not a number") from None


def count(typed: str) -> Any:  # noqa: ANN401 - JSON
    """`71`, `70..75`, `70..` or `..75`."""
    least, dots, most = typed.partition("..")
    if not dots:
        return _whole(typed)
    limits = {"min": least.strip(), "max": most.strip()}
    return {name: _whole(limit) for name, limit in limits.items() if limit}


def _whole(typed: str) -> int | float:
    if not _NUMBER.fullmatch(typed.strip()):
        raise UnreadError(f"{typed!r} is not a number, or LEAST..MOST")
    return _number(typed.strip())


def weapon(typed: str) -> dict[str, Any]:
    """`missile:71:38`; either number may be left empty."""
    name, *counts = typed.split(":")
    if len(counts) > 2:  # noqa: PLR2004
        raise UnreadError("expected TYPE:LAUNCHED:INTERCEPTED")
    numbers = zip(("launched", "intercepted"), counts, strict=False)
    return {"type": name.strip()} | {of: count(one) for of, one in numbers if one}


def effect(typed: str) -> tuple[str, Any]:
    """`killed=3`."""
    name, sign, number = typed.partition("=")
    if not sign:
        raise UnreadError("expected NAME=COUNT, e.g. killed=3")
    return name.strip(), count(number)


UNKNOWN_BOUND = object()
"""A bound that was asked for and is not known: it is left out."""


def bound(typed: str) -> Any:  # noqa: ANN401 - JSON
    """A bound of a window: a time, `EARLIEST..LATEST`, `open` or `unknown`."""
    if typed == "open":
        return None
    if typed == "unknown":
        return UNKNOWN_BOUND
    earliest, dots, latest = typed.partition("..")
    if not dots:
        return typed
    limits = {"earliest": earliest.strip(), "latest": latest.strip()}
    return {name: limit for name, limit in limits.items() if limit}


def daily(typed: str) -> dict[str, str]:
    """`08:00-14:00 Europe/Kyiv`."""
    found = _DAILY.fullmatch(typed)
    if found is None:
        raise UnreadError("expected hours and a time zone, e.g. 08:00-14:00 Europe/Kyiv")
    return dict(zip(("from", "to", "zone"), found.groups(), strict=True))
