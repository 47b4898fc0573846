"""Whose token a request brings: that of the token file, or one that `truce token` has added."""

from __future__ import annotations

import hashlib
import logging
import os
import re
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from streams.http.tokens import TOKEN_FILE, Writer, digest_of, read_tokens
from streams.secrets import SecretError, read_secret
from streams.settings import Settings

# RFC 6750's alphabet. Shorter ones could be guessed.
TOKEN = re.compile(r"[A-Za-z0-9._~+/=-]{32,}")

logger = logging.getLogger("streams")


class WritersUnknown(Exception):  # noqa: N818 - named as what is the case
    """The file of tokens cannot be used now, so that it is not known whose this one is."""


class _State(NamedTuple):
    """What identifies a version of a file: device, inode, size, and when it was changed (ns)."""

    device: int
    inode: int
    size: int
    modified: int
    changed: int


class Writers:
    """Who may post, as the files say: the tokens are read again whenever their file is another."""

    def __init__(self, settings: Settings) -> None:
        """Read both files. Raises `SecretError`."""
        # Looked up by a hash that nobody else can compute: its duration reveals nothing.
        self._key = secrets.token_bytes(32)
        self._from_file: dict[bytes, Writer] = {}
        single = read_token(settings)
        if single is not None:
            self._from_file[self._hidden(single)] = Writer(TOKEN_FILE)
        self._path = settings.tokens_file
        self._state = _state(self._path)
        self._usable = True
        self._kept = self._read()

    def __bool__(self) -> bool:
        """Whether anybody at all may post."""
        self._refresh()
        return bool(self._from_file or self._kept) or not self._usable

    def who(self, authorization: Sequence[str]) -> Writer | None:
        """Who sends these headers Authorization; None: nobody who is known.

        Raises `WritersUnknown`.
        """
        scheme, _, token = (
            authorization[0].partition(" ") if len(authorization) == 1 else ("", "", "")
        )
        if scheme.lower() != "bearer":
            return None
        self._refresh()
        hidden = self._hidden(digest_of(token.strip(" ")))
        found = self._from_file.get(hidden) or self._kept.get(hidden)
        if found is None and not self._usable:
            raise WritersUnknown
        return found

    def _refresh(self) -> None:
        state = _state(self._path)
        if state == self._state:
            return
        # Noted before it is read: what is replaced meanwhile is read at the next request.
        self._state = state
        try:
            self._kept = self._read()
        except SecretError as error:
            # Nobody keeps a right that an unreadable file may have revoked.
            self._kept, self._usable = {}, False
            logger.warning("no token of it is accepted until it is mended: %s", error)
        else:
            self._usable = True

    def _read(self) -> dict[bytes, Writer]:
        tokens = read_tokens(self._path)
        return {self._hidden(bytes.fromhex(one.sha256)): one.writer for one in tokens}

    def _hidden(self, digest: bytes) -> bytes:
        return hashlib.blake2b(digest, key=self._key, digest_size=32).digest()


def _state(path: Path) -> _State | None:
    try:
        found = os.stat(path)  # noqa: PTH116 - at each request
    except OSError:
        return None
    return _State(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def read_token(settings: Settings) -> bytes | None:
    """The digest of the token of TRUCE_TOKEN_FILE, for any source; None if there is no such file.

    Raises `SecretError`.
    """
    if settings.token_file is None:
        return None
    token = read_secret("TRUCE_TOKEN_FILE", settings.token_file)
    if not TOKEN.fullmatch(token):
        raise SecretError(
            f"TRUCE_TOKEN_FILE: {settings.token_file} must hold at least 32 of the characters "
            "A-Z a-z 0-9 . _ ~ + / = -; make one with: openssl rand -hex 32"
        )
    return digest_of(token)
