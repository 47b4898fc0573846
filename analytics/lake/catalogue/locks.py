"""What the workers of a lake exclude each other by; it ends with the process that has it.

On one machine or a shared disk these are locks on files of the lake's directory. A lake of which
nothing is in its directory may have as many directories as machines: there they are in PostgreSQL.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from analytics.lake.catalogue.server import Server

SECONDS_FOR_THE_LOCK = 5.0
SECONDS_BETWEEN_TRIES = 0.05


class Busy(OSError):  # noqa: N818 - named as what is the case
    """Another process has the lock."""


class Lock(Protocol):
    """A lock that this process has until it closes it."""

    def look(self) -> None:
        """See that it is still there. Raises OSError or duckdb.Error."""

    def close(self) -> None:
        """Give it back."""


class Locks:
    """The locks of the lake at `path` by name, some of them kept until `close`.

    `postgres`: the connection parameters of its catalogue, if they are there. Each method may raise
    OSError or duckdb.Error.
    """

    def __init__(self, path: Path, postgres: str = "") -> None:
        self._path, self._postgres = path, postgres
        self._kept: list[Lock] = []

    def keep(self, name: str) -> None:
        """Have this lock from now on. Raises Busy."""
        self._kept.append(self._taken(name, SECONDS_FOR_THE_LOCK))

    @contextmanager
    def holding(self, name: str, seconds: float) -> Iterator[None]:
        """Hold this lock in the block, after so many seconds at most. Raises Busy."""
        lock = self._taken(name, seconds)
        try:
            yield
        finally:
            lock.close()

    def look(self) -> None:
        """See that those that are kept are still there."""
        try:
            for lock in self._kept:
                lock.look()
        except BlockingIOError:
            raise Busy("another process keeps it") from None

    def close(self) -> None:
        """Give all of them back."""
        while self._kept:
            self._kept.pop().close()

    def _taken(self, name: str, seconds: float) -> Lock:
        until = time.monotonic() + seconds
        while True:
            try:
                return self._take(name)
            except BlockingIOError:
                if time.monotonic() > until:
                    raise Busy("another process keeps it") from None
                time.sleep(SECONDS_BETWEEN_TRIES)

    def _take(self, name: str) -> Lock:
        return _InServer(self._postgres, name) if self._postgres else _OfFile(self._path / name)


class _OfFile:
    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BaseException:
            self.close()
            raise

    def look(self) -> None:
        """The kernel takes it from nobody."""

    def close(self) -> None:
        os.close(self._descriptor)


class _InServer:
    def __init__(self, postgres: str, name: str) -> None:
        self._name = name
        self._server = Server(postgres)
        try:
            self.look()
        except BaseException:
            self.close()
            raise

    def look(self) -> None:
        # Who has it already gets it again; without its connection this fails.
        if not self._server.lock(self._name):
            raise BlockingIOError

    def close(self) -> None:
        self._server.close()
