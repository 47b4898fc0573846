"""What is known of states without boundaries: their names, and a few places in each of them."""

from __future__ import annotations

import difflib
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from importlib import resources

import pycountry

LEAST_OF_A_NAME = 4
"""What is shorter is a code or an abbreviation, and may be anybody's."""
_ISO_6709 = re.compile(r"([+-])(\d{2})(\d{2})(\d{2})?([+-])(\d{3})(\d{2})(\d{2})?")


def meant_by(party: str, known: Iterable[str]) -> str | None:
    """The one of `known` that `party` may have meant: the code of a state, or one that is close."""
    by_look = {one.casefold(): one for one in known}
    try:
        code = pycountry.countries.search_fuzzy(party)[0].alpha_3.casefold()
    except LookupError:
        code = ""
    close = [code] if code in by_look else difflib.get_close_matches(party.casefold(), by_look, n=1)
    return by_look[close[0]] if close else None


@lru_cache(maxsize=4_096)
def code_of_state(party: str) -> str | None:
    """The ISO 3166-1 alpha-3 code of the state whose name `party` is; None: it is no such name.

    `Russia` is the beginning of one. Parties are free identifiers, so nothing is guessed.
    """
    if len(party) < LEAST_OF_A_NAME:
        return None
    wanted = party.casefold()
    names = [
        (str(getattr(country, field)).casefold(), str(country.alpha_3))
        for country in pycountry.countries
        for field in ("name", "common_name", "official_name")
        if hasattr(country, field)
    ]
    whole = next((code for name, code in names if name == wanted), None)
    begun = {code for name, code in names if name.startswith(wanted)}
    return whole or (begun.pop() if len(begun) == 1 else None)


@lru_cache(maxsize=1)
def _places() -> Mapping[str, Sequence[tuple[float, float]]]:
    found: defaultdict[str, list[tuple[float, float]]] = defaultdict(list)
    listed = resources.files("tzdata.zoneinfo").joinpath("zone.tab").read_text(encoding="utf-8")
    for line in listed.splitlines():
        if not line.startswith("#"):
            code, position, *_ = line.split("\t")
            if match := _ISO_6709.fullmatch(position):
                found[code].append((_degrees(*match.group(1, 2, 3, 4)),
                                    _degrees(*match.group(5, 6, 7, 8))))  # fmt: skip
    return found


def _degrees(sign: str, degrees: str, minutes: str, seconds: str | None) -> float:
    size = int(degrees) + int(minutes) / 60 + int(seconds or 0) / 3_600
    return -size if sign == "-" else size


def places_of(code: str) -> Sequence[tuple[float, float]]:
    """(Latitude, longitude) of the cities that stand for the time zones of a country.

    `code` is of the country, or of a part of it. From the list that tzdata has.
    """
    return _places().get(code.partition("-")[0], ())
