"""`truce rebuild`: replays the log into a new database, which replaces the previous one.

Without a worker all is done here. A running worker keeps its database and goes on judging: it
switches to the new one, with all that came in meanwhile, when it starts the next time.
"""

from __future__ import annotations

import logging
import time
from pathlib import Path
from typing import Any, NamedTuple

from analytics.lake.session import LakeSession
from analytics.ledger.old_database import why_unreadable
from analytics.ledger.replacement import (
    Comparison,
    NewDatabase,
    Size,
    alone,
    remove,
)
from analytics.provenance import provenance
from analytics.queries import queries
from analytics.storage.failures import (
    LedgerDamaged,
    LedgerError,
    LedgerInUse,
    LedgerMissing,
    LedgerTooNew,
)
from analytics.storage.place import beside
from analytics.storage.rebuild_failures import REBUILT, explained
from streams.client import SECONDS_BETWEEN_LOOKS, SECONDS_FOR_A_WORKER_TO_START, worker_of
from streams.commands.console import err, progress_bar, say, say_json, table, waiting
from streams.commands.lake_reader import opened
from streams.directory import prepare
from streams.engine.engine import OtherLog
from streams.engine.rebuild import LogReplay, finish, folding
from streams.engine.replay import (
    Kafka,
    Past,
    kept_rejected,
    reached_by,
)
from streams.errors import BadInput, Unreachable
from streams.explain.judges import other_judges
from streams.explain.words import counted
from streams.settings import Settings

# Why a database cannot be read that is not there or not as it should be; all else can be mended.
OF_ITSELF = (LedgerDamaged, LedgerMissing, LedgerTooNew)

logger = logging.getLogger("streams")


class Wanted(NamedTuple):
    """The options of the command, apart from the settings."""

    from_events: bool = False
    new_log: bool = False
    dry_run: bool = False
    keep_old: bool = False
    as_json: bool = False


class RebuildResult(NamedTuple):
    """What was done. `state`: replaced, waiting (for the worker's next start) or compared."""

    state: str
    source: str
    size: Size
    compared: Comparison | None
    kept: Path | None
    left_out: list[str]
    seconds: float


class _Lake:
    """What a running worker's lake answers, all of it as of one moment."""

    def __init__(self, lake: LakeSession) -> None:
        self._lake = lake

    def rows(self, name: str, **values: int) -> list[tuple[Any, ...]]:
        """What it answers to a statement of `queries/rebuild.sql`."""
        return self._lake.ask(queries("rebuild")[name], values)


def run_rebuild(settings: Settings, wanted: Wanted) -> int:
    """Rebuild, compare, replace and print. Returns the exit code."""
    from streams.tuning import tune_collector

    if wanted.new_log and (wanted.from_events or not settings.broker):
        raise BadInput("--new-log folds the log of a Kafka: set TRUCE_BROKER to it")
    if not settings.data_dir.is_dir():
        raise BadInput(f"there is no {settings.data_dir}: choose the directory with --data-dir")
    prepare(settings.data_dir)
    tune_collector()
    began = time.monotonic()
    with alone(settings.database), explained(settings.database, kafka=bool(settings.broker)):
        kafka = Kafka(settings) if settings.broker and not wanted.from_events else None
        if kafka is not None:
            kafka.ask_id()
        unreadable = _state(settings, kafka is not None)
        if worker_of(settings) is not None:
            done = _beside_a_worker(settings, wanted, kafka)
        else:
            done = _replace(settings, wanted, kafka, unreadable)
    done = done._replace(seconds=round(time.monotonic() - began, 3))
    (_print_json if wanted.as_json else _print)(settings, done)
    return 0


def _state(settings: Settings, has_log: bool) -> LedgerError | None:
    """Why the database cannot be read, if it cannot and no worker has it.

    `has_log`: a Kafka has its log. Raises what hinders us, whatever is in it.
    """
    until = time.monotonic() + SECONDS_FOR_A_WORKER_TO_START
    while worker_of(settings) is None:
        try:
            found = why_unreadable(settings.database, kafka=has_log)
            if found is None or isinstance(found, OF_ITSELF):
                return found
            raise found
        except LedgerInUse as error:
            # A worker that starts or stops holds it briefly while it has no endpoint.
            if time.monotonic() > until:
                raise Unreachable(f"{error}; if a worker starts or stops, try again") from error
            time.sleep(SECONDS_BETWEEN_LOOKS)
    return None


def _replace(
    settings: Settings, wanted: Wanted, kafka: Kafka | None, unreadable: LedgerError | None
) -> RebuildResult:
    """Make the new database and let it replace the previous one, which no worker has open."""
    path = settings.database
    tells = unreadable is not None or wanted.new_log
    if unreadable is not None and kafka is None:
        raise BadInput(_no_events(settings, unreadable))
    with NewDatabase(
        path, publishes=tells, memory_limit=settings.memory, spill=settings.spill
    ) as new:
        old = new.attach() if unreadable is None else None
        compared = None
        if kafka is not None:
            known = old if old is not None and not wanted.new_log else None
            _fold_kafka(settings, new, kafka, known)
        if old is not None and not wanted.new_log:
            finish(new, old, progress_bar)
        if old is not None:
            with waiting("comparing"):
                compared = new.compare()
        size = new.size()
        kept = None
        if not wanted.dry_run:
            keep = wanted.keep_old or compared is None or compared.differing > 0
            kept = new.take_over(keep=keep)
            remove(beside(path, REBUILT))
    return RebuildResult(
        "compared" if wanted.dry_run else "replaced",
        *(_source(kafka), size, compared, kept, new.left_out, 0),
    )


