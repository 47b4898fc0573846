"""Who may post which events: the writers of a data directory, and the file that keeps them.

The file holds no token. Of each it has the SHA-256, which is enough: a token is 256 random bits, so
that nobody guesses one, and a slow hash, made for what people think up, would only help those who
send wrong ones to keep the worker busy.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
import secrets
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import msgspec

from schemas.events import Event, Problem
from streams.secrets import SecretError, read_private

SETTING = "TRUCE_TOKENS"
MAX_BYTES = 4 * 2**20
MAX_PREFIXES = 100
TOKEN_FILE = "token-file"  # noqa: S105 - a name that is shown
"""The name of who posts with the token of TRUCE_TOKEN_FILE."""

# Names go into headers and tables, so they are plain.
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
PREFIX = re.compile(r"[^\s<>\"\\\x00-\x1f\x7f]{1,1000}")
_DIGEST = re.compile(r"[0-9a-f]{64}")
# Where one part of a source ends and the next begins.
_BOUNDARIES = ("/", "?", "#")
_SEPARATOR = r"[/\\]|%2f|%5c"
_DOT_SEGMENT = re.compile(
    rf"(?:^|{_SEPARATOR})(?:\.|%2e){{1,2}}(?:$|[?#]|{_SEPARATOR})", re.IGNORECASE
)
_SCHEME_ONLY = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:/*")


class Writer(NamedTuple):
    """Who may post, and what: None is any source, or any conflict."""

    name: str
    sources: tuple[str, ...] | None = None
    conflicts: tuple[str, ...] | None = None

    def refuses(self, event: Event) -> Sequence[Problem]:
        """Why this event is not for this writer to post; nothing if it is."""
        found = []
        if self.sources is not None and not any(is_of(event.source, p) for p in self.sources):
            found.append(Problem("source", _not_yours(self.name, "sources", self.sources)))
        if self.conflicts is not None and event.data.conflict not in self.conflicts:
            found.append(
                Problem("data.conflict", _not_yours(self.name, "conflicts", self.conflicts))
            )
        return found


ANYBODY = Writer(TOKEN_FILE)
"""Who posts with the token of TRUCE_TOKEN_FILE: any event."""


def _not_yours(name: str, what: str, allowed: Sequence[str]) -> str:
    more = f" and {len(allowed) - 3} more" if len(allowed) > 3 else ""  # noqa: PLR2004
    listed = ", ".join(one[:200] for one in allowed[:3])
    return f"the token of {name} is for the {what} {listed}{more}"


def is_of(source: str, prefix: str) -> bool:
    """Whether `source` is `prefix`, or something below it.

    Character by character: no case is folded and nothing is decoded or normalised. What follows the
    prefix must begin a new part, so that `https://desk.example/ua` does not cover
    `https://desk.example/uab`, nor `https://desk.example` the host `desk.example.org`. A prefix may
    end in a boundary itself, or be that of a URN up to a colon, such as `urn:desk:`. What steps out
    again, as in `/ua/../ru`, is not below.
    """
    if not source.startswith(prefix):
        return False
    rest = source[len(prefix) :]
    begins_a_part = not rest or prefix[-1] in "/?#:" or rest.startswith(_BOUNDARIES)
    return begins_a_part and not _DOT_SEGMENT.search(rest)


class Token(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A token as the file keeps it; `created` in RFC 3339."""

    name: str
    sha256: str
    sources: tuple[str, ...]
    conflicts: tuple[str, ...] | None
    created: str

    @property
    def writer(self) -> Writer:
        """Whose it is."""
        return Writer(self.name, self.sources, self.conflicts)


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    version: int
    tokens: tuple[Token, ...]


_decoder = msgspec.json.Decoder(_File)


class TokenError(Exception):
    """The change of the tokens cannot be made; the message says why."""


def digest_of(token: str) -> bytes:
    """What is kept of a token."""
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()


def check_name(name: str) -> None:
    """Raise `TokenError` for what cannot be a writer's name."""
    if not NAME.fullmatch(name):
        raise TokenError(f"name {name[:80]!r}: expected 1 to 64 of A-Z a-z 0-9 . _ -")
    if name == TOKEN_FILE:
        raise TokenError(f"name {name!r}: stands for the token of TRUCE_TOKEN_FILE")


