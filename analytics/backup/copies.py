"""A backup: one file, a whole database. A restore: a database made of it, beside the previous one.

Each is complete and checked before it gets its name, so that whenever it is ended there is the old
or the new, and never a part.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import duckdb

from analytics.backup.copying import LOGS, copy_files, has_second_log, room_for
from analytics.ledger.contents import COUNTED, count, last_balance
from analytics.ledger.ledger import Ledger, check_mark, marked_of, offsets_of
from analytics.ledger.old_database import settle
from analytics.ledger.replacement import alone, remove
from analytics.queries import queries
from analytics.storage import mark
from analytics.storage.database import Session, connect, explain
from analytics.storage.failures import LedgerDamaged, LedgerError, LedgerFull, LedgerInUse
from analytics.storage.place import WAL, beside, of_the_system
from analytics.storage.rebuild_failures import REBUILT

DRAFT, RESTORING, REPLACED = ".part", ".restoring", ".before-restore"


class BackupError(Exception):
    """There is no backup, or nothing was restored; the message says why, and what to do."""


class BackupContents(NamedTuple):
    """What a copy holds: events, verdict versions, and the words for how far it is in the log."""

    events: int
    verdict_versions: int
    until: str


def back_up(path: Path, file: Path, *, memory_limit: str) -> BackupContents:
    """Copy the database at `path` to the new file `file`; what that holds.

    A worker may be writing it meanwhile. All that was acknowledged before is in it. Raises
    BackupError, TooBusy or a LedgerError.
    """
    if file.exists() or file.is_symlink():
        raise BackupError(f"{file} is there already: choose another name, or remove it first")
    draft = beside(file, DRAFT)
    with _in_words(file.parent), _this_alone(draft):
        if not room_for(path, file.parent):
            raise LedgerFull(file)
        if has_second_log(path):
            # Of a worker that was killed in a checkpoint; one that runs has the database itself.
            with contextlib.suppress(LedgerInUse):
                settle(path)
        # Before anything is copied: this much must be in the copy.
        marked = marked_of(path)
        copy_files(path, draft)
        try:
            with _opened(draft, memory_limit) as connection:
                if marked is not None:
                    check_mark(connection, path, marked, kafka=None, accepts=None)
                held = _checked(connection, path)
                connection.execute(queries("rebuild")["checkpoint"])
        except LedgerError as error:
            if str(draft) not in str(error):
                raise
            raise BackupError(str(error).replace(str(draft), str(path))) from error
        _sync(draft)
        _name(draft, file)
    return held


def restore(file: Path, path: Path, *, replace: bool, memory_limit: str) -> BackupContents:
    """Make the database at `path` of the backup `file`; what it holds.

    `replace`: also if there is a database, which is kept beside it as REPLACED. No worker may run.
    Raises BackupError, TooBusy or a LedgerError.
    """
    with _in_words(path.parent), alone(path), contextlib.ExitStack() as held_back:
        if path.exists() and file.samefile(path):
            raise BackupError(f"{file} is the database itself, and no backup of it")
        if not replace:
            _refuse_others(path)
        held_back.enter_context(_kept_from_workers(path))
        if not room_for(file, path.parent):
            raise LedgerFull(path)
        draft = beside(path, RESTORING)
        remove(draft)
        held_back.callback(remove, draft)
        copy_files(file, draft)
        held = _made_of(draft, file, memory_limit)
        _sync(draft)
        _put(draft, path)
    return held


def _name(draft: Path, file: Path) -> None:
    """Give the backup its name, which nothing else has."""
    try:
        os.link(draft, file)
    except FileExistsError:
        raise BackupError(f"{file} is there by now: choose another name") from None
    except OSError:
        # A file system without links, such as that of a stick.
        draft.replace(file)
    draft.unlink(missing_ok=True)
    mark.sync_folder(file.parent)


def _refuse_others(path: Path) -> None:
    for one in (path, beside(path, WAL), mark.mark_of(path)):
        if one.exists() or one.is_symlink():
            raise BackupError(
                f"{path.parent} has a database ({one.name}): restore into another directory with "
                "--data-dir, or replace it with --replace, which keeps it beside the new one"
            )


def _made_of(draft: Path, file: Path, memory_limit: str) -> BackupContents:
    """Check the copy, bring it up to this version, and mark nothing yet."""
    try:
        with _opened(draft, memory_limit) as connection:
            held = _checked(connection, file)
        # An earlier version's becomes one of this version, as at the start of a worker.
        Ledger.open(draft, is_marked=False, memory_limit=memory_limit).close()
        with _opened(draft, memory_limit) as connection:
            connection.execute(queries("rebuild")["checkpoint"])
    except LedgerDamaged as error:
        raise BackupError(
            f"{file} is no database, or not a whole one: take another backup"
        ) from error
    except LedgerError as error:
        said = str(error).replace(str(draft), str(file))
        raise BackupError(f"not restored: {said}") from error
    return held


def _put(draft: Path, path: Path) -> None:
    """Give the new database its name, in one step; what was there is kept."""
    # What a rebuild made of the previous one would take the place of this one.
    remove(beside(path, REBUILT))
    offsets = _offsets(draft)
    kept = beside(path, REPLACED)
    there = path.exists()
    if there:
        remove(kept)
        os.link(path, kept)
    for suffix in LOGS:
        if beside(path, suffix).exists():
            # It could not be merged, so what it belongs to cannot be read; it is kept with that.
            beside(path, suffix).replace(beside(kept, suffix))
    with _locked(draft):
        # It marks the previous one: if ended before the new one is marked, there is none.
        mark.forget(path)
        if there:
            draft.replace(path)
        else:
            # Fails if a worker has made one in the meantime.
            os.link(draft, path)
            draft.unlink()
        mark.sync_folder(path.parent)
        mark.LedgerMark(path, offsets).close()


def _offsets(draft: Path) -> mark.Offsets:
    with connect(draft, read_only=True) as connection:
        return offsets_of(Session(connection))


@contextmanager
def _kept_from_workers(path: Path) -> Iterator[None]:
    """Merge the previous database's log into it, and let no worker open it. LedgerInUse."""
    if not path.exists():
        yield
        return
    try:
        settle(path)
    except LedgerInUse:
        raise
    except LedgerError:
        pass  # it cannot be read, and is kept as it is
    with _locked(path):
        yield


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """No process can open the database at `path`: DuckDB takes the same lock. LedgerInUse."""
    with path.open("rb+") as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise LedgerInUse(path, None) from None
        yield


