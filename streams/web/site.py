"""What the pages know: the lake as of its last change, and a notice whenever that changes."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

from analytics.charts.outlines import LaterOutlines
from analytics.lake.catalogue.place import last_change
from analytics.lake.extensions import ExtensionMissing
from analytics.lake.session import LakeError, LakeMissing, LakeSession, open_lake
from analytics.pages.model import IncidentsWanted, PageModel
from analytics.queries import queries
from analytics.read_model import ReadModel
from streams.commands.lake_update import is_fresh
from streams.errors import CommandError, Unreachable
from streams.settings import Settings

SECONDS_BETWEEN_LOOKS = 0.25
SECONDS_BETWEEN_TRIES = 2.0
MOST_KEPT = 400
MOST_ROWS_KEPT = 2_000
MOST_SLOW = 100
MOST_WARM = 8
SECONDS_WANTED = 180.0

TableRows = list[tuple[Any, ...]]
AskedKey = tuple[str, str]

logger = logging.getLogger("streams")


class NotReady(Unreachable):
    """There is nothing to read yet, or it cannot be read."""


class Version(NamedTuple):
    """What pages show: the lake's transaction, and how often the slow answers were renewed."""

    transaction: int
    renewed: int

    def __str__(self) -> str:
        return f"{self.transaction}.{self.renewed}"


def _slow() -> frozenset[str]:
    """The statements whose answers take seconds on large data, and may be a moment older."""
    pages, asking = queries("pages"), queries("asking")
    found = [pages[name] for name in ("kept", "daily", "gaps", "points", "codes")]
    return frozenset((*found, asking["coverage"]))


class _Answer(NamedTuple):
    """An answer, what was asked, and when that was (monotonic seconds)."""

    sql: str
    values: Mapping[str, object]
    rows: TableRows
    asked: float


class _Slow:
    """The last answers of slow statements, renewed by a thread of its own after each change."""

    def __init__(self, settings: Settings) -> None:
        self._session = _opened(settings)
        self._lock = threading.Lock()
        self._answers: dict[AskedKey, _Answer] = {}
        self._woken = threading.Event()
        self._over = False
        self.renewed = 0
        self._thread = threading.Thread(target=self._renew, daemon=True, name="slow-answers")
        self._thread.start()

    def ask(self, sql: str, values: Mapping[str, object]) -> TableRows:
        """The last answer; the first time, it is waited for."""
        key = (sql, repr(sorted(values.items())))
        with self._lock:
            found = self._answers.get(key)
            rows = self._session.ask(sql, values) if found is None else found.rows
            if found is None and len(self._answers) >= MOST_SLOW:
                self._answers.clear()
            self._answers[key] = _Answer(sql, values, rows, time.monotonic())
        return rows

    def warm(self) -> None:
        """Have the answers of first pages before anybody waits for them."""
        pages, knowledge = PageModel(self.ask), ReadModel(self.ask)
        claims = list(knowledge.claims())
        for one in knowledge.coverage()[:MOST_WARM]:
            pages.kept(one.conflict)
            of_it = dict.fromkeys(name[1] for name in claims if name[0] == one.conflict)
            for commitment_id in list(of_it)[:MOST_WARM]:
                pages.daily(one.conflict, commitment_id, None)
            pages.points(IncidentsWanted(one.conflict))
            pages.codes(IncidentsWanted(one.conflict))

    def wake(self) -> None:
        """Note that the lake has changed."""
        self._woken.set()

    def _renew(self) -> None:
        while not self._over:
            self._woken.wait()
            self._woken.clear()
            if self._over:
                return
            try:
                changed = self._renew_all()
            except LakeError as error:
                logger.warning("the counts of the pages stay as they are: %s", error)
                continue
            if changed:
                self.renewed += 1

    def _renew_all(self) -> bool:
        since = time.monotonic() - SECONDS_WANTED
        with self._lock:
            self._session.refresh()
            kept = {key: one for key, one in self._answers.items() if one.asked >= since}
            self._answers = dict(kept)
        changed = False
        for key, before in kept.items():
            with self._lock:
                rows = self._session.ask(before.sql, before.values)
                asked = self._answers.get(key, before).asked
                self._answers[key] = before._replace(rows=rows, asked=asked)
            changed = changed or rows != before.rows
        self.warm()
        return changed

    def close(self) -> None:
        self._over = True
        self._woken.set()
        self._session.connection.interrupt()
        self._thread.join(timeout=5)
        self._session.close()


def _opened(settings: Settings) -> LakeSession:
    return open_lake(settings.lake, memory_limit=settings.memory, seconds=settings.query_seconds)


class Site:
    """The open lake behind the pages. All of a page is of one moment: see `reading`."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._lock = threading.Lock()
        self._session: LakeSession | None = None
        self._slow: _Slow | None = None
        self._slow_statements = _slow()
        self._kept: dict[AskedKey, TableRows] = {}
        self._transaction = 0
        self._changed = asyncio.Event()
        self._seen: tuple[object, ...] = ()
        self.shown_at = time.time_ns() // 1_000
        self.outlines = LaterOutlines(self._drawn)
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
            try:
                yield self
            except LakeError as error:
                raise NotReady(str(error)) from error

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
            seen = last_change(self.settings.lake)
            if seen != self._seen:
                await asyncio.to_thread(self._refresh)
                self._seen = seen
            if self.version != shown:
                shown = self.version
                self._changed.set()
                self._changed = asyncio.Event()
            await asyncio.sleep(SECONDS_BETWEEN_LOOKS)

    async def changed(self, since: str) -> str:
        """Wait until something else is shown than `since`; what it is."""
        while str(self.version) == since:
            await self._changed.wait()
        return str(self.version)

    def _open(self) -> None:
        # What cannot be brought up to date is shown as it is.
        with contextlib.suppress(CommandError):
            is_fresh(self.settings)
        try:
            session, slow = _opened(self.settings), _Slow(self.settings)
        except LakeMissing:
            return
        except (LakeError, ExtensionMissing) as error:
            logger.warning("%s", error)
            return
        with self._lock:
            self._seen = last_change(self.settings.lake)
            self._slow, self._session = slow, session
            self._transaction = self.knowledge.transaction()
        with contextlib.suppress(LakeError):
            slow.warm()

    def _refresh(self) -> None:
        with self._lock:
            assert self._session is not None  # noqa: S101 - `follow` has opened it
            try:
                self._session.refresh()
                [(transaction,)] = self._session.ask(queries("asking")["transaction"], {})
            except LakeError as error:
                logger.warning("%s", error)
                return
            if transaction == self._transaction:
                return
            self._kept.clear()
            self._transaction = transaction
            self.shown_at = time.time_ns() // 1_000
            if self._slow is not None:
                self._slow.wake()

    def close(self) -> None:
        """Let go of the lake."""
        with self._lock:
            if self._slow is not None:
                self._slow.close()
            if self._session is not None:
                self._session.close()
