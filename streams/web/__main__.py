"""The pages as the process beside a worker: `streams.pages_beside` starts it."""

from __future__ import annotations

import os
import sys

from schemas.safe_text import for_terminal
from streams.errors import CommandError
from streams.settings import SettingsError
from streams.settings_reader import load
from streams.web.process import run_web


def main() -> int:
    """Serve the pages until standard input ends. Returns the exit code."""
    try:
        return run_web(load(os.environ, {}), beside=True)
    except (CommandError, SettingsError) as error:
        sys.stderr.write(f"truce: {for_terminal(str(error))}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main())
