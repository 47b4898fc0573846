"""In which turns the conflicts of a log were judged, and where that was broken off, does not matter."""

from __future__ import annotations

import gc
import json
import weakref
from collections import Counter
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.ledger.keys import Flags, Keys
from analytics.ledger.ledger import Ledger, Transaction
from schemas.wire import CONTENT_TYPE_BATCH, encode_batch
from streams.engine import turns
from streams.engine.decoding import KeptEvent, KeptRecord, RawRecord, Reading, read, read_kept
from streams.engine.loading import load_standing
from streams.engine.replay import kept_records
from streams.engine.turns import Turns
from streams.kafka.progress import NOTHING_BEHIND
from tests.support.generated import conflict_of, logs
from tests.support.given import claim, report
from tests.support.logged import EPOCH_MS, HISTORY, IN_MEMORY, LOG_ID, Dump, Query, Scratch
from tests.support.trying import in_parts, tried

BATCH = (("content-type", CONTENT_TYPE_BATCH.encode()),)
FOLDED: dict[str, Query] = {
    name: query
    for name, query in HISTORY.items()
    if name not in {"rejected", "log_offsets", "outbox"}
}


@pytest.fixture(scope="module")
def scratch() -> Scratch:
    return Scratch()


@st.composite
def one_partition(draw: st.DrawFn) -> list[RawRecord]:
    """A log whose conflicts share a partition; some records hold several events, some are broken."""
    log = draw(logs(min_size=3, max_size=16))
    found: list[RawRecord] = []
    while log:
        conflict = conflict_of(log[0])
        together = 0
        while together < len(log) and conflict_of(log[together]) == conflict:
            together += 1
        size = draw(st.integers(1, together))
        raws, log = log[:size], log[size:]
        if draw(st.integers(0, 5)) == 0:
            raws.insert(draw(st.integers(0, size)), draw(st.sampled_from(["{}", '{"id": 1}'])))
        if draw(st.integers(0, 5)) == 0:
            # The same id for something else.
            other = {**json.loads(raws[0]), "type": "commitment.claim_retracted"} if raws else {}
            other["data"] = {"conflict": conflict, "commitment_id": "x", "claim_id": "y"}
            raws.append(json.dumps(other))
        number = len(found)
        stamp = EPOCH_MS + draw(st.integers(-3, 3)) + number
        found.append(RawRecord(0, number, stamp, conflict.encode(), encode_batch(raws), BATCH))
    return found


class _Steps:
    """A clock that goes on by one each time it is asked."""

    def __init__(self) -> None:
        self._now = count()

    def __call__(self) -> float:
        return float(next(self._now))


def in_turns(scratch: Scratch, data: st.DataObject, items: list[RawRecord]) -> None:
    """Have the log judged in turns that end early, broken off now and then."""
    ledger = scratch.emptied()
    steps = data.draw(st.sampled_from([1, 2, 3, 7]), label="steps a turn")
    worker = Turns(ledger, load_standing(ledger), steps, _Steps())
    at = 0
    breaks = data.draw(st.integers(0, 2), label="breaks")
    while at < len(items) or worker.behind() is not NOTHING_BEHIND:
        waits = worker.behind() is not NOTHING_BEHIND
        what = data.draw(st.sampled_from(["take", "more", "more", "break"]), label="what")
        if what == "break" and breaks:
            breaks -= 1
            ledger = Ledger(scratch._connection, IN_MEMORY)
            worker = Turns(ledger, load_standing(ledger), steps, _Steps())
            at = ledger.offsets(LOG_ID).get(0, 0)
        elif at < len(items) and (what == "take" or not waits):
            size = data.draw(st.integers(1, 4), label="size")
            transaction, _ = worker.take(LOG_ID, read(items[at : at + size]))
            ledger.commit(transaction)
            at += size
        elif waits:
            transaction, _ = worker.more()
            ledger.commit(transaction)


@in_parts
@tried()
@given(data=st.data(), items=one_partition())
def test_turns_and_breaks_in_them_do_not_matter(
    scratch: Scratch, part: int, data: st.DataObject, items: list[RawRecord]
) -> None:
    at_once = scratch.folded([items], HISTORY)
    with pytest.MonkeyPatch.context() as patch:
        at_once_most = data.draw(st.sampled_from([1, 3, 500]), "at once")
        patch.setattr(turns, "FEWEST_AT_ONCE", min(at_once_most, 2))
        patch.setattr(turns, "MOST_AT_ONCE", at_once_most)
        in_turns(scratch, data, items)
    assert scratch.dump(HISTORY) == at_once


