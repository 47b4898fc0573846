"""What is no part of the ledger's transactions, in a lake: who is notified, and of what.

A notice, or a digest of many, changes until nothing more is to be done about it, so that the lake
compares those few.
"""

from __future__ import annotations

from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from analytics.database import Session
from analytics.queries import queries

TABLES = ("notice_targets", "notices", "notice_digests")


class Numbered(NamedTuple):
    """Rows of a table that may still change, and the last number of all that are in it.

    `name`: of the statements that are about them; `number`: of the column with their number.
    """

    name: str
    number: str
    changing: pa.Table
    last: int

    @classmethod
    def of_lake(cls, lake: Session, name: str, number: str) -> Numbered:
        """What a lake has."""
        sql = queries("lake")
        [(last,)] = lake.execute(sql[f"last_{name.removesuffix('s')}"])
        return cls(name, number, lake.table(sql[f"changing_{name}"]), last)

    def since(self, ledger: Session) -> Numbered:
        """All rows that a lake which has this may lack."""
        numbers = self.changing[self.number].to_pylist()
        found = ledger.table(queries("followed")[self.name], last=self.last, changing=numbers)
        last = max(self.last, pc.max(found[self.number]).as_py() or 0)
        return self._replace(changing=found, last=last)

    def put(self, lake: Session, before: Numbered) -> None:
        """Write what `since` has found into a lake that has `before`."""
        sql = queries("lake")
        if self.changing != before.changing:
            numbers = before.changing[self.number].to_pylist()
            lake.execute(sql[f"forget_{self.name}"], changing=numbers)
            lake.over(sql[f"put_{self.name}"], self.changing)


class Notices(NamedTuple):
    """The targets, and the notices and digests."""

    targets: pa.Table
    notices: Numbered
    digests: Numbered

    @classmethod
    def of_lake(cls, lake: Session) -> Notices:
        """What a lake has."""
        return cls(
            lake.table(queries("lake")["targets"]),
            Numbered.of_lake(lake, "notices", "seq"),
            Numbered.of_lake(lake, "digests", "digest"),
        )

    def since(self, ledger: Session) -> Notices | None:
        """What a lake that has this lacks, all that it may lack of notices; None: nothing."""
        targets = ledger.table(queries("followed")["targets"])
        found = Notices(targets, self.notices.since(ledger), self.digests.since(ledger))
        return None if found == self else found

    def put(self, lake: Session, before: Notices) -> Notices:
        """Write what `since` has found into a lake that has `before`; what it has then."""
        sql = queries("lake")
        if self.targets != before.targets:
            lake.execute(sql["forget_targets"])
            lake.over(sql["put_targets"], self.targets)
        self.notices.put(lake, before.notices)
        self.digests.put(lake, before.digests)
        still = self.notices.changing.filter(pc.is_null(self.notices.changing["told_at"]))
        # DuckDB's booleans come in a type of their own, for which Arrow has no function.
        is_open = [not is_over for is_over in self.digests.changing["is_over"].to_pylist()]
        open_ = self.digests.changing.filter(pa.array(is_open, pa.bool_()))
        return self._replace(
            notices=self.notices._replace(changing=still),
            digests=self.digests._replace(changing=open_),
        )
