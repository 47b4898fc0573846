"""The sources: one SQL file each in `analytics/sources/`, and the comment on top that describes it.

The folder is the registry. This module reads the heads and runs nothing.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path

from analytics.importing.layouts import Layout, LayoutMisfit
from analytics.importing.problems import BrokenSource, ImportFailed

TABLE = "table"
"""The name under which any table is imported by a mapping; no file of the folder has it."""
_KEY = re.compile(
    r"(source|licence|conflict|zone|encodings|with|layout [^:]+|not [^:]+): *(.*)", re.DOTALL
)
_COMMENT = re.compile(r"^-- ?(.*)$")


@dataclass(frozen=True, slots=True)
class Dataset:
    """A dataset that can be imported: what its head says, and the SQL that makes its events.

    `source` is that of its events, in CloudEvents' sense; `head` is the whole comment.
    """

    name: str
    title: str
    source: str
    licence: str
    head: str
    sql: str
    conflict: str | None = None
    zone: str = "UTC"
    encodings: tuple[str, ...] = ()
    layouts: tuple[Layout, ...] = ()
    misfits: tuple[LayoutMisfit, ...] = ()
    columns: tuple[str, ...] = field(default=(), compare=False)


def source_names() -> list[str]:
    """The names of all sources, in the order of the alphabet."""
    return sorted(path.stem for path in _folder().glob("*.sql"))


def find_source(name: str) -> Dataset:
    """The source of that name. ImportFailed: there is none, and which may have been meant."""
    names = source_names()
    if name not in names:
        close = difflib.get_close_matches(name, [*names, TABLE], n=1)
        hint = f"did you mean {close[0]!r}?" if close else "`truce import --list` names them all"
        raise ImportFailed(f"there is no source {name!r}; {hint}")
    return read_source(name, (_folder() / f"{name}.sql").read_text("utf-8"))


def shared_tables() -> Sequence[Path]:
    """The files of the tables that sources share."""
    return sorted((_folder() / "tables").glob("*.csv"))


def read_source(name: str, text: str) -> Dataset:
    """The source whose file says `text`. BrokenSource: its head lacks something."""
    head = _head(text)
    title, *rest = head
    keys, layouts, misfits = _keys(rest)
    try:
        source, licence = keys["source"], keys["licence"]
    except KeyError as error:
        raise BrokenSource(f"source {name}: its head lacks a line {error.args[0]!r}:") from error
    parts = [_shared(one) for one in keys.get("with", "").replace(",", " ").split()]
    sql = "\n".join([*parts, *text.splitlines()[len(head) :]])
    columns = dict.fromkeys(one for layout in layouts for one in layout.all_columns)
    return Dataset(
        name=name,
        title=title,
        source=source,
        licence=licence,
        head="\n".join(head),
        sql=sql,
        conflict=keys.get("conflict"),
        zone=keys.get("zone", "UTC"),
        encodings=tuple(keys.get("encodings", "").replace(",", " ").split()),
        layouts=tuple(layouts),
        misfits=tuple(misfits),
        # What the SQL does not name need not be read.
        columns=tuple(one for one in columns if one in sql.lower()),
    )


def _head(text: str) -> list[str]:
    """The lines of the comment on top, without the dashes."""
    lines = []
    for line in text.splitlines():
        found = _COMMENT.match(line)
        if found is None:
            break
        lines.append(found[1].rstrip())
    return lines or [""]


def _keys(lines: Sequence[str]) -> tuple[Mapping[str, str], list[Layout], list[LayoutMisfit]]:
    found: dict[str, str] = {}
    layouts, misfits = [], []
    for entry in _entries(lines):
        match = _KEY.fullmatch(entry)
        if match is None:
            continue
        key, value = match[1], match[2].strip()
        if key.startswith("layout "):
            layouts.append(Layout.read(key.removeprefix("layout ").strip(), value))
        elif key.startswith("not "):
            misfits.append(LayoutMisfit.read(key.removeprefix("not ").strip(), value))
        else:
            found[key] = value
    return found, layouts, misfits


def _entries(lines: Sequence[str]) -> list[str]:
    """Lines, each with the indented ones that go on with it."""
    entries: list[str] = []
    for line in lines:
        if entries and entries[-1] and line.startswith("  "):
            entries[-1] += " " + line.strip()
        else:
            entries.append(line)
    return entries


def _shared(name: str) -> str:
    path = _folder() / "shared" / f"{name}.sql"
    if not path.is_file():
        raise BrokenSource(f"there is no {path.name} in analytics/sources/shared/")
    return path.read_text("utf-8")


def _folder() -> Path:
    return Path(str(files("analytics").joinpath("sources")))
