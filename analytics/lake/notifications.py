"""The tables of a lake that are not part of the ledger's transactions: targets, notifications.

A notification, or a digest of many, changes until it is settled, so that few need to be
compared.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from analytics.queries import queries
from analytics.storage.database import Session

TABLES = ("notice_targets", "notices", "notice_digests")

File = Literal["lake", "followed"]
"""Whose file of `queries` is used: a lake's, or that of the ledger that it follows."""


class Numbered(NamedTuple):
    """Rows of a table that may still change, and the last number of all that are in it.

    `number`: the column with their number.
    """

    table: str
    number: str
    changing: pa.Table
    last: int

    @classmethod
    def of(cls, database: Session, file: File, table: str, number: str) -> Numbered:
        """Those of a lake or a ledger."""
        sql = queries(file)
        [(last,)] = database.execute(sql[f"last_of_{table}"])
        return cls(table, number, database.table(sql[f"changing_{table}"]), last)

    def since(self, ledger: Session) -> Numbered:
        """All rows that a lake with these may lack."""
        numbers = self.changing[self.number].to_pylist()
        found = ledger.table(queries("followed")[self.table], last=self.last, changing=numbers)
        last = max(self.last, pc.max(found[self.number]).as_py() or 0)
        return self._replace(changing=found, last=last)


class LakeNotifications(NamedTuple):
    """The targets, and the notifications and digests."""

    targets: pa.Table
    notices: Numbered
    digests: Numbered

    @classmethod
    def of(cls, database: Session, file: File) -> LakeNotifications:
        """Those of a lake or a ledger."""
        return cls(
            database.table(queries(file)["targets"]),
            Numbered.of(database, file, "notices", "seq"),
            Numbered.of(database, file, "notice_digests", "digest"),
        )

    def since(self, ledger: Session) -> LakeNotifications:
        """Those of the ledger that a lake with these may lack."""
        targets = ledger.table(queries("followed")["targets"])
        return LakeNotifications(targets, self.notices.since(ledger), self.digests.since(ledger))

    def numbered(self) -> Iterator[Numbered]:
        """The tables whose rows are numbered."""
        yield self.notices
        yield self.digests

    def still_changing(self) -> LakeNotifications:
        """The same without those that are settled."""
        still = pc.is_null(self.notices.changing["told_at"])
        # DuckDB returns booleans in a type of its own, which Arrow's functions do not support.
        is_open = [not is_over for is_over in self.digests.changing["is_over"].to_pylist()]
        return self._replace(
            notices=self.notices._replace(changing=self.notices.changing.filter(still)),
            digests=self.digests._replace(
                changing=self.digests.changing.filter(pa.array(is_open, pa.bool_()))
            ),
        )
