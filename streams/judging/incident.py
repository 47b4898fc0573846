"""An incident, as the verdict needs it: what its standing reports say together, and when it was."""

from __future__ import annotations

from collections.abc import Mapping

from schemas.events import Report
from streams.judging.statement import Statement, TimedStatement, timed_statement


class IncidentStatements:
    """What `each` report of an incident says, leaving out when: equal if each is.

    `known_actors` are the parties that one names as `confirmed` or `likely`, `size` is how many
    parts, targets and places they speak of.
    """

    __slots__ = ("_hash", "each", "known_actors", "size")

    def __init__(self, each: tuple[Statement, ...]) -> None:
        self.each = each
        self.size = each[0].size if len(each) == 1 else sum([one.size for one in each])
        self.known_actors = frozenset(
            [one.actor for one in each if one.actor is not None and one.attributed]
        )
        self._hash: int | None = None

    def __hash__(self) -> int:
        # Once: of many places it takes longer than to judge.
        if self._hash is None:
            self._hash = hash(self.each)
        return self._hash

    def __eq__(self, other: object) -> bool:
        return isinstance(other, IncidentStatements) and self.each == other.each


class Incident:
    """One incident: what its standing reports say, by their ids. A value: nothing may be changed.

    `statements` are what they say, `occurrences` when it happened according to every part of every
    one, `start` and `end` from when to when at the most; `of_impact`: of some, only that is timed.
    """

    __slots__ = ("end", "incident_id", "occurrences", "of_impact", "start", "statements")

    def __init__(self, incident_id: str, reports: Mapping[str, TimedStatement]) -> None:
        # All at once: each commitment that the incident touches needs every one of them.
        self.incident_id = incident_id
        self.statements = IncidentStatements(tuple([one.statement for one in reports.values()]))
        self.occurrences = tuple([when for one in reports.values() for when in one.occurrences])
        if len(self.occurrences) == 1:
            self.start, self.end, _, self.of_impact = self.occurrences[0]
        else:
            self.start = min([when.start for when in self.occurrences], default=0)
            self.end = max([when.end for when in self.occurrences], default=0)
            self.of_impact = any(when.of_impact for when in self.occurrences)


class Reported(Incident):
    """One incident with its standing reports as they were made, to be explained."""

    __slots__ = ("reports",)

    def __init__(self, incident_id: str, reports: Mapping[str, Report]) -> None:
        super().__init__(
            incident_id, {name: timed_statement(report) for name, report in reports.items()}
        )
        self.reports = reports
