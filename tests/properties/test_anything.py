"""Nothing that arrives can stop the worker, or change what is made of what else arrives."""

from __future__ import annotations

import json
import random
from collections import Counter
from itertools import pairwise
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.engine.decoding import RawRecord, read
from streams.engine.loading import load_standing, process
from streams.kafka.topics import REJECTED
from tests.fuzz.malformed import KINDS
from tests.support.generated import conflict_of, logs, reports
from tests.support.given import report
from tests.support.logged import (
    EPOCH_MS,
    HISTORY,
    LOG_ID,
    PARTITIONS,
    STANDING,
    Dump,
    Query,
    Scratch,
    outbox,
)
from tests.support.trying import in_parts, tried

KEPT: dict[str, Query] = {
    name: query
    for name, query in (HISTORY | STANDING).items()
    if name not in {"rejected", "log_offsets", "outbox"}
} | {"told": lambda connection: [told for told in outbox(connection) if told[0] != REJECTED]}
OF_JUNK: dict[str, Query] = {
    "offsets": "SELECT partition, next_offset FROM log_offsets",
    "rejected": 'SELECT partition, "offset" FROM rejected',
    "told": lambda connection: [told[2:3] for told in outbox(connection) if told[0] == REJECTED],
}


class Junk(NamedTuple):
    """A record that holds no event, and before which of the log's it comes."""

    before: int
    partition: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()


KEYS = st.one_of(st.none(), st.sampled_from([b"east", b"west"]), st.binary(max_size=8))
TREES: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["id", "type", "data", "source", ""]), inner, max_size=3),
    ),
    max_leaves=6,
)
ODD_TYPES = st.sampled_from([b"text/plain", b"avro/binary", b"\xff\x00", b"application/jsonx"])


@st.composite
def junk(draw: st.DrawFn, log: list[str]) -> Junk:
    """Bytes, JSON that is no event, and events of this very world that something is wrong with."""
    before = draw(st.integers(0, len(log)))
    partition = draw(st.integers(0, 2))
    key = draw(KEYS)
    line = draw(st.sampled_from(log))
    conflict = conflict_of(line)
    match draw(
        st.sampled_from(["bytes", "json", "mutated", "mutated", "cut", "key", "type", "reused"])
    ):
        case "bytes":
            value = draw(st.one_of(st.none(), st.binary(max_size=60)))
        case "json":
            value = json.dumps(draw(TREES)).encode()
        case "mutated":
            event = json.loads(report("r1", "i1", conflict="east"))
            rng = random.Random(draw(st.integers(0, 2**32)))
            value, key = KINDS[draw(st.sampled_from(sorted(KINDS)))](rng, event), b"east"
        case "cut":
            whole = line.encode()
            value, key = whole[: draw(st.integers(0, len(whole) - 1))], conflict.encode()
        case "key":
            value, key = line.encode(), draw(KEYS.filter(lambda one: one != conflict.encode()))
        case "type":
            headers = (("content-type", draw(ODD_TYPES)),)
            return Junk(before, partition, conflict.encode(), line.encode(), headers)
        case _:
            # An id stands for what came first under it, and for nothing else.
            number = log.index(line)
            other = {**json.loads(line), "type": "incident.reported"}
            other["data"] = {**draw(reports()), "conflict": conflict}
            before = draw(st.integers(number + 1, len(log)))
            key = conflict.encode()
            value = line[:-2].encode() if other == json.loads(line) else json.dumps(other).encode()
    return Junk(before, partition, key, value)


def delivered(log: list[str], others: list[Junk]) -> tuple[list[RawRecord], set[tuple[int, int]]]:
    """The log with the junk in it, and where that is. Each has the append time of its place."""
    offsets: Counter[int] = Counter()
    found: list[RawRecord] = []
    places = set()

    def arrives(at: int, partition: int, rest: tuple[Any, ...]) -> tuple[int, int]:
        place = (partition, offsets[partition])
        offsets[partition] += 1
        found.append(RawRecord(*place, EPOCH_MS + at // 3, *rest))
        return place

    for number in range(len(log) + 1):
        for one in others:
            if one.before == number:
                places.add(arrives(number, one.partition, one[2:]))
        if number < len(log):
            conflict = conflict_of(log[number])
            arrives(number, PARTITIONS[conflict], (conflict.encode(), log[number].encode()))
    return found, places


def fold(scratch: Scratch, batches: list[list[RawRecord]]) -> Dump:
    ledger = scratch.emptied()
    standing = load_standing(ledger)
    for batch in batches:
        process(ledger, standing, LOG_ID, read(batch))
    return scratch.dump(KEPT)


@pytest.fixture(scope="module")
def scratch() -> Scratch:
    return Scratch()


@in_parts
@tried()
@given(data=st.data(), log=logs())
def test_whatever_arrives_beside_a_log_is_rejected_and_changes_nothing_else(
    scratch: Scratch, part: int, data: st.DataObject, log: list[str]
) -> None:
    others = data.draw(st.lists(junk(log), min_size=1, max_size=6), label="junk")
    items, places = delivered(log, others)
    cuts = data.draw(st.sets(st.integers(1, len(items)), max_size=2), label="cuts")
    clean = fold(scratch, [[one for one in items if one[:2] not in places]])

    edges = [0, *sorted(cuts - {len(items)}), len(items)]
    assert fold(scratch, [items[lo:hi] for lo, hi in pairwise(edges)]) == clean
    of_junk = scratch.dump(OF_JUNK)
    ends = Counter(one.partition for one in items)
    assert dict(of_junk["offsets"]) == ends, "the log is read to its end"
    times = Counter(of_junk["rejected"])
    assert times.keys() <= places, "nothing good is rejected"
    assert len(of_junk["told"]) == times.total(), "each rejection is told"
    for one in items:
        # An array is as many as are in it.
        if one[:2] in places and not (one.value or b"").strip().startswith(b"["):
            assert times[one[:2]] == 1
