"""What is no part of the ledger's transactions, in a lake: who is notified, and of what.

A notice changes until nothing more is to be done about it, so that the lake compares those few.
"""

from __future__ import annotations

from typing import NamedTuple

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
    def of_lake(cls, lake: Session) -> Notices:
        """What a lake has."""
        sql = queries("lake")
        [(last,)] = lake.execute(sql["last_notice"])
        return cls(lake.table(sql["targets"]), lake.table(sql["changing_notices"]), last)

    def since(self, ledger: Session) -> Notices | None:
        """What a lake that has this lacks, all notices that it may lack; None: nothing."""
        sql = queries("followed")
        targets = ledger.table(sql["targets"])
        numbers = self.changing["seq"].to_pylist()
        found = ledger.table(sql["notices"], last=self.last, changing=numbers)
        if (targets, found) == (self.targets, self.changing):
            return None
        last = max(self.last, pc.max(found["seq"]).as_py() or 0)
        return Notices(targets, found, last)

    def put(self, lake: Session, before: Notices) -> Notices:
        """Write what `since` has found into a lake that has `before`; what it has then."""
        sql = queries("lake")
        if self.targets != before.targets:
            lake.execute(sql["forget_targets"])
            lake.over(sql["put_targets"], self.targets)
        if self.changing != before.changing:
            lake.execute(sql["forget_notices"], changing=before.changing["seq"].to_pylist())
            lake.over(sql["put_notices"], self.changing)
        changing = self.changing.filter(pc.is_null(self.changing["told_at"]))
        return self._replace(changing=changing)