def check_prefix(prefix: str) -> None:
    """Raise `TokenError` for what cannot be the beginning of a source, or is of too many."""
    if not PREFIX.fullmatch(prefix) or not prefix.isprintable():
        raise TokenError(
            f"--source {prefix[:80]!r}: expected the beginning of a source, "
            "such as https://desk.example/ua"
        )
    if _SCHEME_ONLY.fullmatch(prefix):
        raise TokenError(f"--source {prefix!r}: expected more than a scheme")
    if "://" in prefix and prefix.endswith(":"):
        # `https://desk.example:` would cover `https://desk.example:x@elsewhere.example`.
        raise TokenError(f"--source {prefix!r}: expected no colon at the end")
    if _DOT_SEGMENT.search(prefix):
        raise TokenError(f"--source {prefix!r}: expected no . or .. between slashes")


def read_tokens(path: Path) -> tuple[Token, ...]:
    """The tokens in the file; none if there is no file. Raises `SecretError`."""
    if not path.exists():
        return ()
    try:
        file = _decoder.decode(read_private(SETTING, path, MAX_BYTES))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise SecretError(f"{SETTING}: {path} is not as `truce token` writes it: {error}") from None
    for token in file.tokens:
        try:
            _check(token)
        except TokenError as error:
            raise SecretError(f"{SETTING}: {path}: {error}") from None
    if file.version != 1:
        raise SecretError(f"{SETTING}: {path} was written by a newer version: upgrade")
    for kind in ("name", "sha256"):
        if len({getattr(token, kind) for token in file.tokens}) < len(file.tokens):
            raise SecretError(f"{SETTING}: {path} has the same {kind} twice")
    return file.tokens


def _check(token: Token) -> None:
    check_name(token.name)
    for prefix in token.sources:
        check_prefix(prefix)
    if not _DIGEST.fullmatch(token.sha256):
        raise TokenError(f"the SHA-256 of {token.name} is none")
    if not token.sources or token.conflicts == ():
        raise TokenError(f"{token.name} has an empty list")


def add(path: Path, name: str, sources: Sequence[str], conflicts: Sequence[str]) -> str:
    """Add a writer; the new token, which is kept nowhere. No conflicts: any.

    Raises `TokenError`, `SecretError` or `OSError`.
    """
    check_name(name)
    if not 1 <= len(sources) <= MAX_PREFIXES or len(conflicts) > MAX_PREFIXES:
        raise TokenError(f"expected 1 to {MAX_PREFIXES} sources, and as many conflicts at most")
    for prefix in sources:
        check_prefix(prefix)
    token = f"truce_{secrets.token_urlsafe(32)}"
    with _locked(path):
        known = read_tokens(path)
        if any(one.name == name for one in known):
            raise TokenError(
                f"there is a token of {name} already: truce token remove {name} takes it back"
            )
        made = Token(
            name,
            digest_of(token).hex(),
            tuple(dict.fromkeys(sources)),
            tuple(dict.fromkeys(conflicts)) or None,
            datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        )
        _write(path, (*known, made))
    return token


def remove(path: Path, name: str) -> None:
    """Revoke the token of this name. Raises `TokenError`, `SecretError` or `OSError`."""
    with _locked(path) if path.exists() else contextlib.nullcontext():
        known = read_tokens(path)
        left = tuple(one for one in known if one.name != name)
        if len(left) == len(known):
            listed = ", ".join(one.name for one in known[:10]) or "none"
            raise TokenError(f"there is no token of {name[:80]!r}; there are: {listed}")
        _write(path, left)


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Wait for others who change the file. The lock is not the file, which is replaced."""
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(path.with_name(f"{path.name}.lock"), flags, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _write(path: Path, tokens: tuple[Token, ...]) -> None:
    """Replace the file: whoever reads it sees what was or what is, and after a crash, too."""
    text = msgspec.json.format(msgspec.json.encode(_File(1, tokens)), indent=2) + b"\n"
    if len(text) > MAX_BYTES:
        raise TokenError(f"{path} would be larger than {MAX_BYTES:,} bytes")
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    try:
        with os.fdopen(os.open(draft, flags, 0o600), "wb") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    descriptor = os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
