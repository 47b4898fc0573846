"""The peers' job gives the tracker's rows; only so do their speeds compare."""

from __future__ import annotations

from pathlib import Path

import pytest

from analytics.ledger.ledger import Ledger
from streams.engine.decoding import RawRecord, read
from streams.engine.loading import load_standing, process
from tests.bench.latency import _p99
from tests.bench.load import batched, singly, usual
from tests.bench.measuring import written
from tests.bench.peers.job import Job
from tests.bench.world import main as world

EVENTS, STANDING = 400, 50
Records = list[tuple[bytes, int]]


def by_the_tracker(path: Path, records: Records) -> Path:
    with Ledger.open(path) as ledger:
        raw = [RawRecord(0, n, 1_000 + n, b"bench", value) for n, (value, _) in enumerate(records)]
        process(ledger, load_standing(ledger), "log", read(raw))
    return path


def by_the_peers(path: Path, records: Records, *, restart_at: int | None = None) -> Path:
    job = Job(path)
    for offset, (value, _) in enumerate(records):
        if offset == restart_at:
            job.written.commit()
            job.written.close()
            job = Job(path)
        job.written.add(job.judged(value), 0, offset, 1_000 + offset)
    job.written.commit()
    job.written.close()
    return path


@pytest.mark.parametrize("size", [1, 7])
def test_the_peers_write_the_rows_of_the_tracker(tmp_path: Path, size: int) -> None:
    events = list(usual(EVENTS, STANDING))
    records = list(singly(events) if size == 1 else batched(events, size))
    tracker = written(by_the_tracker(tmp_path / "tracker", records))
    restart = len(records) // 2
    assert written(by_the_peers(tmp_path / "peers", records, restart_at=restart)) == tracker
    assert {name: count for name, (count, _) in tracker.items() if "verdict" not in name} == {
        "events": EVENTS,
        "claims": STANDING,
        "reports": EVENTS - STANDING,
    }
    assert tracker["verdicts"][0] > EVENTS


def test_fewer_or_other_rows_are_seen(tmp_path: Path) -> None:
    records = list(singly(usual(EVENTS, STANDING)))
    whole = written(by_the_peers(tmp_path / "whole", records))
    assert written(by_the_peers(tmp_path / "fewer", records[:-1])) != whole
    other = [*records[:-1], (records[-1][0].replace(b'"confirmed"', b'"alleged"'), 1)]
    assert written(by_the_peers(tmp_path / "other", other)) != whole


def test_at_most_three_windows_meet_an_incident(tmp_path: Path) -> None:
    job = Job(tmp_path / "judged")
    touched = [len(j.judgements) for v, _ in singly(usual(EVENTS, STANDING)) for j in job.judged(v)]
    assert max(touched) <= 3
    assert min(touched[STANDING:]) >= 1


def test_the_world_is_what_the_tracker_leaves(tmp_path: Path) -> None:
    world(tmp_path / "world", EVENTS, STANDING)
    records = list(singly(usual(EVENTS, STANDING)))
    tracker = written(by_the_tracker(tmp_path / "tracker", records))
    assert written(tmp_path / "world" / "truce.duckdb") == tracker


def test_the_p99_of_a_histogram_is_the_bound_that_holds_it() -> None:
    before = {0.1: 50.0, 0.25: 60.0, float("inf"): 60.0}
    assert _p99(before, {0.1: 150.0, 0.25: 160.0, float("inf"): 160.0}) == 100.0
    assert _p99(before, {0.1: 50.0, 0.25: 160.0, float("inf"): 160.0}) == 250.0
    assert _p99(before, {0.1: 148.0, 0.25: 158.0, float("inf"): 160.0}) == float("inf")
