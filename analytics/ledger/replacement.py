"""A new database beside the old one: what is copied into it, and how it takes the old one's place.

What an event means for it is not known here: whoever rebuilds folds the log into `ledger`.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

import duckdb

from analytics.ledger import arrow
from analytics.ledger.contents import recount
from analytics.ledger.ledger import Ledger, offsets_of
from analytics.ledger.old_database import Old
from analytics.ledger.transaction import Transaction
from analytics.queries import queries
from analytics.storage import mark
from analytics.storage.database import SPILL_LIMIT, Session
from analytics.storage.failing import is_damage
from analytics.storage.place import WAL, beside, clear_spill
from analytics.storage.rebuild_failures import REBUILT, RebuildFailed, RebuildRuns, RebuildStale

FOLDED = (
    "events",
    "claim_versions",
    "report_versions",
    "claim_verdict_versions",
    "verdict_versions",
)
"""What a replay recreates, by names that every version of the schema has."""
TAKEN_OVER = ("rejected", "log_offsets")
"""What came in the log and left no event behind: copied for what was not read from the log."""
CARRIED = ("outbox", "notice_targets", "notices", "notice_digests")
"""What has gone out, and what is still to: copied and never folded, so that nothing goes twice."""

BUILDING, KEPT = ".rebuilding", ".before-rebuild"


class Comparison(NamedTuple):
    """How the new database differs from the old one.

    `rows`: table -> rows that only the old, and that only the new one has. `verdicts`: (conflict,
    commitment_id, verdict before, after, incidents) of the pairs that stand otherwise; None: it
    has no verdict.
    """

    rows: dict[str, tuple[int, int]]
    verdicts: list[tuple[str, str, str | None, str | None, int]]

    @property
    def differing(self) -> int:
        """How many rows are in one of the two only."""
        return sum(old + new for old, new in self.rows.values())


class Size(NamedTuple):
    """How many rows a database has."""

    events: int
    rejected: int
    verdict_versions: int
    claim_verdict_versions: int


def was_rebuilt(path: Path) -> bool:
    """Whether a new database for the one at `path` was left complete and waits to be taken."""
    return beside(path, REBUILT).exists()


def remove(path: Path) -> None:
    """Remove a database that nobody needs, and what was not checkpointed of it."""
    for one in (path, beside(path, WAL)):
        one.unlink(missing_ok=True)
    clear_spill(path)


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Let no other rebuild of the database at `path` run meanwhile. Raises RebuildRuns."""
    descriptor = os.open(path.parent, os.O_RDONLY)
    try:
        try:
            # Ends with the process, in whatever way, and leaves no file behind.
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RebuildRuns(path) from None
        yield
    finally:
        os.close(descriptor)


class _Silent(Transaction):
    # It was said when it was judged for the first time.
    publishes = False


class _SilentLedger(Ledger):
    kind_of_transaction = _Silent


