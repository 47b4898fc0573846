"""A new database beside the old one: what is copied into it, and how it takes the old one's place.

What an event means for it is not known here: whoever rebuilds folds the log into `ledger`.

    LedgerError
    ├── RebuildRuns     another rebuild of the same database runs
    ├── RebuildStale    what was rebuilt is not of this database
    └── RebuildFailed   it could not be written, or the old one not be read
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
from analytics.ledger.ledger import Ledger, check_mark, marked_of, offsets_of
from analytics.ledger.outbox import pack_anew
from analytics.ledger.transaction import Transaction
from analytics.queries import queries
from analytics.storage import mark
from analytics.storage.database import SPILL_LIMIT, Session, connect, quoted
from analytics.storage.failing import explained as known_failure
from analytics.storage.failing import is_damage
from analytics.storage.failures import (
    LedgerDamaged,
    LedgerError,
    LedgerFull,
    LedgerInUse,
    LedgerMemory,
)
from analytics.storage.place import WAL, beside, clear_spill

FOLDED = (
    "events",
    "claim_versions",
    "report_versions",
    "claim_verdict_versions",
    "verdict_versions",
)
"""What the fold makes anew, by names that every version of the schema has."""
TAKEN_OVER = ("rejected", "log_offsets")
"""What came in the log and left no event behind: copied for what was not read from the log."""
CARRIED = ("outbox", "notice_targets", "notices", "notice_digests")
"""What has gone out, and what is still to: copied and never folded, so that nothing goes twice."""

KAFKAS_LOG = "Kafka's log, if one has it"
_HAS_ACCEPTED, _HAS_POSTED_BY = 7, 8
BUILDING, REBUILT, KEPT = ".rebuilding", ".rebuilt", ".before-rebuild"


class RebuildRuns(LedgerError):  # noqa: N818
    """Another rebuild of the same database runs."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"another rebuild of {path} runs: wait until it is done")


class RebuildStale(LedgerError):  # noqa: N818
    """What was rebuilt is not of this database."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{beside(path, REBUILT)} knows more of the log than {path} does, so it was made of "
            "another database: it is not taken; run `truce rebuild` again"
        )


class RebuildFailed(LedgerError):  # noqa: N818
    """It could not be written, or the old one not be read; the old one is as it was."""

    def __init__(self, path: Path, reason: str, way_out: str = "") -> None:
        super().__init__(
            f"no new database was made: {reason}; {path} is as it was"
            + (f": {way_out}" if way_out else "")
        )


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


@contextmanager
def explained(path: Path, *, kafka: bool) -> Iterator[None]:
    """Say what goes wrong with either database in one line: RebuildFailed.

    `kafka`: whether a Kafka that is set has its log.
    """
    try:
        yield
    except (duckdb.Error, OSError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise RebuildFailed(path, reason.splitlines()[0], _way_out(path, error, kafka)) from error


def _way_out(path: Path, error: Exception, kafka: bool) -> str:
    found = known_failure(path, error, kafka=kafka)
    if isinstance(found, LedgerFull):
        return "make as much room as a second database takes"
    if isinstance(found, LedgerMemory):
        return "set TRUCE_MEMORY higher"
    if isinstance(found, LedgerDamaged):
        if kafka:
            return f"move it away, and `truce rebuild` without --from-events folds {KAFKAS_LOG}"
        return f"it is damaged: restore a backup, or set TRUCE_BROKER to fold {KAFKAS_LOG}"
    return str(found) if found is not None else ""


def settle(path: Path) -> None:
    """Put what a killed worker left beside the database into it. Raises a LedgerError.

    A new database that took its place must not find the log of the old one's last changes.
    """
    if beside(path, WAL).exists():
        with connect(path) as connection:
            connection.execute(queries("rebuild")["checkpoint"])


def why_unreadable(path: Path, *, kafka: bool) -> LedgerError | None:
    """Why the database at `path` cannot be read; None: it can. Raises LedgerInUse.

    `kafka`: whether a Kafka that is set has its log. If not, one that has less than its mark says
    is none to go on with, either: LedgerBehind.
    """
    try:
        marked = None if kafka else marked_of(path)
        mark.check_there(path, marked, kafka=kafka, accepts=None)
        with connect(path, read_only=True, kafka=kafka) as connection:
            if marked is not None:
                check_mark(connection, path, marked, kafka=kafka, accepts=None)
        settle(path)
    except LedgerInUse:
        raise
    except LedgerError as error:
        return error
    return None


class _Silent(Transaction):
    # It was said when it was judged for the first time.
    publishes = False


class _SilentLedger(Ledger):
    kind_of_transaction = _Silent


def asked_of_old(name: str, *, version: int) -> str:
    """A statement of `queries/rebuild.sql`, as a database of this version of the schema answers it.

    Up to version 6 the events stood in a table of that name, up to 7 without who posted them.
    """
    sql = queries("rebuild")[name]
    if version < _HAS_POSTED_BY:
        sql = sql.replace("    posted_by,", "    NULL AS posted_by,")
    return sql if version >= _HAS_ACCEPTED else sql.replace("FROM accepted", "FROM events")


class Old:
    """The old database, attached to the new one: to be read and no more.

    While it is attached no worker can open it, but others can read it.
    """

    def __init__(self, ledger: Ledger, path: Path) -> None:
        self._connection = ledger.cursor()
        self._connection.execute(f"ATTACH {quoted(path)} AS old (READ_ONLY)")
        self._connection.execute("USE old")
        self._session = Session(self._connection)
        self._version: int = self._session.execute(queries("reading")["applied"])[0][0]

    def first_beyond(self, offsets: Iterable[Sequence[Any]]) -> int:
        """The row of its first event not before these offsets, as `offsets_reached` gives them."""
        sql = asked_of_old("first_beyond", version=self._version)
        first: int = self._session.over(sql, arrow.table_of(offsets, arrow.OFFSETS))[0][0]
        return first

    def rows(self, name: str, **values: int) -> list[tuple[Any, ...]]:
        """What a statement of `queries/rebuild.sql` gives, asked of the old one."""
        sql = asked_of_old(name, version=self._version)
        return self._session.execute(sql, **values)

    def close(self) -> None:
        """Be done with asking."""
        self._connection.close()


class NewDatabase:
    """A database that is being made; use it in a `with`, which removes it unless it was taken.

    `tells`: what is judged is to be published. `goes_on`: it begins with what was left complete,
    instead of with nothing.
    """

    def __init__(
        self,
        path: Path,
        *,
        tells: bool = False,
        goes_on: bool = False,
        memory_limit: str = "400MB",
        spill: str = SPILL_LIMIT,
    ) -> None:
        self.path = path
        self._goes_on = goes_on
        self._replaces = path.exists()
        self._file = beside(path, BUILDING)
        self._kind = Ledger if tells else _SilentLedger
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
            if name == "outbox" and self._run("has_packets") == [(0,)]:
                pack_anew(Session(self._connection), "old.outbox")
            else:
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
