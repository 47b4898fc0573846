"""A new database next to the previous one: what is copied into it, and how it replaces that.

Folding the log into `ledger` is left to the caller.
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
from analytics.provenance import JudgedSince, Provenance
from analytics.queries import queries
from analytics.storage import mark
from analytics.storage.database import SPILL_LIMIT, Session
from analytics.storage.failing import is_damage
from analytics.storage.failures import LedgerError
from analytics.storage.place import WAL, beside, clear_spill
from analytics.storage.rebuild_failures import REBUILT, RebuildFailed, RebuildRuns, RebuildStale

FOLDED = (
    "events",
    "claim_versions",
    "coverage_versions",
    "report_versions",
    "claim_verdict_versions",
    "verdict_versions",
)
"""What a replay recreates."""
TAKEN_OVER = ("rejected", "log_offsets")
"""What the log held besides events: copied for the part that was not read from the log."""
CARRIED = ("outbox", "notice_targets", "notices", "notice_digests")
"""What was sent and what is to be sent: copied and never folded, so that nothing is sent twice."""

BUILDING, KEPT, DRAFT = ".rebuilding", ".before-rebuild", ".draft"


class Comparison(NamedTuple):
    """How the new database differs from the previous one, and by what that was judged.

    `rows`: table -> rows only in the previous, and rows only in the new one. `verdicts`:
    (conflict, commitment_id, verdict before, after, incidents) of the pairs whose verdict differs;
    None: it has no verdict.
    """

    rows: dict[str, tuple[int, int]]
    verdicts: list[tuple[str, str, str | None, str | None, int]]
    judged_by: list[JudgedSince]

    @property
    def differing(self) -> int:
        """How many rows are in only one of the two."""
        return sum(old + new for old, new in self.rows.values())


class Size(NamedTuple):
    """How many rows a database has."""

    events: int
    rejected: int
    verdict_versions: int
    claim_verdict_versions: int


def was_rebuilt(path: Path) -> bool:
    """Whether a complete new database for the one at `path` waits to replace it."""
    return beside(path, REBUILT).exists()


def remove(path: Path) -> None:
    """Remove a database that nobody needs, with its write-ahead log."""
    for one in (path, beside(path, WAL)):
        one.unlink(missing_ok=True)
    clear_spill(path)


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Exclude other rebuilds of the database at `path`. Raises RebuildRuns."""
    descriptor = os.open(path.parent, os.O_RDONLY)
    try:
        try:
            # Released when the process ends, however it ends, and leaves no file behind.
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RebuildRuns(path) from None
        yield
    finally:
        os.close(descriptor)


class _Silent(Transaction):
    # These messages were published when the events were first judged.
    publishes = False


class _SilentLedger(Ledger):
    kind_of_transaction = _Silent


