"""The queries of commands, pages and notifications, with bound parameters."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from analytics.provenance import JudgedSince, Provenance
from analytics.queries import queries
from schemas.claims import Claim
from schemas.events import ClaimEvent, Report, ReportDenial, ReportEvent, parse_event
from schemas.time import Instant

Ask = Callable[[str, Mapping[str, object]], list[tuple[Any, ...]]]


class Compliance(NamedTuple):
    """How often a party broke a claim (None: the commitment, by all its claims together).

    Certainly `violations_lower` times; at most `violations_upper` and any of the `unattributed`,
    which are the same for every party.
    """

    conflict: str
    commitment_id: str
    claim_id: str | None
    party: str
    violations_lower: int
    violations_upper: int
    unattributed: int
    free_lower: int | None
    free_upper: int | None
    days: int | None
    unobserved_days: int | None


class ConflictReports(NamedTuple):
    """What is reported on a conflict, and when the last standing report was recorded.

    `last_coverage`: when the last was recorded that stands of somebody who watched, in full or in
    part; `watched_until`: up to when anybody did.
    """

    conflict: str
    reports: int
    incidents: int
    sources: int
    last_report: Instant | None
    last_coverage: Instant | None = None
    watched_until: Instant | None = None


class KeptOut(NamedTuple):
    """A source that was denied to watch: how many times, and when the last time was."""

    conflict: str
    reported_by: str
    times: int
    last_start: Instant
    last_end: Instant


class Alert(NamedTuple):
    """A pair that became a `violation` or `contested`, and when that was recorded."""

    conflict: str
    commitment_id: str
    incident_id: str
    party: str | None
    verdict: str
    recorded_at: Instant


class IncidentVerdict(NamedTuple):
    """An incident under a commitment: the verdict, and that by each claim that has one."""

    commitment_id: str
    incident_id: str
    verdict: str
    by_claim: dict[str, str]


class CommitmentVerdict(NamedTuple):
    """The verdict on an incident by one commitment, and who says so."""

    verdict: str
    party: str | None
    independent_reports: int
    evidence: str | None
    admitted: bool
    denied_by: list[str]


class Unknowns(NamedTuple):
    """A claim by which an incident is undetermined, and the criteria that are unknown."""

    claim_id: str
    criteria: list[str]


class ListedIncident(NamedTuple):
    """An incident under a commitment; `places` are those of what is asserted, as JSON."""

    conflict: str
    commitment_id: str
    incident_id: str
    verdict: str
    party: str | None
    occurred_start: Instant
    occurred_end: Instant
    evidence: str | None
    admitted: bool
    denied_by: list[str]
    places: list[str]
    unknowns: list[Unknowns]


class PastVerdict(NamedTuple):
    """A version of the verdict on an incident; `superseded_at` None: it stands."""

    commitment_id: str
    verdict: str
    party: str | None
    evidence: str | None
    denied_by: list[str]
    recorded_at: Instant
    superseded_at: Instant | None


class Counts(NamedTuple):
    """How many events and refused inputs there are, and when the last event was recorded."""

    events: int
    rejected: int
    last_recorded: Instant


class ReadModel:
    """The queries of commands and of the worker's notifications.

    They run through a function that returns the rows of a statement with its parameters, read-only.
    """

    def __init__(self, asking: Ask) -> None:
        self.ask = asking

    def _named(self, name: str, **values: object) -> list[tuple[Any, ...]]:
        return self.ask(queries("asking")[name], values)

    def claims(self) -> dict[tuple[str, str, str], Claim]:
        """Every standing claim and denial by conflict, commitment and claim."""
        return _claims(self._named("claims"))

    def claims_of(self, conflict: str) -> dict[tuple[str, str, str], Claim]:
        """Those of one conflict."""
        return _claims(self._named("claims_of", conflict=conflict))

    def bound_parties(self) -> list[tuple[str, list[str]]]:
        """The parties that the claims of each conflict bind, or deny to be bound."""
        return [(conflict, parties) for conflict, parties in self._named("bound_parties")]

    def actors(self) -> list[tuple[str, str, int]]:
        """Conflict, actor, and how many standing reports name it."""
        return [(conflict, actor, count) for conflict, actor, count in self._named("actors")]

    def verdict_counts(self) -> list[tuple[str, str, str, int]]:
        """Conflict, commitment, verdict, and how many incidents stand at it."""
        return [(c, m, v, n) for c, m, v, n in self._named("verdict_counts")]

    def compliance(self) -> list[Compliance]:
        """The bounds of every claim and commitment, party by party."""
        return [Compliance(*row) for row in self._named("compliance")]

    def coverage(self) -> list[ConflictReports]:
        """The reports, counted conflict by conflict."""
        return [ConflictReports(*row) for row in self._named("coverage")]

    def kept_out(self) -> list[KeptOut]:
        """Who was denied to watch, the last first, conflict by conflict."""
        return [KeptOut(*row) for row in self._named("kept_out")]

    def conflicts_of(self, incident_id: str) -> list[str]:
        """The conflicts that have an incident of this id."""
        return [conflict for (conflict,) in self._named("conflicts_of", incident_id=incident_id)]

    def close_incidents(self, incident_id: str) -> list[str]:
        """The ids of incidents that are most similar to this one."""
        return [found for (found,) in self._named("close_incidents", incident_id=incident_id)]

    def reports_of(self, conflict: str, incident_id: str) -> dict[str, Report | ReportDenial]:
        """The standing reports of an incident by id."""
        rows = self._named("reports_of", conflict=conflict, incident_id=incident_id)
        events = [parse_event(payload) for (payload,) in rows]
        return {e.data.report_id: e.data for e in events if isinstance(e, ReportEvent)}

    def last_reports_of(
        self, conflict: str, most: int
    ) -> dict[str, dict[str, Report | ReportDenial]]:
        """The standing reports of the `most` incidents of a conflict that happened last."""
        found: dict[str, dict[str, Report | ReportDenial]] = {}
        for (payload,) in self._named("last_reports_of", conflict=conflict, most=most):
            event = parse_event(payload)
            if isinstance(event, ReportEvent):
                found.setdefault(event.data.incident_id, {})[event.data.report_id] = event.data
        return found

    def count_incidents_of(self, conflict: str) -> int:
        """How many incidents of a conflict somebody asserts."""
        [(count,)] = self._named("count_incidents_of", conflict=conflict)
        return int(count)

    def posted_by_of(self, conflict: str, incident_id: str) -> dict[str, str]:
        """Who posted the standing reports of an incident, by report id; others are left out."""
        rows = self._named("posted_by_of", conflict=conflict, incident_id=incident_id)
        return dict(rows)

    def verdicts_of(self, conflict: str, incident_id: str) -> dict[str, CommitmentVerdict]:
        """Commitment -> the verdict on an incident."""
        rows = self._named("verdicts_of", conflict=conflict, incident_id=incident_id)
        return {commitment: CommitmentVerdict(*verdict) for commitment, *verdict in rows}

    def history_of(self, conflict: str, incident_id: str) -> list[PastVerdict]:
        """Every version of the verdicts on an incident that somebody could have seen, in order."""
        rows = self._named("history_of", conflict=conflict, incident_id=incident_id)
        return [PastVerdict(*row) for row in rows]

    def judged_of(self, conflict: str, incident_id: str) -> dict[tuple[str, str], StoredVerdict]:
        """(Commitment, claim) -> its verdict on an incident."""
        rows = self._named("claim_verdicts_of", conflict=conflict, incident_id=incident_id)
        return {(m, c): StoredVerdict(verdict, still_bound) for m, c, verdict, still_bound in rows}

    def incidents(
        self,
        *,
        verdicts: Sequence[str] = (),
        party: str | None = None,
        commitment: str | None = None,
        since: Instant | None = None,
        until: Instant | None = None,
        is_open: bool = False,
    ) -> list[ListedIncident]:
        """The incidents with a verdict, in the order of their time; see `truce incidents`."""
        rows = self._named(
            "incidents",
            verdicts=list(verdicts),
            party=party,
            commitment=commitment,
            since=since,
            until=until,
            is_open=is_open,
        )
        return [
            ListedIncident(*row)._replace(
                places=row[10] or [], unknowns=[Unknowns(*one) for one in _pairs(row[11])]
            )
            for row in rows
        ]

    def provenance(self) -> list[JudgedSince]:
        """By what the verdicts were judged, and since when, in order."""
        return [
            JudgedSince(Provenance(*judge), since) for *judge, since in self._named("provenance")
        ]

    def counts(self) -> Counts:
        """How much is in the database."""
        return Counts(*self._named("counts")[0])

    def alerts(self, since: Instant) -> list[Alert]:
        """The pairs that became a violation or contested since then, in the order of recording."""
        return [Alert(*row) for row in self._named("alerts", since=since)]

    def last_incidents(self, conflict: str) -> list[IncidentVerdict]:
        """The 20 latest pairs of a commitment and an incident, in the order of their time."""
        pairs: dict[tuple[str, str], IncidentVerdict] = {}
        rows = self._named("last_incidents", conflict=conflict)
        for commitment_id, incident_id, verdict, claim_id, claim_verdict in rows:
            fresh = IncidentVerdict(commitment_id, incident_id, verdict, {})
            pair = pairs.setdefault((commitment_id, incident_id), fresh)
            if claim_id is not None:
                pair.by_claim[claim_id] = claim_verdict
        return list(pairs.values())

    def most_telling(self, conflicts: list[str]) -> tuple[str, str] | None:
        """Conflict and id of the most instructive incident: contested first, then violation."""
        for conflict, incident_id in self._named("most_telling", conflicts=conflicts):
            return conflict, incident_id
        return None

    def transaction(self) -> int:
        """How far the lake is: the number of the ledger's last transaction in it."""
        [(seq,)] = self._named("transaction")
        return int(seq)

    def tables(self) -> list[tuple[str, str | None]]:
        """The tables and views, each with its comment."""
        return [(name, comment) for name, comment in self._named("tables")]


def _claims(rows: list[tuple[Any, ...]]) -> dict[tuple[str, str, str], Claim]:
    events = [parse_event(payload) for (payload,) in rows]
    claims = [event.data for event in events if isinstance(event, ClaimEvent)]
    return {(c.conflict, c.commitment_id, c.claim_id): c for c in claims}


class StoredVerdict(NamedTuple):
    """A row of `claim_verdicts`, as far as it is needed here."""

    verdict: str
    still_bound: bool | None


def _pairs(unknowns: list[dict[str, Any]] | None) -> Iterator[tuple[str, list[str]]]:
    for one in unknowns or ():
        yield one["claim_id"], one["criteria"]
