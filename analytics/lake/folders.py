"""Private folders, removed when their process ends or when the next one is created."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
import time
import weakref
from pathlib import Path

PREFIX = "truce-lake-"
_LOCK = "in-use"
# A folder that has just been created may not be locked yet.
_SECONDS_TO_LOCK = 60.0


class PrivateFolder:
    """A folder of mode 0700 in the system's temporary directory."""

    def __init__(self) -> None:
        place = Path(tempfile.gettempdir())
        _remove_left(place)
        self.path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=place))
        # Released when the process ends, however it ends.
        self._lock = os.open(self.path / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        self._removed = weakref.finalize(self, _remove, self.path, self._lock)

    def remove(self) -> None:
        """Remove it with its contents."""
        self._removed()


def _remove(path: Path, lock: int) -> None:
    shutil.rmtree(path, ignore_errors=True)
    os.close(lock)


def _remove_left(place: Path) -> None:
    """Remove the folders of killed processes."""
    for path in place.glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            found = path.lstat()
            if path.is_symlink() or found.st_uid != os.getuid():
                continue
            try:
                lock = os.open(path / _LOCK, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
            except FileNotFoundError:
                if time.time() - found.st_mtime > _SECONDS_TO_LOCK:
                    shutil.rmtree(path, ignore_errors=True)
                continue
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(path, ignore_errors=True)
            finally:
                os.close(lock)
