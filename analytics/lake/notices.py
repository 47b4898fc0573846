"""What is no part of the ledger's transactions, in a lake: who is notified, and of what.

A notice changes until nothing more is to be done about it, so that few need to be compared.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from analytics.database import Session
from analytics.queries import queries

TABLES = ("notice_targets", "notices")


class Notices(NamedTuple):
    """The targets, the notices that may still change, and the last number of all notices."""

    targets: pa.Table
    changing: pa.Table
    last: int

    @classmethod
    def of(cls, database: Session, file: Literal["lake", "followed"]) -> Notices:
        """What a lake or, by the other file of `queries`, a ledger has."""
        sql = queries(file)
        [(last,)] = database.execute(sql["last_notice"])
        targets, changing = (database.table(sql[name]) for name in ("targets", "changing_notices"))
        return cls(targets, changing, last)

    def since(self, ledger: Session) -> Notices:
        """What the ledger has of what a lake that has this may lack."""
        sql = queries("followed")
        numbers = self.changing["seq"].to_pylist()
        found = ledger.table(sql["notices"], last=self.last, changing=numbers)
        last = max(self.last, pc.max(found["seq"]).as_py() or 0)
        return Notices(ledger.table(sql["targets"]), found, last)

    def still_changing(self) -> Notices:
        """The same without what is done with."""
        return self._replace(changing=self.changing.filter(pc.is_null(self.changing["told_at"])))
