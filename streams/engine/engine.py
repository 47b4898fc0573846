"""The ledger and its readers as a worker uses them, opened together and closed together."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from streams.directory import prepare_lake
from streams.kafka.log_identity import LOG_APPEND_TIME, OR_ANOTHER

if TYPE_CHECKING:
    from pathlib import Path

    from analytics.ledger.rows import Reached
    from analytics.ledger.transaction import Transaction
    from analytics.metrics.process import NotificationMetrics
    from analytics.metrics.summary import ConflictPartition
    from analytics.notifications.notifications import Notifications
    from analytics.read_model import Ask
    from streams.engine.agent import JudgedBatch
    from streams.engine.batch import BatchTally
    from streams.engine.decoding import RawRecord, Reading
    from streams.engine.lake import Keeping
    from streams.kafka.attribution import Attribution
    from streams.kafka.outbox_publisher import OutboxReader
    from streams.kafka.progress import Behind, Progress
    from streams.kafka.receipts import Refusal
    from streams.settings import Settings

# For so long after it was superseded a reader may be at a snapshot of the lake: several times as
# long as one query may take.
LEAST_SECONDS_KEPT, QUERIES_KEPT = 600.0, 5


class OtherLog(Exception):  # noqa: N818 - named as what is the case
    """The database was made from another log than that of the Kafka that is set."""

    def __init__(self, settings: Settings, logs: Sequence[str], log_id: str) -> None:
        more = f" and {len(logs) - 1} more" if len(logs) > 1 else ""
        broker = ",".join(map(str, settings.broker))
        super().__init__(
            f"{settings.database} is of the log {logs[0]}{more}, but kafka://{broker} has the log "
            f"{log_id}: set TRUCE_BROKER to the one that it is of (unset: an embedded one), "
            f"{OR_ANOTHER}"
        )


class Core(Protocol):
    """What a worker needs of the core.

    Used in the ledger's thread, except `metrics` (any thread), `commit` (one thread of its own),
    the outbox (another), and `read` and `judged` (the event loop).
    """

    def open(self) -> OutboxReader:
        """Open the ledger and load what stands; where messages to publish are found."""

    def reached(self, log_id: str) -> Mapping[int, Reached]:
        """The checkpoint of each partition of this log that the ledger knows."""

    async def read(self, partition: int, records: Sequence[Any]) -> object:
        """Read records of a partition, as aiokafka gives them, also while others are judged."""

    def judge(self, log_id: str, reading: Any) -> Any:  # noqa: ANN401 - the core's own
        """Judge what was read. Returns what `commit` wants, which must follow."""

    def more(self) -> Any:  # noqa: ANN401 - as `judge`
        """Go on with what `judge` left behind."""

    def behind(self) -> Behind:
        """What `judge` left behind."""

    def commit(self, judged: Any) -> object:  # noqa: ANN401 - what `judge` gave
        """Write and commit what was judged, all or nothing; what follows may be judged meanwhile.

        Returns what it held.
        """

    def notices(self) -> tuple[Notifications, NotificationMetrics, list[str]]:
        """The notifications, their metrics, and which targets are new.

        The notifications are for another thread, which closes them before `close`.
        """

    def lake(self) -> Keeping:
        """What keeps the lake, for a thread of its own, which closes it before `close`."""

    def asking(self) -> Ask:
        """What runs a query of the ledger, read-only, in one thread at a time; until `close`."""

    def lagging(self, lag: Callable[[], float]) -> None:
        """How far the lake is behind: for the metrics."""

    def metrics(self, accepts: str, progress: Progress) -> tuple[bytes, str]:
        """A metrics page, as of this progress, and its content type."""

    def judged(self, judged: JudgedBatch) -> Sequence[Refusal]:
        """Count a batch that was committed; what of it was refused."""

    def look(self) -> None:
        """See that the ledger's files are still there. For about once a second, in any thread.

        Raises what is the matter.
        """

    def close(self) -> None:
        """Close what is open."""

    def saved(self) -> Path | None:
        """Once it is closed: where the ledger's file is, if it is not where it belongs."""


