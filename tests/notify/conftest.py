"""A ledger of its own for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.notify import notifier, sender
from tests.notify.notifying import World


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A new database; what does not answer is given up soon, and tried again soon."""
    monkeypatch.setattr(notifier, "SECONDS_TO_ANSWER", 0.3)
    monkeypatch.setattr(sender, "FIRST_PAUSE", 0.05)
    # However slow the machine is: what is posted again is a matter of one test, which says how soon.
    monkeypatch.setattr(sender, "SECONDS_UNTIL_AGAIN", 60.0)
    one = World(tmp_path)
    yield one
    one.ledger.close()
