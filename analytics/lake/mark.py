"""How far a lake is, as a value that needs no database."""

from __future__ import annotations

from typing import NamedTuple


class LakeMark(NamedTuple):
    """How far a lake is: it holds the ledger's transaction `seq`, since `marked_at` (us)."""

    seq: int
    marked_at: int
    ledger_id: str
    basis: str
