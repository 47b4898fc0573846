"""Who reads the log: what is read beside is what is read here, and nothing is lost if that ends."""

from __future__ import annotations

import asyncio
import json
import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given

from streams.engine import decoder
from streams.engine.decoder import Decoder, KeptBatch, ReadingProcess, read_ahead
from streams.engine.decoding import (
    KeptEvent,
    KeptRecord,
    RawRecord,
    Reading,
    read,
    read_kept,
)
from streams.engine.packing import packed, read_packed, unpacked
from tests.support.generated import logs
from tests.support.logged import records
from tests.support.trying import in_parts, tried

EXAMPLES = Path(__file__).parents[2] / "schemas" / "examples"
LINES = (EXAMPLES / "energy-truce-2026.jsonl").read_text(encoding="utf-8").splitlines()
SECONDS = 20.0
# Reads what it is told to in another process, says which, and waits to be killed.
READING = """
import asyncio, time
from streams.engine import decoder
from tests.worker.test_reader import MIXED, Decoder, until_beside
if __name__ == "__main__":
    decoder.MUCH = 1
    one = Decoder()
    print(asyncio.run(until_beside(one)), flush=True)
    time.sleep(60)
"""


def mixed() -> list[RawRecord]:
    """All that a record may hold: events of each type, a batch, nothing, rubbish, a strange key."""
    single = records(LINES)
    raws = [record.value or b"" for record in single]
    last = single[-1]
    retracted = [raw.replace(b"incident.reported", b"incident.report_retracted") for raw in raws]
    values = [
        b"[" + b",".join([*raws, b"{}"]) + b"]",
        b"[]",
        None,
        b"\xff\x00",
        *retracted,
    ]
    others = [
        last._replace(offset=last.offset + number, value=value, headers=(("content-type", b"x/y"),))
        if number == 1
        else last._replace(offset=last.offset + number, value=value)
        for number, value in enumerate(values, 1)
    ]
    return [*single, *others, last._replace(offset=last.offset + 99, key=b"elsewhere")]


MIXED = mixed()


def same(one: Reading, other: Reading) -> bool:
    """Is all the same, to the row and the type?"""
    kinds = [[type(found) for record in r.records for found in record.found] for r in (one, other)]
    return (
        one.records == other.records
        and kinds[0] == kinds[1]
        and one.columns.accepted.equals(other.columns.accepted)
        and one.columns.extents == other.columns.extents
        and one.simple == other.simple
    )


def pid_of(process: ReadingProcess) -> int | None:
    """Its id, if it was started."""
    pool = process._pool
    return None if pool is None else next(iter(pool._processes))


def is_alive(process: int) -> bool:
    """Is there such a process?"""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


async def until_beside(one: Decoder) -> int:
    """Read until another process does it; which."""
    await one.read(lambda: MIXED)
    started = one._process._started
    assert started is not None
    await asyncio.wrap_future(started)
    found = pid_of(one._process)
    assert found is not None
    return found


def sent(batch: list[RawRecord]) -> Reading:
    """What was read of a batch, after its way to another process and back."""
    return unpacked(pickle.loads(pickle.dumps(read_packed(packed(batch)))))  # noqa: S301


@pytest.mark.parametrize("batch", [MIXED, []], ids=["all kinds", "nothing"])
def test_what_was_sent_between_processes_is_what_was_read(batch: list[RawRecord]) -> None:
    assert same(sent(batch), read(batch))


@in_parts
@tried()
@given(log=logs())
def test_every_log_is_the_same_when_sent_between_processes(log: list[str], part: int) -> None:
    assert same(sent(records(log)), read(records(log)))


def test_what_is_read_beside_is_what_is_read_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoder, "MUCH", 1)

    async def work() -> list[Reading]:
        one = Decoder()
        process = await until_beside(one)
        # What ends a worker goes to all of its group; the worker has to drain first.
        os.kill(process, signal.SIGINT)
        os.kill(process, signal.SIGTERM)
        found = await asyncio.gather(*(one.read(lambda: MIXED) for _ in range(3)))
        assert is_alive(process)
        one.close()
        assert not is_alive(process)
        return list(found)

    expected = read(MIXED)
    assert all(same(one, expected) for one in asyncio.run(work()))


