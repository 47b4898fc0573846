"""A ledger with all that a reader has: the worker's own file has only the views that it reads."""

from __future__ import annotations

from analytics.ledger.ledger import Ledger
from analytics.queries import views


def with_views(ledger: Ledger) -> Ledger:
    """The same ledger, now with every view and macro of a lake."""
    with ledger.cursor() as cursor:
        cursor.execute(views())
    return ledger
