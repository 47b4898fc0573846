"""What an edition changes: its events beside what stands of the same source in the lake."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import duckdb

from analytics.importing.making import StatementKey, event_id, event_text
from analytics.lake.session import LakeSession, within
from analytics.queries import queries
from schemas.time import iso

Change = Literal["added", "revised", "same", "older", "retracted", "nothing", "gone"]
UNCHANGING = frozenset({"same", "older", "nothing"})
"""What adds nothing to the log; `older`: the source said something newer, which stands."""
MOST_GONE = 0.05
"""A larger share of what stands within the scope is retracted only if somebody says yes."""
_BATCH = 2_048


class EditionScope(NamedTuple):
    """Where a report that is not in an edition is gone: times (half open) and countries.

    Times are us since 1970; without them all is inside, claims too, which have none. `countries`
    (ISO 3166-1 alpha-2) is None for all of them; `ids`: how the ids of what is inside begin.
    """

    since: int | None
    until: int | None
    countries: tuple[str, ...] | None
    label: str
    ids: str | None = None


def in_words(scopes: Sequence[EditionScope]) -> list[str]:
    """`2026-01: 2025-12-31T12:00:00Z to 2026-01-31T22:00:00Z in RU, UA`, a line for each label."""
    lines = []
    for label in dict.fromkeys(one.label for one in scopes):
        same = [one for one in scopes if one.label == label]
        countries = sorted({code for one in same for code in one.countries or ()})
        where = f" in {', '.join(countries)}" if all(one.countries for one in same) else ""
        times = [(one.since, one.until) for one in same]
        since = min((one for one, _ in times if one is not None), default=None)
        until = max((one for _, one in times if one is not None), default=None)
        when = "" if since is None or until is None else f": {iso(since)} to {iso(until)}"
        lines.append(f"{label}{when}{where}")
    return lines


@dataclass(frozen=True, slots=True)
class ChangedEvent:
    """An event that the edition adds to the log, or one that changes nothing (`text` is None).

    `row` is 0 for a retraction of what is gone. `fields`: which a revision changes.
    """

    key: StatementKey
    change: Change
    row: int
    number: int
    event_id: str
    text: bytes | None
    fields: tuple[str, ...] = ()

    @property
    def is_redated(self) -> bool:
        """Does the revision change when it happened?"""
        return "occurred" in self.fields


def load_standing(
    connection: duckdb.DuckDBPyConnection, lake: LakeSession, source: str, seconds: float | None
) -> None:
    """Copy what `source` said last of each of its reports from the lake into `standing`."""
    with within(lake.connection, seconds):
        reader = lake.connection.execute(
            queries("importing")["said_by_source"], {"source": source}
        ).to_arrow_reader(_BATCH)
        for batch in reader:
            connection.from_arrow(batch).insert_into("standing")


class Edition:
    """The events of an import beside what stands. The tables `made` and `standing` are filled."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, source: str, scopes: Sequence[EditionScope]
    ) -> None:
        self._connection, self._source = connection, source
        self.scopes = scopes
        for one in scopes:
            countries = None if one.countries is None else list(one.countries)
            connection.execute(
                queries("importing")["add_scope"], {**one._asdict(), "countries": countries}
            )
        connection.execute(queries("importing")["scoped"])

    def changes(self) -> Iterator[ChangedEvent]:
        """Each event in the order of the rows, those that change nothing among them."""
        cursor = self._connection.cursor()
        # A report that the same file takes back is the last event before its retraction.
        retracted_here = {
            StatementKey(*row)
            for row in cursor.execute(queries("importing")["retracted_here"]).fetchall()
        }
        said_here: dict[StatementKey, str] = {}
        cursor.execute(queries("importing")["changes"])
        while found := cursor.fetchmany(_BATCH):
            for number, row, kind, conflict, whole, part, event_type, said, text, *beside in found:
                before, change, data_before = beside
                key = StatementKey(kind, conflict, whole, part)
                if change in UNCHANGING:
                    yield ChangedEvent(key, change, row, number, before or "", None)
                    continue
                data = text.encode()
                last = said_here.get(key, before)
                identifier = event_id(key, event_type, said, data, last)
                if key in retracted_here:
                    said_here[key] = identifier
                yield ChangedEvent(
                    key,
                    change,
                    row,
                    number,
                    identifier,
                    event_text(self._source, event_type, said, data, identifier),
                    _fields(text, data_before) if change == "revised" else (),
                )

    def standing_in_scope(self) -> int:
        """How many reports of the source stand within the scopes."""
        return int(self._one("standing_in_scope"))

    def gone(self, reason: str) -> Iterator[ChangedEvent]:
        """The retraction of each report that stands within the scopes and is not in the files."""
        cursor = self._connection.cursor()
        cursor.execute(queries("importing")["gone"])
        while found := cursor.fetchmany(_BATCH):
            for kind, conflict, whole, part, before in found:
                key = StatementKey(kind, conflict, whole, part)
                kind_of_event, data = _retraction(key, reason)
                identifier = event_id(key, kind_of_event, None, data, before)
                text = event_text(self._source, kind_of_event, None, data, identifier)
                yield ChangedEvent(key, "gone", 0, 0, identifier, text)

    def _one(self, name: str) -> Any:  # noqa: ANN401 - whatever the query says
        row = self._connection.execute(queries("importing")[name]).fetchone()
        return None if row is None else row[0]


def _retraction(key: StatementKey, reason: str) -> tuple[str, bytes]:
    """The type and the data of what takes a report or a claim back."""
    noun = "incident" if key.kind == "report" else "commitment"
    data = {
        "conflict": key.conflict,
        f"{noun}_id": key.whole,
        f"{key.kind}_id": key.part,
        "reason": reason,
    }
    return f"{noun}.{key.kind}_retracted", json.dumps(data, ensure_ascii=False).encode()


def _fields(now: str, before: str | None) -> tuple[str, ...]:
    """The members of the data that differ, by name."""
    new: dict[str, Any] = json.loads(now)
    old: dict[str, Any] = json.loads(before) if before else {}
    return tuple(sorted(name for name in new.keys() | old.keys() if new.get(name) != old.get(name)))
