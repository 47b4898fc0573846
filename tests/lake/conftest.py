"""The shipped scenario in a database on which no worker runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from analytics.ledger.ledger import Ledger
from streams.engine.decoding import read
from streams.engine.loading import load_standing, process
from tests.cli.commands import SCENARIO
from tests.support.logged import LOG_ID, records


@pytest.fixture(scope="session")
def judged_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its data directory. Read only."""
    data_dir = tmp_path_factory.mktemp("judged")
    with Ledger.open(data_dir / "truce.duckdb") as ledger:
        lines = SCENARIO.read_text(encoding="utf-8").splitlines()
        process(ledger, load_standing(ledger), LOG_ID, read(records(lines)))
    return data_dir
