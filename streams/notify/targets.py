"""Where notifications are posted, and in which form: Alertmanager's API, and a signed webhook.

To Alertmanager a verdict that stands is an alert that ends in the year 9999. Measured with its
version 0.25: an alert without an end is resolved after `resolve_timeout`, which would claim that
the verdict was withdrawn; one that ends then lasts until it is withdrawn, however long the worker
is down. Alertmanager forgets its alerts when it restarts, but remembers which notifications it has
sent: so the alerts of the last day are posted again every few seconds, and nobody is notified
twice. It does notify again of an alert that stands for longer than `repeat_interval` or
`--data.retention`: set both to years. A withdrawn alert ends at its own start, since Alertmanager
ignores an end that is a second ahead of its clock, and the alert would then stay for ever.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import secrets
from collections.abc import Sequence
from typing import Final, Literal, NamedTuple, Protocol
from urllib.parse import urlsplit

from aiohttp import ClientError, ClientResponse, ClientSession

from schemas.wire import CONTENT_TYPE_EVENT
from streams.notify.messages import (
    alert_of,
    alert_of_digest,
    event_of,
    event_of_digest,
    shorter_alert,
    shorter_event,
)
from streams.notify.notification import DigestText, NotificationText
from streams.secrets import read_secret
from streams.settings import Settings

SIGNATURE = "Truce-Signature"

TOO_LARGE = 413
# The message itself is at fault: posting it again cannot help. All other errors, a wrong path or a
# wrong password included, are for people to fix, and nothing may be lost meanwhile.
REFUSED: Final = frozenset({400, 422})
MOST_OF_AN_ANSWER = 500
# How much of an answer is read, so that the connection can be reused.
MOST_TO_READ = 64 * 1024


class DeliveryAnswer(NamedTuple):
    """The outcome of a message: `untried` if an earlier one was not accepted, so it was not posted.

    `answered`: the target itself said so.
    """

    state: Literal["taken", "refused", "too_large", "failed", "untried"]
    why: str = ""
    answered: bool = True


TAKEN = DeliveryAnswer("taken")
UNTRIED = DeliveryAnswer("untried")


class NotificationTarget(Protocol):
    """A service that receives notifications."""

    name: str
    again: bool
    """Whether it forgets: then recent notifications are posted again now and then."""
    slots: int
    """How many posts may be in flight at a time."""
    lanes: int
    """How many commitments one post may cover."""
    at_once: int
    """How many messages are prepared together."""

    def content(self, text: NotificationText) -> str:
        """The message about a verdict: the same at every try."""

    def digest(self, text: DigestText) -> str:
        """The message about a digest."""

    def shorter(self, content: str) -> str | None:
        """The shortest form of the message; None if it is that already."""

    async def send(
        self, session: ClientSession, contents: Sequence[str], now: float
    ) -> list[DeliveryAnswer]:
        """Post at `now` (seconds since 1970); the outcome of each message."""


class Alertmanager:
    """Alertmanager's v2 API. `url` is where its pages begin; `page` is the worker's own."""

    name = "alertmanager"
    again = True
    slots = 1
    lanes = 64
    at_once = 64

    def __init__(self, url: str, page: str) -> None:
        self._url = f"{url.rstrip('/')}/api/v2/alerts"
        self._page = page

    def content(self, text: NotificationText) -> str:
        """One alert."""
        return alert_of(text, self._page)

    def digest(self, text: DigestText) -> str:
        """One alert."""
        return alert_of_digest(text, self._page)

    def shorter(self, content: str) -> str | None:
        """The alert with its labels and its summary."""
        return shorter_alert(content)

    async def send(
        self, session: ClientSession, contents: Sequence[str], now: float
    ) -> list[DeliveryAnswer]:
        """Post all in one request; each by itself if they are not accepted together.

        Alertmanager accepts the good alerts of an array that it refuses; a proxy may not.
        """
        answer = await self._post(session, contents)
        if len(contents) == 1 or answer.state not in {"refused", "too_large"}:
            return [answer] * len(contents)
        return [(await self.send(session, [one], now))[0] for one in contents]

    async def _post(self, session: ClientSession, contents: Sequence[str]) -> DeliveryAnswer:
        body = f"[{','.join(contents)}]".encode()
        return await _post(session, self._url, body, {"Content-Type": "application/json"})


class Webhook:
    """Any program that accepts a CloudEvent and knows the secret with which it is signed."""

    name = "webhook"
    again = False
    slots = 8
    lanes = 1
    at_once = 8

    def __init__(self, url: str, secret: bytes) -> None:
        self._url = url
        self._secret = secret

    def content(self, text: NotificationText) -> str:
        """One CloudEvent, whose id is that of the version of the verdict."""
        return event_of(text)

    def digest(self, text: DigestText) -> str:
        """One CloudEvent, whose id is that of the digest's current revision."""
        return event_of_digest(text)

    def shorter(self, content: str) -> str | None:
        """The event without its reasons."""
        return shorter_event(content)

    async def send(
        self, session: ClientSession, contents: Sequence[str], now: float
    ) -> list[DeliveryAnswer]:
        """Post them one by one, each signed, until one fails that may be accepted later."""
        answers: list[DeliveryAnswer] = []
        for content in contents:
            body = content.encode()
            headers = {"Content-Type": CONTENT_TYPE_EVENT}
            headers[SIGNATURE] = signature(self._secret, int(now), body)
            answers.append(await _post(session, self._url, body, headers))
            if answers[-1].state in {"failed", "too_large"}:
                break
        return answers + [UNTRIED] * (len(contents) - len(answers))


def webhook_secret(settings: Settings) -> bytes:
    """The secret that signs the webhook; generated if none is set and there is none yet.

    Raises SecretError.
    """
    path = settings.webhook_secret_file
    if path is None:
        path = settings.data_dir / "webhook.secret"
        with contextlib.suppress(FileExistsError):
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="ascii") as made:
                made.write(f"{secrets.token_hex(32)}\n")
    return read_secret("TRUCE_WEBHOOK_SECRET_FILE", path).encode()


def signature(secret: bytes, at: int, body: bytes) -> str:
    """`t=SECONDS,v1=HEX`: the HMAC-SHA256, by the secret, of the seconds, a full stop and the body.

    A receiver computes it again, compares in constant time, and refuses what is minutes old.
    """
    digest = hmac.new(secret, b"%d." % at + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"


async def _post(
    session: ClientSession, url: str, body: bytes, headers: dict[str, str]
) -> DeliveryAnswer:
    try:
        # Redirects are not followed: what is signed is for this address.
        async with session.post(url, data=body, headers=headers, allow_redirects=False) as response:
            beginning = await _read(response)
    except (ClientError, TimeoutError, OSError) as error:
        # The address may hold a secret: only the host is reported.
        where = urlsplit(url).netloc
        return DeliveryAnswer("failed", f"{where}: {type(error).__name__}", answered=False)
    status = response.status
    if 200 <= status < 300:  # noqa: PLR2004 - HTTP's own
        return TAKEN
    text = " ".join(beginning[:MOST_OF_AN_ANSWER].decode("utf-8", "replace").split())
    why = f"HTTP {status}: {text}" if text else f"HTTP {status}"
    if status == TOO_LARGE:
        return DeliveryAnswer("too_large", why)
    return DeliveryAnswer("refused" if status in REFUSED else "failed", why)


async def _read(response: ClientResponse) -> bytes:
    found = b""
    while len(found) < MOST_TO_READ and (piece := await response.content.read(MOST_TO_READ)):
        found += piece
    return found
