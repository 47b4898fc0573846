"""Slow answers of the pages: the last ones, renewed by a thread after each change."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping
from typing import Any, NamedTuple

from analytics.lake.session import LakeError, LakeSession, open_lake
from analytics.pages.model import IncidentsWanted, PageModel
from analytics.queries import queries
from analytics.read_model import ReadModel
from streams.settings import Settings

# Who fetches the page after a change goes first; the slow answers follow.
SECONDS_BEFORE_SLOW = 0.5
# Before each of them, so long at most, until no page is being made.
MOST_SECONDS_FOR_PAGES = 2.0
# After one that failed all are asked again, after so long or the next change.
SECONDS_BETWEEN_TRIES = 60.0
MOST_SLOW = 100
MOST_WARM = 8
SECONDS_WANTED = 180.0

TableRows = list[tuple[Any, ...]]
AskedKey = tuple[str, str]

logger = logging.getLogger("streams")


def slow_statements() -> frozenset[str]:
    """The statements whose answers take seconds on large data, and may be a moment older."""
    pages, asking = queries("pages"), queries("asking")
    found = [pages[name] for name in ("kept", "daily", "gaps", "points", "codes")]
    return frozenset((*found, asking["coverage"]))


class SlowAnswer(NamedTuple):
    """An answer, what was asked, and when that was (monotonic seconds)."""

    sql: str
    values: Mapping[str, object]
    rows: TableRows
    asked: float


class SlowAnswers:
    """The last answers of slow statements, renewed by a thread of its own after each change."""

    def __init__(self, settings: Settings) -> None:
        self._session = opened_lake(settings)
        # The one is held while a statement runs, the other never for long.
        self._asking, self._lock = threading.Lock(), threading.Lock()
        self.no_page = threading.Event()
        self.no_page.set()
        self._answers: dict[AskedKey, SlowAnswer] = {}
        self._woken = threading.Event()
        self._over = False
        self._outdated = False
        self.renewed = 0
        self._thread = threading.Thread(target=self._renew, daemon=True, name="slow-answers")
        self._thread.start()

    def ask(self, sql: str, values: Mapping[str, object]) -> TableRows:
        """The last answer; the first time, it is waited for."""
        key = (sql, repr(sorted(values.items())))
        with self._lock:
            found = self._answers.get(key)
            if found is not None:
                self._answers[key] = found._replace(asked=time.monotonic())
                return found.rows
        # Kept before the lake is refreshed: from then on it is renewed like all that is kept.
        with self._asking:
            rows = self._session.ask(sql, values)
            with self._lock:
                if len(self._answers) >= MOST_SLOW:
                    self._answers.clear()
                self._answers[key] = SlowAnswer(sql, values, rows, time.monotonic())
        return rows

    def warm(self) -> None:
        """Have the answers of first pages before anybody waits for them."""
        pages, knowledge = PageModel(self.ask), ReadModel(self.ask)
        claims = list(knowledge.claims())
        for one in knowledge.coverage()[:MOST_WARM]:
            if not self._gives_way():
                return
            pages.kept(one.conflict)
            of_it = dict.fromkeys(name[1] for name in claims if name[0] == one.conflict)
            for commitment_id in list(of_it)[:MOST_WARM]:
                pages.daily(one.conflict, commitment_id, None)
            pages.points(IncidentsWanted(one.conflict))
            pages.codes(IncidentsWanted(one.conflict))

    def wake(self, *, is_other: bool) -> None:
        """Note that the lake has changed; `is_other`: so that answers may be others, too."""
        with self._lock:
            self._outdated = self._outdated or is_other
        self._woken.set()

    def _renew(self) -> None:
        while not self._over:
            self._woken.wait(SECONDS_BETWEEN_TRIES if self._outdated else None)
            time.sleep(SECONDS_BEFORE_SLOW)
            self._woken.clear()
            if self._over:
                return
            try:
                self._renew_all()
            except LakeError as error:
                if self._over:  # closing interrupts it
                    return
                with self._lock:
                    self._outdated = True
                logger.warning("some counts of the pages stay as they are: %s", error)

    def _renew_all(self) -> None:
        """Renew what was asked for lately, as far as it can be; the last LakeError, if any."""
        since = time.monotonic() - SECONDS_WANTED
        with self._asking:
            self._session.refresh()
        with self._lock:
            outdated, self._outdated = self._outdated, False
            if not outdated:
                return
            kept = {key: one for key, one in self._answers.items() if one.asked >= since}
            self._answers = dict(kept)
        changed, failed = False, None
        for key, before in kept.items():
            if not self._gives_way():
                return
            try:
                with self._asking:
                    rows = self._session.ask(before.sql, before.values)
            except LakeError as error:
                failed = error
                continue
            with self._lock:
                asked = self._answers.get(key, before).asked
                self._answers[key] = before._replace(rows=rows, asked=asked)
            changed = changed or rows != before.rows
        if changed:
            self.renewed += 1
        if failed is not None:
            raise failed
        self.warm()

    def _gives_way(self) -> bool:
        """Let pages go first; False: it is over."""
        self.no_page.wait(MOST_SECONDS_FOR_PAGES)
        return not self._over

    def close(self) -> None:
        """Let go of the lake."""
        self._over = True
        self._woken.set()
        self.no_page.set()
        self._session.connection.interrupt()
        self._thread.join(timeout=5)
        self._session.close()


def opened_lake(settings: Settings) -> LakeSession:
    """The lake, with the limits that are set. LakeError."""
    return open_lake(settings.lake, memory_limit=settings.memory, seconds=settings.query_seconds)
