"""The words of reports and pictures: one file a language, all with the same names."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType

FOLDER = files("analytics").joinpath("report", "languages")


@cache
def languages() -> tuple[str, ...]:
    """The languages that there is a file for."""
    names = (one.name for one in FOLDER.iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml")))


@cache
def texts(language: str) -> Mapping[str, str]:
    """The words of a language, one of `languages`."""
    return MappingProxyType(tomllib.loads(FOLDER.joinpath(f"{language}.toml").read_text("utf-8")))


ReportWords = Mapping[str, str]
"""The words of a language, by their names."""
ENGLISH = texts("en")
