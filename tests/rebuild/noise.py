"""Logs as they are in life: batches, repeats, what cannot be read, ids used again, several logs."""

from __future__ import annotations

from typing import Any, NamedTuple

from hypothesis import strategies as st

from schemas.wire import CONTENT_TYPE_BATCH, encode_batch
from streams.engine.decoding import RawRecord
from tests.support.generated import conflict_of, events, line
from tests.support.logged import EPOCH_MS


class Delivered(NamedTuple):
    """A batch that a worker judged at once, of one of its logs."""

    log_id: str
    records: list[RawRecord]


@st.composite
def lives(draw: st.DrawFn) -> list[Delivered]:
    """All that the workers of one database were given, in its order."""
    lines = [line(e, n) for n, e in enumerate(draw(st.lists(events(), min_size=1, max_size=14)))]
    delivered, number = [], 0
    offsets: dict[tuple[str, int], int] = {}
    while number < len(lines):
        log_id = f"log-{number * draw(st.integers(0, 2)) // len(lines)}"
        records: list[RawRecord] = []
        for _ in range(draw(st.integers(1, 5))):
            kind = draw(st.sampled_from(["one", "one", "one", "many", "again", "reused", "bad"]))
            some: list[str | bytes] = list(lines[number : number + (3 if kind == "many" else 1)])
            if kind in {"one", "many"}:
                number += len(some)
            if kind in {"again", "reused"}:
                before = lines[draw(st.integers(0, max(0, number - 1)))]
                some = [before if kind == "again" else before.replace("2026-01", "2026-02")]
            if kind == "bad":
                some = [draw(st.sampled_from([b"{}", b"[", b"\xff", b'{"id": 1}', b"[1, {}]"]))]
            if some:
                records.append(draw(_record(offsets, log_id, number, some)))
        if records:
            delivered.append(Delivered(log_id, records))
    return delivered


@st.composite
def _record(
    draw: st.DrawFn, offsets: dict[Any, int], log_id: str, number: int, some: list[Any]
) -> RawRecord:
    conflict = conflict_of(some[0]) if isinstance(some[0], str) else "east"
    # Whoever chose the partition: one conflict may come in several.
    place = (log_id, draw(st.integers(0, 1)))
    offset = offsets.get(place, 0) + draw(st.sampled_from([0, 0, 0, 2]))
    offsets[place] = offset + 1
    stamp = EPOCH_MS + number // 3 + draw(st.integers(-2, 2))
    if len(some) == 1 and draw(st.booleans()):
        value = some[0] if isinstance(some[0], bytes) else some[0].encode()
        return RawRecord(place[1], offset, stamp, conflict.encode(), value)
    kind = (("content-type", CONTENT_TYPE_BATCH.encode()),)
    return RawRecord(place[1], offset, stamp, conflict.encode(), encode_batch(some), kind)
