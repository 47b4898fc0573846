"""Ledgers in real files."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from analytics.ledger.ledger import Ledger


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "truce.duckdb"


@pytest.fixture
def ledger(path: Path) -> Iterator[Ledger]:
    with Ledger.open(path) as opened:
        yield opened
