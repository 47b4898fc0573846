"""Whether a lake has changed, for who shows it: its files say so, or PostgreSQL is asked."""

from __future__ import annotations

import threading
import time
from contextlib import closing
from pathlib import Path

import duckdb

from analytics.lake.catalogue.place import is_shared, last_change, postgres_of
from analytics.lake.catalogue.server import Server
from analytics.lake.extensions import ExtensionMissing

SECONDS_BETWEEN_QUESTIONS = 2.0
"""How often PostgreSQL is asked at most; without an answer, a tenth as often."""
REST = 10


class LakeChanges:
    """Of the lake in the directory `lake`. From any thread."""

    def __init__(self, lake: Path) -> None:
        self._lake = lake
        self._lock = threading.Lock()
        self._state: tuple[object, ...] = ()
        self._next_question = 0.0

    def last(self) -> tuple[object, ...]:
        """Something else after each write of the catalogue, whichever machine wrote it."""
        return (*last_change(self._lake), *self._of_others())

    def _of_others(self) -> tuple[object, ...]:
        with self._lock:
            if time.monotonic() < self._next_question:
                return self._state
            seconds = SECONDS_BETWEEN_QUESTIONS
            try:
                if is_shared(self._lake):
                    with closing(Server(postgres_of(self._lake) or "")) as server:
                        self._state = server.state()
            except (duckdb.Error, OSError, ExtensionMissing):
                # Who reads it then will say what is wrong.
                seconds *= REST
            self._next_question = time.monotonic() + seconds
            return self._state
