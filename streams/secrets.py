"""Reads secrets, each from a file that nobody but the worker's user may read.

A secret is never a setting itself: what is in the environment or in an argument, others can see.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

MAX_BYTES = 4096


class SecretError(Exception):
    """A secret cannot be used. The message names the setting and the file, never what is in it."""


def read_secret(setting: str, path: Path) -> str:
    """The one line in the file that `setting` names, without its line end. Raises `SecretError`."""
    raw = read_private(setting, path, MAX_BYTES)
    try:
        text = raw.decode().rstrip("\r\n")
    except UnicodeDecodeError:
        raise SecretError(f"{setting}: {path} is not UTF-8") from None
    if not text or not text.isprintable():
        raise SecretError(f"{setting}: {path} must hold one line of text")
    return text


def read_private(setting: str, path: Path, most: int) -> bytes:
    """The file that `setting` names, of `most` bytes at the most. Raises `SecretError`."""
    try:
        # Not to wait for a writer, should it be a pipe.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(descriptor, "rb") as file:  # noqa: PTH123 - opened above
            _check(setting, path, os.fstat(descriptor))
            raw = file.read(most + 1)
    except OSError as error:
        raise SecretError(f"{setting}: {path} cannot be read: {error.strerror or error}") from error
    if len(raw) > most:
        raise SecretError(f"{setting}: {path} holds more than {most:,} bytes")
    return raw


def check_private(setting: str, path: Path) -> None:
    """Refuse a file of secrets that another program reads for us. Raises `SecretError`."""
    try:
        _check(setting, path, path.stat())
    except OSError as error:
        raise SecretError(f"{setting}: {path} cannot be read: {error.strerror or error}") from error


def _check(setting: str, path: Path, found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise SecretError(f"{setting}: {path} is no regular file")
    mode = stat.S_IMODE(found.st_mode)
    if found.st_uid == os.geteuid():
        if mode & 0o077:
            raise SecretError(
                f"{setting}: others may use {path} (mode {mode:04o}): chmod 600 {path}"
            )
    # How Kubernetes mounts a secret: root's, and readable by the group that the pod is given.
    elif found.st_uid != 0 or mode & 0o037:
        raise SecretError(
            f"{setting}: {path} must belong to the user who runs this, with mode 0600"
        )
