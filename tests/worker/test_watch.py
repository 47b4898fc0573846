from __future__ import annotations

import logging

from streams.kafka.consumer.stalls import Stalls
from streams.kafka.progress import Progress
from streams.log_filter import RateLimitFilter


def test_standing_still_is_said_once_and_once_more_when_it_is_over() -> None:
    stalls = Stalls(30)
    assert stalls.look(0, {1: 7}, {1: 5}) == []
    assert stalls.look(29, {1: 7}, {1: 5}) == []
    assert stalls.look(30, {1: 7}, {1: 6}) == [
        "partition 1 of the log stands still: nothing judged for 30 s, at offset 7 with 6 to come"
    ]
    assert stalls.look(300, {1: 7}, {1: 900}) == []
    assert stalls.look(305, {1: 8}, {1: 899}) == ["partition 1 of the log moves on after 305 s"]
    assert stalls.look(310, {1: 9}, {1: 898}) == []


def test_a_partition_that_moves_or_has_nothing_to_judge_does_not_stand_still() -> None:
    stalls = Stalls(30)
    assert [stalls.look(now, {0: now}, {0: 1_000}) for now in range(0, 300, 20)] == [[]] * 15
    assert stalls.look(400, {0: 1_280}, {0: 0}) == []
    assert stalls.look(500, {0: 1_280}, {0: 0}) == []
    # Something comes after a long silence: the time in which there was nothing to do is not held
    # against it.
    assert stalls.look(501, {0: 1_280}, {0: 3}) == []
    assert stalls.look(529, {0: 1_280}, {0: 3}) == []
    assert len(stalls.look(531, {0: 1_280}, {0: 3})) == 1


def test_each_partition_is_looked_at_by_itself_and_forgotten_when_it_goes() -> None:
    stalls = Stalls(30)
    stalls.look(0, {0: 5, 1: 5}, {0: 1, 1: 1})
    [said] = stalls.look(30, {0: 5, 1: 6}, {0: 1, 1: 1})
    assert said.startswith("partition 0 ")
    # It went to another worker, and came back.
    assert stalls.look(31, {0: 5, 1: 6}, {1: 1}) == []
    assert stalls.look(40, {0: 5, 1: 6}, {0: 1, 1: 1}) == []


def test_while_the_broker_is_away_nobody_stands_still() -> None:
    stalls = Stalls(30)
    stalls.look(0, {0: 5}, {0: 1})
    stalls.forget()
    assert stalls.look(40, {0: 5}, {0: 1}) == []
    assert len(stalls.look(70, {0: 5}, {0: 1})) == 1


def test_what_is_said_over_and_over_is_written_once_in_a_while_with_a_count() -> None:
    now = [0.0]
    limited = RateLimitFilter(60, lambda: now[0])

    def say(line: int, name: str) -> str | None:
        record = logging.LogRecord("lib", logging.WARNING, "lib.py", line, "no %s", (name,), None)
        return record.getMessage() if limited.filter(record) else None

    assert say(1, "a") == "no a"
    assert [say(1, "b"), say(1, "c")] == [None, None]
    assert say(2, "a") == "no a"
    now[0] = 59.9
    assert say(1, "d") is None
    now[0] = 60.0
    assert say(1, "e") == "no e (and 3 more like this since the last)"
    assert say(1, "f") is None
    now[0] = 120.0
    assert say(1, "g") == "no g (and 1 more like this since the last)"


def test_offsets_that_hold_no_records_are_no_lag() -> None:
    progress = Progress("log", {0: 3})
    progress.assigned({0: 5})
    assert not progress.caught_up
    # The client has handed over all before 4, and found nothing but marks up to 5.
    progress.passed(0, 4, 5)
    assert not progress.caught_up
    assert progress.lag() == {0: 2}
    progress.committed(0, 4)
    assert progress.caught_up
    assert progress.lag() == {0: 0}
    assert progress.next_offset(0) == 4


def test_a_partition_that_went_to_another_worker_is_neither_lag_nor_waited_for() -> None:
    progress = Progress("log", {})
    progress.assigned({0: 5, 1: 5})
    progress.committed(0, 5)
    assert not progress.caught_up
    progress.assigned({0: 5})
    assert progress.caught_up
    assert progress.lag() == {0: 0}
    progress.fetched(1, 9)
    assert progress.lag() == {0: 0}
