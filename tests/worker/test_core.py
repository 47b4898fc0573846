from __future__ import annotations

import pytest
from aiokafka.record.default_records import DefaultRecord

from streams.engine.decoding import RawRecord
from streams.engine.engine import raw_records
from streams.kafka.attribution import Attribution
from streams.kafka.log_identity import LOG_APPEND_TIME

NOW = 1_000
SENDERS_TIME = 0
NOBODY = Attribution(None)


@pytest.mark.parametrize(
    ("stamp", "kind", "expected"),
    [
        pytest.param(900, SENDERS_TIME, 900, id="a sender's clock that is right"),
        pytest.param(NOW + 1, SENDERS_TIME, NOW, id="one that is fast"),
        pytest.param(-1, SENDERS_TIME, 0, id="one that does not know"),
        pytest.param(NOW + 1, LOG_APPEND_TIME, NOW + 1, id="the broker's, which is the log's"),
    ],
)
def test_a_record_has_the_time_of_the_log(stamp: int, kind: int, expected: int) -> None:
    [found] = raw_records(2, [DefaultRecord(7, stamp, kind, b"k", b"v", [])], NOW, NOBODY)
    assert found == RawRecord(2, 7, expected, b"k", b"v")


def test_headers_are_kept_in_their_order_and_one_without_a_value_is_empty() -> None:
    record = DefaultRecord(7, 0, SENDERS_TIME, None, None, [("b", None), ("a", b"1")])
    [found] = raw_records(2, [record], NOW, NOBODY)
    assert found == RawRecord(2, 7, 0, None, None, (("b", b""), ("a", b"1")))
