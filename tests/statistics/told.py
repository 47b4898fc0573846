"""A world in which things are told: events in a ledger, and what a view makes of them."""

from __future__ import annotations

from typing import Any

from analytics.ledger.ledger import Ledger
from tests.analytics.written import Step, rows, write

NOW = "2026-02-01T00:00:00Z"


def told(ledger: Ledger, *events: str) -> None:
    """Have the ledger take events that nothing is judged of."""
    write(ledger, *(Step(event, NOW) for event in events))


def view(ledger: Ledger, name: str, columns: str) -> list[tuple[Any, ...]]:
    """Columns of a view, in order."""
    return rows(ledger, f"SELECT {columns} FROM {name} ORDER BY ALL")  # noqa: S608