class LedgerCore:
    """The core in production: the DuckDB ledger, the fold and the metrics."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._stack = contextlib.ExitStack()

    def open(self) -> OutboxReader:
        """Open the ledger and load what stands."""
        # Imported here, in the ledger's thread, while the broker starts.
        from analytics.ledger.ledger import Ledger
        from analytics.ledger.replacement import was_rebuilt
        from streams.kafka.attribution import attribution_of

        settings = self._settings
        self._attribution = attribution_of(settings, make=True)
        if was_rebuilt(settings.database):
            from streams.engine.rebuild import take_over

            take_over(settings)
        ledger = Ledger.open(
            settings.database,
            memory_limit=settings.memory,
            spill=settings.spill,
            kafka=bool(settings.broker),
            accepts=settings.accept_loss,
        )
        self._stack.callback(ledger.close)

        from prometheus_client import CollectorRegistry

        from analytics.metrics.families import DomainCollector
        from analytics.metrics.process import ProcessMetrics
        from schemas.events import EVENT_TYPES
        from schemas.wire import REASONS
        from streams.engine import loading
        from streams.engine.decoder import Decoder
        from streams.engine.turns import SECONDS_A_TURN, Turns

        self._reader = Decoder()
        self._stack.callback(self._reader.close)
        self._ledger = ledger
        self._turns = Turns(ledger, loading.load_standing(ledger), SECONDS_A_TURN)
        self._registry = CollectorRegistry()
        self._progress: Progress | None = None
        domain = DomainCollector(
            ledger, lambda: time.time_ns() // 1_000, self._shown, settings.metrics_series
        )
        self._stack.callback(domain.close)
        self._registry.register(domain)
        self._switch_notices()
        self._process = ProcessMetrics(self._registry)
        self._process.known(EVENT_TYPES, REASONS)
        return ledger

    def reached(self, log_id: str) -> Mapping[int, Reached]:
        """Give the checkpoint of each partition. OtherLog: a Kafka that is not ours.

        An embedded broker begins a new log at each start, which goes on from the one before.
        """
        found, logs = self._ledger.reached(log_id), self._ledger.logs()
        if self._settings.broker and logs and not found:
            raise OtherLog(self._settings, logs, log_id)
        return found

    async def read(self, partition: int, records: Sequence[Any]) -> Reading:
        """Read records of a partition."""
        now = time.time_ns() // 1_000_000
        return await self._reader.read(
            lambda: raw_records(partition, records, now, self._attribution)
        )

    def judge(self, log_id: str, reading: Reading) -> tuple[Transaction, BatchTally]:
        """Judge."""
        return self._turns.take(log_id, reading)

    def more(self) -> tuple[Transaction, BatchTally]:
        """Go on."""
        return self._turns.more()

    def behind(self) -> Behind:
        """Say what waits for its turn."""
        return self._turns.behind()

    def commit(self, judged: tuple[Transaction, BatchTally]) -> BatchTally:
        """Write and commit."""
        transaction, tally = judged
        self._ledger.commit(transaction)
        return tally

    def _switch_notices(self) -> None:
        """Switch targets of notifications on or off from now on, before anything is judged."""
        from analytics.notifications.notifications import switch

        cursor = self._ledger.cursor()
        self._new_targets = switch(
            cursor, self._settings.notification_targets, time.time_ns() // 1_000
        )
        cursor.close()

    def notices(self) -> tuple[Notifications, NotificationMetrics, list[str]]:
        """Give the notifications, their metrics, and which targets are new."""
        from analytics.metrics.process import NotificationMetrics
        from analytics.notifications.notifications import Notifications

        metrics = NotificationMetrics(self._registry, self._settings.notification_targets)
        return Notifications(self._ledger.cursor()), metrics, self._new_targets

    def lake(self) -> Keeping:
        """Give what keeps the lake."""
        from analytics.lake.keeper import Keeper
        from analytics.lake.subprocess_writer import SubprocessWriter

        settings = self._settings
        keep = max(LEAST_SECONDS_KEPT, QUERIES_KEPT * settings.query_seconds)
        prepare_lake(settings.lake)
        writer = SubprocessWriter(
            settings.lake, settings.lake_catalog, settings.worker, settings.lake_data
        )
        return Keeper(writer, self._ledger.cursor(), keep_seconds=keep)

    def asking(self) -> Ask:
        """Give what runs a query, over a connection of its own."""
        from analytics.storage.database import ReadOnlySession

        session = ReadOnlySession(self._ledger.cursor())
        self._stack.callback(session.close)

        def ask(sql: str, values: Mapping[str, object]) -> list[tuple[Any, ...]]:
            with session.moment() as connection:
                return connection.execute(sql, values).fetchall()

        return ask

    def lagging(self, lag: Callable[[], float]) -> None:
        """Show how far the lake is behind."""
        self._process.lake_lag.set_function(lag)

    def metrics(self, accepts: str, progress: Progress) -> tuple[bytes, str]:
        """Give a page in the format that is accepted."""
        from prometheus_client.exposition import choose_encoder

        self._progress = progress
        self._process.lagging(progress.lag())
        self._process.unverified(self._attribution.unverified)
        encode, content_type = choose_encoder(accepts)
        return encode(self._registry), content_type

    def _shown(self, place: ConflictPartition) -> bool:
        """Does this worker speak for what is there?

        Of another log, such as one that ended with its broker, no other worker can.
        """
        progress = self._progress
        if progress is None or not progress.log_id:
            return False
        return place.log_id != progress.log_id or progress.speaks_for(place.partition)

    def judged(self, judged: JudgedBatch) -> Sequence[Refusal]:
        """Count a batch that was committed; what of it was refused."""
        tally: BatchTally = judged.tally
        self._process.committed(
            tally.events, tally.rejected, tally.appended_at, time.time_ns() // 1_000, judged.seconds
        )
        return tally.refusals

    def look(self) -> None:
        """See that the ledger's files are still there."""
        self._ledger.look()

    def close(self) -> None:
        """Close what is open, the last first."""
        self._stack.close()

    def saved(self) -> Path | None:
        """Where the ledger's file is, if it is not where it belongs."""
        return self._ledger.saved


def raw_records(
    partition: int, records: Iterable[Any], now: int, attribution: Attribution
) -> list[RawRecord]:
    """What the log holds, of what aiokafka gives of one partition; `now` in milliseconds."""
    # One loop without calls, and imported once: this is done for each record of the log.
    from streams.engine.decoding import RawRecord

    found = []
    for record in records:
        stamp: int = record.timestamp
        if record.timestamp_type != LOG_APPEND_TIME:
            # Tansu keeps what the sender's clock said. A log's time never runs back, so one record
            # from the far future would be the last that has a time of its own.
            stamp = min(max(stamp, 0), now)
        headers, posted_by = record.headers, None
        if headers:
            headers = [(name, value or b"") for name, value in headers]
            # What was published to the log directly mostly has this one header.
            if len(headers) > 1 or headers[0][0] != "content-type":
                posted_by = attribution.who(headers, record.key, record.value)
        key, value = record.key, record.value
        found.append(
            RawRecord(partition, record.offset, stamp, key, value, tuple(headers), posted_by)
        )
    return found
