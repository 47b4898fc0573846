"""What a user can set: each setting with its default and what it means, and all as values."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

from schemas.verdicts import BY_GRAVITY


class Setting(NamedTuple):
    """One environment variable: its name, its default as text and what it means."""

    name: str
    default: str
    meaning: str


class Address(NamedTuple):
    """A host and a TCP port to listen on; port 0 means any free one."""

    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


DEFAULT_HTTP = Address("127.0.0.1", 6066)
DEFAULT_WEB = Address("127.0.0.1", 6067)

SecurityProtocol = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
SaslMechanism = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]


class KafkaSecurity(NamedTuple):
    """How to get into a Kafka that runs elsewhere. Secrets stay in their files."""

    protocol: SecurityProtocol = "PLAINTEXT"
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    mechanism: SaslMechanism = "SCRAM-SHA-512"
    username: str = ""
    password_file: Path | None = None

    @property
    def encrypted(self) -> bool:
        """Whether it takes TLS."""
        return self.protocol in {"SSL", "SASL_SSL"}

    @property
    def authenticated(self) -> bool:
        """Whether it takes a user and a password."""
        return self.protocol in {"SASL_PLAINTEXT", "SASL_SSL"}


IN_PLAIN_TEXT = KafkaSecurity()


class SettingsError(ValueError):
    """Some settings cannot be used; `problems` has one line for each."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


SETTINGS = (
    Setting("TRUCE_BROKER", "", "kafka://HOST:PORT[,HOST:PORT]; unset: an embedded broker"),
    Setting("TRUCE_DATA_DIR", "truce-data", "where the database and what belongs to it are kept"),
    Setting("TRUCE_HTTP", "127.0.0.1:6066", "address of the HTTP server; port 0: any free one"),
    Setting(
        "TRUCE_TOKEN_FILE", "", "file of mode 0600 with the token for POST /events; unset: off"
    ),
    Setting(
        "TRUCE_TOKENS",
        "",
        "file that truce token keeps, of who may post what; unset: tokens.json in the data "
        "directory",
    ),
    Setting(
        "TRUCE_POSTED_BY_KEY_FILE",
        "",
        "file of mode 0600 with the key that proves who posted a record, the same for all "
        "workers of one Kafka; unset: one is made, posted-by.key in the data directory",
    ),
    Setting(
        "TRUCE_HTTP_HOSTS",
        "",
        "comma-separated names by which requests may call the worker beside localhost, "
        "its address in TRUCE_HTTP and any IP address",
    ),
    Setting("TRUCE_WEB", "127.0.0.1:6067", "address of the pages; port 0: any free one"),
    Setting("TRUCE_POSTS_PER_SECOND", "200", "how many POST /events a second are accepted"),
    Setting("TRUCE_GROUP", "trucewatch", "Kafka consumer group that the worker joins"),
    Setting("TRUCE_PARTITIONS", "4", "partitions of each topic"),
    Setting("TRUCE_REPLICATION", "1", "replicas of each topic, when the worker creates it"),
    Setting(
        "TRUCE_KAFKA_SECURITY_PROTOCOL",
        "PLAINTEXT",
        "protocol: PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL",
    ),
    Setting("TRUCE_KAFKA_CA_FILE", "", "authorities to trust, in PEM; unset: those of the system"),
    Setting("TRUCE_KAFKA_CERT_FILE", "", "certificate to show to Kafka, in PEM"),
    Setting("TRUCE_KAFKA_KEY_FILE", "", "its key, mode 0600; unset: it is in the same file"),
    Setting(
        "TRUCE_KAFKA_SASL_MECHANISM",
        "SCRAM-SHA-512",
        "mechanism: SCRAM-SHA-512, SCRAM-SHA-256 or PLAIN",
    ),
    Setting("TRUCE_KAFKA_USERNAME", "", "user for SASL"),
    Setting("TRUCE_KAFKA_PASSWORD_FILE", "", "file of mode 0600 with its password"),
    Setting(
        "TRUCE_LAKE",
        "",
        "directory of the lake, the copy for readers; unset: lake in the data directory",
    ),
    Setting(
        "TRUCE_LAKE_CATALOG",
        "",
        "where its catalogue is, such as postgres:host=HOST dbname=NAME user=USER, the password in "
        "~/.pgpass; unset: where it was, at first a file",
    ),
    Setting(
        "TRUCE_LAKE_DATA",
        "",
        "where its data is, such as s3://BUCKET/PREFIX, the keys in AWS_ACCESS_KEY_ID and "
        "AWS_SECRET_ACCESS_KEY; unset: where it was, at first its directory",
    ),
    Setting(
        "TRUCE_WORKER",
        "",
        "name of this worker among several that write one lake, such as kyiv-1, which stays the "
        "same; takes a catalogue in PostgreSQL; unset: it is the only one",
    ),
    Setting(
        "TRUCE_BOUNDARIES",
        "",
        "file of boundaries of your own, GeoJSON or GeoParquet with a code for each area, which "
        "goes before the installed ones where places are located",
    ),
    Setting(
        "TRUCE_MEMORY",
        "400MB",
        "how much memory the database engine may take; where it wants more to replay a WAL, 1GB",
    ),
    Setting("TRUCE_QUERY_SECONDS", "60", "how long a query of the lake may take"),
    Setting("TRUCE_SPILL", "4GB", "how much it may spill to disk, if half of that is free"),
    Setting("TRUCE_MAX_BATCH", "10000", "most records judged in one transaction"),
    Setting("TRUCE_ACCEPT_LOSS", "", "go on though this many records are not all in the database"),
    Setting(
        "TRUCE_METRICS_SERIES",
        "20000",
        "most series of /metrics; of more, those at 0 of the windows longest over are left out",
    ),
    Setting(
        "TRUCE_ALERTMANAGER", "", "address of an Alertmanager to notify of verdicts; unset: none"
    ),
    Setting("TRUCE_WEBHOOK", "", "address of a program to notify of verdicts; unset: none"),
    Setting(
        "TRUCE_WEBHOOK_SECRET_FILE",
        "",
        "file of mode 0600 with the secret that signs what is posted to the webhook; unset: one is "
        "made, webhook.secret in the data directory",
    ),
    Setting(
        "TRUCE_NOTIFY_PROXY",
        "",
        "address of the HTTP proxy for what is posted to both; unset: none, whatever http_proxy "
        "says",
    ),
    Setting(
        "TRUCE_NOTIFY_LEVEL",
        "violation",
        "least grave verdict to notify of: violation, contested or undetermined",
    ),
    Setting(
        "TRUCE_NOTIFY_RATE",
        "20",
        "most notifications of one commitment in a minute; more become one message",
    ),
    Setting(
        "TRUCE_NOTIFY_WITHIN",
        "24h",
        "no notification of what was recorded longer ago: 90s, 5m, 24h",
    ),
    Setting("TRUCE_DEBUG", "no", "yes: show tracebacks and the libraries' log"),
)

