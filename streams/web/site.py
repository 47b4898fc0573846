"""What the pages know: the lake as of its last change, and a notice whenever that changes."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

from analytics.charts.outlines import LaterOutlines
from analytics.lake.catalogue.changes import LakeChanges
from analytics.lake.extensions import ExtensionMissing
from analytics.lake.session import LakeError, LakeMissing, LakeSession
from analytics.pages.model import PageModel
from analytics.queries import queries
from analytics.read_model import ReadModel
from streams.commands.lake_update import ask_worker, is_fresh
from streams.errors import CommandError, Unreachable
from streams.settings import Settings
from streams.web.slow import AskedKey, SlowAnswers, TableRows, opened_lake, slow_statements

SECONDS_BETWEEN_LOOKS = 0.15
SECONDS_BETWEEN_TRIES = 2.0
# While somebody watches, the worker is asked again and again, and answers once something is new, or
# after so long. One of an earlier version answers at once, and is not asked more often than this.
SECONDS_TO_WAIT = 1.0
SECONDS_BETWEEN_QUESTIONS = 0.25
SECONDS_WITHOUT_A_WORKER = 1.0
MOST_KEPT = 400
MOST_ROWS_KEPT = 2_000

logger = logging.getLogger("streams")


class NotReady(Unreachable):
    """There is nothing to read yet, or it cannot be read."""


class Version(NamedTuple):
    """What pages show: the lake's transaction, and how often the slow answers were renewed."""

    transaction: int
    renewed: int

    def __str__(self) -> str:
        return f"{self.transaction}.{self.renewed}"


