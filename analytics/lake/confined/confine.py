"""Confines this process to what a query needs: no writing, no other files, no network.

A lake's data on S3 takes connections to one port, and those alone are left.

By Linux's Landlock, for good and for all threads that start later. Where the kernel has none,
DuckDB's own restrictions and `RLIMIT_FSIZE` must suffice.
"""

from __future__ import annotations

import ctypes
import os
import resource
import stat
import sys
from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path

# These system calls have the same numbers on every architecture.
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION, _PATH_BENEATH, _NET_PORT, _NO_NEW_PRIVILEGES = 1, 1, 2, 38
_EXECUTE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 2, 1 << 3
_READING = _EXECUTE | _READ_FILE | _READ_DIR
# How many file access rights, from the lowest bit, each version knows.
_RIGHTS_ON_FILES = (13, 14, 15, 15, 16)
_VERSION_WITH_TCP, _VERSION_WITH_SCOPES = 4, 6
_BIND_AND_CONNECT, _CONNECT, _SOCKETS_AND_SIGNALS = 0b11, 0b10, 0b11
_OF_THE_SYSTEM = ("/usr", "/lib", "/lib64", "/etc", "/proc", "/sys", "/dev")


class _Ruleset(ctypes.Structure):
    _fields_ = (
        ("files", ctypes.c_uint64),
        ("network", ctypes.c_uint64),
        ("scoped", ctypes.c_uint64),
    )


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"
    _fields_ = (("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32))


class _Port(ctypes.Structure):
    _fields_ = (("allowed", ctypes.c_uint64), ("port", ctypes.c_uint64))


def confine(readable: Iterable[Path], *, port: int | None = None) -> bool:
    """From now on, read only what Python and DuckDB need, and these directories and files.

    `port`: the only one that TCP connections may go to, on any host; None: none. Call it before
    starting threads. Returns whether the kernel enforces it, too.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if _landlock(readable, port):
        return True
    # Then no file can grow, and writes fail, unless the output is redirected to a file.
    if not any(stat.S_ISREG(os.fstat(output).st_mode) for output in (1, 2)):
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    return False


def bound_memory(head_room: int) -> None:
    """Limit this process to mapping this many bytes more than it has mapped now."""
    if sys.platform != "linux":
        return
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    limit = pages * resource.getpagesize() + head_room
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    if hard != resource.RLIM_INFINITY:
        limit = min(limit, hard)
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def landlock_version() -> int:
    """The version of the kernel's Landlock ABI; below 1 if it has none."""
    if sys.platform != "linux":
        return 0
    libc = ctypes.CDLL(None, use_errno=True)
    return int(libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), _VERSION))


def _landlock(readable: Iterable[Path], port: int | None) -> bool:
    version = landlock_version()
    if version < 1:
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    rights = (1 << _RIGHTS_ON_FILES[min(version, len(_RIGHTS_ON_FILES)) - 1]) - 1
    wanted = _Ruleset(
        rights,
        _BIND_AND_CONNECT if version >= _VERSION_WITH_TCP else 0,
        _SOCKETS_AND_SIGNALS if version >= _VERSION_WITH_SCOPES else 0,
    )
    # Each version adds one field.
    fields = 1 + (version >= _VERSION_WITH_TCP) + (version >= _VERSION_WITH_SCOPES)
    ruleset = libc.syscall(_CREATE_RULESET, ctypes.byref(wanted), ctypes.c_size_t(8 * fields), 0)
    if ruleset < 0:
        return False
    try:
        imported = (Path(entry) for entry in sys.path if entry)
        # An editable install is found by other means than the path.
        here = Path(str(files("analytics"))).parent
        python = (Path(sys.prefix), Path(sys.base_prefix), here, *imported)
        for path in {*map(Path, _OF_THE_SYSTEM), *python, *readable}:
            if path.exists():
                _allow(libc, ruleset, path)
        if port is not None and version >= _VERSION_WITH_TCP:
            rule = _Port(_CONNECT, port)
            libc.syscall(_ADD_RULE, ruleset, _NET_PORT, ctypes.byref(rule), 0)
        alone: int = libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
        bound: int = libc.syscall(_RESTRICT_SELF, ruleset, 0)
        return alone == 0 and bound == 0
    finally:
        os.close(ruleset)


def _allow(libc: ctypes.CDLL, ruleset: int, path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        # The right to list a directory is none of a file's.
        rights = _READING if path.is_dir() else _READING & ~_READ_DIR
        rule = _Beneath(rights, descriptor)
        libc.syscall(_ADD_RULE, ruleset, _PATH_BENEATH, ctypes.byref(rule), 0)
    finally:
        os.close(descriptor)
