"""How commands read the lake, in their own process: they bring it up to date, then query it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, Any

from analytics.known_names import known_beside
from analytics.outcomes import LoggedRecord, RecordOutcomes, outcomes_of
from analytics.queries import queries
from analytics.read_model import ReadModel
from schemas.warnings.known import KnownNames, WantedNames
from streams.commands.lake_update import is_fresh
from streams.errors import BadInput, CommandError
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
            worker=settings.worker,
        ) as lake,
    ):
        # Of what other workers write nothing is known but what they marked.
        if fresh and set(lake.workers or ()) <= {settings.worker}:
            lake.as_of = as_of
        elif not as_ledger:
            lake.as_of = lake.ask(queries("asking")["marked_at"])[0][0]
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


class LakeBeside:
    """The lake as it was before something was published, and as it is after that."""

    def __init__(self, settings: Settings, stack: ExitStack) -> None:
        self._settings = settings
        self._stack = stack
        self._session: LakeSession | None = None
        # What cannot be looked up is no reason to publish nothing.
        with suppress(CommandError):
            self._session = stack.enter_context(opened(settings))

    def known(self, wanted: WantedNames) -> KnownNames:
        """What was known before; nothing, if the lake cannot be read."""
        if self._session is not None:
            with suppress(CommandError), explained():
                return known_beside(self._session.ask, wanted)
        return KnownNames()

    def outcomes(self, records: Sequence[LoggedRecord]) -> RecordOutcomes:
        """What became of the events of `records`, which are in the ledger. CommandError."""
        if self._session is None:
            self._session = self._stack.enter_context(opened(self._settings))
        is_fresh(self._settings)
        with explained():
            self._session.refresh()
            return outcomes_of(self._session.ask, records)


@contextmanager
def beside(settings: Settings) -> Iterator[LakeBeside]:
    """The lake beside which something is published in the block."""
    with ExitStack() as stack:
        yield LakeBeside(settings, stack)


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
