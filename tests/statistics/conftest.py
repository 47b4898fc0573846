"""A ledger in a real file, for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from analytics.ledger.ledger import Ledger


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(tmp_path / "truce.duckdb") as opened:
        yield opened
