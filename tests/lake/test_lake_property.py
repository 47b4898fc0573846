"""A lake equals its ledger however it was updated: one of the invariants."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analytics.lake.subprocess_writer import SubprocessWriter
from analytics.lake.writer import LakeWriter
from analytics.ledger import transaction
from tests.lake.compared import Fold, House
from tests.support.generated import logs
from tests.support.trying import EXAMPLES

# Each takes a second or two.
SOME = max(4, EXAMPLES // 20) if EXAMPLES > 100 else 4


@settings(max_examples=SOME, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data(), log=logs(min_size=6, max_size=30))
def test_a_lake_equals_its_ledger_however_it_was_updated(
    data: st.DataObject, log: list[str]
) -> None:
    with pytest.MonkeyPatch.context() as patch, TemporaryDirectory() as folder:
        patch.setattr(transaction, "FLUSH_AT", data.draw(st.sampled_from([2, 60_000]), "flush at"))
        patch.setattr("analytics.lake.upkeep.MANY_INLINED", 5)
        writer = data.draw(st.sampled_from([LakeWriter, SubprocessWriter]), "writer")
        house = House(Path(folder), writer)
        fold = Fold(house.ledger, log)
        while fold.left:
            fold.take(data.draw(st.integers(1, 8), "batch"))
            match data.draw(st.sampled_from(["update", "maintain", "again", "wait"]), "then"):
                case "update":
                    house.keeper.update()
                case "maintain":
                    house.keeper.update()
                    house.keeper.maintain(keep_seconds=0)
                case "again":
                    house.keeper.close()
                    house.open()
                case _:
                    pass
        house.keeper.update()
        house.same()
        house.close()
