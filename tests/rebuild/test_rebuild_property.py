"""Rebuild = live: the log folded again gives the same history to the row, recorded_at included."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.ledger.ledger import Ledger
from analytics.ledger.replacement import FOLDED
from streams.commands.console import progress_bar
from streams.commands.rebuild import Wanted, run_rebuild
from streams.engine.decoding import read
from streams.engine.loading import load_standing, process
from streams.engine.rebuild import LogReplay
from streams.engine.replay import offsets
from streams.settings import Settings
from tests.rebuild.noise import Delivered, lives
from tests.support.logged import HISTORY, Scratch, dump
from tests.support.trying import EXAMPLES, in_parts, tried

MADE = {name: f"FROM {name}" for name in FOLDED}
ALL = HISTORY | {"outbox": "FROM outbox"}


def live(ledger: Ledger, life: list[Delivered]) -> None:
    for log_id, records in life:
        process(ledger, load_standing(ledger), log_id, read(records))


@pytest.fixture(scope="module")
def old() -> Scratch:
    return Scratch()


@pytest.fixture(scope="module")
def new() -> Scratch:
    return Scratch()


@in_parts
@tried(at_most=40)
@given(data=st.data(), life=lives())
def test_folding_what_was_kept_gives_the_same_history_to_the_row(
    old: Scratch, new: Scratch, part: int, data: st.DataObject, life: list[Delivered]
) -> None:
    # At some moment the new one is made up to there, and later the rest: as beside a worker.
    until = data.draw(st.integers(0, len(life)), label="rebuilt beside")
    judged, rebuilt = old.emptied(), new.emptied()
    live(judged, life[:until])
    with progress_bar("", None) as unseen:
        LogReplay(rebuilt, unseen).take_kept(old, 0, offsets(old))
        live(judged, life[until:])
        LogReplay(rebuilt, unseen).take_kept(old, 0)
    assert new.dump(MADE) == old.dump(MADE)


# A whole command, on files: as dear as twenty of the above.
@settings(max_examples=max(5, EXAMPLES // 20))
@given(data=st.data(), life=lives())
def test_a_rebuilt_file_has_every_row_of_the_old_one(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, life: list[Delivered]
) -> None:
    settings = Settings(data_dir=tmp_path_factory.mktemp("life"))
    with Ledger.open(settings.database) as ledger:
        live(ledger, life)
        pending = ledger.pending_outbox()
        if pending:
            ledger.published(data.draw(st.sampled_from(pending)).seq)
    before = dump(settings.database, ALL)
    assert run_rebuild(settings, Wanted()) == 0
    assert dump(settings.database, ALL) == before
