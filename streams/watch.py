"""Notices a ledger that stands still although the log has more, and a broker that is away.

Both are said once, and once more when they are over. What to do about them is for whoever reads it.
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from streams.access import Access
from streams.agents import Progress
from streams.topics import TopicError

logger = logging.getLogger("streams")

SECONDS_BETWEEN_LOOKS = 5.0
SECONDS_TO_ANSWER = 5.0
# The largest batch that was ever measured took a few seconds.
SECONDS_OF_PATIENCE = 30.0


@dataclass(slots=True)
class _Place:
    next_offset: int
    since: float
    told: bool = False


class Stalls:
    """Which partitions stand still: with records to judge, none judged for `patience` seconds."""

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._places: dict[int, _Place] = {}

    def look(
        self, now: float, next_offsets: Mapping[int, int], lag: Mapping[int, int]
    ) -> list[str]:
        """What is to be said now of the partitions of `lag`, in which so many records wait."""
        found = []
        self._places = {p: place for p, place in self._places.items() if p in lag}
        for partition, behind in lag.items():
            next_offset = next_offsets.get(partition, 0)
            place = self._places.setdefault(partition, _Place(next_offset, now))
            if next_offset != place.next_offset or not behind:
                if place.told:
                    seconds = now - place.since
                    found.append(f"partition {partition} of the log moves on after {seconds:.0f} s")
                self._places[partition] = _Place(next_offset, now)
            elif not place.told and now - place.since >= self._patience:
                place.told = True
                found.append(
                    f"partition {partition} of the log stands still: nothing judged for "
                    f"{now - place.since:.0f} s, at offset {next_offset} with {behind} to come"
                )
        return found

    def forget(self) -> None:
        """Begin anew: there was a reason for standing still, and that is told already."""
        self._places = {p: place for p, place in self._places.items() if place.told}


class Watch:
    """Asks the broker for the log's ends, beside the consumer, and says what is amiss."""

    def __init__(self, access: Access, topic: str, progress: Progress) -> None:
        self._access, self._topic, self._progress = access, topic, progress
        self._stalls = Stalls(SECONDS_OF_PATIENCE)
        self._away_since = math.inf
        self._told = False
        self._missing = False

    async def run(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Look every few seconds, for ever. Raises `TopicError` once the log is gone."""
        # As the log is read: what an open transaction holds is not to come yet.
        consumer = AIOKafkaConsumer(**self._access.for_aiokafka(), isolation_level="read_committed")
        try:
            while not await _started(consumer):
                self._tell_of_broker(clock(), answers=False)
                await asyncio.sleep(SECONDS_BETWEEN_LOOKS)
            while True:
                await asyncio.sleep(SECONDS_BETWEEN_LOOKS)
                answers = await self._ask(consumer)
                self._tell_of_broker(clock(), answers=answers)
                if answers:
                    self._tell_of_stalls(clock())
                else:
                    self._stalls.forget()
        finally:
            await consumer.stop()

    async def _ask(self, consumer: AIOKafkaConsumer) -> bool:
        """Note the ends of the worker's partitions; whether the broker answers."""
        tps = [TopicPartition(self._topic, p) for p in self._progress.log_ends]
        try:
            async with asyncio.timeout(SECONDS_TO_ANSWER):
                # A worker that has no partition asks for one, to hear whether there is an answer.
                ends = await consumer.end_offsets(tps or [TopicPartition(self._topic, 0)])
        except (KafkaError, OSError, TimeoutError):
            await self._look_for_topic(consumer)
            return False
        self._missing = False
        for tp in tps:
            self._progress.fetched(tp.partition, ends[tp])
        return True

    async def _look_for_topic(self, consumer: AIOKafkaConsumer) -> None:
        """Raise `TopicError` if the broker answers, and twice in a row without the log."""
        try:
            async with asyncio.timeout(SECONDS_TO_ANSWER):
                missing = self._topic not in await consumer.topics()
        except (KafkaError, OSError, TimeoutError):
            missing = False
        if missing and self._missing:
            raise TopicError(
                f"topic {self._topic} is not there any more: the log was deleted; the database has "
                "all that was judged"
            )
        self._missing = missing

    def _tell_of_broker(self, now: float, *, answers: bool) -> None:
        if answers:
            if self._told:
                seconds = now - self._away_since
                logger.warning("the broker answers again, after %.0f s", seconds)
            self._away_since, self._told = math.inf, False
        elif self._away_since == math.inf:
            # Said when it is so at the next look, too: a new leader takes a moment.
            self._away_since = now
        elif not self._told:
            self._told = True
            moment = datetime.fromtimestamp(time.time() - (now - self._away_since), UTC)
            logger.warning(
                "the broker at %s does not answer since %sZ: waiting for it",
                *(self._access.bootstrap, moment.strftime("%H:%M:%S")),
            )

    def _tell_of_stalls(self, now: float) -> None:
        progress = self._progress
        for said in self._stalls.look(now, progress.next_offsets, progress.lag()):
            logger.warning("%s", said)


async def _started(consumer: AIOKafkaConsumer) -> bool:
    try:
        await consumer.start()
    except (KafkaError, OSError):
        return False
    return True
