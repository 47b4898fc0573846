"""How entries of the log are written: one line each, whatever is in their messages."""

from __future__ import annotations

import logging
from typing import Any

from schemas.safe_text import for_log, for_log_lines


class LogLines(logging.Formatter):
    """One entry, one line; the lines of a traceback are indented."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        """Format the message alone."""
        record.message = for_log(record.message)
        return super().formatMessage(record)

    def formatException(self, ei: Any) -> str:  # noqa: N802, ANN401 - as in logging
        """Format a traceback."""
        return for_log_lines(super().formatException(ei))

    def formatStack(self, stack_info: str) -> str:  # noqa: N802
        """Format where it was logged."""
        return for_log_lines(super().formatStack(stack_info))
