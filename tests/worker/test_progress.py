"""How far a worker is, and for which partitions it speaks."""

from __future__ import annotations

from streams.kafka.progress import Progress


def test_a_worker_speaks_for_a_partition_once_it_has_judged_what_was_in_it() -> None:
    progress = Progress("log", {0: 5})
    assert not progress.speaks_for(0)
    progress.assigned({0: 7, 1: 0})
    assert not progress.speaks_for(0)
    assert progress.speaks_for(1)
    progress.committed(0, 7)
    assert progress.speaks_for(0)
    # What came later is on its way to be judged, as always.
    progress.fetched(0, 50)
    assert progress.speaks_for(0)


def test_a_worker_does_not_speak_for_what_another_took_over() -> None:
    progress = Progress("log", {0: 5, 1: 5})
    progress.assigned({0: 5, 1: 9})
    assert progress.lag() == {0: 0, 1: 4}
    progress.assigned({0: 8})
    assert progress.lag() == {0: 3}
    assert not progress.speaks_for(1)
    # It kept partition 0, where it had caught up already: a series must not come and go.
    assert progress.speaks_for(0)
    progress.assigned({0: 8, 1: 12})
    assert not progress.speaks_for(1)
    progress.committed(1, 12)
    assert progress.speaks_for(1)


def test_a_worker_without_partitions_speaks_for_none() -> None:
    progress = Progress("log", {0: 5})
    progress.assigned({})
    assert progress.caught_up
    assert not progress.speaks_for(0)
    assert progress.lag() == {}
