"""Where notices are posted to, and in which form: Alertmanager's API, and a signed webhook.

To Alertmanager a verdict that stands is an alert that ends in the year 9999. Measured with its
version 0.25: an alert without an end is resolved after `resolve_timeout`, which would claim that
the verdict was withdrawn; one that ends then lasts until it is withdrawn, however long the worker
is down. Alertmanager forgets its alerts when it restarts, and remembers what it has told: so what
was told during the last day is posted again every few seconds, and nobody hears of it twice. It
does tell again what stands for longer than `repeat_interval` or `--data.retention`: set both to
years. What is withdrawn ends at its own start, since an end that is ahead of Alertmanager's clock
by a second is passed over, and the alert then stays for ever.
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
from streams.notify.notification import DigestTelling, Telling
from streams.secrets import read_secret
from streams.settings import Settings

SIGNATURE = "Truce-Signature"

TOO_LARGE = 413
# The message itself is at fault: to post it again cannot help. All else, a wrong path or a wrong
# password included, is for people to mend, and nothing may be lost meanwhile.
REFUSED: Final = frozenset({400, 422})
MOST_OF_AN_ANSWER = 500
# What is read of an answer, so that the connection can be used again.
MOST_TO_READ = 64 * 1024


class DeliveryAnswer(NamedTuple):
    """What became of a message: `untried` if it was not posted, since one before it was not taken.

    `answered`: the target itself said so.
    """

    state: Literal["taken", "refused", "too_large", "failed", "untried"]
    why: str = ""
    answered: bool = True


TAKEN = DeliveryAnswer("taken")
UNTRIED = DeliveryAnswer("untried")


class NotificationTarget(Protocol):
    """Somebody to tell."""

    name: str
    again: bool
    """Whether it forgets: then what was told lately is posted again now and then."""
    slots: int
    """How many posts it is sent at a time."""
    lanes: int
    """Of how many commitments a post may be."""
    at_once: int
    """How many messages are prepared together."""

    def content(self, telling: Telling) -> str:
        """What is posted of a verdict: the same at every try."""

    def digest(self, telling: DigestTelling) -> str:
        """What is posted of many."""

    def shorter(self, content: str) -> str | None:
        """The same in its least words; None if it is that already."""

    async def send(
        self, session: ClientSession, contents: Sequence[str], now: float
    ) -> list[DeliveryAnswer]:
        """Post at `now` (seconds since 1970); what became of each."""


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

    def content(self, telling: Telling) -> str:
        """One alert."""
        return alert_of(telling, self._page)

    def digest(self, telling: DigestTelling) -> str:
        """One alert."""
        return alert_of_digest(telling, self._page)

    def shorter(self, content: str) -> str | None:
        """The alert with its labels and its summary."""
        return shorter_alert(content)

    async def send(
        self, session: ClientSession, contents: Sequence[str], now: float
    ) -> list[DeliveryAnswer]:
        """Post all in one request; each by itself if they are not taken together.

        Alertmanager takes the good ones of an array that it refuses; what stands before it may not.
        """
        answer = await self._post(session, contents)
        if len(contents) == 1 or answer.state not in {"refused", "too_large"}:
            return [answer] * len(contents)
        return [(await self.send(session, [one], now))[0] for one in contents]

    async def _post(self, session: ClientSession, contents: Sequence[str]) -> DeliveryAnswer:
        body = f"[{','.join(contents)}]".encode()
        return await _post(session, self._url, body, {"Content-Type": "application/json"})


class Webhook:
    """Any program that takes a CloudEvent, and knows the secret by which it is signed."""

    name = "webhook"
    again = False
    slots = 8
    lanes = 1
    at_once = 8

    def __init__(self, url: str, secret: bytes) -> None:
        self._url = url
        self._secret = secret

    def content(self, telling: Telling) -> str:
        """One CloudEvent, whose id is that of the version of the verdict."""
        return event_of(telling)

    def digest(self, telling: DigestTelling) -> str:
        """One CloudEvent, whose id is that of the digest as it is now."""
        return event_of_digest(telling)

    def shorter(self, content: str) -> str | None:
        """The event without its reasons."""
        return shorter_event(content)

    async def send(
        self, session: ClientSession, contents: Sequence[str], now: float
    ) -> list[DeliveryAnswer]:
        """Post them one by one, each signed, until one is not taken that may be later."""
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
    """The secret by which the webhook is signed; made if none is set and there is none yet.

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
        # Not to where somebody redirects it: what is signed is for this address.
        async with session.post(url, data=body, headers=headers, allow_redirects=False) as response:
            beginning = await _read(response)
    except (ClientError, TimeoutError, OSError) as error:
        # Its address may hold a secret: only where it is, is told.
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
