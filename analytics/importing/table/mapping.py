"""A mapping: what the columns of any table mean, in TOML. Read here, applied in `mapped`."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from analytics.importing.layouts import Layout, listed, normal
from analytics.importing.problems import ImportFailed
from analytics.importing.sources import TABLE, Dataset
from analytics.importing.table.cells import parts
from schemas.time import zone_names
from schemas.vocabulary import ACTS, TARGETS

QUESTION = "?"
"""What a draft says where somebody has to decide."""
ColumnName = Annotated[str, Field(min_length=1)]
WordMap = dict[str, str]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Looked(_Part):
    """What a column says, or always the same. `words`: what each text in the column means.

    With `words`, a text that is not among them refuses its row; "" means that it is not said.
    """

    column: ColumnName | None = None
    constant: str | None = None
    words: WordMap | None = None


Value = ColumnName | Looked


class Formats(_Part):
    """How days, times of day and moments are written, as strptime reads it: one format each."""

    day: str = "%Y-%m-%d"
    time: str = "%H:%M"
    moment: str = "%Y-%m-%dT%H:%M:%S%z"


class TimeColumns(_Part):
    """Columns: a `moment`, or a `day` with or without a `time`; the same for the end."""

    moment: ColumnName | None = None
    day: ColumnName | None = None
    time: ColumnName | None = None
    end_moment: ColumnName | None = None
    end_day: ColumnName | None = None
    end_time: ColumnName | None = None
    certainty: Literal["sometime", "throughout"] = "sometime"
    of: Literal["act", "impact"] = "act"


class ReporterColumns(_Part):
    """Who reports."""

    name: Value
    kind: Value | None = None
    party: Value | None = None


class Who(_Part):
    """Who acted; what a table says of it is alleged unless the mapping says more."""

    party: Value
    confidence: Value = Looked(constant="alleged")


class Where(_Part):
    """A point, or a code, or a province by its name and the code of its country."""

    lat: ColumnName | None = None
    lon: ColumnName | None = None
    radius_km: ColumnName | float = 0
    code: Value | None = None
    country: Value | None = None
    province: Value | None = None
    separator: str | None = None


class TargetColumns(_Part):
    """What was hit; `separator`: between several in a cell."""

    column: ColumnName | None = None
    constant: str | None = None
    words: WordMap | None = None
    separator: str | None = None


class Limits(_Part):
    """A number between two columns."""

    low: ColumnName
    high: ColumnName


class WeaponOf(_Part):
    """A weapon: its type, and the columns of how many."""

    type: Value
    launched: ColumnName | Limits | None = None
    intercepted: ColumnName | Limits | None = None


class Ids(_Part):
    """The columns that name a report for good; without any, its content does."""

    prefix: str = TABLE
    columns: tuple[ColumnName, ...] = ()
    incident: tuple[ColumnName, ...] = ()


class Skip(_Part):
    """Texts of a column whose rows are no events, with why."""

    column: ColumnName
    words: WordMap


class ClaimantColumns(_Part):
    """Who says that the parties have promised it."""

    name: Value
    role: Value | None = None
    party: Value | None = None


class ClaimColumns(_Part):
    """What makes a row a claim of a commitment; the ids of the mapping are those of claims.

    `window`: a bound that is a day is somewhere within it, one that is blank is not known.
    """

    commitment: Value
    claimed_by: ClaimantColumns
    parties: TargetColumns
    window: TimeColumns
    acts: TargetColumns | None = None
    targets: TargetColumns | None = None
    area: TargetColumns | None = None


class TableMapping(_Part):
    """The whole mapping. With `claim` the rows are claims, and else reports."""

    title: str = "A table"
    source: str
    conflict: str | None = None
    licence: str = ""
    zone: str = "UTC"
    decimal: Literal[".", ","] | None = None
    encodings: tuple[str, ...] = ()
    ranges: tuple[str, ...] = ()
    gone: Literal["nothing", "span"] = "nothing"
    formats: Formats = Formats()
    id: Ids = Ids()
    said: TimeColumns | None = None
    claim: ClaimColumns | None = None
    occurred: TimeColumns = TimeColumns()
    reported_by: ReporterColumns = ReporterColumns(name=Looked())
    actor: Who | None = None
    act: Value | None = None
    stance: Value | None = None
    targets: TargetColumns | None = None
    place: Where | None = None
    effects: dict[str, ColumnName | Limits] = {}
    weapons: tuple[WeaponOf, ...] = ()
    evidence: tuple[ColumnName, ...] = ()
    skip: tuple[Skip, ...] = ()


def read_mapping(path: Path) -> tuple[Dataset, TableMapping]:
    """The mapping in a file, and the source that it makes of a table. ImportFailed, in one line."""
    try:
        document = tomllib.loads(path.read_text("utf-8-sig"))
    except OSError as error:
        raise ImportFailed(f"{path} cannot be read: {error.strerror or error}") from error
    except ValueError as error:
        raise ImportFailed(f"{path} is not TOML: {error}") from error
    questions = list(_questions(document, ""))
    if questions:
        raise ImportFailed(f"{path}: {listed(questions)}: still a question; answer it there")
    try:
        mapping = TableMapping.model_validate(document)
    except ValidationError as error:
        raise ImportFailed(f"{path}: {_in_words(error)}") from error
    for field, why in _mistakes(mapping):
        raise ImportFailed(f"{path}: {field}: {why}")
    columns = ", ".join(dict.fromkeys(normal(one) for one in _columns(document)))
    source = Dataset(
        name=TABLE,
        title=mapping.title,
        source=mapping.source,
        licence=mapping.licence,
        head="",
        sql="",
        conflict=mapping.conflict,
        zone=mapping.zone,
        encodings=mapping.encodings,
        layouts=(Layout.read("of the mapping", columns),),
        columns=tuple(columns.split(", ")),
    )
    return source, mapping


def _questions(value: Any, path: str) -> Iterator[str]:  # noqa: ANN401 - TOML
    if value == QUESTION:
        yield path
    elif isinstance(value, dict):
        for name, one in value.items():
            yield from _questions(one, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for one in value:
            yield from _questions(one, path)


def _in_words(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    named = [str(one) for one in first["loc"] if one not in {"Looked", "Limits", "constrained-str"}]
    why = {
        "extra_forbidden": "nothing of a mapping is called so",
        "missing": "required",
    }.get(first["type"], first["msg"])
    return f"{'.'.join(named)}: {why}"


def _mistakes(mapping: TableMapping) -> Iterator[tuple[str, str]]:
    """What is wrong with values that are well formed."""
    if mapping.zone not in zone_names():
        yield "zone", f"{mapping.zone!r} is not an IANA time zone, e.g. Europe/Kyiv"
    yield from _of_one_kind(mapping)
    window = None if mapping.claim is None else mapping.claim.window
    occurred = mapping.occurred if mapping.claim is None else None
    times = (("occurred", occurred), ("said", mapping.said), ("claim.window", window))
    for name, when in times:
        if when is not None and (when.moment is None) == (when.day is None):
            yield name, "expected either a moment or a day"
    yield from _unknown_words("act", mapping.act, ACTS)
    yield from _unknown_words("targets", mapping.targets, TARGETS)
    if mapping.claim is not None:
        yield from _unknown_words("claim.acts", mapping.claim.acts, ACTS)
        yield from _unknown_words("claim.targets", mapping.claim.targets, TARGETS)
    place = mapping.place
    if place is not None:
        if (place.lat is None) != (place.lon is None):
            yield "place", "expected both lat and lon, or neither"
        if place.province is not None and place.country is None:
            yield "place.province", "expected the country, too"


def _of_one_kind(mapping: TableMapping) -> Iterator[tuple[str, str]]:
    """What a mapping of reports lacks, or one of claims has too much."""
    given = mapping.model_fields_set
    if mapping.claim is None:
        yield from ((name, "required") for name in ("occurred", "reported_by") if name not in given)
        return
    for name in _OF_REPORTS:
        if name in given:
            yield name, "only of reports: a mapping with a section [claim] makes claims"
    if mapping.id.incident:
        yield "id.incident", "only of reports: what the claims are of is claim.commitment"


_OF_REPORTS = (
    *("occurred", "reported_by", "actor", "act", "stance", "targets", "place", "effects"),
    *("weapons", "gone"),
)


def _unknown_words(
    field: str, value: Value | TargetColumns | None, vocabulary: Mapping[str, str | None]
) -> Iterator[tuple[str, str]]:
    if not isinstance(value, Looked | TargetColumns):
        return
    separator = value.separator if isinstance(value, TargetColumns) else None
    constants = parts(value.constant, separator)
    for word in [*(value.words or {}).values(), *constants]:
        if word and word not in vocabulary:
            yield field, f"{word!r} is none of: {', '.join(vocabulary)}"


_NAMING = frozenset(
    {
        *("column", "moment", "day", "time", "end_moment", "end_day", "end_time", "lat", "lon"),
        *("low", "high", "launched", "intercepted", "columns", "incident", "evidence"),
        *("radius_km", "code", "country", "province", "name", "kind", "party", "confidence"),
        *("act", "stance", "type", "commitment", "role"),
    }
)


def _columns(value: Any, name: str = "") -> Iterator[str]:  # noqa: ANN401 - a mapping
    """The columns that a mapping names, wherever it names one."""
    if isinstance(value, str) and name in _NAMING:
        yield value
    elif isinstance(value, dict):
        for key, one in value.items():
            if key == "effects":
                for number in one.values():
                    yield from _columns(number, "column")
            elif key not in {"words", "formats", "constant"}:
                yield from _columns(one, key)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _columns(one, name)