class Site:
    """The open lake behind the pages. All of a page is of one moment: see `reading`."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._lock = threading.Lock()
        self._session: LakeSession | None = None
        self._slow: SlowAnswers | None = None
        self._slow_statements = slow_statements()
        self._kept: dict[AskedKey, TableRows] = {}
        # What takes long to be worked out and seldom changes: what reports say moves no window.
        self._of_windows = frozenset(queries("pages")[one] for one in ("bands", "reach_of_windows"))
        self._windows_mark: TableRows = []
        self._transaction = 0
        self._changed = asyncio.Event()
        self.readers = 0
        self._watched = asyncio.Event()
        self._look = asyncio.Event()
        self._changes = LakeChanges(settings.lake)
        self._seen: tuple[object, ...] = ()
        self.shown_at = time.time_ns() // 1_000
        self.outlines = LaterOutlines(settings.boundaries, self._drawn)
        self.pages = PageModel(self._ask)
        self.knowledge = ReadModel(self._ask)

    @property
    def version(self) -> Version:
        """What is shown now."""
        return Version(self._transaction, self._slow.renewed if self._slow else 0)

    @contextmanager
    def reading(self) -> Iterator[Site]:
        """While the block runs nothing changes beneath it. From any thread. NotReady."""
        with self._lock:
            if self._session is None:
                raise NotReady(
                    f"there is nothing in {self.settings.lake} yet: it fills when a worker runs "
                    "on this data directory"
                )
            slow = self._slow
            try:
                if slow is not None:
                    slow.no_page.clear()
                yield self
            except LakeError as error:
                raise NotReady(str(error)) from error
            finally:
                if slow is not None:
                    slow.no_page.set()

    def _ask(self, sql: str, values: Mapping[str, object]) -> TableRows:
        assert self._session is not None  # noqa: S101 - within `reading`
        if sql in self._slow_statements and self._slow is not None:
            return self._slow.ask(sql, values)
        key = (sql, repr(sorted(values.items())))
        found = self._kept.get(key)
        if found is None:
            found = self._session.ask(sql, values)
            if len(self._kept) >= MOST_KEPT:
                self._kept.clear()
            if len(found) <= MOST_ROWS_KEPT:
                self._kept[key] = found
        return found

    def _drawn(self) -> None:
        """The outlines are there: maps look otherwise now."""
        if self._slow is not None:
            self._slow.renewed += 1

    async def follow(self) -> None:
        """Open the lake once it is there, and see each of its changes, for ever."""
        shown = self.version
        while True:
            if self._session is None:
                await asyncio.to_thread(self._open)
                if self._session is None:
                    await asyncio.sleep(SECONDS_BETWEEN_TRIES)
                    continue
            seen = await asyncio.to_thread(self._changes.last)
            if seen != self._seen:
                if not await asyncio.to_thread(self._refresh):
                    await asyncio.sleep(SECONDS_BETWEEN_TRIES)
                    continue
                self._seen = seen
                # Upkeep changes no answer, but deletes files that are known.
                if self._slow is not None:
                    self._slow.wake(is_other=False)
            if self.version != shown:
                shown = self.version
                self._changed.set()
                self._changed = asyncio.Event()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._look.wait(), SECONDS_BETWEEN_LOOKS)
            self._look.clear()

    @contextmanager
    def watching(self) -> Iterator[None]:
        """While the block runs somebody watches: what is committed is shown soon after."""
        self.readers += 1
        self._watched.set()
        try:
            yield
        finally:
            self.readers -= 1
            if not self.readers:
                self._watched.clear()

    async def keep_fresh(self) -> None:
        """While anybody watches, have the worker bring the lake up to date again and again.

        By itself it lets the lake lag behind by some seconds, which costs it less.
        """
        while True:
            await self._watched.wait()
            mark, began = None, time.monotonic()
            # What cannot be brought up to date is shown as it is, and the worker says why.
            with contextlib.suppress(CommandError):
                mark = await asyncio.to_thread(ask_worker, self.settings, wait=SECONDS_TO_WAIT)
            self._look.set()
            pause = SECONDS_WITHOUT_A_WORKER if mark is None else SECONDS_BETWEEN_QUESTIONS
            await asyncio.sleep(pause if mark is None else began + pause - time.monotonic())

    async def changed(self, since: str) -> str:
        """Wait until something else is shown than `since`; what it is."""
        while str(self.version) == since:
            await self._changed.wait()
        return str(self.version)

    def _open(self) -> None:
        # What cannot be brought up to date is shown as it is.
        with contextlib.suppress(CommandError):
            is_fresh(self.settings)
        # Before it is opened: what is written meanwhile is shown next. PostgreSQL may be slow.
        seen = self._changes.last()
        try:
            session, slow = opened_lake(self.settings), SlowAnswers(self.settings)
        except LakeMissing:
            return
        except (LakeError, ExtensionMissing) as error:
            logger.warning("%s", error)
            return
        with self._lock:
            self._seen = seen
            self._slow, self._session = slow, session
            self._transaction = self.knowledge.transaction()
        with contextlib.suppress(LakeError):
            slow.warm()
        self.outlines()

    def catch_up(self) -> None:
        """Show all that the worker has committed before this call, if one runs and answers."""
        with contextlib.suppress(CommandError):
            ask_worker(self.settings)
        self._refresh()

    def _refresh(self) -> bool:
        """Show the lake as it is now; False, and all as before, where it cannot be read."""
        with self._lock:
            if self._session is None:
                return False
            try:
                self._session.refresh()
                [(transaction,)] = self._session.ask(queries("asking")["transaction"], {})
                mark = self._session.ask(queries("pages")["windows_mark"], {})
            except LakeError as error:
                logger.warning("%s", error)
                return False
            if transaction == self._transaction:
                return True
            same = self._of_windows if mark == self._windows_mark else frozenset[str]()
            self._kept = {key: rows for key, rows in self._kept.items() if key[0] in same}
            self._windows_mark = mark
            self._transaction = transaction
            self.shown_at = time.time_ns() // 1_000
            if self._slow is not None:
                self._slow.wake(is_other=True)
            return True

    def close(self) -> None:
        """Let go of the lake."""
        with self._lock:
            if self._slow is not None:
                self._slow.close()
            if self._session is not None:
                self._session.close()
