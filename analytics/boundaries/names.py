"""The current ISO 3166-2 list, and the names by which its codes are found, in any script."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache, cached_property, lru_cache
from importlib.resources import files
from typing import NamedTuple

import pycountry

from schemas.places import place_codes, subdivision_parents


class NameWords(NamedTuple):
    """The words and letters of `words.toml`."""

    city: frozenset[str]
    region: frozenset[str]
    kinds: frozenset[str]
    adjective: re.Pattern[str]
    apostrophe: re.Pattern[str]
    letters: Mapping[int, str]


@cache
def words() -> NameWords:
    """What names are made of beside what is proper to them."""
    text = files("analytics.boundaries").joinpath("words.toml").read_text("utf-8")
    found = tomllib.loads(text)
    city, region, small = (frozenset(found[key].split()) for key in ("city", "region", "small"))
    return NameWords(
        city,
        region,
        city | region | small,
        re.compile(found["adjective"]),
        re.compile(found["apostrophe"]),
        str.maketrans(found["letters"]),
    )


@lru_cache(maxsize=65_536)
def normalised(name: str) -> str:
    """A name without case, marks and punctuation: `Kyïvs'ka oblast'` is `kyivska oblast`."""
    apart = unicodedata.normalize("NFKD", name.casefold().translate(words().letters))
    kept = "".join(one for one in apart if not unicodedata.combining(one))
    return " ".join(re.findall(r"[^\W_]+", words().apostrophe.sub("", kept)))


@lru_cache(maxsize=65_536)
def proper(name: str) -> str:
    """A normalised name without the words that say what kind of place it is."""
    kept = [word for word in name.split() if word not in words().kinds]
    return " ".join(words().adjective.sub("", word) for word in kept) or name


@lru_cache(maxsize=65_536)
def containers(code: str) -> tuple[str, ...]:
    """`code`, the subdivisions that ISO has it in, and its country: finest first."""
    found, parents = [code], subdivision_parents()
    while (parent := parents.get(found[-1])) is not None:
        found.append(parent)
    country = code.partition("-")[0]
    return tuple(found) if found[-1] == country else (*found, country)


def common(codes: Iterable[str]) -> str:
    """The finest code that all of these are within; "" if there is none."""
    chains = [containers(code) for code in codes]
    return next((one for one in chains[0] if all(one in chain for chain in chains)), "")


@cache
def iso_names() -> Mapping[str, Mapping[str, tuple[str, ...]]]:
    """By country, the normalised names that the ISO list has of each of its subdivisions."""
    found: dict[str, dict[str, tuple[str, ...]]] = defaultdict(dict)
    for part in pycountry.subdivisions:
        found[part.country_code][part.code] = tuple(
            dict.fromkeys(normalised(name) for name in _variants(part.name))
        )
    return found


def _variants(name: str) -> Iterator[str]:
    """`Illes Balears [Islas Baleares]` names one place twice, `Asturias, Principado de` too."""
    yield name
    yield from (one for one in re.split(r"[\[\]()/,;]", name) if one.strip())


@cache
def listed_names() -> Mapping[str, str]:
    """What ISO calls each country and subdivision, by their codes."""
    countries = {
        one.alpha_2: str(getattr(one, "common_name", one.name)) for one in pycountry.countries
    }
    return countries | {part.code: part.name for part in pycountry.subdivisions}


def listed_name(code: str) -> str:
    """What ISO calls a country or a subdivision; the code itself if it lists none."""
    return listed_names().get(code, code)


def is_country(code: str) -> bool:
    """Whether ISO 3166-1 has this code."""
    return "-" not in code and code in place_codes()


@cache
def cities() -> frozenset[str]:
    """The codes of subdivisions that are a city, by what ISO calls their kind."""
    kinds = {part.code: part.type.casefold() for part in pycountry.subdivisions}
    return frozenset(code for code, kind in kinds.items() if "city" in kind or "capital" in kind)


def codes_named(country: str, name: str) -> frozenset[str]:
    """The codes of the subdivisions of a country that the ISO list has by this name."""
    return of_name(iso_names().get(country, {}), name)


def of_name(names: Mapping[str, Sequence[str]], name: str) -> frozenset[str]:
    """The codes that have this name; by code, `names` are normalised.

    Words for the kind of place only choose between a city and the region around it that share a
    name: without such a word the name is the city's.
    """
    wanted = normalised(name)
    short, said = proper(wanted), set(wanted.split())
    found = {code for code, its in names.items() if wanted in its or short in map(proper, its)}
    if len(found) > 1:
        is_region = not said.isdisjoint(words().region) and said.isdisjoint(words().city)
        chosen = found - cities() if is_region else found & cities()
        found = chosen or found
    if len(found) > 1:
        exact = {code for code in found if wanted in names[code]}
        found = exact or found
    return frozenset(found)


class Suggestion(NamedTuple):
    """A place for what somebody began to type: its code, what ISO calls it, and where it is."""

    code: str
    name: str
    country: str


class PlaceNames:
    """What countries and areas are called, in any language."""

    def __init__(self, sources: Sequence[Mapping[str, Sequence[str]]]) -> None:
        """`sources`: by code, the names of each area."""
        self._of: dict[str, dict[str, tuple[str, ...]]] = {
            country: dict(its) for country, its in iso_names().items()
        }
        for source in sources:
            for code, names in source.items():
                its = self._of.setdefault(code[:2], {})
                its[code] = (*its.get(code, ()), *dict.fromkeys(map(normalised, names)))

    def codes_named(self, country: str, name: str) -> frozenset[str]:
        """The codes of the subdivisions of a country that have this name."""
        return of_name(self._of.get(country, {}), name)

    def search(self, text: str, most: int) -> list[Suggestion]:
        """The places whose names fit best: those that are it, that begin with it, that have it."""
        wanted = normalised(text)
        if not wanted:
            return []
        best: dict[str, tuple[int, int]] = {}
        for code, name in self._every:
            if wanted in name:
                # Of what fits alike, that with the least beside it.
                fit = 0 if name == wanted else 1 if name.startswith(wanted) else 2
                fit += 3 * (fit == 2 and f" {wanted}" not in name)  # noqa: PLR2004
                best[code] = min(best.get(code, (9, 0)), (fit, len(name)))
        ranked = sorted(best, key=lambda code: (best[code], "-" in code, code))
        return [
            Suggestion(code, listed_name(code), listed_name(code[:2])) for code in ranked[:most]
        ]

    @cached_property
    def _every(self) -> list[tuple[str, str]]:
        countries = [
            (country.alpha_2, normalised(name))
            for country in pycountry.countries
            for name in {country.name, getattr(country, "common_name", country.name)}
        ]
        parts = [
            (code, name)
            for its in self._of.values()
            for code, names in its.items()
            for name in dict.fromkeys(names)
        ]
        return countries + parts
