"""What only asks cannot write, whatever it is made to say."""

from __future__ import annotations

import duckdb
import pytest

from analytics.ledger.ledger import Ledger
from analytics.storage.database import ReadOnlySession


@pytest.mark.parametrize(
    "attack",
    [
        "CREATE TABLE owned AS SELECT 42",
        "SELECT 1; CREATE TABLE owned AS SELECT 42",
        "DELETE FROM accepted",
        "DROP VIEW verdicts",
        "INSERT INTO outbox SELECT * FROM outbox",
    ],
)
def test_what_only_asks_cannot_write(ledger: Ledger, attack: str) -> None:
    asking = ReadOnlySession(ledger.cursor())
    with pytest.raises(duckdb.Error, match="read-only"), asking.moment() as connection:
        connection.execute(attack)
    with asking.moment() as connection:
        assert connection.execute("SELECT count(*) FROM accepted").fetchall() == [(0,)]
    asking.close()
