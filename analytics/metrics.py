"""What monitoring sees of the domain: a pure function of the ledger and the moment of asking.

Nothing here is counted as it happens: a restart, a replay or a rebuild shows the same series.
"""

from __future__ import annotations

import math
import threading
from collections import Counter as Tally
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple, get_args

import duckdb
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from analytics.ledger import Ledger
from analytics.process import ProcessMetrics
from analytics.queries import queries
from analytics.rows import ClaimOutcome, Outcome
from schemas.events import Assertion, ClaimEvent, parse_event
from schemas.time import Instant, Window, in_force

__all__ = [
    "DomainCollector",
    "ProcessMetrics",
    "Summary",
    "families",
    "read_summary",
]

NOBODY_KNOWN = "unknown"
STATES = {True: "in_force", False: "not_in_force", None: "unknown"}
_VERDICTS: tuple[str, ...] = get_args(Outcome)
_CLAIM_VERDICTS: tuple[str, ...] = get_args(ClaimOutcome)
_A_SECOND = 1_000_000


class StandingClaim(NamedTuple):
    """A claim, or with an empty window a denial."""

    conflict: str
    commitment_id: str
    claim_id: str
    parties: tuple[str, ...]
    window: Window


class VerdictCount(NamedTuple):
    """How many incidents stand at a verdict, and when the last came to it (us since 1970)."""

    conflict: str
    commitment_id: str
    party: str | None
    verdict: str
    incidents: int
    since: Instant


class ClaimVerdictCount(NamedTuple):
    """How many incidents stand at a verdict by one claim."""

    conflict: str
    commitment_id: str
    claim_id: str
    party: str | None
    verdict: str
    incidents: int


class LastReport(NamedTuple):
    """When the log last took a report for the conflict, in us since 1970; None: never."""

    conflict: str
    recorded_at: Instant | None


class Summary(NamedTuple):
    """All of the ledger that the domain series are made of."""

    claims: tuple[StandingClaim, ...] = ()
    verdicts: tuple[VerdictCount, ...] = ()
    claim_verdicts: tuple[ClaimVerdictCount, ...] = ()
    last_reports: tuple[LastReport, ...] = ()


def read_summary(connection: duckdb.DuckDBPyConnection) -> Summary:
    """The summary of what is committed, all of it as of one moment."""
    sql = queries("metrics")
    connection.execute("BEGIN")
    try:
        claims, verdicts, claim_verdicts, last_reports = (
            connection.execute(sql[name]).fetchall()
            for name in ("claims", "verdicts", "claim_verdicts", "last_reports")
        )
    finally:
        connection.execute("ROLLBACK")
    return Summary(
        claims=tuple(
            StandingClaim(
                conflict,
                commitment_id,
                claim_id,
                tuple(parties),
                _window(raw) if stance == "asserts" else (),
            )
            for conflict, commitment_id, claim_id, stance, parties, raw in claims
        ),
        verdicts=tuple(VerdictCount(*row) for row in verdicts),
        claim_verdicts=tuple(ClaimVerdictCount(*row) for row in claim_verdicts),
        last_reports=tuple(LastReport(*row) for row in last_reports),
    )


@lru_cache(maxsize=1_024)
def _window(raw: str) -> Window:
    event = parse_event(raw)
    if not isinstance(event, ClaimEvent) or not isinstance(event.data, Assertion):
        raise TypeError("only an assertion has a window")
    return event.data.terms_window


def families(summary: Summary, now: Instant) -> Iterator[Metric]:
    """The domain series at the moment `now`, in microseconds since 1970."""
    yield _incidents(summary)
    yield _claim_incidents(summary)
    yield _last_violations(summary)
    yield _window_states(summary, now)
    yield _window_ends(summary)
    yield _last_reports(summary)


def _incidents(summary: Summary) -> Metric:
    counts: Tally[tuple[str, ...]] = Tally(
        {(*pair, verdict): 0 for pair in _parties(summary) for verdict in _VERDICTS}
    )
    for row in summary.verdicts:
        counts[row.conflict, row.commitment_id, _label(row.party), row.verdict] += row.incidents
    return _gauge(
        "truce_incidents",
        "Incidents that now stand at this verdict by the commitment, all its claims together.",
        ("conflict", "commitment", "party", "verdict"),
        counts.items(),
    )


