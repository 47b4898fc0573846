"""The data directory as a worker wants it: its user's alone, and nothing in it leads elsewhere.

It may itself be a link: whoever starts the worker chose it, and no other may have put it there. In
it, our files are ours: a link in the place of one would have us write, or show, what it leads to.
"""

from __future__ import annotations

import contextlib
import logging
import os
import stat
from pathlib import Path

from analytics.storage.failures import LedgerError, LedgerForbidden, LedgerNoFile
from analytics.storage.place import of_the_system

# What our files begin with, those of DuckDB and of a rebuilt database as well.
OURS = (
    "truce.duckdb",
    "worker.",
    ".worker.json.",
    "broker.",
    "webhook.secret",
    "posted-by.key",
    "tokens",
    "tansu",
    ".tansu.",
    "lake",
)
OTHERS = 0o077
OTHERS_WRITE = 0o022

logger = logging.getLogger("streams")


class DirectoryError(LedgerError):
    """The data directory cannot be used: the message says why."""


def prepare(data_dir: Path) -> None:
    """Have the data directory, private, and make only private files from now on.

    What an earlier version left open to others is closed to them. Raises a LedgerError.
    """
    os.umask(OTHERS)
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        entries = list(os.scandir(data_dir))
        for entry in entries:
            if entry.name.startswith(OURS):
                _make_private(entry)
        _close(data_dir, entries)
    except FileExistsError:
        raise DirectoryError(f"TRUCE_DATA_DIR: {data_dir} is a file, no directory") from None
    except OSError as error:
        raise _explained(data_dir, error) from error


def prepare_lake(lake: Path) -> None:
    """Have the directory that the lake is to stand in; what does not work its writer will say.

    Once, before it is written: the data directory may be deleted later, and stays so.
    """
    with contextlib.suppress(OSError):
        lake.parent.mkdir(parents=True, exist_ok=True)


def _make_private(entry: os.DirEntry[str]) -> None:
    found = entry.stat(follow_symlinks=False)
    if stat.S_ISLNK(found.st_mode):
        raise LedgerNoFile(Path(entry.path), found.st_mode)
    if found.st_uid == os.geteuid() and found.st_mode & OTHERS:
        Path(entry.path).chmod(stat.S_IMODE(found.st_mode) & ~OTHERS)


def _close(data_dir: Path, entries: list[os.DirEntry[str]]) -> None:
    """Close the directory to others, if nothing in it can be theirs; else say what they can do."""
    found = data_dir.stat()
    mode = stat.S_IMODE(found.st_mode)
    is_ours = found.st_uid == os.geteuid()
    if is_ours and mode & OTHERS and all(entry.name.startswith(OURS) for entry in entries):
        data_dir.chmod(mode & ~OTHERS)
    elif mode & (OTHERS_WRITE if is_ours else stat.S_IWOTH):
        # To read a list of names is all that others can do where they may not write.
        logger.warning(
            "others may write to %s (mode %04o), and so replace what is in it: chmod 700 %s",
            *(data_dir, mode, data_dir),
        )


def _explained(data_dir: Path, error: OSError) -> LedgerError:
    where = Path(error.filename) if error.filename else data_dir
    # Where it could not be made, what matters is who may write to what is above it.
    while not where.exists() and where != where.parent:
        where = where.parent
    if isinstance(error, PermissionError):
        return LedgerForbidden(where, "write" if where == data_dir else "make a directory in")
    refused = of_the_system(where, str(error))
    return refused or DirectoryError(f"TRUCE_DATA_DIR: {data_dir}: {error.strerror or error}")