class NewDatabase:
    """A database under construction; use it in a `with`, which removes it unless it was kept.

    `publishes`: judgements are to be published. `goes_on`: it starts from the database that was
    left complete, instead of an empty one.
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
            # From here on it is incomplete, and of no use should the rebuild be interrupted.
            beside(self.path, REBUILT).replace(self._file)
        try:
            self.ledger = self._kind.open(
                self._file, is_marked=False, memory_limit=self._memory_limit, spill=self._spill
            )
        except LedgerError as error:
            if self._goes_on:
                raise
            remove(self._file)
            # A new file is neither damaged nor of another version: it could not be made.
            raise (error.__cause__ or error) from None
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
        """Attach the previous database. Raises a LedgerError or a duckdb.Error."""
        old = Old(self.ledger, self.path)
        self._closing.callback(old.close)
        return old

    def take_rejected(self, rows: Sequence[Sequence[Any]]) -> None:
        """Insert what was rejected, as `rejected_between` returns it."""
        Session(self._connection).over(
            queries("writing")["rejected"], arrow.table_of(rows, arrow.REJECTED)
        )

    def reach(self, offsets: Iterable[Sequence[Any]]) -> None:
        """Set its checkpoints, as `offsets_reached` returns them."""
        self._run("forget_offsets")
        Session(self._connection).over(
            queries("rebuild")["offsets"], arrow.table_of(offsets, arrow.OFFSETS)
        )

    def note_reached(self) -> None:
        """Remember how far the fold got: rejected input after that is copied."""
        self._run("reached")

    def first_beyond(self, old: Old) -> int:
        """The row of the first event of `old` that it does not have. Raises RebuildStale."""
        if self._run("count_ahead") != [(0,)]:
            raise RebuildStale(self.path)
        return old.first_beyond(self._run("offsets_reached"))

    def complete(self) -> None:
        """Copy what no fold of the events can recreate. Call after the fold and `note_reached`.

        What is damaged in the previous one is left out, and named in `left_out`.
        """
        with self._unless_damaged("rejected"):
            self._run("take_rejected")
        with self._unless_damaged("log_offsets"):
            self._run("forget_offsets", "take_offsets")
        for name in CARRIED:
            with self._unless_damaged(name):
                self._carry(name)

    def _carry(self, name: str) -> None:
        # A database of an earlier version may lack it.
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
        """Compare it with the previous one; None: that is too damaged to compare."""
        try:
            self._run("shared_columns", "differing")
            rows = {}
            for name in (*FOLDED, *TAKEN_OVER):
                self._run("share", name=name)
                # A database of an earlier version may lack it.
                if self._run("shares_columns") == [(True,)]:
                    rows[name] = self._run("count_differing", name=name)[0]
            judged = [JudgedSince(Provenance(*by), at) for *by, at in self._run("old_provenance")]
            return Comparison(rows, self._run("changed_verdicts"), judged)
        except duckdb.Error as error:
            if not is_damage(error):
                raise
            return None

    def size(self) -> Size:
        """The numbers of its rows."""
        return Size(*self._run("count_rows")[0])

    def leave(self) -> None:
        """Leave it complete next to the previous one, for the worker that has that one open."""
        self._settle()
        self._file.replace(beside(self.path, REBUILT))
        mark.sync_folder(self.path.parent)

    def take_over(self, *, keep: bool) -> Path | None:
        """Replace the previous one, atomically; returns where that is kept.

        Both files are still open: until they are closed no worker can have opened either.
        """
        self._settle()
        kept = beside(self.path, KEPT) if keep and self.path.exists() else None
        draft = beside(beside(self.path, KEPT), DRAFT)
        # One that was killed in the middle may have left it.
        remove(draft)
        if kept is not None:
            beside(kept, WAL).unlink(missing_ok=True)
            os.link(self.path, draft)
            draft.replace(kept)
            # Where that was the same file already, it is still there.
            draft.unlink(missing_ok=True)
        wal = beside(self.path, WAL)
        if wal.exists():
            # Present only if the previous one cannot be read: it belongs to what is kept.
            wal.replace(beside(beside(self.path, KEPT), WAL))
        # It marks the previous one: if killed before the new one is marked, there is none.
        mark.forget(self.path)
        if self._replaces:
            self._file.replace(self.path)
        else:
            # Fails if a worker has created one in the meantime.
            os.link(self._file, self.path)
            self._file.unlink()
        mark.sync_folder(self.path.parent)
        mark.LedgerMark(self.path, offsets_of(Session(self._connection))).close()
        return kept

    def _settle(self) -> None:
        # Some rows were copied without being counted.
        recount(Session(self._connection), TAKEN_OVER)
        # Then it is on disk. (To open the file once more would end DuckDB's lock on it.)
        self._run("checkpoint")
        if beside(self._file, WAL).exists():
            raise RebuildFailed(self.path, "the new one has changes outside of its file")

    def _run(self, *names: str, **values: object) -> list[tuple[Any, ...]]:
        session = Session(self._connection)
        found = [session.execute(queries("rebuild")[name], **values) for name in names]
        return found[-1]
