"""One worker with a token for the tests that leave it as it is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.http.posting import Posting, new_token, start


@pytest.fixture(scope="session")
def ingest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Posting]:
    """A worker that takes posts, with an embedded broker. It must end well."""
    folder = tmp_path_factory.mktemp("ingest")
    found = start(folder / "data", new_token(folder), "--posts-per-second", "100000")
    try:
        yield found
        if found.process.poll() is None:
            assert found.end() == (0, "")
    finally:
        found.process.kill()
        found.process.communicate()
