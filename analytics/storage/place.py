"""Whether the file of a database can be used where it is, checked before DuckDB opens it.

DuckDB reports every obstacle as a file that it cannot open; whoever has to fix it needs to know
the cause. Nothing is opened here: to close another descriptor would end DuckDB's lock.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import shutil
import stat
from pathlib import Path

from analytics.storage.failures import (
    LedgerError,
    LedgerForbidden,
    LedgerFull,
    LedgerMissing,
    LedgerNoDirectory,
    LedgerNoFile,
    LedgerReadOnly,
)

# The system's error texts, which DuckDB passes on.
NO_ROOM = os.strerror(errno.ENOSPC)
NO_QUOTA = os.strerror(errno.EDQUOT)
FORBIDDEN = os.strerror(errno.EACCES)
READ_ONLY = os.strerror(errno.EROFS)

SPILL = ".tmp"
_TOKEN = secrets.token_hex(4)
_SIZE = re.compile(r"([0-9.]+)\s?([KMGT]?)(I?)B")
WAL = ".wal"


def beside(path: Path, suffix: str) -> Path:
    """The file of this kind that belongs to the database at `path`."""
    return path.with_name(path.name + suffix)


def check_place(path: Path, *, read_only: bool = False) -> None:
    """Raise the LedgerError that says why the database at `path` cannot be used, if any.

    LedgerMissing (only if `read_only`), LedgerNoDirectory, LedgerNoFile, LedgerForbidden or
    LedgerReadOnly.
    """
    folder = path.parent
    if not folder.is_dir():
        raise LedgerMissing(path) if read_only else LedgerNoDirectory(path)
    if not _may(folder, os.X_OK):
        raise LedgerForbidden(folder, "enter")
    for one in (path, beside(path, WAL)):
        try:
            mode = one.lstat().st_mode
        except FileNotFoundError:
            if one == path and read_only:
                raise LedgerMissing(path) from None
            continue
        if not stat.S_ISREG(mode):
            raise LedgerNoFile(one, mode)
        if not _may(one, os.R_OK):
            raise LedgerForbidden(one, "read")
    if not read_only:
        for one in (path, beside(path, WAL), folder):
            _check_writable(one)


def _check_writable(path: Path) -> None:
    if not path.exists() or _may(path, os.W_OK):
        return
    if os.statvfs(path).f_flag & os.ST_RDONLY:
        raise LedgerReadOnly(path)
    raise LedgerForbidden(path)


def _may(path: Path, mode: int) -> bool:
    effective = os.access in os.supports_effective_ids
    return os.access(path, mode, effective_ids=effective)


def of_the_system(path: Path, said: str) -> LedgerError | None:
    """The LedgerError for a refusal of the system, by its text; None: it is something else."""
    if NO_ROOM in said or NO_QUOTA in said:
        return LedgerFull(path)
    if READ_ONLY in said:
        return LedgerReadOnly(path)
    if FORBIDDEN in said:
        return LedgerForbidden(path)
    return None


def spill_of(path: Path) -> Path:
    """Where this process spills what of the database at `path` does not fit into memory.

    A directory per process: the leftovers of killed processes can be told apart from it, and
    several readers of the same database do not share it.
    """
    return beside(path, f"{SPILL}.{os.getpid()}-{_TOKEN}")


def clear_spill(path: Path) -> None:
    """Remove what killed processes had spilled; only while this process owns the database."""
    own = spill_of(path)
    for one in path.parent.glob(f"{path.name}{SPILL}*"):
        if one == own:
            continue
        if one.is_symlink():
            raise LedgerNoFile(one, one.lstat().st_mode)
        shutil.rmtree(one, ignore_errors=True)


def spill_limit(folder: Path, most: str) -> int:
    """How many bytes may be spilled to disk: `most`, but at most half of what is free."""
    return min(bytes_of(most), shutil.disk_usage(folder).free // 2)


def bytes_of(size: str) -> int:
    """How many bytes a size as DuckDB writes it has: 400MB, 1.5 GiB."""
    found = _SIZE.fullmatch(size.strip().upper())
    if found is None:
        raise ValueError(size)
    number, prefix, binary = found.groups()
    return int(float(number) * (1024 if binary else 1000) ** "BKMGT".index(prefix or "B"))
