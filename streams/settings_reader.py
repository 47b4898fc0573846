"""Reads settings, once, from the environment and from options; nothing else reads either.

Values are checked here and every problem is reported by the name of its setting.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import cast, get_args
from urllib.parse import urlsplit

from streams.settings import (
    FOR_SASL,
    FOR_TLS,
    LEVELS,
    PROTOCOL,
    SETTINGS,
    Address,
    KafkaSecurity,
    SaslMechanism,
    SecurityProtocol,
    Settings,
    SettingsError,
)

_MEMORY = re.compile(r"[1-9]\d*(\.\d+)?\s?([KMGT]i?B)", re.IGNORECASE)
# Also the name of a schema there, with `_` for `-`.
_WORKER = re.compile(r"(?=.{0,40}$)([a-z0-9]+(-[a-z0-9]+)*)?")
_GROUP = re.compile(r"[A-Za-z0-9._-]{1,200}")
_HOST = re.compile(r"[a-z0-9_]([a-z0-9_.-]{0,252}[a-z0-9_])?")
_LEVEL = re.compile("|".join(LEVELS))
_WITHIN = re.compile(r"[1-9][0-9]{0,5}[smhd]")
# Of libpq's keywords those that say where a server is and how it is known: none holds a secret.
_POSTGRES = frozenset(
    {
        "host",
        "hostaddr",
        "port",
        "dbname",
        "user",
        "service",
        "passfile",
        "connect_timeout",
        "application_name",
        "target_session_attrs",
        "load_balance_hosts",
        "keepalives",
        "keepalives_idle",
        "keepalives_interval",
        "keepalives_count",
        "tcp_user_timeout",
        "sslmode",
        "sslnegotiation",
        "sslrootcert",
        "sslcert",
        "sslkey",
        "sslcrl",
        "channel_binding",
        "require_auth",
        "gssencmode",
        "krbsrvname",
    }
)
# Nothing that is quoted, and no URI: what is written there would be read by other rules.
_POSTGRES_VALUE = re.compile(r"(?!.*://)[^\s='\"\\]+")
# Nothing that a URL may say of keys or of another endpoint, and nothing that leads elsewhere.
_S3 = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/(?!\.{1,2}(/|$))[A-Za-z0-9._=-]+)+/?")
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_YES = frozenset({"yes", "true", "on", "1"})
_NO = frozenset({"no", "false", "off", "0"})


def load(environ: Mapping[str, str], options: Mapping[str, str | None] | None = None) -> Settings:
    """Settings from `environ`, overridden by those of `options` that are not None.

    Both go by the names of `SETTINGS`. Raises `SettingsError` that names every bad one.
    """
    given = {s.name: environ.get(s.name) or s.default for s in SETTINGS}
    unknown = set(options or ()) - set(given)
    if unknown:
        raise SettingsError(tuple(f"{name}: there is no such setting" for name in sorted(unknown)))
    given |= {name: value for name, value in (options or {}).items() if value is not None}
    reading = _Reading(given)
    settings = Settings(
        broker=reading.broker("TRUCE_BROKER"),
        data_dir=reading.directory("TRUCE_DATA_DIR"),
        http=reading.address("TRUCE_HTTP"),
        http_hosts=reading.hosts("TRUCE_HTTP_HOSTS"),
        web=reading.address("TRUCE_WEB"),
        token_file=reading.file("TRUCE_TOKEN_FILE"),
        tokens=reading.file("TRUCE_TOKENS"),
        posted_by_key_file=reading.file("TRUCE_POSTED_BY_KEY_FILE"),
        posts_per_second=reading.number("TRUCE_POSTS_PER_SECOND", 1, 100_000),
        group=reading.matching("TRUCE_GROUP", _GROUP, "letters, digits, '.', '_' and '-'"),
        partitions=reading.number("TRUCE_PARTITIONS", 1, 1_000),
        replication=reading.number("TRUCE_REPLICATION", 1, 100),
        kafka=reading.kafka(),
        lake_dir=reading.optional_directory("TRUCE_LAKE"),
        lake_catalog=reading.postgres("TRUCE_LAKE_CATALOG"),
        lake_data=reading.s3("TRUCE_LAKE_DATA"),
        worker=reading.worker(),
        boundaries=reading.file("TRUCE_BOUNDARIES"),
        memory=reading.matching("TRUCE_MEMORY", _MEMORY, "a size such as 400MB or 2GB"),
        query_seconds=reading.number("TRUCE_QUERY_SECONDS", 1, 86_400),
        spill=reading.matching("TRUCE_SPILL", _MEMORY, "a size such as 400MB or 4GB"),
        max_batch=reading.number("TRUCE_MAX_BATCH", 1, 100_000),
        accept_loss=reading.count("TRUCE_ACCEPT_LOSS"),
        metrics_series=reading.number("TRUCE_METRICS_SERIES", 1_000, 1_000_000),
        alertmanager=reading.url("TRUCE_ALERTMANAGER"),
        webhook=reading.url("TRUCE_WEBHOOK"),
        webhook_secret_file=reading.file("TRUCE_WEBHOOK_SECRET_FILE"),
        notify_proxy=reading.url("TRUCE_NOTIFY_PROXY"),
        notify_level=reading.matching("TRUCE_NOTIFY_LEVEL", _LEVEL, " or ".join(LEVELS)),
        notify_rate=reading.number("TRUCE_NOTIFY_RATE", 1, 10_000),
        notify_within=reading.seconds("TRUCE_NOTIFY_WITHIN"),
        debug=reading.yes_or_no("TRUCE_DEBUG"),
    )
    if reading.problems:
        raise SettingsError(tuple(reading.problems))
    return settings


class _Reading:
    """Reads settings one by one and collects what is wrong with them."""

    def __init__(self, given: Mapping[str, str]) -> None:
        self._given = given
        self.problems: list[str] = []

    def _refuse(self, name: str, expected: str) -> None:
        self.problems.append(f"{name}={self._given[name]!r}: expected {expected}")

    def broker(self, name: str) -> tuple[Address, ...]:
        url = self._given[name].strip()
        if not url:
            return ()
        scheme, _, rest = url.partition("://")
        found = [_address(part, 9092) for part in rest.removesuffix("/").split(",")]
        addresses = tuple(a for a in found if a is not None and a.port)
        if scheme != "kafka" or len(addresses) != len(found):
            self._refuse(name, "kafka://HOST:PORT[,HOST:PORT...]")
        return addresses

    def address(self, name: str) -> Address:
        address = _address(self._given[name].strip(), None)
        if address is None:
            self._refuse(name, "HOST:PORT, such as 127.0.0.1:6066")
            return Address("127.0.0.1", 0)
        return address

    def hosts(self, name: str) -> tuple[str, ...]:
        found = [one.strip().lower() for one in self._given[name].split(",") if one.strip()]
        if not all(_HOST.fullmatch(one) for one in found):
            self._refuse(name, "names of hosts without ports, such as worker,truce.example.org")
        return tuple(found)

    def postgres(self, name: str) -> str:
        """Connection parameters as libpq takes them, without the word before them."""
        text = self._given[name].strip()
        scheme, _, parameters = text.partition(":")
        named = [part.partition("=") for part in parameters.split()]
        if not text:
            return ""
        # What was given is not repeated: it may have a password in it.
        if scheme != "postgres" or not named or not all(key and value for key, _, value in named):
            self.problems.append(f"{name}: expected postgres:host=HOST dbname=NAME user=USER")
        elif not all(
            key in _POSTGRES and _POSTGRES_VALUE.fullmatch(value) for key, _, value in named
        ):
            self.problems.append(
                f"{name}: expected libpq's keywords with plain values, and no password: that goes "
                "to ~/.pgpass, or to where PGPASSFILE says"
            )
        return " ".join(parameters.split())

    def s3(self, name: str) -> str:
        """A place in a bucket, without a slash at its end."""
        text = self._given[name].strip()
        if text and not _S3.fullmatch(text):
            # Not repeated: it may have a key in it.
            self.problems.append(f"{name}: expected s3://BUCKET/PREFIX, and no key: see settings")
        return text.removesuffix("/")

    def worker(self) -> str:
        """The name of this worker among several of one log, which an embedded broker has not."""
        name = self.matching(
            "TRUCE_WORKER", _WORKER, "up to 40 small letters and digits, with single '-' between"
        )
        if name and not self._given["TRUCE_BROKER"].strip():
            self._refuse("TRUCE_WORKER", "TRUCE_BROKER to be set, too: workers share a log")
        return name

    def kafka(self) -> KafkaSecurity:
        found = KafkaSecurity(
            cast("SecurityProtocol", self.one_of(PROTOCOL, get_args(SecurityProtocol))),
            self.file("TRUCE_KAFKA_CA_FILE"),
            self.file("TRUCE_KAFKA_CERT_FILE"),
            self.file("TRUCE_KAFKA_KEY_FILE"),
            cast(
                "SaslMechanism",
                self.one_of("TRUCE_KAFKA_SASL_MECHANISM", get_args(SaslMechanism)),
            ),
            self._given["TRUCE_KAFKA_USERNAME"].strip(),
            self.file("TRUCE_KAFKA_PASSWORD_FILE"),
        )
        if found.protocol != "PLAINTEXT" and not self._given["TRUCE_BROKER"].strip():
            self._refuse(PROTOCOL, "TRUCE_BROKER to be set, too: the embedded broker has none")
        for_tls = dict.fromkeys(FOR_TLS, found.encrypted)
        for name, used in (for_tls | dict.fromkeys(FOR_SASL, found.authenticated)).items():
            # What is set and not used is a connection less safe than was meant.
            if self._given[name].strip() and not used:
                self._refuse(name, f"a {PROTOCOL} that uses it, not {found.protocol}")
            elif used and name in FOR_SASL and not self._given[name].strip():
                self.problems.append(f"{name}: required by {PROTOCOL}={found.protocol}")
        if found.key_file is not None and found.cert_file is None:
            self.problems.append("TRUCE_KAFKA_CERT_FILE: required by TRUCE_KAFKA_KEY_FILE")
        return found

    def one_of(self, name: str, choices: tuple[str, ...]) -> str:
        text = self._given[name].strip().upper()
        if text not in choices:
            self._refuse(name, ", ".join(choices))
        return text

    def file(self, name: str) -> Path | None:
        text = self._given[name].strip()
        return Path(text).expanduser() if text else None

    def directory(self, name: str) -> Path:
        path = Path(self._given[name]).expanduser()
        if path.exists() and not path.is_dir():
            self._refuse(name, "a directory; this is a file")
        return path

    def optional_directory(self, name: str) -> Path | None:
        return self.directory(name) if self._given[name].strip() else None

    def url(self, name: str) -> str:
        text = self._given[name].strip()
        if not text:
            return ""
        if not _is_url(text):
            # Not repeated: it may hold a secret.
            self.problems.append(
                f"{name}: expected http://HOST[:PORT][/PATH] or https://..., without a password"
            )
        return text

    def seconds(self, name: str) -> int:
        text = self.matching(name, _WITHIN, "a span such as 90s, 5m, 24h or 7d")
        return int(text[:-1]) * _SECONDS[text[-1]] if _WITHIN.fullmatch(text) else 0

    def number(self, name: str, least: int, most: int) -> int:
        text = self._given[name].strip()
        # Not isdecimal(): that takes digits of other scripts, too.
        value = int(text) if re.fullmatch(r"[0-9]{1,9}", text) else least - 1
        if not least <= value <= most:
            self._refuse(name, f"a whole number from {least} to {most}")
        return value

    def count(self, name: str) -> int | None:
        text = self._given[name].strip().replace(",", "")
        if text and not re.fullmatch(r"[0-9]{1,18}", text):
            self._refuse(name, "the number of records that the error named")
            return None
        return int(text) if text else None

    def matching(self, name: str, pattern: re.Pattern[str], expected: str) -> str:
        text = self._given[name].strip()
        if not pattern.fullmatch(text):
            self._refuse(name, expected)
        return text

    def yes_or_no(self, name: str) -> bool:
        text = self._given[name].strip().lower()
        if text not in _YES | _NO:
            self._refuse(name, "yes or no")
        return text in _YES


def _is_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
        found = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    return found and "@" not in parts.netloc and not parts.fragment and not re.search(r"\s", text)


def _address(text: str, default_port: int | None) -> Address | None:
    try:
        parts = urlsplit(f"//{text}")
        port = parts.port
    except ValueError:
        return None
    if port is None:
        port = default_port
    plain = not (parts.path or parts.query or parts.fragment or "@" in parts.netloc)
    if not parts.hostname or port is None or not plain or re.search(r"\s", text):
        return None
    return Address(parts.hostname, port)
