"""Replays a log into a new database, which then replaces the previous one."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby
from operator import itemgetter

from analytics.ledger.ledger import Ledger
from analytics.ledger.old_database import Old, why_unreadable
from analytics.ledger.replacement import NewDatabase, alone
from analytics.storage.failures import LedgerError, LedgerInUse
from analytics.storage.rebuild_failures import explained
from streams.bar import Bar, Bars, no_bar
from streams.engine.decoder import KeptBatch, ReadingProcess, read_ahead
from streams.engine.decoding import KeptRecord, Reading
from streams.engine.loading import load_standing, process
from streams.engine.replay import NextOffsets, Past, kept_records, offsets
from streams.explain.words import counted
from streams.settings import Settings

EVENTS_AT_ONCE = 5_000


BYTES_AT_ONCE = 16 * 2**20


logger = logging.getLogger("streams")


class LogReplay:
    """Folds what is read into a database, in large batches."""

    def __init__(self, ledger: Ledger, progress: Bar) -> None:
        self._ledger = ledger
        self._standing = load_standing(ledger)
        self._progress = progress

    def take(self, log_id: str, reading: Reading, *, is_kept: bool = False) -> None:
        """Fold what was read of one log, or kept of it."""
        process(self._ledger, self._standing, log_id, reading, is_kept=is_kept)
        self._progress.advance(len(reading.records))

    def take_kept(self, past: Past, first: int, below: NextOffsets | None = None) -> None:
        """Fold the events that a database kept: see `kept_records`."""
        # A log that is new goes on from the time of those before it: not so one that is known,
        # even if nothing that came in it was kept.
        with self._ledger.transaction() as transaction:
            for log_id, partition in offsets(past):
                if partition not in self._ledger.offsets(log_id):
                    transaction.advance(log_id, partition, 0, 0)
        batches = _batches(kept_records(past, first, below))
        with ReadingProcess() as process:
            for log_id, reading in read_ahead(process, batches):
                self.take(log_id, reading, is_kept=True)


def _batches(records: Iterator[tuple[str, KeptRecord]]) -> Iterator[KeptBatch]:
    for log_id, of_one in groupby(records, key=itemgetter(0)):
        batch: list[KeptRecord] = []
        size = 0
        for _, one in of_one:
            batch.append(one)
            size += sum(len(event.payload) for event in one.events)
            if len(batch) >= EVENTS_AT_ONCE or size >= BYTES_AT_ONCE:
                yield KeptBatch(log_id, batch, size)
                batch, size = [], 0
        if batch:
            yield KeptBatch(log_id, batch, size)


@contextmanager
def folding(new: NewDatabase, past: Past, bars: Bars, first: int = 0) -> Iterator[LogReplay]:
    """A replay into the new database of the events that a database kept, with a progress bar."""
    [(end,)] = past.rows("end_of_events")
    with bars("folding", end - first) as progress:
        yield LogReplay(new.ledger, progress)


def finish(new: NewDatabase, old: Old, bars: Bars) -> None:
    """Take what the previous database has beyond the new one: events are folded, others copied."""
    first = new.first_beyond(old)
    new.note_reached()
    with folding(new, old, bars, first) as fold:
        fold.take_kept(old, first)
    new.complete()


def take_over(settings: Settings) -> None:
    """Let a database that was rebuilt while a worker ran replace the previous one, before it opens.

    If that fails, the failure is reported, and the previous database is left as it was.
    """
    path = settings.database
    try:
        kafka = bool(settings.broker)
        with alone(path), explained(path, kafka=kafka):
            unreadable = why_unreadable(path, kafka=False)
            if unreadable is not None:
                raise unreadable
            with NewDatabase(
                path, goes_on=True, memory_limit=settings.memory, spill=settings.spill
            ) as new:
                finish(new, new.attach(), no_bar)
                compared = new.compare()
                kept = new.take_over(keep=compared is None or compared.differing > 0)
    except LedgerInUse:
        return  # the database itself says so, next
    except LedgerError as error:
        logger.warning("what was rebuilt is not taken: %s", error)
        return
    kept_as = f"; the old one is kept as {kept}" if kept else ""
    if compared is None:
        logger.warning("the rebuilt database is taken: the old one is damaged%s", kept_as)
        return
    rows = counted(compared.differing, "row")
    logger.warning("the rebuilt database is taken: %s differ from the old one%s", rows, kept_as)
