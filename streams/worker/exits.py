"""How a worker ends: its exit codes, and why it could not go on, in one line for its user."""

from __future__ import annotations

from pathlib import Path

from analytics.storage.failures import LedgerFull, LedgerMemory, LedgerVanished
from streams import limits
from streams.http.server import WebError
from streams.kafka.broker import Broker, BrokerError
from streams.settings import Settings
from streams.threads import Failure

DONE, FAILED, UNREACHABLE = 0, 1, 3


class Ended(Exception):  # noqa: N818
    """Why a worker could not go on, in one line, and the exit code that says so."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code


def raise_failure(broker: Broker, failure: Failure) -> None:
    """Raise why the worker cannot go on, if it cannot: that the broker died explains the rest."""
    if broker.died.is_set():
        raise Ended(UNREACHABLE, "the embedded broker has died; start the worker again")
    if failure.reason is not None:
        raise failure.reason


def explained(error: Exception, settings: Settings) -> Ended:
    """Say in one line, for its user, why a worker ended."""
    from aiokafka.errors import KafkaError

    if isinstance(error, Ended):
        return error
    if isinstance(error, BrokerError | KafkaError):
        return Ended(UNREACHABLE, str(error) or type(error).__name__)
    text = " ".join(str(error).split()) or "no reason given"
    if isinstance(error, LedgerFull):
        return Ended(
            FAILED,
            "there is no room left on the disk: nothing of the last batch was kept, and all before "
            "it is safe; make room, and start the worker again",
        )
    if isinstance(error, LedgerMemory):
        more = limits.in_words()
        return Ended(FAILED, f"{text} (TRUCE_MEMORY={settings.memory}{more})")
    ours = isinstance(error, WebError) or type(error).__module__.partition(".")[0] in {
        "streams",
        "analytics",
    }
    return Ended(FAILED, text if ours else f"{type(error).__name__}: {text}")


def what_is_left(error: LedgerVanished, settings: Settings, saved: Path | None) -> str:
    """Say where the data is after the files vanished; `saved`: where the ledger was saved to."""
    database = settings.database
    if saved is not None:
        return f"; all that was committed is in {saved}: move it to {database}, and start again"
    if error.path not in {database, settings.data_dir}:
        return f"; all that was committed is in {database}: start again"
    return "; what it held could not be saved, and the next start says what is missing"
