"""Only the very record that somebody waits for, in a batch that was committed, answers for it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest

from schemas.wire import Rejected
from streams.kafka.producer import LogWriter
from streams.kafka.receipts import HEADER, Receipts, Refusal, outcome_of


class Record(NamedTuple):
    offset: int
    headers: Sequence[tuple[str, bytes | None]] = ()


REUSED = Rejected("id_reused", (), b"{}", 1)
WHOLE = Rejected("too_large", (), b"", None)


def test_a_record_that_is_committed_answers_with_what_was_refused_in_it() -> None:
    async def wait() -> None:
        receipts = Receipts()
        mark, done = receipts.expect()
        others = [Record(0), Record(1, [(HEADER, None)]), Record(2, [("a", b"b")])]
        mine = Record(3, [("content-type", b"x"), (HEADER, mark)])
        receipts.committed({0: others}, [])
        assert not done.done()
        receipts.committed(
            {0: [*others, mine]}, [Refusal(0, 3, 1, REUSED), Refusal(0, 2, 0, WHOLE)]
        )
        outcomes = await done
        assert [outcome_of(outcomes, place) for place in range(3)] == [None, REUSED, None]

    asyncio.run(wait())


def test_an_offset_that_was_passed_answers_for_nothing() -> None:
    async def wait() -> None:
        receipts = Receipts()
        _, done = receipts.expect()
        # As where the log was recreated: its offsets are the same, and its records are not.
        receipts.committed({0: [Record(n, [(HEADER, b"another's")]) for n in range(100)]}, [])
        assert not done.done()

    asyncio.run(wait())


def test_what_is_refused_as_a_whole_is_refused_for_each_of_its_events() -> None:
    assert outcome_of({None: WHOLE}, 0) is outcome_of({None: WHOLE}, 7) is WHOLE


class Recording(LogWriter):
    """Keeps what it is handed instead of sending it."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, list[bytes], bytes | None]] = []

    async def write(
        self,
        conflict: str,
        raws: Sequence[bytes],
        posted_by: str | None = None,
        *,
        receipt: bytes | None = None,
    ) -> asyncio.Future[Any]:
        self.sent.append((conflict, list(raws), receipt))
        written: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        written.set_result(SimpleNamespace(partition=0, offset=len(self.sent) - 1))
        return written


@pytest.mark.parametrize("count", [1, 3, 1_203])
def test_outcomes_stand_in_the_order_of_the_events_however_they_are_packed(count: int) -> None:
    events = [("one" if n % 3 else "other", b"%d" % n) for n in range(count)]

    async def write() -> list[Rejected | None]:
        receipts, writer = Receipts(), Recording()
        writing = asyncio.create_task(writer.write_until_judged(events, receipts))
        await asyncio.sleep(0)
        while not writing.done():
            for offset, (_, raws, mark) in enumerate(writer.sent):
                refused = [
                    Refusal(0, offset, place, Rejected("id_reused", (), raw, place))
                    for place, raw in enumerate(raws)
                    if int(raw) % 2
                ]
                receipts.committed({0: [Record(offset, [(HEADER, mark)])]}, refused)
            await asyncio.sleep(0)
        judged = await writing
        packed = [place for *_, places in judged.records for place in places]
        assert sorted(packed) == [*range(count)]
        return judged.refused

    found = asyncio.run(write())
    assert [None if one is None else one.raw for one in found] == [
        raw if int(raw) % 2 else None for _, raw in events
    ]
