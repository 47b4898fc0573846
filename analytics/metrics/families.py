"""The domain's metrics: a pure function of the ledger and the time of the scrape.

Nothing is counted as it happens: a restart, a replay or a rebuild shows the same series.
"""

from __future__ import annotations

import math
import threading
from collections import Counter as Tally
from collections.abc import Callable, Iterable, Iterator, Sequence

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from analytics.ledger.ledger import Ledger
from analytics.metrics.process import ProcessMetrics
from analytics.metrics.series import MOST_SERIES, Shown, shown_of
from analytics.metrics.summary import ConflictPartition, Summary, SummaryReader
from schemas.safe_text import for_label, party_label
from schemas.time import Instant, in_force
from schemas.verdicts import CLAIM_OUTCOMES, OUTCOMES
from schemas.wire import REASONS

__all__ = [
    "DomainCollector",
    "ProcessMetrics",
    "Summary",
    "families",
]

STATES = {True: "in_force", False: "not_in_force", None: "unknown"}
_A_SECOND = 1_000_000


def families(summary: Summary, now: Instant, shown: Shown | None = None) -> Iterator[Metric]:
    """The domain series at the moment `now`, in microseconds since 1970.

    `shown`: which of those that are 0 are present; by default, as `shown_of` decides.
    """
    shown = shown or shown_of(summary, MOST_SERIES)
    yield _incidents(summary, shown)
    yield _claim_incidents(summary, shown)
    yield _last_violations(summary, shown)
    yield _last_verdicts(summary, shown)
    yield _last_withdrawals(summary, shown)
    yield _window_states(summary, now, shown)
    yield _window_ends(summary)
    yield _last_reports(summary)
    yield _last_coverage(summary)
    yield _last_rejections(summary)
    yield _series_left_out(shown)


def _incidents(summary: Summary, shown: Shown) -> Metric:
    counts: Tally[tuple[str, ...]] = Tally(
        {(*pair, verdict): 0 for pair in shown.parties for verdict in OUTCOMES}
    )
    for row in summary.verdicts:
        if row.incidents:
            counts[*row[:2], party_label(row.party), row.verdict] += row.incidents
    return _gauge(
        "truce_incidents",
        "Incidents that now stand at this verdict by the commitment, all its claims together."
        " Party unknown: no party is known as the actor, or several are.",
        ("conflict", "commitment", "party", "verdict"),
        counts.items(),
    )


def _claim_incidents(summary: Summary, shown: Shown) -> Metric:
    counts: Tally[tuple[str, ...]] = Tally(
        {(*of, verdict): 0 for of in shown.claim_parties for verdict in CLAIM_OUTCOMES}
    )
    for row in summary.claim_verdicts:
        of = (*row[:3], party_label(row.party))
        for verdict in CLAIM_OUTCOMES:
            counts[(*of, verdict)] += row.incidents if verdict == row.verdict else 0
    return _gauge(
        "truce_claim_incidents",
        "Incidents that now stand at this verdict by this one claim."
        " Party unknown: no party is known as the actor, or several are.",
        ("conflict", "commitment", "claim", "party", "verdict"),
        counts.items(),
    )


def _last_violations(summary: Summary, shown: Shown) -> Metric:
    return _gauge(
        "truce_last_violation_timestamp_seconds",
        "When the log took what last made an incident a violation that still stands; 0: none does.",
        ("conflict", "commitment", "party"),
        ((of[:3], at) for of, at in _last(summary, shown).items() if of[3] == "violation"),
    )


def _last_verdicts(summary: Summary, shown: Shown) -> Metric:
    return _gauge(
        "truce_last_verdict_timestamp_seconds",
        "When the log took what last brought an incident to this verdict at which it still stands;"
        " 0: none stands at it.",
        ("conflict", "commitment", "party", "verdict"),
        _last(summary, shown).items(),
    )


def _last(summary: Summary, shown: Shown) -> dict[tuple[str, ...], float]:
    """By conflict, commitment, party and verdict; in seconds since 1970.

    A party that was ever judged keeps a series, at 0: a missing one looks like a missing worker.
    """
    last: dict[tuple[str, ...], float] = {
        (*pair, verdict): 0.0
        for pairs in (shown.parties, shown.once_judged)
        for pair in pairs
        for verdict in OUTCOMES
    }
    for row in summary.verdicts:
        of = (*row[:2], party_label(row.party), row.verdict)
        if row.since:
            last[of] = max(last[of], row.since / _A_SECOND)
    return last


