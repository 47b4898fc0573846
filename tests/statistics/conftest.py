from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.statistics.folded import Folded


@pytest.fixture(scope="session")
def folded() -> Iterator[Folded]:
    """A ledger in memory, to be folded into."""
    found = Folded()
    yield found
    found.connection.close()
