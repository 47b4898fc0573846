"""Where a worker's log goes: our own warnings to stderr, those of the libraries to a file."""

from __future__ import annotations

import logging
import logging.handlers
import os
import threading
from io import TextIOWrapper

from streams.log_filter import RateLimitFilter
from streams.log_lines import LogLines
from streams.settings import Settings

LIBRARIES = ("faust", "mode", "aiokafka", "asyncio", "aiohttp")
# Faust gives each service a logger of its module's name: these are ours only by that.
SERVICES = ("streams.kafka.consumer.transport", "streams.kafka.consumer.log_app")


def configure_logging(settings: Settings) -> None:
    """Our own warnings to stderr; what the libraries say to a bounded file, or there as well."""
    ours = logging.StreamHandler()
    ours.setFormatter(LogLines("truce: %(message)s"))
    for own in (logging.getLogger("streams"), logging.getLogger("analytics")):
        own.handlers[:] = [ours]
        own.propagate = False
    theirs: logging.Handler = ours
    if not settings.debug:
        path = settings.data_dir / "worker.log"
        theirs = _OwnLog(path, "a", 1_000_000, 1, delay=True)
        theirs.setFormatter(LogLines("%(asctime)s %(levelname)s %(name)s: %(message)s"))
        # With Kafka away they would say the same some thirty times a second...
        theirs.addFilter(RateLimitFilter())
        # ... and with no room on the disk, each line would be a traceback on stderr.
        logging.raiseExceptions = False
    logging.captureWarnings(capture=True)
    for name in (*LIBRARIES, "py.warnings", *SERVICES):
        library = logging.getLogger(name)
        library.handlers[:] = [theirs]
        library.setLevel(logging.INFO if settings.debug else logging.WARNING)
        library.propagate = False
    threading.excepthook = _thread_failed


class _OwnLog(logging.handlers.RotatingFileHandler):
    """A log file that is ours alone; no link is followed."""

    def _open(self) -> TextIOWrapper:
        return TextIOWrapper(open(self.baseFilename, "ab", opener=_private), encoding="utf-8")


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)


def _thread_failed(failed: threading.ExceptHookArgs) -> None:
    """Faust's threads may end in an error when the broker does: for the log, not for stderr."""
    if failed.exc_value is not None:
        logging.getLogger("faust").error("a thread has failed", exc_info=failed.exc_value)
