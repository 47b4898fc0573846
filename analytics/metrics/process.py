"""What this process did since it started: counters and histograms, never the domain's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import HistogramMetricFamily
from prometheus_client.registry import Collector

MICROSECONDS = 1_000_000


class Delays(Collector):
    """A histogram that observes many values at once: the library's takes 3 us for each."""

    def __init__(self, name: str, about: str, bounds: Iterable[float]) -> None:
        self._name, self._about = name, about
        self._bounds = np.array([*bounds, np.inf])
        # Replaced as a whole: a scrape may read it from another thread.
        self._known = np.zeros(len(self._bounds), dtype=np.int64), 0.0

    def observe(self, values: np.ndarray[Any, np.dtype[np.float64]]) -> None:
        """Count these values."""
        counts, total = self._known
        # A value that is equal to a bound is below it.
        places = np.searchsorted(self._bounds, values, side="left")
        self._known = (
            counts + np.bincount(places, minlength=len(counts)),
            total + float(values.sum()),
        )

    def collect(self) -> Iterator[HistogramMetricFamily]:
        """The histogram of the values counted so far."""
        counts, total = self._known
        buckets = [
            ("+Inf" if np.isinf(bound) else str(float(bound)), float(count))
            for bound, count in zip(self._bounds, np.cumsum(counts), strict=True)
        ]
        yield HistogramMetricFamily(self._name, self._about, buckets=buckets, sum_value=total)


class ProcessMetrics:
    """What this process did since it started; shown by the `/metrics` of `registry`."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.events = Counter(
            "truce_events", "Events taken into the ledger, by type.", ["type"], registry=registry
        )
        self.rejected = Counter(
            "truce_rejected",
            "Inputs that could not be taken, by reason.",
            ["reason"],
            registry=registry,
        )
        self.detection_delay = Delays(
            "truce_detection_delay_seconds",
            "From an event's append to the log until its verdicts were committed.",
            (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3600),
        )
        registry.register(self.detection_delay)
        self.batch = Histogram(
            "truce_batch_seconds",
            "How long one batch took, from its first record to its commit.",
            buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60),
            registry=registry,
        )
        self.lag = Gauge(
            "truce_log_lag_events",
            "Records of the log that are not in the ledger yet, by partition.",
            ["partition"],
            registry=registry,
        )
        self.lake_lag = Gauge(
            "truce_lake_lag_seconds",
            "For how long something is in the ledger that the lake does not have; 0: it has all.",
            registry=registry,
        )

        self._unverified = Counter(
            "truce_posted_by_unverified",
            "Records read whose header truce-posted-by is not one that a worker wrote.",
            registry=registry,
        )
        self._counted = 0

    def known(self, types: Iterable[str], reasons: Iterable[str]) -> None:
        """Create these series at 0: one that starts at 1 is never seen to increase."""
        for name in types:
            self.events.labels(name)
        for reason in reasons:
            self.rejected.labels(reason)

    def committed(
        self,
        events: Mapping[str, int],
        rejected: Mapping[str, int],
        appended_at: Sequence[int],
        now: int,
        batch_seconds: float,
    ) -> None:
        """One batch is in the ledger `now`; its events were recorded at these times (us)."""
        for name, count in events.items():
            self.events.labels(name).inc(count)
        for reason, count in rejected.items():
            self.rejected.labels(reason).inc(count)
        # The broker's clock may be ahead of ours.
        delays = np.maximum(now - np.array(appended_at, dtype=np.int64), 0)
        self.detection_delay.observe(delays / MICROSECONDS)
        self.batch.observe(batch_seconds)

    def unverified(self, count: int) -> None:
        """How many records so far named a poster that could not be verified."""
        self._unverified.inc(count - self._counted)
        self._counted = count

    def lagging(self, records: Mapping[int, int]) -> None:
        """How many records of each assigned partition are still to come."""
        self.lag.clear()
        for partition, count in records.items():
            self.lag.labels(str(partition)).set(count)


class NotificationMetrics:
    """Notifications sent since the process started; only registered if there are targets."""

    OUTCOMES = (
        *("told", "revised", "withdrawn", "burst", "flapping"),
        *("failed", "shortened", "refused", "passed", "old"),
    )

    def __init__(self, registry: CollectorRegistry, targets: Iterable[str]) -> None:
        self._notices = Counter(
            "truce_notices",
            "Notices by what became of them; failed: a try that comes to nothing is made again.",
            ["target", "outcome"],
            registry=registry,
        )
        self._waiting = Gauge(
            "truce_notices_waiting",
            "Notices that the target is still to be told.",
            ["target"],
            registry=registry,
        )
        for target in targets:
            self._waiting.labels(target)
            for outcome in self.OUTCOMES:
                self._notices.labels(target, outcome)

    def told(self, target: str, outcome: str, count: int = 1) -> None:
        """Count this many notifications with this outcome."""
        self._notices.labels(target, outcome).inc(count)

    def wait(self, notices: Mapping[str, int]) -> None:
        """How many wait, by target."""
        for target, count in notices.items():
            self._waiting.labels(target).set(count)
