"""The boundaries that are installed: Natural Earth's at 1:10 million, from the package `giso`.

The file is read where the package has it; nothing of the package is run. What its codes mean by
the ISO list of today is in `natural_earth.toml`.
"""

from __future__ import annotations

import tomllib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import numpy as np
import shapely
from numpy.typing import NDArray

from analytics.boundaries.areas import AreaNames, Areas, BoundariesError
from analytics.boundaries.names import codes_named, common, containers, is_country
from schemas.places import subdivision_parents

PACKAGE: Final = "giso"
FILE: Final = ("data", "ne_10m_admin_1_states_provinces.parquet")
ERROR_KM: Final = 4.0
"""How far its borders may be drawn from where they are, at 15 points: docs/places.md has them."""
NAMED: Final = ("name", "name_en", "gn_name", "name_local", "name_alt")
"""The columns with names, those first that are of the place as it is now."""


def natural_earth() -> Areas | None:
    """The installed boundaries; None: the package is not installed. BoundariesError."""
    found = find_spec(PACKAGE)
    if found is None or not found.submodule_search_locations:
        return None
    file = Path(found.submodule_search_locations[0]).joinpath(*FILE)
    try:
        columns = columns_of(file, ("adm1_code", "iso_3166_2", *NAMED, "geometry"))
        shapes = shapely.from_wkb(columns["geometry"])
    except (OSError, KeyError, ValueError, shapely.GEOSException) as error:
        raise BoundariesError(
            f"{file}: the installed boundaries cannot be read: {error}"
        ) from error
    coder = Coder()
    polygons, codes = coder.in_parts(shapes, coder.codes(columns), columns["iso_3166_2"])
    return Areas(
        f"Natural Earth 1:10m ({PACKAGE} {version(PACKAGE)})",
        polygons,
        codes,
        ERROR_KM,
        is_world=True,
        names=lambda: _names(file),
    )


def columns_of(file: Path, names: Sequence[str]) -> dict[str, Any]:
    """These columns of the file: the geometries as WKB, the rest as they are."""
    from pyarrow import parquet

    table = parquet.read_table(file, columns=list(names), use_threads=False)
    return {
        name: table[name].to_numpy() if name == "geometry" else table[name].to_pylist()
        for name in names
    }


class Coder:
    """Finds the ISO code of each polygon."""

    def __init__(self) -> None:
        text = files("analytics.boundaries").joinpath("natural_earth.toml").read_text("utf-8")
        self.rules: Mapping[str, Any] = tomllib.loads(text)

    def codes(self, columns: Mapping[str, Sequence[Any]]) -> list[str]:
        """The code of each polygon, "" where none can be said."""
        return self._coarser(self._codes_of(columns))

    def _codes_of(self, columns: Mapping[str, Sequence[Any]]) -> list[str]:
        rows = zip(*columns.values(), strict=True)
        return [self._code(dict(zip(columns, row, strict=True))) for row in rows]

    def _code(self, row: Mapping[str, Any]) -> str:
        given, rules = row["iso_3166_2"], self.rules
        country = given[:2]
        said = (
            rules["polygons"].get(row["adm1_code"]),
            rules["codes"].get(given),
            rules["countries"].get(country),
            None if is_country(country) else "",
            country if country in rules["only_country"] else None,
        )
        known = next((code for code in said if code is not None), None)
        if known is not None:
            return str(known)
        if country in rules["by_name"]:
            return self._by_name(country, row) or country
        return str(given) if given in subdivision_parents() else str(country)

    def _by_name(self, country: str, row: Mapping[str, Any]) -> str:
        said = self.rules["names"].get(country, {})
        for column in NAMED:
            names = [name for name in (row[column] or "").split("|") if name.strip()]
            for name in names:
                if name in said:
                    return str(said[name])
            found = {code for name in names for code in codes_named(country, name)}
            if len(found) == 1:
                return found.pop()
        return ""

    def _coarser(self, codes: list[str]) -> list[str]:
        """Coarser codes where a subdivision has no polygon, and so lies in one of another."""
        parts = {part["code"] for part in self.rules["parts"]}
        drawn: dict[str, set[str]] = defaultdict(set)
        for code in parts.union(codes):
            drawn[code[:2]].update(containers(code))
        coarse = dict[str, str]()
        for code, parent in subdivision_parents().items():
            here = drawn[code[:2]]
            if not here.isdisjoint(containers(code)[:-1]) or code in self.rules["countries_too"]:
                continue
            for other in self.rules["within"].get(code, [parent or code[:2]]):
                for one in [one for one in here if other in containers(one)]:
                    coarse[one] = common([code, coarse.get(one, one)])
        return [coarse.get(code, code) for code in codes]

    def in_parts(
        self, shapes: NDArray[np.object_], codes: Sequence[str], given: Sequence[str]
    ) -> tuple[NDArray[np.object_], list[str]]:
        """The polygons and their codes, with those in two that have parts with other codes."""
        found, found_codes = list(shapes), list(codes)
        for part in self.rules["parts"]:
            box = shapely.box(*part["box"])
            for number in [at for at, code in enumerate(given) if code == part["of"]]:
                found.append(shapely.intersection(found[number], box))
                found_codes.append(part["code"])
                found[number] = shapely.difference(found[number], box)
        polygons = np.array(found, dtype=object)
        is_wrong = ~shapely.is_valid(polygons)
        polygons[is_wrong] = shapely.make_valid(polygons[is_wrong])
        return polygons, found_codes


def _names(file: Path) -> AreaNames:
    """What the areas are called, in every language that the file has."""
    from pyarrow import parquet

    languages = [name for name in parquet.read_schema(file).names if name.startswith("name_")]
    wanted = [name for name in dict.fromkeys((*NAMED, *languages)) if name != "name_len"]
    columns = columns_of(file, ["adm1_code", "iso_3166_2", *wanted])
    found: dict[str, dict[str, None]] = defaultdict(dict)
    for number, code in enumerate(Coder().codes(columns)):
        if "-" in code:
            for name in wanted:
                found[code] |= dict.fromkeys((columns[name][number] or "").split("|"))
    return {code: [name for name in names if name.strip()] for code, names in found.items()}
