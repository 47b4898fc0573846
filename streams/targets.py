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
import json
import os
import secrets
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

from aiohttp import ClientError, ClientResponse, ClientSession

from analytics.series import NOBODY_KNOWN
from schemas.wire import CONTENT_TYPE_EVENT
from streams.notice import Telling, criteria, description, not_violated, violated
from streams.secret import read_secret
from streams.settings import Settings

NEVER = "9999-01-01T00:00:00Z"
SEVERITY = {"violation": "critical", "contested": "warning", "undetermined": "info"}
ALERT = "TruceVerdictChanged"
SIGNATURE = "Truce-Signature"

# The message itself is at fault: to post it again cannot help. All else, a wrong path or a wrong
# password included, is for people to mend, and nothing may be lost meanwhile.
REFUSED: Final = frozenset({400, 413, 422})
MOST_OF_AN_ANSWER = 500


class Refused(Exception):  # noqa: N818 - named as what the target said
    """The target will never take this message."""


class Unanswered(Exception):  # noqa: N818
    """The target has not taken the message, and may later."""


class Target(Protocol):
    """Somebody to tell."""

    name: str
    again: bool
    """Whether it forgets: then what was told lately is posted again now and then."""

    def content(self, telling: Telling) -> str:
        """What is posted: the same at every try."""

    async def post(self, session: ClientSession, contents: list[str], now: float) -> None:
        """Post at `now` (seconds since 1970). Raises Refused or Unanswered."""


class Alertmanager:
    """Alertmanager's v2 API. `url` is where its pages begin; `page` is the worker's own."""

    name = "alertmanager"
    again = True

    def __init__(self, url: str, page: str) -> None:
        self._url = f"{url.rstrip('/')}/api/v2/alerts"
        self._page = page

    def content(self, telling: Telling) -> str:
        """One alert."""
        notice = telling.notice
        notes = {
            "summary": telling.summary,
            "description": description(telling),
            "claims_violated": violated(telling),
            "claims_not_violated": not_violated(telling),
            "criteria": criteria(telling),
            "evidence": "\n".join(telling.evidence),
            "recorded_at": telling.recorded_at,
            "withdrawn_at": telling.withdrawn_at,
            "verdict_id": telling.verdict_id,
        }
        alert = {
            "labels": {
                "alertname": ALERT,
                "conflict": notice.conflict,
                "commitment": notice.commitment_id,
                "incident": notice.incident_id,
                "party": notice.party or NOBODY_KNOWN,
                "verdict": notice.verdict,
                "severity": SEVERITY[notice.verdict],
            },
            "annotations": {name: text for name, text in notes.items() if text},
            "startsAt": telling.recorded_at,
            "endsAt": NEVER if notice.kind == "stands" else telling.recorded_at,
            "generatorURL": self._page,
        }
        return json.dumps(alert, ensure_ascii=False)

    async def post(self, session: ClientSession, contents: list[str], now: float) -> None:  # noqa: ARG002
        """Post all in one request."""
        body = f"[{','.join(contents)}]".encode()
        await _post(session, self._url, body, {"Content-Type": "application/json"})


class Webhook:
    """Any program that takes a CloudEvent, and knows the secret by which it is signed."""

    name = "webhook"
    again = False

    def __init__(self, url: str, secret: bytes) -> None:
        self._url = url
        self._secret = secret

    def content(self, telling: Telling) -> str:
        """One CloudEvent, whose id is that of the version of the verdict."""
        notice = telling.notice
        kind, told = "verdict.stands", telling.verdict_id
        if notice.kind == "withdrawn":
            kind, told = "verdict.withdrawn", f"{told}/withdrawn"
        event: dict[str, Any] = {
            "specversion": "1.0",
            "id": told,
            "source": "trucewatch",
            "type": kind,
            "time": telling.withdrawn_at or telling.recorded_at,
            "datacontenttype": "application/json",
            "data": {
                "conflict": notice.conflict,
                "commitment_id": notice.commitment_id,
                "incident_id": notice.incident_id,
                "party": notice.party,
                "verdict": notice.verdict,
                "verdict_now": telling.verdict_now,
                "recorded_at": telling.recorded_at,
                "withdrawn_at": telling.withdrawn_at,
                "summary": telling.summary,
                "why": telling.why,
                "claims": telling.claims_json,
                "evidence": list(telling.evidence),
            },
        }
        return json.dumps(event, ensure_ascii=False)

    async def post(self, session: ClientSession, contents: list[str], now: float) -> None:
        """Post them one by one, each signed at this moment."""
        for content in contents:
            body = content.encode()
            headers = {"Content-Type": CONTENT_TYPE_EVENT}
            headers[SIGNATURE] = signature(self._secret, int(now), body)
            await _post(session, self._url, body, headers)


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


async def _post(session: ClientSession, url: str, body: bytes, headers: dict[str, str]) -> None:
    try:
        # Not to where somebody redirects it: what is signed is for this address.
        async with session.post(url, data=body, headers=headers, allow_redirects=False) as response:
            if 200 <= response.status < 300:  # noqa: PLR2004 - HTTP's own
                return
            said = await _said(response)
    except (ClientError, TimeoutError, OSError) as error:
        # Its address may hold a secret: only where it is, is told.
        where = urlsplit(url).netloc
        raise Unanswered(f"{where}: {type(error).__name__}") from error
    if response.status in REFUSED:
        raise Refused(said)
    raise Unanswered(said)


async def _said(response: ClientResponse) -> str:
    beginning = await response.content.read(MOST_OF_AN_ANSWER)
    text = " ".join(beginning.decode("utf-8", "replace").split())
    return f"HTTP {response.status}: {text}" if text else f"HTTP {response.status}"
