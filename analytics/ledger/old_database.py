"""The database that a rebuild replaces: whether it can be read, and the queries on it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from analytics.ledger import arrow
from analytics.ledger.ledger import Ledger, check_mark, marked_of
from analytics.queries import queries
from analytics.storage import mark
from analytics.storage.database import Session, connect, quoted
from analytics.storage.failures import LedgerError, LedgerInUse
from analytics.storage.place import WAL, beside


def settle(path: Path) -> None:
    """Merge the write-ahead log that a killed worker left into its database. Raises a LedgerError.

    A new database in its place must not find the log of the previous one's last changes.
    """
    if beside(path, WAL).exists():
        with connect(path) as connection:
            connection.execute(queries("rebuild")["checkpoint"])


def why_unreadable(path: Path, *, kafka: bool) -> LedgerError | None:
    """Why the database at `path` cannot be read; None: it can. Raises LedgerInUse.

    `kafka`: whether a configured Kafka has its log. If not, a database that has less than its mark
    says cannot be used, either: LedgerBehind.
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


class Old:
    """The previous database, attached to the new one, read-only.

    While it is attached no worker can open it, but others can read it.
    """

    def __init__(self, ledger: Ledger, path: Path) -> None:
        self._connection = ledger.cursor()
        self._connection.execute(f"ATTACH {quoted(path)} AS old (READ_ONLY)")
        self._connection.execute("USE old")
        self._session = Session(self._connection)

    def first_beyond(self, offsets: Iterable[Sequence[Any]]) -> int:
        """The row of its first event not before these offsets, as `offsets_reached` gives them."""
        sql = queries("rebuild")["first_beyond"]
        first: int = self._session.over(sql, arrow.table_of(offsets, arrow.OFFSETS))[0][0]
        return first

    def rows(self, name: str, **values: int) -> list[tuple[Any, ...]]:
        """The rows of a statement of `queries/rebuild.sql` on the previous database."""
        return self._session.execute(queries("rebuild")[name], **values)

    def close(self) -> None:
        """Detach it."""
        self._connection.close()
