"""Waits until a worker has judged what was published."""

from __future__ import annotations

import time
from collections.abc import Mapping

from streams.client import SECONDS_BETWEEN_LOOKS, judged_up_to, worker_of
from streams.commands.console import progress_bar
from streams.endpoint import Endpoint
from streams.errors import Unreachable
from streams.settings import Settings

WORKER_ENDED = (
    "the worker ended before all was judged: start it and publish again; what it has is passed over"
)


def wait_until_judged(
    settings: Settings, endpoint: Endpoint, ends: Mapping[int, int], log_id: str
) -> None:
    """Wait until all before `ends` of this log is in the worker's database.

    Raises `Unreachable` if the worker ends. "": the log that it had at its start.
    """
    started: int | None = None
    with progress_bar("judging", sum(ends.values())) as progress:
        done = 0
        while True:
            found = judged_up_to(endpoint)
            if found is None and worker_of(settings) != endpoint:
                raise Unreachable(WORKER_ENDED)
            if found is not None and found.log_id != (log_id or endpoint.log_id):
                if worker_of(settings) != endpoint:
                    raise Unreachable(WORKER_ENDED)
                # A log is left for a fresh one only once all of it is in the database.
                progress.advance(sum(ends.values()) - done)
                return
            judged = None if found is None else found.offsets
            # A partition that is not this worker's is judged elsewhere: the log has it.
            mine = {p: end for p, end in ends.items() if judged is None or p in judged}
            now = sum(min((judged or {}).get(p, 0), end) for p, end in mine.items())
            started = now if started is None else started
            progress.advance(now - done)
            done = now
            if judged is not None and now >= sum(mine.values()):
                return
            time.sleep(SECONDS_BETWEEN_LOOKS)