LEVELS = tuple(verdict for verdict in BY_GRAVITY if verdict != "clear")
"""The verdicts that can be notified, the gravest first."""
PROTOCOL = "TRUCE_KAFKA_SECURITY_PROTOCOL"
FOR_TLS = ("TRUCE_KAFKA_CA_FILE", "TRUCE_KAFKA_CERT_FILE", "TRUCE_KAFKA_KEY_FILE")
FOR_SASL = ("TRUCE_KAFKA_USERNAME", "TRUCE_KAFKA_PASSWORD_FILE")


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that can be set. `broker` is empty for the embedded one.

    `alertmanager` and `webhook` are empty if nobody is notified; `notify_within` is in seconds.
    """

    broker: tuple[Address, ...] = ()
    data_dir: Path = Path("truce-data")
    http: Address = DEFAULT_HTTP
    http_hosts: tuple[str, ...] = ()
    web: Address = DEFAULT_WEB
    token_file: Path | None = None
    tokens: Path | None = None
    posted_by_key_file: Path | None = None
    posts_per_second: int = 200
    group: str = "trucewatch"
    partitions: int = 4
    replication: int = 1
    kafka: KafkaSecurity = IN_PLAIN_TEXT
    lake_dir: Path | None = None
    lake_catalog: str = ""
    lake_data: str = ""
    worker: str = ""
    boundaries: Path | None = None
    memory: str = "400MB"
    query_seconds: int = 60
    spill: str = "4GB"
    max_batch: int = 10_000
    accept_loss: int | None = None
    metrics_series: int = 20_000
    alertmanager: str = ""
    webhook: str = ""
    webhook_secret_file: Path | None = None
    notify_proxy: str = ""
    notify_level: str = "violation"
    notify_rate: int = 20
    notify_within: int = 86_400
    debug: bool = False

    @property
    def database(self) -> Path:
        """The file of the database."""
        return self.data_dir / "truce.duckdb"

    @property
    def tokens_file(self) -> Path:
        """The file of who may post what."""
        return self.tokens or self.data_dir / "tokens.json"

    @property
    def lake(self) -> Path:
        """The directory of the lake."""
        return self.lake_dir or self.data_dir / "lake"

    @property
    def notification_targets(self) -> list[str]:
        """Who is notified of verdicts."""
        targets = {"alertmanager": self.alertmanager, "webhook": self.webhook}
        return [target for target, url in targets.items() if url]