def _last_withdrawals(summary: Summary, shown: Shown) -> Metric:
    last = dict.fromkeys(shown.parties, 0.0)
    for row in summary.withdrawals:
        pair = (*row[:2], party_label(row.party))
        last[pair] = max(last.get(pair, 0.0), row.recorded_at / _A_SECOND)
    return _gauge(
        "truce_last_withdrawal_timestamp_seconds",
        "When the log last took what made a violation by the party none any more; 0: never.",
        ("conflict", "commitment", "party"),
        last.items(),
    )


def _window_states(summary: Summary, now: Instant, shown: Shown) -> Metric:
    samples = []
    for claim in summary.claims:
        if claim.window:
            answer = in_force(claim.window, now)
            samples += [
                ((*claim[:3], name), float(state is answer))
                for state, name in STATES.items()
                if state is answer or claim[:3] not in shown.bare_claims
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
        "When the window of the claim ends, if that is known; of daily hours, the last of them.",
        ("conflict", "commitment", "claim"),
        (
            (claim[:3], claim.end.latest / _A_SECOND)
            for claim in summary.claims
            if claim.end.earliest == claim.end.latest and math.isfinite(claim.end.latest)
        ),
    )


def _last_reports(summary: Summary) -> Metric:
    return _gauge(
        "truce_last_report_timestamp_seconds",
        "When the log last took a report of an incident; 0: never. No reports is not compliance.",
        ("conflict",),
        (((row.conflict,), (row.last_report or 0) / _A_SECOND) for row in summary.coverage),
    )


def _last_coverage(summary: Summary) -> Metric:
    return _gauge(
        "truce_last_coverage_timestamp_seconds",
        "When the log last took what stands of somebody who watched, in full or in part; 0: never."
        " Who was denied access did not watch.",
        ("conflict",),
        (((row.conflict,), (row.last_coverage or 0) / _A_SECOND) for row in summary.coverage),
    )


def _last_rejections(summary: Summary) -> Metric:
    last = dict.fromkeys(REASONS, 0.0) | {
        row.reason: row.recorded_at / _A_SECOND for row in summary.rejections
    }
    return _gauge(
        "truce_last_rejected_timestamp_seconds",
        "When the log last took what was rejected for this reason; 0: never.",
        ("reason",),
        (((reason,), at) for reason, at in last.items()),
    )


def _series_left_out(shown: Shown) -> Metric:
    return _gauge(
        "truce_series_left_out",
        "Series at 0, of the windows longest over, that this page leaves out for its size.",
        (),
        [((), float(shown.left_out))],
    )


def _gauge(
    name: str, text: str, labels: Sequence[str], samples: Iterable[tuple[Sequence[str], float]]
) -> Metric:
    family = GaugeMetricFamily(name, text, labels=labels)
    for values, value in sorted(samples):
        family.add_metric([for_label(name) for name in values], value)
    return family


class DomainCollector(Collector):
    """The domain series, read from the ledger again only after it committed. For any thread.

    `now` returns microseconds since 1970. `shown` says whether this worker shows the conflicts of
    a partition of the log: where several workers share a log, each conflict is shown by one only.
    Above `most_series`, series that are 0 are left out, see `shown_of`.
    It has its own connection: `close` it before the ledger.
    """

    def __init__(
        self,
        ledger: Ledger,
        now: Callable[[], Instant],
        shown: Callable[[ConflictPartition], bool] = lambda _: True,
        most_series: int = MOST_SERIES,
    ) -> None:
        self._ledger, self._now, self._shown = ledger, now, shown
        self._most_series = most_series
        self._chosen: tuple[Summary, Shown] | None = None
        self._connection = ledger.cursor()
        self._reader = SummaryReader(self._connection)
        self._lock = threading.Lock()
        self._as_of: float = -1
        self._summary = Summary()

    def collect(self) -> Iterator[Metric]:
        """The domain series at this moment."""
        summary = self.summary().where(self._shown)
        chosen = self._chosen
        if chosen is None or chosen[0] is not summary:
            chosen = self._chosen = summary, shown_of(summary, self._most_series)
        return families(summary, self._now(), chosen[1])

    def summary(self) -> Summary:
        """The summary of what is committed. After `close`, the last one read."""
        with self._lock:
            commits = self._ledger.commits
            if self._as_of not in (commits, math.inf):
                self._summary = self._reader.read()
                self._as_of = commits
            return self._summary

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self._as_of = math.inf
            self._connection.close()
