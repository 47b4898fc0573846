"""An incident, as the verdict needs it: what its standing reports say together, and when it was."""

from __future__ import annotations

from collections.abc import Mapping

from schemas.events import Report, ReportDenial
from streams.judging.statement import ReportedBy, Statement, TimedStatement, timed_statement


class IncidentStatements:
    """What the reports of an incident say, leaving out when: equal if each is.

    `each`: the assertions; `denials`: who denies it. `known_actors` are the parties that one names
    as `confirmed` or `likely`, `named_actors` all that one names at all; `size` is how many parts,
    targets and places they speak of.
    """

    __slots__ = ("_hash", "denials", "each", "known_actors", "named_actors", "size")

    def __init__(self, each: tuple[Statement, ...], denials: tuple[ReportedBy, ...] = ()) -> None:
        self.each = each
        self.denials = denials
        self.size = each[0].size if len(each) == 1 else sum([one.size for one in each])
        self.size += len(denials)
        self.named_actors = frozenset([one.actor for one in each if one.actor is not None])
        self.known_actors = frozenset(
            [one.actor for one in each if one.actor is not None and one.attributed]
        )
        self._hash: int | None = None

    def __hash__(self) -> int:
        # Once: of many places it takes longer than to judge.
        if self._hash is None:
            self._hash = hash((self.each, self.denials))
        return self._hash

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, IncidentStatements)
            and self.each == other.each
            and self.denials == other.denials
        )


class Incident:
    """One incident: what its standing reports say, by their ids. A value: nothing may be changed.

    `statements` are what they say, `occurrences` when the act was according to every part of every
    assertion, and `act_start` and `act_end` from when to when that is at the most; `start` and
    `end` the same of the times as they were reported. It is `gone` if nobody asserts it.
    """

    __slots__ = (
        "act_end",
        "act_start",
        "end",
        "gone",
        "incident_id",
        "occurrences",
        "start",
        "statements",
    )

    def __init__(self, incident_id: str, reports: Mapping[str, TimedStatement]) -> None:
        # All at once: each commitment that the incident touches needs every one of them.
        self.incident_id = incident_id
        assertions = [one for one in reports.values() if not one.statement.denies]
        self.gone = not assertions
        self.statements = IncidentStatements(
            tuple([one.statement for one in assertions]),
            tuple([one.statement.reporter for one in reports.values() if one.statement.denies]),
        )
        self.occurrences = tuple([when for one in assertions for when in one.occurrences])
        self.act_start = min([when.start for when in self.occurrences], default=0)
        self.act_end = max([when.end for when in self.occurrences], default=0)
        self.start = min([one.start for one in assertions], default=0)
        self.end = max([one.end for one in assertions], default=0)


class Reported(Incident):
    """One incident with its standing reports as they were made, to be explained."""

    __slots__ = ("reports",)

    def __init__(self, incident_id: str, reports: Mapping[str, Report | ReportDenial]) -> None:
        super().__init__(
            incident_id, {name: timed_statement(report) for name, report in reports.items()}
        )
        self.reports = reports

    @property
    def assertions(self) -> dict[str, Report]:
        """Those that say that it happened."""
        return {name: one for name, one in self.reports.items() if isinstance(one, Report)}

    @property
    def denied(self) -> dict[str, ReportDenial]:
        """Those that say that it did not."""
        return {name: one for name, one in self.reports.items() if isinstance(one, ReportDenial)}
