"""Locks on files of a lake's directory, which end with the process that has them."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SECONDS_FOR_THE_LOCK = 5.0


class Busy(OSError):  # noqa: N818 - named as what is the case
    """Another process has the lock."""


def locked(path: Path, seconds: float = SECONDS_FOR_THE_LOCK) -> int:
    """Take the lock at `path`, for as long as the descriptor is open. Raises Busy."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    until = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until:
                os.close(descriptor)
                raise Busy("another process keeps it") from None
            time.sleep(0.05)
        else:
            return descriptor


@contextmanager
def holding(path: Path, seconds: float) -> Iterator[None]:
    """Hold the lock at `path` in the block, after so many seconds at most. Raises Busy."""
    descriptor = locked(path, seconds)
    try:
        yield
    finally:
        os.close(descriptor)
