"""How commands read the lake, in their own process: they bring it up to date, then query it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from analytics.queries import queries
from analytics.read_model import ReadModel
from streams.commands.lake_update import is_fresh
from streams.errors import BadInput
from streams.settings import Settings

if TYPE_CHECKING:
    from analytics.lake.session import LakeSession


@contextmanager
def opened(settings: Settings, *, as_ledger: bool = False) -> Iterator[LakeSession]:
    """The lake as of now. What goes wrong with it is BadInput, or why it is not up to date.

    `as_ledger`: see `open_lake`.
    """
    # Imported here: what only publishes to Kafka wants no database.
    from analytics.lake.session import open_lake

    as_of = time.time_ns() // 1_000
    fresh = is_fresh(settings)
    with (
        explained(),
        open_lake(
            settings.lake,
            memory_limit=settings.memory,
            seconds=settings.query_seconds,
            as_ledger=as_ledger,
        ) as lake,
    ):
        lake.as_of = as_of if fresh else lake.ask(queries("asking")["marked_at"], {})[0][0]
        yield lake


@contextmanager
def explained() -> Iterator[None]:
    """What is wrong with the lake, or takes too long in it, is BadInput."""
    from analytics.lake.extensions import ExtensionMissing
    from analytics.lake.session import LakeError

    try:
        yield
    except (LakeError, ExtensionMissing) as error:
        raise BadInput(str(error)) from error


@contextmanager
def reading(settings: Settings) -> Iterator[ReadModel]:
    """What is known now: all queries inside the block are as of one moment."""
    with opened(settings) as lake:
        yield ReadModel(lake.ask)


@contextmanager
def following(settings: Settings) -> Iterator[ReadModel]:
    """What is known at the time of each query, from any thread."""
    lock = threading.Lock()
    with opened(settings) as lake:

        def ask(sql: str, values: Mapping[str, object]) -> list[tuple[Any, ...]]:
            with lock:
                is_fresh(settings)
                with explained():
                    lake.refresh()
                    return lake.ask(sql, values)

        yield ReadModel(ask)