class NewDatabase:
    """A database that is being made; use it in a `with`, which removes it unless it was taken.

    `publishes`: what is judged is to be published. `goes_on`: it begins with what was left
    complete, instead of with nothing.
    """

    def __init__(
        self,
        path: Path,
        *,
        publishes: bool = False,
        goes_on: bool = False,
        memory_limit: str = "400MB",
        spill: str = SPILL_LIMIT,
    ) -> None:
        self.path = path
        self._goes_on = goes_on
        self._replaces = path.exists()
        self._file = beside(path, BUILDING)
        self._kind = Ledger if publishes else _SilentLedger
        self._memory_limit, self._spill = memory_limit, spill
        self.left_out: list[str] = []
        self._closing = contextlib.ExitStack()

    def __enter__(self) -> Self:
        remove(self._file)
        if self._goes_on:
            # From here on it is not complete any more, and of no use should this end half way.
            beside(self.path, REBUILT).replace(self._file)
        self.ledger = self._kind.open(
            self._file, is_marked=False, memory_limit=self._memory_limit, spill=self._spill
        )
        self._closing.callback(self.ledger.close)
        self._connection = self.ledger.cursor()
        self._closing.callback(self._connection.close)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # A database that could not be written cannot always be closed, either.
        with contextlib.suppress(duckdb.Error):
            self._closing.close()
        remove(self._file)

    def attach(self) -> Old:
        """Have the old database beside it. Raises a LedgerError or a duckdb.Error."""
        old = Old(self.ledger, self.path)
        self._closing.callback(old.close)
        return old

    def take_rejected(self, rows: Sequence[Sequence[Any]]) -> None:
        """Put in what was rejected, as `rejected_between` gives it."""
        Session(self._connection).over(
            queries("writing")["rejected"], arrow.table_of(rows, arrow.REJECTED)
        )

    def reach(self, offsets: Iterable[Sequence[Any]]) -> None:
        """Say how far it is, as `offsets_reached` gives it."""
        self._run("forget_offsets")
        Session(self._connection).over(
            queries("rebuild")["offsets"], arrow.table_of(offsets, arrow.OFFSETS)
        )

    def note_reached(self) -> None:
        """Remember how far the fold came by itself: the rest of what was rejected is copied."""
        self._run("reached")

    def first_beyond(self, old: Old) -> int:
        """The row of the first event of `old` that it does not have. Raises RebuildStale."""
        if self._run("count_ahead") != [(0,)]:
            raise RebuildStale(self.path)
        return old.first_beyond(self._run("offsets_reached"))

    def complete(self) -> None:
        """Copy what no fold of the events can give. `note_reached` and the fold come before.

        What is damaged in the old one is left out, and named in `left_out`.
        """
        with self._unless_damaged("rejected"):
            self._run("take_rejected")
        with self._unless_damaged("log_offsets"):
            self._run("forget_offsets", "take_offsets")
        for name in CARRIED:
            with self._unless_damaged(name):
                self._carry(name)

    def _carry(self, name: str) -> None:
        # A database of an earlier version may not have it.
        if self._run("has_table", name=name) == [(1,)]:
            self._run(f"forget_{name}")
            self._run(f"carry_{name}")

    @contextmanager
    def _unless_damaged(self, name: str) -> Iterator[None]:
        self._run("begin")
        try:
            yield
        except duckdb.Error as error:
            with contextlib.suppress(duckdb.Error):
                self._run("rollback")
            if not is_damage(error):
                raise
            self.left_out.append(name)
        else:
            self._run("commit")

    def compare(self) -> Comparison | None:
        """Compare it with the old one; None: what there is to compare with is damaged."""
        try:
            self._run("shared_columns", "differing")
            rows = {}
            for name in (*FOLDED, *TAKEN_OVER):
                self._run("share", name=name)
                rows[name] = self._run("count_differing", name=name)[0]
            return Comparison(rows, self._run("changed_verdicts"))
        except duckdb.Error as error:
            if not is_damage(error):
                raise
            return None

    def size(self) -> Size:
        """How much is in it."""
        return Size(*self._run("count_rows")[0])

    def leave(self) -> None:
        """Leave it complete beside the old one, for the worker that has the old one open."""
        self._settle()
        self._file.replace(beside(self.path, REBUILT))
        mark.sync_folder(self.path.parent)

    def take_over(self, *, keep: bool) -> Path | None:
        """Let it take the old one's place, at once or not at all; where the old one is kept.

        Both files are still open: until they are closed no worker can have opened either.
        """
        self._settle()
        kept = beside(self.path, KEPT) if keep and self.path.exists() else None
        if kept is not None:
            draft = beside(kept, ".draft")
            remove(draft)
            beside(kept, WAL).unlink(missing_ok=True)
            os.link(self.path, draft)
            draft.replace(kept)
        wal = beside(self.path, WAL)
        if wal.exists():
            # Only of an old one that cannot be read: it belongs to what is kept.
            wal.replace(beside(beside(self.path, KEPT), WAL))
        # What it says is of the old one: killed before the new one has its own, there is none.
        mark.forget(self.path)
        if self._replaces:
            self._file.replace(self.path)
        else:
            # Fails if a worker has begun one meanwhile.
            os.link(self._file, self.path)
            self._file.unlink()
        mark.sync_folder(self.path.parent)
        mark.LedgerMark(self.path, offsets_of(Session(self._connection))).close()
        return kept

    def _settle(self) -> None:
        # Some of it was copied, past what counts.
        recount(Session(self._connection), TAKEN_OVER)
        # It is on the disk then. (To open the file once more would end DuckDB's lock on it.)
        self._run("checkpoint")
        if beside(self._file, WAL).exists():
            raise RebuildFailed(self.path, "the new one has changes outside of its file")

    def _run(self, *names: str, **values: object) -> list[tuple[Any, ...]]:
        session = Session(self._connection)
        found = [session.execute(queries("rebuild")[name], **values) for name in names]
        return found[-1]
