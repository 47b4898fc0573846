"""A ledger with all that a reader has: the worker's own file has only the views that it reads."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from analytics.ledger.ledger import Ledger
from analytics.queries import views


def with_views(ledger: Ledger) -> Ledger:
    """The same ledger, now with every view and macro of a lake."""
    with ledger.cursor() as cursor:
        cursor.execute(views())
    return ledger


@contextmanager
def empty_ledger(path: Path) -> Iterator[Ledger]:
    """An empty one with all of them: a copy of one, since binding them all takes longer than a test."""
    for suffix, content in _files_of_an_empty_one().items():
        path.with_name(path.name + suffix).write_bytes(content)
    with Ledger.open(path) as ledger:
        yield ledger


@cache
def _files_of_an_empty_one() -> dict[str, bytes]:
    """The files by what their names have after that of the database."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "truce.duckdb")
        with Ledger.open(path) as ledger:
            with_views(ledger)
        return {
            file.name.removeprefix(path.name): file.read_bytes() for file in Path(folder).iterdir()
        }
