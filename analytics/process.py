"""What this process did since it started: counters and histograms, never the domain's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram


class ProcessMetrics:
    """What this process did since it started. `registry` is whose `/metrics` shows it."""

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
        self.detection_delay = Histogram(
            "truce_detection_delay_seconds",
            "From an event's append to the log until its verdicts were committed.",
            buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3600),
            registry=registry,
        )
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

    def known(self, types: Iterable[str], reasons: Iterable[str]) -> None:
        """Let these series exist at 0: one that is born at 1 is never seen to increase."""
        for name in types:
            self.events.labels(name)
        for reason in reasons:
            self.rejected.labels(reason)

    def committed(
        self,
        events: Mapping[str, int],
        rejected: Mapping[str, int],
        delays_seconds: Iterable[float],
        batch_seconds: float,
    ) -> None:
        """One batch is in the ledger."""
        for name, count in events.items():
            self.events.labels(name).inc(count)
        for reason, count in rejected.items():
            self.rejected.labels(reason).inc(count)
        for delay in delays_seconds:
            # The broker's clock may be ahead of ours.
            self.detection_delay.observe(max(0.0, delay))
        self.batch.observe(batch_seconds)

    def lagging(self, records: Mapping[int, int]) -> None:
        """How many records of each assigned partition are still to come."""
        self.lag.clear()
        for partition, count in records.items():
            self.lag.labels(str(partition)).set(count)


class NoticeMetrics:
    """What was told to whom since the process started; only there if there is somebody to tell."""

    OUTCOMES = ("told", "withdrawn", "failed", "refused", "passed", "old")

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
        """This became of so many notices."""
        self._notices.labels(target, outcome).inc(count)

    def wait(self, notices: Mapping[str, int]) -> None:
        """So many wait, by target."""
        for target, count in notices.items():
            self._waiting.labels(target).set(count)
