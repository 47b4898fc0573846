"""A lake has what its ledger has, whatever became of either of them."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics import transaction
from analytics.lake.keeper import Keeper
from analytics.ledger import Ledger
from streams.pipeline import load_standing, process
from streams.reading import read
from tests.generated import logs
from tests.lake.compared import same
from tests.logged import LOG_ID, records
from tests.trying import tried


@tried(at_most=6)
@given(data=st.data(), log=logs(min_size=4, max_size=30))
def test_a_lake_equals_its_ledger_after_each_update(data: st.DataObject, log: list[str]) -> None:
    items = records(log)
    with (
        pytest.MonkeyPatch.context() as patch,
        TemporaryDirectory() as folder,
        Ledger.open(Path(folder, "truce.duckdb")) as ledger,
    ):
        patch.setattr(transaction, "FLUSH_AT", data.draw(st.sampled_from([2, 60_000]), "flush at"))
        standing = load_standing(ledger)
        keeper = Keeper(Path(folder, "lake"), ledger.cursor())
        cursor = ledger.cursor()
        while items:
            size = data.draw(st.integers(1, 6), "batch")
            batch, items = items[:size], items[size:]
            process(ledger, standing, LOG_ID, read(batch))
            if data.draw(st.booleans(), "update"):
                keeper.update()
                same(cursor, ledger.balance, keeper.path)
        keeper.update()
        same(cursor, ledger.balance, keeper.path)
        keeper.close()