def _claim_incidents(summary: Summary) -> Metric:
    counts: Tally[tuple[str, ...]] = Tally(
        {
            (*claim[:3], party, verdict): 0
            for claim in summary.claims
            if claim.window
            for party in (*claim.parties, NOBODY_KNOWN)
            for verdict in _CLAIM_VERDICTS
        }
    )
    for row in summary.claim_verdicts:
        of = (*row[:3], _label(row.party))
        for verdict in _CLAIM_VERDICTS:
            counts[(*of, verdict)] += row.incidents if verdict == row.verdict else 0
    return _gauge(
        "truce_claim_incidents",
        "Incidents that now stand at this verdict by this one claim.",
        ("conflict", "commitment", "claim", "party", "verdict"),
        counts.items(),
    )


def _last_violations(summary: Summary) -> Metric:
    last = dict.fromkeys(_parties(summary), 0.0)
    for row in summary.verdicts:
        if row.verdict == "violation":
            pair = (row.conflict, row.commitment_id, _label(row.party))
            last[pair] = max(last[pair], row.since / _A_SECOND)
    return _gauge(
        "truce_last_violation_timestamp_seconds",
        "When the log took what last made an incident a violation that still stands; 0: none does.",
        ("conflict", "commitment", "party"),
        last.items(),
    )


def _window_states(summary: Summary, now: Instant) -> Metric:
    samples = []
    for claim in summary.claims:
        if claim.window:
            answer = in_force(claim.window, now)
            samples += [
                ((*claim[:3], name), float(state is answer)) for state, name in STATES.items()
            ]
    return _gauge(
        "truce_window_state",
        "Whether the window of the claim is in force now: 1 for the state that holds.",
        ("conflict", "commitment", "claim", "state"),
        samples,
    )


def _window_ends(summary: Summary) -> Metric:
    return _gauge(
        "truce_window_end_timestamp_seconds",
        "When the window of the claim ends, if that is known.",
        ("conflict", "commitment", "claim"),
        (
            (claim[:3], latest / _A_SECOND)
            for claim in summary.claims
            if claim.window
            for latest in (max(part.end.latest for part in claim.window),)
            if not math.isinf(latest) and latest == max(p.end.earliest for p in claim.window)
        ),
    )


def _last_reports(summary: Summary) -> Metric:
    return _gauge(
        "truce_last_report_timestamp_seconds",
        "When the log last took a report of an incident; 0: never. No reports is not compliance.",
        ("conflict",),
        (((row.conflict,), (row.recorded_at or 0) / _A_SECOND) for row in summary.last_reports),
    )


def _parties(summary: Summary) -> list[tuple[str, str, str]]:
    """(conflict, commitment, party) for all whose series exist: bound, or named for an incident."""
    bound = {(*c[:2], party) for c in summary.claims for party in (*c.parties, NOBODY_KNOWN)}
    named = {(*v[:2], party) for v in summary.verdicts for party in (_label(v.party), NOBODY_KNOWN)}
    return sorted(bound | named)


def _label(party: str | None) -> str:
    return NOBODY_KNOWN if party is None else party


def _gauge(
    name: str, text: str, labels: Sequence[str], samples: Iterable[tuple[Sequence[str], float]]
) -> Metric:
    family = GaugeMetricFamily(name, text, labels=labels)
    for values, value in sorted(samples):
        family.add_metric(values, value)
    return family


class DomainCollector(Collector):
    """The domain series, read from the ledger again only after it committed. For any thread.

    `now` gives microseconds since 1970. It has its own connection: `close` it before the ledger.
    """

    def __init__(self, ledger: Ledger, now: Callable[[], Instant]) -> None:
        self._ledger, self._now = ledger, now
        self._connection = ledger.cursor()
        self._lock = threading.Lock()
        self._as_of: float = -1
        self._summary = Summary()

    def collect(self) -> Iterator[Metric]:
        """The domain series at this moment."""
        return families(self.summary(), self._now())

    def summary(self) -> Summary:
        """What is committed. After `close`, what was last read."""
        with self._lock:
            commits = self._ledger.commits
            if self._as_of not in (commits, math.inf):
                self._summary = read_summary(self._connection)
                self._as_of = commits
            return self._summary

    def close(self) -> None:
        """Let go of the connection."""
        with self._lock:
            self._as_of = math.inf
            self._connection.close()
