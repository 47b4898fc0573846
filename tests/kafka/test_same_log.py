"""A log that is another one is refused by what stands in it, and by nothing else."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from analytics.ledger.rows import Reached
from streams.kafka import topics
from streams.kafka.access import Access
from streams.kafka.embedded_broker import EmbeddedBroker
from streams.kafka.log_identity import LogReplaced, check
from tests.kafka.apache_kafka import ApacheKafka
from tests.kafka.real import consume, cut, declare, publish
from tests.kafka.test_kafka import EVENTS
from tests.kafka.test_odd_logs import in_a_transaction
from tests.worker.test_transport import publish_damaged

LATER = 2**60


def checked(bootstrap: str, reached: dict[int, Reached]) -> str:
    """Why a log is refused that was taken in so far; "" if it is not."""
    try:
        asyncio.run(check(Access(bootstrap), topics.EVENTS, reached))
    except LogReplaced as refused:
        return str(refused)
    return ""


@pytest.fixture
def log(kafka: ApacheKafka) -> list[Any]:
    """A dozen records, in one partition."""
    declare(kafka.bootstrap)
    publish(kafka.bootstrap, EVENTS[:12])
    return consume(kafka.bootstrap, topics.EVENTS)


def test_the_same_log_is_not_refused_whatever_is_left_of_it(
    kafka: ApacheKafka, log: list[Any], caplog: pytest.LogCaptureFixture
) -> None:
    partition = log[0].partition
    as_taken_in = Reached(8, log[7].timestamp * 1_000)
    nothing_yet = Reached(0, 0)
    # Clocks that ran back, or an earlier log with later times.
    ahead = Reached(8, LATER)
    for reached in (as_taken_in, nothing_yet, ahead):
        assert checked(kafka.bootstrap, {partition: reached}) == ""
    for first in (8, 10):
        cut(kafka.bootstrap, partition, first)
        assert checked(kafka.bootstrap, {partition: as_taken_in}) == ""
    assert not caplog.records


def test_what_came_later_than_it_can_have_is_refused(kafka: ApacheKafka, log: list[Any]) -> None:
    partition = log[0].partition
    said = checked(kafka.bootstrap, {partition: Reached(8, log[7].timestamp * 1_000 - 1)})
    assert f"offset 7 of partition {partition} came at " in said


def test_a_log_that_is_shorter_or_has_fewer_partitions_is_refused(
    kafka: ApacheKafka, log: list[Any]
) -> None:
    partition = log[0].partition
    shorter = checked(kafka.bootstrap, {partition: Reached(20, LATER)})
    assert f"offset 19 of partition {partition} is behind its end" in shorter
    just_shorter = checked(kafka.bootstrap, {partition: Reached(len(log) + 1, LATER)})
    assert f"offset {len(log)} of partition {partition} is behind its end" in just_shorter
    fewer = checked(kafka.bootstrap, {99: Reached(1, LATER)})
    assert "offset 0 of partition 99 is of none of its partitions" in fewer


def test_a_mark_in_the_place_of_a_record_is_refused(kafka: ApacheKafka, log: list[Any]) -> None:
    asyncio.run(in_a_transaction(kafka.bootstrap, EVENTS[12:13], taken_back=False))
    marks: set[int] = set()
    while not marks:
        # The mark may come a moment after the transaction's end is acknowledged.
        publish(kafka.bootstrap, EVENTS[13:14])
        offsets = {record.offset for record in consume(kafka.bootstrap, topics.EVENTS)}
        marks = set(range(max(offsets))) - offsets
    [mark] = marks
    partition = log[0].partition
    said = checked(kafka.bootstrap, {partition: Reached(mark + 1, LATER)})
    assert f"offset {mark} of partition {partition} holds no record" in said


def test_what_cannot_be_read_is_no_evidence(kafka: ApacheKafka, log: list[Any]) -> None:
    asyncio.run(publish_damaged(kafka.bootstrap, "header name"))
    end = 5 if log[0].partition != 2 else len(log) + 5
    assert checked(kafka.bootstrap, {2: Reached(end, 0)}) == ""


def test_the_time_of_a_sender_is_no_evidence(tmp_path: Path) -> None:
    async def run() -> None:
        # The embedded broker keeps what a sender's clock says, unlike Apache Kafka as declared.
        broker = EmbeddedBroker(tmp_path)
        await broker.start()
        try:
            access = Access(broker.bootstrap)
            await topics.ensure(access, topics.declared(1, 1))
            await asyncio.to_thread(publish, broker.bootstrap, EVENTS[:3])
            await check(access, topics.EVENTS, {0: Reached(3, 1)})
        finally:
            await broker.stop()

    asyncio.run(run())
