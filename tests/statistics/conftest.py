"""A ledger in a real file, for each test; and one in memory, to be folded into again and again."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from analytics.ledger.ledger import Ledger
from tests.statistics.folded import Folded
from tests.support.readable import empty_ledger


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with empty_ledger(tmp_path / "truce.duckdb") as opened:
        yield opened


@pytest.fixture(scope="session")
def folded() -> Iterator[Folded]:
    found = Folded()
    yield found
    found.connection.close()