@in_parts
@tried()
@given(data=st.data(), items=one_partition())
def test_what_was_kept_in_another_order_is_folded_again_to_the_same(
    scratch: Scratch, part: int, data: st.DataObject, items: list[RawRecord]
) -> None:
    in_turns(scratch, data, items)
    known = scratch.dump(FOLDED)
    kept = [one for _, one in kept_records(scratch, 0)]
    ledger = scratch.emptied()
    again = Turns(ledger, load_standing(ledger))
    size = data.draw(st.integers(1, 5), label="size")
    for first in range(0, len(kept), size):
        transaction, _ = again.take(LOG_ID, read_kept(kept[first : first + size]), is_kept=True)
        ledger.commit(transaction)
    assert scratch.dump(FOLDED) == known


def _posted(conflict: str, offset: int, *lines: str) -> RawRecord:
    raws = []
    for raw in lines:
        event: dict[str, Any] = json.loads(raw)
        event["data"]["conflict"] = conflict
        raws.append(json.dumps(event))
    return RawRecord(0, offset, EPOCH_MS + offset, conflict.encode(), encode_batch(raws), BATCH)


def _conflicts(scratch: Scratch) -> Counter[str]:
    rows = scratch._connection.execute("SELECT conflict FROM accepted").fetchall()
    return Counter(name for (name,) in rows)


def test_what_came_of_another_conflict_is_judged_in_the_turn_after_the_one_that_lasts(
    scratch: Scratch,
) -> None:
    many = [claim(evidence=[f"https://desk.example/{number}"]) for number in range(50)]
    ledger = scratch.emptied()
    # A turn is over with the first event that is looked at the clock for.
    worker = Turns(ledger, load_standing(ledger), 0, _Steps())
    long, short = _posted("long", 0, *many), _posted("short", 1, claim(), report())
    ledger.commit(worker.take(LOG_ID, read([long]))[0])
    ledger.commit(worker.take(LOG_ID, read([short]))[0])
    waiting = worker.behind()
    assert waiting.conflicts[0, "long"] == (0, 49)
    ledger.commit(worker.more()[0])
    ledger.commit(worker.more()[0])
    assert _conflicts(scratch)["short"] == 2
    assert _conflicts(scratch)["long"] < 5
    assert ledger.offsets(LOG_ID) == {}, "its record is not whole"
    while worker.behind() is not NOTHING_BEHIND:
        ledger.commit(worker.more()[0])
    assert _conflicts(scratch) == {"long": 50, "short": 2}
    assert ledger.offsets(LOG_ID) == {0: 2}


def test_what_waits_is_held_until_all_of_it_is_judged(scratch: Scratch) -> None:
    ledger = scratch.emptied()
    worker = Turns(ledger, load_standing(ledger), 0, _Steps())
    ledger.commit(worker.take(LOG_ID, read([_posted("long", 0, claim(), claim(), claim())]))[0])
    assert worker.behind().rows == 3
    assert worker.behind().lows == {0: 0}


def test_what_begins_to_wait_and_what_is_done_is_told_once(scratch: Scratch) -> None:
    ledger = scratch.emptied()
    worker = Turns(ledger, load_standing(ledger), 0, _Steps())
    names = [f"conflict {number}" for number in range(5)]
    log = [_posted(name, number, claim(), claim()) for number, name in enumerate(names)]
    waits: set[tuple[int, int]] = set()
    ledger.commit(worker.take(LOG_ID, read(log))[0])
    while (behind := worker.behind()) is not NOTHING_BEHIND:
        left, finished = set(behind.left), set(behind.finished)
        assert not left & waits
        assert finished <= waits
        waits = (waits | left) - finished
        assert {first for first, _ in behind.conflicts.values()} == {at for _, at in waits}
        ledger.commit(worker.more()[0])
    assert not waits


@pytest.fixture
def looked_up(monkeypatch: pytest.MonkeyPatch) -> list[list[int]]:
    """The keys of events that were looked up, each time by themselves."""
    found: list[list[int]] = []
    real = Transaction.may_have_events

    def may_have_events(tx: Transaction, keys: Keys) -> Flags:
        if len(keys):
            found.append(keys.tolist())
        return real(tx, keys)

    monkeypatch.setattr(Transaction, "may_have_events", may_have_events)
    return found