@contextmanager
def _opened(path: Path, memory_limit: str) -> Iterator[duckdb.DuckDBPyConnection]:
    connection = connect(path, memory_limit=memory_limit)
    try:
        yield connection
    except duckdb.Error as error:
        raise explain(path, error) from error
    finally:
        connection.close()


def _checked(connection: duckdb.DuckDBPyConnection, of: Path) -> BackupContents:
    """What the copy holds, if each of its tables is as the transactions counted it. BackupError."""
    session = Session(connection)
    if session.execute(queries("reading")["has_offsets"]) != [(1,)]:
        raise BackupError(f"{of} is no database of truce")
    sql = queries("contents")
    [(_, basis)], [(now,)] = session.execute(sql["identity"]), session.execute(sql["basis"])
    written = last_balance(session).contents
    found = {name: count(session, name) for name in COUNTED if name in written}
    # Another DuckDB hashes in another way: then the counts must do.
    wrong = [
        name
        for name, held in found.items()
        if (held if basis == now else held.row_count)
        != (written[name] if basis == now else written[name].row_count)
    ]
    if wrong:
        raise BackupError(
            f"{of} does not hold what was written ({', '.join(wrong)}): it is damaged; make it "
            "anew with `truce rebuild`, or take another backup"
        )
    until = mark.words_of(offsets_of(session))
    return BackupContents(found["accepted"].row_count, found["verdict_versions"].row_count, until)


@contextmanager
def _this_alone(draft: Path) -> Iterator[None]:
    """The only one who writes this draft, which is gone afterwards. BackupError."""
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(draft, flags, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BackupError(f"another backup to {draft} runs: wait until it is done") from None
        try:
            yield
        finally:
            remove(draft)
    finally:
        os.close(descriptor)


@contextmanager
def _in_words(folder: Path) -> Iterator[None]:
    """What the system refuses is said as of the database. LedgerError or BackupError."""
    try:
        yield
    except OSError as error:
        refused = of_the_system(folder, str(error))
        if refused is not None:
            raise refused from error
        raise BackupError(f"{error.filename or folder}: {error.strerror or error}") from error


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
