"""What a worker finishes before it shuts down, and in what time."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import NamedTuple

from streams.engine.agent import Agent
from streams.engine.lake import LakeService
from streams.kafka.broker import Broker
from streams.kafka.outbox_publisher import OutboxPublisher
from streams.kafka.progress import Progress
from streams.threads import Failure
from streams.worker.exits import raise_failure

# What a stop may take: to judge what the embedded broker's log still holds, which is lost with it;
# to publish what is in the outbox, which otherwise waits for the next start; to leave the group.
# All of it together ends in time for whoever sends a SIGKILL after ten seconds.
SECONDS_TO_STOP = 7.0
SECONDS_AT_LEAST = 0.5
SECONDS_TO_CATCH_UP = 5.0
SECONDS_OF_SILENCE = 0.25
SECONDS_TO_PUBLISH = 5.0
SECONDS_TO_LEAVE = 5.0
SECONDS_TO_LEAVE_DEAD_BROKER = 0.5

logger = logging.getLogger("streams")


async def nothing_to_finish(by: float) -> None:
    """Nothing to finish: the log is not joined yet."""


def seconds_to_leave(broker: Broker) -> float:
    """How long Faust may take to leave its group: there may be nobody to say goodbye to."""
    return SECONDS_TO_LEAVE_DEAD_BROKER if broker.died.is_set() else SECONDS_TO_LEAVE


class Draining(NamedTuple):
    """The parts that have something to finish, once the log is joined."""

    broker: Broker
    failure: Failure
    progress: Progress
    agent: Agent
    lake: LakeService
    publisher: OutboxPublisher

    async def finish(self, by: float) -> None:
        """Judge, commit and publish what was begun, until `by` (the loop's clock) at the latest."""
        if self.broker.embedded:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._judge_rest(), SECONDS_TO_CATCH_UP)
        await self.agent.drain()
        raise_failure(self.broker, self.failure)
        await self.lake.finish()
        left = max(SECONDS_AT_LEAST, by - asyncio.get_running_loop().time())
        try:
            await asyncio.wait_for(self.publisher.publish(), min(left, SECONDS_TO_PUBLISH))
        except TimeoutError:
            logger.warning("some verdicts are not published yet; the next start does that")
        raise_failure(self.broker, self.failure)

    async def _judge_rest(self) -> None:
        """Judge what is in the log of a broker that will end with the worker.

        Tansu's own word for the end of its log may be late, so silence is waited for as well.
        """
        progress = self.progress
        while self.failure.reason is None:
            before = dict(progress.next_offsets)
            await asyncio.sleep(SECONDS_OF_SILENCE)
            if progress.next_offsets == before and progress.reached(progress.log_ends):
                return