def _no_events(settings: Settings, unreadable: LedgerError) -> str:
    """Why there are no events to fold, and where others may be."""
    path = settings.database
    if isinstance(unreadable, LedgerTooNew):
        return str(unreadable)
    if isinstance(unreadable, LedgerDamaged):
        why = f"{path} cannot be opened ({unreadable.reason}), so none of its events can be read"
        if unreadable.is_of_the_wal:
            return str(unreadable)
    else:
        why = f"there is no {path}, so no events are kept"
    kafka = (
        "leave --from-events out, and Kafka's log is folded"
        if settings.broker
        else "if a Kafka has its log, set TRUCE_BROKER and run `truce rebuild` again"
    )
    return f"{why}: restore a backup; {kafka}"


def _beside_a_worker(settings: Settings, wanted: Wanted, kafka: Kafka | None) -> RebuildResult:
    """Make the new database, up to where the worker is now, and leave it for its next start."""
    if wanted.dry_run or wanted.new_log:
        option = "--dry-run" if wanted.dry_run else "--new-log"
        raise BadInput(
            f"a worker runs on {settings.data_dir}: stop it before truce rebuild {option}"
        )
    with (
        opened(settings, as_ledger=True) as lake,
        NewDatabase(settings.database, memory_limit=settings.memory, spill=settings.spill) as new,
    ):
        past = _Lake(lake)
        known = past.rows("offsets_reached")
        if kafka is not None:
            _fold_kafka(settings, new, kafka, past)
        else:
            below = {(log, partition): end for log, partition, end, _ in known}
            with folding(new, past, progress_bar) as fold:
                fold.take_kept(past, 0, below)
            for rows in kept_rejected(past, below):
                new.take_rejected(rows)
        new.reach(known)
        size = new.size()
        new.leave()
    return RebuildResult("waiting", _source(kafka), size, None, None, [], 0)


def _fold_kafka(settings: Settings, new: NewDatabase, kafka: Kafka, past: Past | None) -> None:
    """Fold Kafka's log: as far as `past` has it, or all of it if that is None."""
    reached = None
    if past is not None:
        known = reached_by(past)
        others = sorted({log for log, _ in known} - {kafka.log_id})
        if others:
            raise OtherLog(settings, others, kafka.log_id)
        reached = {partition: to for (_, partition), to in known.items()}
    with progress_bar("folding", None) as progress:
        fold = LogReplay(new.ledger, progress)
        kafka.fold(reached, progress.expect, lambda batch: fold.take(kafka.log_id, batch))


def _source(kafka: Kafka | None) -> str:
    return "events" if kafka is None else "kafka"


def _print_json(settings: Settings, done: RebuildResult) -> None:
    compared = done.compared
    document = {
        **done._asdict(),
        "database": str(settings.database),
        "size": done.size._asdict(),
        "kept": None if done.kept is None else str(done.kept),
        "compared": compared
        and {
            "differing": compared.differing,
            "rows": {name: {"old": o, "new": n} for name, (o, n) in compared.rows.items()},
            "verdicts": [
                dict(
                    zip(
                        ("conflict", "commitment_id", "before", "after", "incidents"),
                        row,
                        strict=True,
                    )
                )
                for row in compared.verdicts
            ],
        },
    }
    say_json(document)


def _print(settings: Settings, done: RebuildResult) -> None:
    size = done.size
    source = "Kafka" if done.source == "kafka" else "the events that the database kept"
    say(
        f"{counted(size.events, 'event')} folded from {source} in {done.seconds:,.1f} s: "
        f"{counted(size.verdict_versions, 'verdict version')}, "
        f"{counted(size.claim_verdict_versions, 'claim verdict version')}, "
        f"{size.rejected:,} rejected"
    )
    if done.compared is not None:
        _show(done.compared)
    if done.state == "waiting":
        say(
            "The worker serves the old database until it is started again; then it takes the new "
            "one, with all that came in meanwhile."
        )
    elif done.state == "compared":
        say(f"{settings.database} is as it was.")
    else:
        say(f"{settings.database} is the new one.")
    if done.kept is not None:
        say(f"The old one is kept as {done.kept}.")
    if done.left_out:
        err(f"Damaged in the old one, and so left out: {', '.join(done.left_out)}.")
    elif done.state == "replaced" and done.compared is None and done.source == "events":
        err("The old one is damaged, and could not be compared with the new one.")
    elif done.state == "replaced" and done.compared is None:
        err("It is not known what was published: all verdicts are, again, with the same ids.")


def _show(compared: Comparison) -> None:
    if not compared.differing:
        say("No row differs from the old database.")
        return
    rows = [(name, f"{o:,}", f"{n:,}") for name, (o, n) in compared.rows.items() if o or n]
    table(("table", "only in the old", "only in the new"), rows, right=(1, 2))
    say()
    if not compared.verdicts:
        say("Every incident stands at the verdict at which it stood.")
        return
    changed = [
        (commitment, conflict, before or "(none)", after or "(none)", f"{incidents:,}")
        for conflict, commitment, before, after, incidents in compared.verdicts
    ]
    table(("commitment", "conflict", "verdict before", "after", "incidents"), changed, right=(4,))
    for line in other_judges(compared.judged_by, provenance()):
        say(line)
