"""How commands find a running worker and how far it has judged the log."""

from __future__ import annotations

import json
import urllib.request
from typing import NamedTuple
from urllib.error import URLError

from streams.endpoint import Endpoint, read_endpoint
from streams.settings import Settings

SECONDS_BETWEEN_LOOKS = 0.05
SECONDS_FOR_AN_ANSWER = 10.0
SECONDS_FOR_A_WORKER_TO_START = 6.0


def worker_of(settings: Settings) -> Endpoint | None:
    """The worker that runs on the data directory, if one does."""
    return read_endpoint(settings.data_dir)


class JudgedUpTo(NamedTuple):
    """Of a log, by its id: for each partition the first offset that is not judged yet."""

    log_id: str
    offsets: dict[int, int]


def judged_up_to(endpoint: Endpoint) -> JudgedUpTo | None:
    """How far the worker is in the log that it reads; None: no answer."""
    # No proxy: the worker is on this machine.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{endpoint.http}/offsets", timeout=SECONDS_FOR_AN_ANSWER) as answer:
            found = json.load(answer)
    except (URLError, OSError, ValueError):
        return None
    partitions = found["partitions"].items()
    return JudgedUpTo(found["log_id"], {int(partition): offset for partition, offset in partitions})
