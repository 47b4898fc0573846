"""Who posted a record: the header `truce-posted-by`, and how it is known that a worker wrote it.

Whoever may write to the log can give a record any header. So a worker that was posted to signs the
name together with the record, with a key that only workers have; a header that does not fit its
record says nothing. To copy a record with its header is to publish the same events again, which
changes nothing. Whoever has the key can replay the log to the same `posted_by`.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import logging
import os
import re
import secrets
import struct
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from streams.secrets import SecretError, read_secret
from streams.settings import Settings

SETTING = "TRUCE_POSTED_BY_KEY_FILE"
HEADER = "truce-posted-by"
LEAST_KEY = 32
SECONDS_BETWEEN_WARNINGS = 60.0
# A token's name, as `tokens.NAME` has it, and the signature.
_VALUE = re.compile(rb"([A-Za-z0-9][A-Za-z0-9._-]{0,63}); v1=([0-9a-f]{64})")
_PURPOSE = b"trucewatch posted-by v1"

RecordHeaders = Sequence[tuple[str, bytes]]

logger = logging.getLogger("streams")


class Attribution:
    """Signs and verifies, with a key; without one (None) nothing can be verified."""

    def __init__(self, key: bytes | None, clock: Callable[[], float] = time.monotonic) -> None:
        self.unverified = 0
        self._key = key
        self._clock = clock
        self._warned_at = -SECONDS_BETWEEN_WARNINGS

    def header(self, name: str, key: bytes, value: bytes) -> tuple[str, bytes]:
        """The header of a record of this key and value that `name` posted."""
        return HEADER, f"{name}; v1={self._signature(name.encode(), key, value)}".encode()

    def who(self, headers: RecordHeaders, key: bytes | None, value: bytes | None) -> str | None:
        """Who posted a record with these headers; None if that is not said, or not true."""
        said = [value for name, value in headers if name.lower() == HEADER]
        if not said:
            return None
        found = _VALUE.fullmatch(said[0]) if len(said) == 1 else None
        if found is not None and self._key is not None:
            name, signature = found.groups()
            expected = self._signature(name, key or b"", value or b"")
            if hmac.compare_digest(signature, expected.encode()):
                return name.decode()
        self._warn()
        return None

    def _signature(self, name: bytes, key: bytes, value: bytes) -> str:
        if self._key is None:
            raise RuntimeError("there is no key to sign with")
        signing = hmac.new(self._key, _PURPOSE, hashlib.sha256)
        for part in (name, key, value):
            signing.update(struct.pack(">Q", len(part)))
            signing.update(part)
        return signing.hexdigest()

    def _warn(self) -> None:
        self.unverified += 1
        now = self._clock()
        if now >= self._warned_at + SECONDS_BETWEEN_WARNINGS:
            self._warned_at = now
            logger.warning(
                "records with a header %s that cannot be verified: %d so far; posted_by is NULL "
                "for them. Another program wrote it, or a worker with another %s",
                *(HEADER, self.unverified, SETTING),
            )


def key_path(settings: Settings) -> Path:
    """Where the key is."""
    return settings.posted_by_key_file or settings.data_dir / "posted-by.key"


def attribution_of(settings: Settings, *, make: bool = False) -> Attribution:
    """By the key of these settings; `make`: one is made if none is set and there is none yet.

    Raises `SecretError`.
    """
    path = key_path(settings)
    if settings.posted_by_key_file is None:
        if make:
            with contextlib.suppress(FileExistsError):
                _make(path)
        elif not path.exists():
            return Attribution(None)
    key = read_secret(SETTING, path)
    if len(key) < LEAST_KEY:
        raise SecretError(
            f"{SETTING}: {path} must hold at least {LEAST_KEY} characters; make one with: "
            "openssl rand -hex 32"
        )
    return Attribution(key.encode())


def _make(path: Path) -> None:
    """Make a key, all at once: no worker that starts meanwhile reads half of one."""
    if path.exists():
        raise FileExistsError
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    try:
        with os.fdopen(os.open(draft, flags, 0o600), "w", encoding="ascii") as made:
            made.write(f"{secrets.token_hex(32)}\n")
            made.flush()
            os.fsync(made.fileno())
        os.link(draft, path)
    finally:
        draft.unlink(missing_ok=True)
