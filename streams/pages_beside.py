"""The pages in a process of their own, beside the worker that started it, and ended with it.

No import of theirs, and nothing that they do, is any load on the worker.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from streams.settings import Settings

SECONDS_TO_END = 5.0


@contextmanager
def pages_beside(settings: Settings) -> Iterator[None]:
    """The pages over this data directory while the block runs; where they are they say themselves.

    They end when their standard input does: also if this process is killed.
    """
    given = {
        "TRUCE_DATA_DIR": str(settings.data_dir),
        "TRUCE_LAKE": str(settings.lake),
        "TRUCE_WEB": str(settings.web),
        "TRUCE_HTTP_HOSTS": ",".join(settings.http_hosts),
        "TRUCE_MEMORY": settings.memory,
        "TRUCE_QUERY_SECONDS": str(settings.query_seconds),
    }
    if settings.boundaries is not None:
        given["TRUCE_BOUNDARIES"] = str(settings.boundaries)
    process = subprocess.Popen(
        [sys.executable, "-m", "streams.web"],
        env=os.environ | given,
        stdin=subprocess.PIPE,
    )
    try:
        yield
    finally:
        if process.stdin is not None:
            process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(SECONDS_TO_END)
        process.kill()
        process.wait()
