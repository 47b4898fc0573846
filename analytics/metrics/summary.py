"""The part of the ledger that the domain series show, read as one snapshot. No decisions here."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable
from typing import NamedTuple, Protocol, TypeVar

import duckdb

from analytics.queries import queries
from schemas.events import Assertion, ClaimEvent, parse_event
from schemas.time import UNKNOWN, Bound, Instant, Window, last_end

TEXTS_AT_ONCE = 500


class WindowTerms(NamedTuple):
    """When a claim holds, and when it is over for good; empty for a denial."""

    window: Window = ()
    end: Bound = UNKNOWN


NO_TERMS = WindowTerms()


class StandingClaim(NamedTuple):
    """A claim, or with an empty window a denial. `end`: when the window is over for good."""

    conflict: str
    commitment_id: str
    claim_id: str
    parties: tuple[str, ...]
    window: Window
    end: Bound = UNKNOWN


class VerdictCount(NamedTuple):
    """How many incidents stand at a verdict, and when the last came to it (us since 1970).

    0 and None: none does any more.
    """

    conflict: str
    commitment_id: str
    party: str | None
    verdict: str
    incidents: int
    since: Instant | None


class ClaimVerdictCount(NamedTuple):
    """How many incidents stand at a verdict by one claim."""

    conflict: str
    commitment_id: str
    claim_id: str
    party: str | None
    verdict: str
    incidents: int


class Withdrawal(NamedTuple):
    """When the log last received what withdrew a violation by this party (us since 1970)."""

    conflict: str
    commitment_id: str
    party: str | None
    recorded_at: Instant


class LastRejection(NamedTuple):
    """When the log last received something rejected for this reason (us since 1970)."""

    reason: str
    recorded_at: Instant


class ConflictPartition(NamedTuple):
    """Where in which log a conflict is: a log has each conflict in one partition."""

    log_id: str
    partition: int


class LastReport(NamedTuple):
    """When the log last received a report for the conflict, in us since 1970; None: never.

    And when what last stands of somebody who watched it.
    """

    conflict: str
    last_report: Instant | None
    last_coverage: Instant | None
    log_id: str
    partition: int

    @property
    def place(self) -> ConflictPartition:
        """Where the last event of the conflict was found."""
        return ConflictPartition(self.log_id, self.partition)


class Summary(NamedTuple):
    """All of the ledger that the domain series show."""

    claims: tuple[StandingClaim, ...] = ()
    verdicts: tuple[VerdictCount, ...] = ()
    claim_verdicts: tuple[ClaimVerdictCount, ...] = ()
    withdrawals: tuple[Withdrawal, ...] = ()
    coverage: tuple[LastReport, ...] = ()
    rejections: tuple[LastRejection, ...] = ()

    def where(self, shown: Callable[[ConflictPartition], bool]) -> Summary:
        """Only the conflicts in partitions that are `shown`; what was rejected has no conflict."""
        conflicts = {one.conflict for one in self.coverage if shown(one.place)}
        if len(conflicts) == len(self.coverage):
            return self
        return Summary(
            claims=_of(conflicts, self.claims),
            verdicts=_of(conflicts, self.verdicts),
            claim_verdicts=_of(conflicts, self.claim_verdicts),
            withdrawals=_of(conflicts, self.withdrawals),
            coverage=_of(conflicts, self.coverage),
            rejections=self.rejections,
        )


class _OfConflict(Protocol):
    @property
    def conflict(self) -> str: ...


_Row = TypeVar("_Row", bound=_OfConflict)


def _of(conflicts: Container[str], rows: Iterable[_Row]) -> tuple[_Row, ...]:
    return tuple(row for row in rows if row.conflict in conflicts)


class SummaryReader:
    """Reads one summary after another; only claims that are new are read again."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self._changes: list[tuple[int, int]] = []
        self._claims: tuple[StandingClaim, ...] = ()
        self._terms: dict[str, WindowTerms] = {}

    def read(self) -> Summary:
        """The summary of what is committed, all of it as of one moment."""
        ask = self._connection.execute
        ask("BEGIN")
        try:
            found = {name: ask(sql).fetchall() for name, sql in queries("metrics").items()}
            changes = ask(queries("windows")["changes"]).fetchall()
            if changes != self._changes:
                self._claims = self._read_claims()
                self._changes = changes
        finally:
            ask("ROLLBACK")
        return Summary(
            claims=self._claims,
            verdicts=tuple(VerdictCount(*row) for row in found["verdicts"]),
            claim_verdicts=tuple(ClaimVerdictCount(*row) for row in found["claim_verdicts"]),
            withdrawals=tuple(Withdrawal(*row) for row in found["withdrawals"]),
            coverage=tuple(LastReport(*row) for row in found["coverage"]),
            rejections=tuple(LastRejection(*row) for row in found["rejections"]),
        )

    def _read_claims(self) -> tuple[StandingClaim, ...]:
        sql = queries("windows")
        claims = self._connection.execute(sql["claims"]).fetchall()
        said = {row[-1] for row in claims} - {None}
        self._terms = {text: terms for text, terms in self._terms.items() if text in said}
        new = sorted(said - self._terms.keys())
        for begin in range(0, len(new), TEXTS_AT_ONCE):
            some = {"said": new[begin : begin + TEXTS_AT_ONCE]}
            rows = self._connection.execute(sql["texts"], some).fetchall()
            self._terms |= {text: _terms(raw) for text, raw in rows}
        return tuple(
            StandingClaim(
                conflict, commitment_id, claim_id, tuple(parties), terms.window, terms.end
            )
            for conflict, commitment_id, claim_id, parties, text in claims
            for terms in (self._terms.get(text, NO_TERMS),)
        )


def _terms(raw: str) -> WindowTerms:
    event = parse_event(raw)
    if not isinstance(event, ClaimEvent) or not isinstance(event.data, Assertion):
        raise TypeError("only an assertion has a window")
    window = event.data.terms_window
    return WindowTerms(window, last_end(window))
