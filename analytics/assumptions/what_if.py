"""What the verdicts would be under other assumptions, beside those that stand.

It is the audit over other claims and reports: set-based, in a database of its own, and nothing of
it goes into the log. With no assumption at all it gives the verdicts that stand.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import duckdb

from analytics.audit.audit import Audit
from analytics.queries import named_statements
from schemas.events import parse_event
from schemas.time import Instant

GRADES = ("one_sided", "reported", "corroborated", "verified")
"""What evidence may be worth, from the least to the most."""

# Which assumptions choose the claims, and which the reports.
OF_CLAIMS = ("conflict", "commitment", "claims", "terms", "said_by", "recorded_by")
OF_REPORTS = ("said_by", "recorded_by", "without_sources", "count_alleged")


class Assumptions(NamedTuple):
    """What is assumed; what is left out stays as it is.

    `conflict`, `commitment`: only this one is looked at, and `claims`: only these of its claims.
    `terms`: events as JSON, each a claim (a new one, or another version) or the retraction of one.
    `said_by`: only what sources had said by then; `recorded_by`: only what the log had by then;
    both in us since 1970, the moment itself included. `evidence`: an incident whose violation has
    no such grade under a commitment counts there as not reported. `without_sources`: names of
    reporters who count as silent. `count_alleged`: who is named as the actor, however surely, is
    known to have acted.
    """

    conflict: str | None = None
    commitment: str | None = None
    claims: Sequence[str] = ()
    terms: Sequence[str] = ()
    said_by: Instant | None = None
    recorded_by: Instant | None = None
    evidence: str | None = None
    without_sources: Sequence[str] = ()
    count_alleged: bool = False


class Changed(NamedTuple):
    """A verdict that stands and what it would be, with its party and evidence.

    None: there is none, since it is clear by time, or nobody reports the incident. `claim_id` None:
    the verdict of the commitment.
    """

    conflict: str
    commitment_id: str
    claim_id: str | None
    incident_id: str
    before: str | None
    after: str | None
    party_before: str | None
    party_after: str | None
    evidence_before: str | None
    evidence_after: str | None


class Bounds(NamedTuple):
    """Violations of a party: certainly `lower`, at most `upper` and any of the `unattributed`."""

    lower: int
    upper: int
    unattributed: int


class CountChange(NamedTuple):
    """The violations of a party by a claim (None: by all together), as they stand and would be.

    None: by what stands, or would stand, the party is not bound.
    """

    conflict: str
    commitment_id: str
    claim_id: str | None
    party: str
    before: Bounds | None
    after: Bounds | None


class WhatIf(NamedTuple):
    """What would change: verdicts that differ, and the counts of each bound party."""

    changed: list[Changed]
    counts: list[CountChange]


class AssumedAudit(Audit):
    """An audit of what stands under assumptions: `suppose`, then read `changed` and `counts`."""

    def suppose(self, source: duckdb.DuckDBPyConnection, assumed: Assumptions) -> None:
        """Recompute every verdict from what is left of `source`, a ledger or a lake."""
        values: dict[str, Any] = assumed._asdict()
        sql = named_statements("assumptions")
        self._copy(source.execute(sql["assumed_claims"], _named(values, OF_CLAIMS)))
        # When their windows may hold says which reports are wanted.
        self._run("claims")
        spans = self._session.execute(sql["spans"])
        conflicts, earliest, latest = zip(*spans, strict=True) if spans else ((), (), ())
        wanted = {"conflicts": conflicts, "earliest": earliest, "latest": latest}
        self._add(source.execute(sql["assumed_reports"], _named(values, OF_REPORTS) | wanted))
        self.recompute()
        grade = assumed.evidence
        if grade is not None:
            grades = {"grades": list(GRADES[GRADES.index(grade) :])}
            # Who was released may be bound again without what is taken out here: of that the grade
            # is asked as if nobody had been released, and of the rest at the end.
            self._connection.execute(sql["no_conditions"])
            self._run("verdicts")
            self._connection.execute(sql["below_grade"], grades)
            self._run("criteria", "before_conditions", "still_bound", "verdicts")
            self._connection.execute(sql["below_grade"], grades)
            for name in ("ungraded_claim_verdicts", "ungraded_verdicts"):
                self._connection.execute(sql[name])

    def changed(self) -> list[Changed]:
        """What differs from what stands, ordered by commitment and incident."""
        return [
            Changed(*row)
            for row in self._session.execute(named_statements("assumptions")["changed"])
        ]

    def counts(self) -> dict[tuple[str, str, str | None, str], Bounds]:
        """Conflict, commitment, claim and party -> how often it would have broken it."""
        rows = self._session.execute(named_statements("assumptions")["assumed_counts"])
        return {(row[0], row[1], row[2], row[3]): Bounds(*row[4:]) for row in rows}


def _named(values: dict[str, Any], names: Sequence[str]) -> dict[str, Any]:
    return {name: values[name] for name in names}


NOTHING = Assumptions()


def what_if(
    connection: duckdb.DuckDBPyConnection,
    assumed: Assumptions = NOTHING,
    *,
    memory_limit: str = "1GB",
    threads: int = 2,
) -> WhatIf:
    """The verdicts and counts that other assumptions would give, beside those that stand.

    `connection` is one to a lake, such as `analytics.connect` gives; it is only read. Raises
    ValueError: a term is no claim or retraction of one, or the grade is none.
    """
    with AssumedAudit(memory_limit=memory_limit, threads=threads) as audit:
        return compared(connection, audit, assumed)


def compared(
    connection: duckdb.DuckDBPyConnection, audit: AssumedAudit, assumed: Assumptions
) -> WhatIf:
    """The same in an audit that is there already, for one assumption after the other."""
    _refuse_wrong(assumed)
    of = {"conflict": assumed.conflict, "commitment": assumed.commitment}
    rows = connection.execute(named_statements("assumptions")["standing_counts"], of).fetchall()
    stood = {(row[0], row[1], row[2], row[3]): Bounds(*row[4:]) for row in rows}
    audit.suppose(connection, assumed)
    found = audit.counts()
    names = sorted(stood.keys() | found.keys(), key=lambda name: [part or "" for part in name])
    counts = [
        CountChange(conflict, commitment, claim, party, stood.get(name), found.get(name))
        for name in names
        for conflict, commitment, claim, party in [name]
    ]
    return WhatIf(audit.changed(), counts)


def _refuse_wrong(assumed: Assumptions) -> None:
    for term in assumed.terms:
        event = parse_event(term)
        if event.type not in {"commitment.claimed", "commitment.claim_retracted"}:
            raise ValueError(f"a term is a claim or the retraction of one, and no {event.type}")
    if assumed.evidence is not None and assumed.evidence not in GRADES:
        raise ValueError(f"a grade of evidence is one of {', '.join(GRADES)}")
