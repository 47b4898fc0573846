"""The worker: the process that judges what is in the log, from its start to its end."""

from streams.worker.log_setup import configure_logging
from streams.worker.process import main, prepared, run

__all__ = ["configure_logging", "main", "prepared", "run"]
