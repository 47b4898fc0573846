"""How commands find a running worker: a private file next to the database while it runs.

Not what keeps a second worker away: that is the database's own lock.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

FILE_NAME = "worker.json"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a worker can be reached. `lake_token` is a secret of the user who runs it."""

    pid: int
    http: str
    bootstrap: str
    log_id: str
    lake_token: str = ""


@dataclass(frozen=True, slots=True)
class Announced:
    """A written endpoint. It holds until `remove`, or until its process ends in whatever way."""

    path: Path
    descriptor: int

    def remove(self) -> None:
        """Take the file back, unless another worker has put its own there."""
        with contextlib.suppress(OSError):
            if self.path.stat().st_ino == os.fstat(self.descriptor).st_ino:
                self.path.unlink()
        with contextlib.suppress(OSError):
            os.close(self.descriptor)


def write_endpoint(data_dir: Path, endpoint: Endpoint) -> Announced:
    """Say that the worker is ready: readable by its user only, all at once or not at all."""
    path = data_dir / FILE_NAME
    draft = path.with_name(f".{FILE_NAME}.{endpoint.pid}")
    draft.unlink(missing_ok=True)
    # The mode is given at creation: there is no moment at which others could read the token.
    descriptor = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    # A lock ends with its process, so that it distinguishes the living from the dead even where the
    # number of a dead process was given to another one.
    with contextlib.suppress(OSError):
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.write(descriptor, (json.dumps(asdict(endpoint), indent=2) + "\n").encode())
    draft.replace(path)
    return Announced(path, descriptor)


def read_endpoint(data_dir: Path) -> Endpoint | None:
    """The worker of this data directory, or None if none runs (a file left by a dead one is none).

    None, too, if the file cannot be read: it then belongs to another user.
    """
    try:
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        with open(os.open(data_dir / FILE_NAME, flags), encoding="utf-8") as file:  # noqa: PTH123
            endpoint = Endpoint(**json.load(file))
            return endpoint if _alive(endpoint.pid) and _locked(file.fileno()) else None
    except (OSError, ValueError, TypeError):
        return None


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        # A file system without locks: the process number must do.
        return True
    return False


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