def test_conflicts_that_wait_with_few_events_each_are_looked_up_together(
    scratch: Scratch, looked_up: list[list[int]]
) -> None:
    ledger = scratch.emptied()
    worker = Turns(ledger, load_standing(ledger), 0, _Steps())
    first = _posted("conflict 0", 0, claim(), claim("other"))
    ledger.commit(worker.take(LOG_ID, read([first]))[0])
    log = [_posted(f"conflict {number % 400}", number, claim("late")) for number in range(1, 401)]
    ledger.commit(worker.take(LOG_ID, read(log))[0])
    # All but the record behind what waits.
    assert list(map(len, looked_up)) == [2, 399]
    assert len(worker.behind().conflicts) == 399
    worker._seconds = 1e9
    ledger.commit(worker.more()[0])
    # The one that waits of the first, and then all of the others, since another was in between.
    assert list(map(len, looked_up)) == [2, 399, 1, 399]
    assert len(_conflicts(scratch)) == 400


def test_what_is_judged_in_many_turns_is_looked_up_once(
    scratch: Scratch, looked_up: list[list[int]]
) -> None:
    ledger = scratch.emptied()
    worker = Turns(ledger, load_standing(ledger), 0, _Steps())
    many = [claim(str(number)) for number in range(20)]
    log = [_posted("ab"[number % 2], number, *many) for number in range(4)]
    ledger.commit(worker.take(LOG_ID, read(log))[0])
    turns_taken = 0
    while worker.behind() is not NOTHING_BEHIND:
        turns_taken += 1
        ledger.commit(worker.more()[0])
    assert turns_taken > 50
    # Every second log record repeats the events of one before it.
    assert Counter(key for keys in looked_up for key in keys).most_common(1)[0][1] == 2


def test_a_conflict_in_two_partitions_is_looked_up_again(scratch: Scratch) -> None:
    ledger = scratch.emptied()
    worker = Turns(ledger, load_standing(ledger), 0, _Steps())
    again = report()
    first = _posted("c", 0, *[claim(str(number)) for number in range(3)], again)
    second = _posted("c", 0, again)._replace(partition=1)
    ledger.commit(worker.take(LOG_ID, read([first]))[0])
    ledger.commit(worker.take(LOG_ID, read([second]))[0])
    while worker.behind() is not NOTHING_BEHIND:
        ledger.commit(worker.more()[0])
    assert _conflicts(scratch) == {"c": 4}
    judged = scratch._connection.execute(
        "SELECT count(*) FROM verdict_versions WHERE superseded_at IS NULL"
    )
    assert judged.fetchall() == [(1,)]


def test_what_waits_does_not_hold_the_transactions_before(scratch: Scratch) -> None:
    ledger = scratch.emptied()
    worker = Turns(ledger, load_standing(ledger), 0, _Steps())
    slow = [claim(str(number)) for number in range(9)]

    def taken(offset: int) -> weakref.ref[Transaction]:
        transaction, _ = worker.take(LOG_ID, read([_posted("slow", offset, *slow)]))
        ledger.commit(transaction)
        return weakref.ref(transaction)

    held = list(map(taken, range(3)))
    gc.collect()
    assert worker.behind().rows
    assert [one() for one in held] == [None] * 3


def test_conflicts_judged_in_another_order_than_the_logs_keep_the_times_of_their_records(
    scratch: Scratch,
) -> None:
    log = [_posted("ab"[number % 2], number, claim(str(number))) for number in range(7)]
    at_once = scratch.folded([log], HISTORY)
    ledger = scratch.emptied()
    worker = Turns(ledger, load_standing(ledger), 0, _Steps())
    ledger.commit(worker.take(LOG_ID, read(log))[0])
    worker._seconds = 1e9
    # Each conflict's records follow each other here, and no longer those of the log.
    ledger.commit(worker.more()[0])
    assert worker.behind().finished
    assert scratch.dump(HISTORY) == at_once


def _kept(records: list[KeptRecord]) -> Reading:
    return read_kept(records)


def test_a_kept_record_in_two_parts_is_two_parts_of_one(scratch: Scratch) -> None:
    first, second = (json.loads(raw) for raw in (claim(), report()))
    ledger = scratch.emptied()
    again = Turns(ledger, load_standing(ledger))
    parts = [
        KeptRecord(0, 0, EPOCH_MS, [KeptEvent(0, "testland", json.dumps(first))]),
        KeptRecord(0, 1, EPOCH_MS + 5, []),
        KeptRecord(0, 0, EPOCH_MS, [KeptEvent(1, "testland", json.dumps(second))]),
    ]
    ledger.commit(again.take(LOG_ID, _kept(parts), is_kept=True)[0])
    found: Dump = scratch.dump({"when": 'SELECT DISTINCT recorded_at, "offset" FROM accepted'})
    assert len(found["when"]) == 1
    assert ledger.offsets(LOG_ID) == {0: 2}
