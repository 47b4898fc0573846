"""Detects a ledger that stands still although the log has more, and a broker that is away.

Both are reported once, and again when they are over; what to do about them is for the reader. A log
that was replaced by another one ends the worker.
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

from streams.kafka.access import Access
from streams.kafka.log_identity import OR_ANOTHER, LogReplaced
from streams.kafka.progress import Progress
from streams.kafka.topic_identity import LogIdentity, ask_identity, identity_of
from streams.kafka.topics import TopicError

logger = logging.getLogger("streams")

SECONDS_BETWEEN_LOOKS = 2.0
SECONDS_TO_ANSWER = 5.0
# The largest batch that was ever measured took a few seconds.
SECONDS_OF_PATIENCE = 30.0
KEPT = f"the database has all that was judged, and is of the one before: {OR_ANOTHER}"


@dataclass(slots=True)
class _Place:
    next_offset: int
    since: float
    reported: bool = False


class Stalls:
    """Which partitions stand still: with records to judge, none judged for `patience` seconds."""

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._places: dict[int, _Place] = {}

    def look(
        self, now: float, next_offsets: Mapping[int, int], lag: Mapping[int, int]
    ) -> list[str]:
        """What to report now of the partitions of `lag`, in which so many records wait."""
        found = []
        self._places = {p: place for p, place in self._places.items() if p in lag}
        for partition, behind in lag.items():
            next_offset = next_offsets.get(partition, 0)
            place = self._places.setdefault(partition, _Place(next_offset, now))
            if next_offset != place.next_offset or not behind:
                if place.reported:
                    seconds = now - place.since
                    found.append(f"partition {partition} of the log moves on after {seconds:.0f} s")
                self._places[partition] = _Place(next_offset, now)
            elif not place.reported and now - place.since >= self._patience:
                place.reported = True
                found.append(
                    f"partition {partition} of the log stands still: nothing judged for "
                    f"{now - place.since:.0f} s, at offset {next_offset} with {behind} to come"
                )
        return found

    def forget(self) -> None:
        """Start over: there was a reason for standing still, and that is reported already."""
        self._places = {p: place for p, place in self._places.items() if place.reported}


class Watch:
    """Queries the log's ends from the broker, apart from the consumer, and reports what is wrong.

    Ends with `LogReplaced` or `TopicError` when the log is another one, or gone.
    """

    def __init__(
        self,
        access: Access,
        topic: str,
        progress: Progress,
        identity: LogIdentity,
    ) -> None:
        """`identity`: that of the log that the database is of."""
        self._access, self._topic, self._progress = access, topic, progress
        self._identity: LogIdentity | None = identity
        self._stalls = Stalls(SECONDS_OF_PATIENCE)
        self._away_since = math.inf
        self._told = False
        self._missing = False

    def forget(self) -> None:
        """The worker is about to replace the log itself: until `renew`, accept any log."""
        self._identity = None

    async def renew(self) -> None:
        """The log that is there now is the one to watch. Raises `KafkaError`."""
        self._identity = await ask_identity(self._access, self._topic)

    async def run(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Look every few seconds, for ever. Raises `TopicError`, `LogReplaced`."""
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
        progress = self._progress
        log_id = progress.log_id
        tps = [TopicPartition(self._topic, p) for p in progress.log_ends]
        try:
            async with asyncio.timeout(SECONDS_TO_ANSWER):
                identity = await identity_of(consumer._client, self._topic)
                if self._is_gone(identity):
                    return False
                # A worker without a partition queries one, to see whether there is an answer.
                ends = await consumer.end_offsets(tps or [TopicPartition(self._topic, 0)])
        except (KafkaError, OSError, TimeoutError):
            return False
        if progress.log_id != log_id or self._identity is None:
            # The worker has replaced it meanwhile: the answer is about the previous one.
            return True
        self._compare(identity)
        for tp in tps:
            progress.fetched(tp.partition, ends[tp])
        return True

    def _is_gone(self, identity: LogIdentity) -> bool:
        """Raise `TopicError` if the broker answers, and twice in a row without the log."""
        missing = identity.missing and self._identity is not None
        if missing and self._missing:
            raise TopicError(
                f"topic {self._topic} is not there any more: the log was deleted; the database has "
                "all that was judged"
            )
        self._missing = missing
        return missing

    def _compare(self, identity: LogIdentity) -> None:
        """Raise `LogReplaced` if the log of this name is another one by now."""
        before = self._identity
        if before is None or None in {identity.cluster_id, before.cluster_id}:
            return
        if identity.cluster_id != before.cluster_id:
            raise LogReplaced(
                f"{self._access.bootstrap} has become another cluster, {identity.cluster_id}, "
                f"which was {before.cluster_id}: {KEPT}"
            )
        if None not in {identity.topic_id, before.topic_id} and identity != before:
            raise LogReplaced(
                f"topic {self._topic} was deleted and created again while it was read: {KEPT}"
            )

    def _tell_of_broker(self, now: float, *, answers: bool) -> None:
        if answers:
            if self._told:
                seconds = now - self._away_since
                logger.warning("the broker answers again, after %.0f s", seconds)
            self._away_since, self._told = math.inf, False
        elif self._away_since == math.inf:
            # Reported if it is still so at the next look: a new leader takes a moment.
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