def test_a_quiet_worker_has_no_process_beside_it() -> None:
    async def work() -> None:
        one = Decoder()
        assert same(await one.read(lambda: MIXED), read(MIXED))
        assert pid_of(one._process) is None
        one.close()

    asyncio.run(work())


def test_if_the_process_beside_is_killed_all_is_read_here(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(decoder, "MUCH", 1)

    async def work() -> list[Reading]:
        one = Decoder()
        os.kill(await until_beside(one), signal.SIGKILL)
        found = [one.read(lambda: MIXED) for _ in range(3)]
        result = await asyncio.gather(*found)
        assert same(await one.read(lambda: MIXED), read(MIXED))
        one.close()
        return list(result)

    assert all(same(one, read(MIXED)) for one in asyncio.run(work()))
    assert [record.message for record in caplog.records] == [
        "the process that read the log has ended: this one reads it"
    ]


def kept() -> list[KeptRecord]:
    """What a database keeps of the scenario: single events, and one record of all of them."""
    events = [json.loads(line)["data"]["conflict"] for line in LINES]
    whole = [KeptEvent(n, *of_one) for n, of_one in enumerate(zip(events, LINES, strict=True))]
    single = [KeptRecord(0, n, 1_000 + n, [one]) for n, one in enumerate(whole)]
    # One that a newer version would not accept is kept, too.
    refused = KeptEvent(3, events[0], '{"specversion":"1.0"}')
    return [*single, KeptRecord(1, 7, 5_000, [*whole, refused])]


def batches(count: int) -> Iterator[KeptBatch]:
    """Batches of two logs, each of other offsets."""
    for number in range(count):
        records = [one._replace(offset=number) for one in kept()]
        yield KeptBatch(f"log-{number % 2}", records, size=1_000)


def as_read_here(found: list[tuple[str, Reading]]) -> bool:
    """Is it what this process reads of `batches`, in their order?"""
    expected = [(batch.log_id, read_kept(batch.records)) for batch in batches(len(found))]
    return all(a[0] == b[0] and same(a[1], b[1]) for a, b in zip(found, expected, strict=True))


def once_it_reads(process: ReadingProcess, then: Callable[[int], None]) -> Iterator[KeptBatch]:
    """A dozen batches, most of them once the process can read; then something is done to that."""
    given = batches(12)
    yield from islice(given, 2)
    assert process._started is not None
    process._started.result(SECONDS)
    pid = pid_of(process)
    assert pid is not None
    yield from islice(given, 3)
    then(pid)
    yield from given


@pytest.mark.parametrize("killed", [False, True], ids=["it lives", "it is killed"])
def test_what_is_read_ahead_is_what_is_read_here_in_its_order(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, killed: bool
) -> None:
    monkeypatch.setattr(decoder, "MUCH", 1)
    pids = []

    def then(pid: int) -> None:
        pids.append(pid)
        if killed:
            os.kill(pid, signal.SIGKILL)

    with ReadingProcess() as process:
        found = list(read_ahead(process, once_it_reads(process, then)))
    assert len(found) == 12
    assert as_read_here(found)
    assert not is_alive(pids[0])
    said = ["the process that read the log has ended: this one reads it"] if killed else []
    assert [record.message for record in caplog.records] == said


def test_the_process_ends_when_what_was_read_cannot_be_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(decoder, "MUCH", 1)
    pids: list[int] = []

    def take_all() -> None:
        with ReadingProcess() as process:
            for _ in read_ahead(process, once_it_reads(process, pids.append)):
                if pids:
                    raise OSError("no room")

    with pytest.raises(OSError, match="no room"):
        take_all()
    assert not is_alive(pids[0])


def test_one_batch_and_small_ones_are_read_here_and_start_no_process() -> None:
    with ReadingProcess() as process:
        assert as_read_here(list(read_ahead(process, batches(3))))
        large = (batch._replace(size=decoder.MUCH) for batch in batches(1))
        assert as_read_here(list(read_ahead(process, large)))
        assert pid_of(process) is None


def test_the_process_beside_ends_with_a_worker_that_is_killed() -> None:
    command = [sys.executable, "-c", READING]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        process = int(running.stdout.readline())
        assert is_alive(process)
        running.kill()
    assert _within(SECONDS, lambda: not is_alive(process))


def _within(seconds: float, done: Callable[[], bool]) -> bool:
    end = time.monotonic() + seconds
    while not done():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True
