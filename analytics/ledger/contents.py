"""The contents of the tables, transaction by transaction: row counts and sums of hashes.

A copy of the tables is complete if it has the same. What a transaction opens and closes is added
and subtracted in bulk, so that nothing is read twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from analytics.ledger import arrow
from analytics.ledger.keys import Numbers
from analytics.queries import of_table, queries
from analytics.storage.database import Session

COUNTED = (
    "accepted",
    "claim_versions",
    "coverage_versions",
    "claim_verdict_versions",
    "verdict_versions",
    "rejected",
    "provenance",
    "log_offsets",
)
"""The tables that transactions write, all of which a copy must have."""
_MODULUS = 2**64
_HASHES = ("hash_before", "hash_after")


class Holding(NamedTuple):
    """How many rows a table has, and the sum of their hashes, modulo 2^64."""

    row_count: int = 0
    hash: int = 0

    def plus(self, rows: int, digest: int) -> Holding:
        """The same with this many more rows, and this added to the hashes (negative: fewer)."""
        return Holding(self.row_count + rows, (self.hash + digest) % _MODULUS)


class Balance(NamedTuple):
    """What each of the `COUNTED` tables holds after transaction `seq`."""

    seq: int
    contents: Mapping[str, Holding]

    def record(self, database: Session) -> None:
        """Store it."""
        rows = [(self.seq, table, *held) for table, held in self.contents.items()]
        database.over(queries("contents")["record"], arrow.table_of(rows, arrow.TRANSACTIONS))

    def forget_older(self, database: Session) -> None:
        """Delete older balances: no lake has to follow from there any more."""
        database.execute(queries("contents")["forget"], seq=self.seq)
        database.execute(queries("contents")["forget_changed"], seq=self.seq)


class Changes:
    """What a transaction does to the tables, as it writes them."""

    def __init__(self) -> None:
        self._held: dict[str, Holding] = {}
        self._places: list[tuple[str, Numbers]] = []

    def opened(self, database: Session, table: str, staged: pa.Table) -> None:
        """These rows went into a table."""
        # A table function, which takes the name as a parameter, takes longer to plan.
        rows = database.over(of_table("contents", table, "staged"), staged)
        self._add(table, *rows[0])

    def changed(self, table: str, found: pa.Table) -> None:
        """Existing versions changed: their row ids, and their hashes before and after."""
        before, after = (int(np.sum(found[name].to_numpy())) for name in _HASHES)
        self._add(table, 0, after - before)
        self._places.append((table, found["place"].to_numpy()))

    def _add(self, table: str, rows: int, digest: int) -> None:
        self._held[table] = self._held.get(table, Holding()).plus(rows, digest)

    def record(self, database: Session, before: Balance) -> Balance:
        """Store what the tables hold now, as the transaction after that balance."""
        held = {
            table: was.plus(*self._held.get(table, Holding()))
            for table, was in before.contents.items()
        }
        # Few rows, and each transaction changes them.
        held["log_offsets"] = count(database, "log_offsets")
        after = Balance(before.seq + 1, held)
        after.record(database)
        if self._places:
            changed = [_changed(after.seq, *places) for places in self._places]
            database.over(queries("contents")["changed"], pa.concat_tables(changed))
        return after


def insert(database: Session, changes: Changes, table: str, staged: pa.Table) -> None:
    """Insert rows into a table."""
    database.over(queries("writing")[table], staged)
    changes.opened(database, table, staged)


def change(
    database: Session, changes: Changes, steps: tuple[str, str], table: str, staged: pa.Table
) -> None:
    """Change the standing versions of a table for the keys in `staged`."""
    find, change = (queries("writing")[f"{step}_{table}"] for step in steps)
    found = database.table_over(find, staged)
    if len(found):
        database.over(change, found)
        changes.changed(table, found)


def _changed(seq: int, table: str, places: Numbers) -> pa.Table:
    same = (pa.repeat(pa.scalar(value), len(places)) for value in (seq, table))
    return pa.Table.from_arrays([*same, pa.array(places)], schema=arrow.CHANGED_ROWS)


def count(database: Session, table: str, *, of: str | None = None) -> Holding:
    """What a table holds, counted row by row; `of`: the table that it is a copy of."""
    return Holding(*database.execute(of_table("contents", of or table, table))[0])


def balance(database: Session, seq: int) -> Balance | None:
    """What the tables hold after transaction `seq`; None: it is not known, or no longer."""
    found = database.execute(queries("contents")["after"], seq=seq)
    held = {table: Holding(rows, digest) for table, rows, digest in found}
    return Balance(seq, held) if held else None


def last_balance(database: Session) -> Balance:
    """What the tables hold now."""
    [(seq,)] = database.execute(queries("contents")["last"])
    return balance(database, seq) or Balance(seq, {})


def recount(database: Session, names: Iterable[str] = COUNTED) -> Balance:
    """Count these tables row by row, as a transaction of its own: no lake can follow from before.

    For rows that no `Transaction` wrote, and where the hashes themselves have changed.
    """
    before = last_balance(database)
    held = dict(before.contents) | {name: count(database, name) for name in names}
    after = Balance(before.seq + 1, held)
    after.forget_older(database)
    after.record(database)
    return after


def settle_basis(database: Session) -> None:
    """Recount everything if the hashes have changed: with another DuckDB, or schema."""
    sql = queries("contents")
    [(_, basis)] = database.execute(sql["identity"])
    [(wanted,)] = database.execute(sql["basis"])
    if basis != wanted:
        database.execute("BEGIN")
        recount(database)
        database.execute(sql["set_basis"], basis=wanted)
        database.execute("COMMIT")
