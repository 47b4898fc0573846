"""How Kafka clients get in: addresses, TLS and SASL, the same for every client that is opened.

Nothing connects here but `why_refused`, which finds out why a client was refused.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from streams.secrets import SecretError, check_private, read_secret
from streams.settings import SecurityProtocol, Settings

if TYPE_CHECKING:
    from faust.types.auth import CredentialsT

SECONDS_TO_ASK = 5.0


@dataclass(frozen=True, slots=True)
class Access:
    """The addresses of a Kafka (HOST:PORT,…), and how its clients prove themselves to each other.

    `context` is there if the protocol has TLS; mechanism, user and password if it has SASL;
    `client_id` if it matters what the clients call themselves.
    """

    bootstrap: str
    protocol: SecurityProtocol = "PLAINTEXT"
    context: ssl.SSLContext | None = field(default=None, repr=False)
    mechanism: str | None = None
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    client_id: str = ""

    def for_aiokafka(self) -> dict[str, Any]:
        """The arguments for each of aiokafka's clients."""
        return {"bootstrap_servers": self.bootstrap, **self._security()}

    def for_faust(self) -> dict[str, Any]:
        """The arguments for Faust's app."""
        brokers = [f"kafka://{address}" for address in self.bootstrap.split(",")]
        return {"broker": brokers, "broker_credentials": self._credentials()}

    def _credentials(self) -> CredentialsT | None:
        from faust.auth import SASLCredentials, SSLCredentials

        if self.mechanism is not None:
            return SASLCredentials(
                username=self.username,
                password=self.password,
                ssl_context=self.context,
                mechanism=self.mechanism,
            )
        return None if self.context is None else SSLCredentials(self.context)

    def _security(self) -> dict[str, Any]:
        found: dict[str, Any] = {"security_protocol": self.protocol, "ssl_context": self.context}
        if self.client_id:
            found["client_id"] = self.client_id
        if self.mechanism is not None:
            found |= {
                "sasl_mechanism": self.mechanism,
                "sasl_plain_username": self.username,
                "sasl_plain_password": self.password,
            }
        return found

    async def why_refused(self) -> str | None:
        """Why the first address that answers refuses us, if waiting will not help.

        None if it accepts us, or if none answers.
        """
        if self.protocol == "PLAINTEXT":
            return None

        from aiokafka.conn import create_conn
        from aiokafka.errors import (
            AuthenticationFailedError,
            IllegalSaslStateError,
            KafkaError,
            SaslAuthenticationFailed,
            UnsupportedSaslMechanismError,
        )

        for address in self.bootstrap.split(","):
            host, _, port = address.rpartition(":")
            try:
                connection = await create_conn(
                    host.strip("[]"),
                    int(port),
                    request_timeout_ms=int(SECONDS_TO_ASK * 1000),
                    **self._security(),
                )
            except ssl.SSLError as error:
                return f"TLS with {address} fails: {_plainly(error)}"
            except (
                AuthenticationFailedError,
                IllegalSaslStateError,
                SaslAuthenticationFailed,
                UnsupportedSaslMechanismError,
            ) as error:
                why = str(error) or type(error).__name__
                return f"{address} does not let user {self.username!r} in: {why}"
            except (KafkaError, OSError, TimeoutError):
                continue
            connection.close()
            return None
        return None


def _plainly(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"{error.verify_message} (TRUCE_KAFKA_CA_FILE names the authority to trust)"
    return (error.reason or str(error)).replace("_", " ").lower()


def access_to(settings: Settings) -> Access:
    """How the Kafka of `settings` is reached. Raises `SecretError` for a file it cannot use."""
    kafka = settings.kafka
    bootstrap = ",".join(str(address) for address in settings.broker)
    context = _context(settings) if kafka.encrypted else None
    if not kafka.authenticated:
        return Access(bootstrap, kafka.protocol, context)
    if kafka.password_file is None:
        raise SecretError("TRUCE_KAFKA_PASSWORD_FILE: required")
    password = read_secret("TRUCE_KAFKA_PASSWORD_FILE", kafka.password_file)
    return Access(bootstrap, kafka.protocol, context, kafka.mechanism, kafka.username, password)


def _context(settings: Settings) -> ssl.SSLContext:
    """TLS that trusts the CA that is set, else those of the system, and checks the host's name."""
    kafka = settings.kafka
    try:
        context = ssl.create_default_context(cafile=kafka.ca_file)
    except OSError as error:
        raise SecretError(
            f"TRUCE_KAFKA_CA_FILE: {kafka.ca_file} holds no certificates in PEM that can be read: "
            f"{error.strerror or error}"
        ) from error
    if kafka.cert_file is not None:
        key = kafka.key_file or kafka.cert_file
        check_private("TRUCE_KAFKA_KEY_FILE", key)
        try:
            # An encrypted key is refused: there is nobody to enter its password.
            context.load_cert_chain(kafka.cert_file, kafka.key_file, password=str)
        except OSError as error:
            raise SecretError(
                f"TRUCE_KAFKA_CERT_FILE: {kafka.cert_file} and {key} are no certificate in PEM "
                f"with its unencrypted key: {error.strerror or error}"
            ) from error
    return context
