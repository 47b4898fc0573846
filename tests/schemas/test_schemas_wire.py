"""Records to events and back: exact bytes, one bad event alone, and nothing that can raise."""

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.events import Invalid
from schemas.wire import (
    MAX_EVENT_BYTES,
    MAX_RECORD_BYTES,
    Accepted,
    Rejected,
    decode,
    encode_batch,
    headers,
    read_event,
)
from tests.support import given as said

KEY = b"a-b"


def raw_event(event_id: str = "1", conflict: str = "a-b", **fields: Any) -> bytes:
    data = {
        "conflict": conflict,
        "incident_id": "i1",
        "report_id": "r1",
        "reported_by": {"name": "An outlet — «так»"},
        "occurred": {"start": "2026-02-02T16:00:00Z"},
    }
    envelope = {"specversion": "1.0", "id": event_id, "source": "https://desk.example"}
    whole = {**envelope, "type": "incident.reported", "data": data | fields}
    return json.dumps(whole, ensure_ascii=False, indent=1).encode()


GOOD = raw_event()


def reasons(records: list[Accepted | Rejected]) -> list[str]:
    return [r.reason if isinstance(r, Rejected) else "accepted" for r in records]


def test_one_event() -> None:
    (read,) = decode(b"\n " + GOOD + b"\r\n", KEY, "application/cloudevents+json; charset=utf-8")
    assert isinstance(read, Accepted)
    assert (read.raw, read.index) == (GOOD.decode(), 0)


def test_a_batch_keeps_the_exact_bytes_of_each_event() -> None:
    other = raw_event("2").replace(b"\n ", b"\t\r\n ")
    read = decode(b" [ " + GOOD + b" ,\n" + other + b"\n] ", KEY)
    assert [(r.raw, r.index) for r in read] == [(GOOD.decode(), 0), (other.decode(), 1)]


@given(st.lists(st.sampled_from([GOOD, raw_event("2"), b"{}", b"1", b'"],["'])))
def test_a_batch_is_what_was_put_into_it(raws: list[bytes]) -> None:
    read = decode(encode_batch(raws), KEY)
    assert [r.raw.encode() if isinstance(r, Accepted) else r.raw for r in read] == raws
    assert [r.index for r in read] == list(range(len(raws)))


def test_batches_of_texts_and_headers() -> None:
    assert encode_batch(["{}", b"[]"]) == b"[{},[]]"
    assert encode_batch([]) == b"[]"
    assert decode(b" [] ", KEY) == []
    assert headers() == (("content-type", b"application/cloudevents+json"),)


BAD_ELEMENTS = [
    b"NaN",
    b"Infinity",
    b"tru",
    b"'x'",
    b'"\xff"',
    b'"\\ud800"',
    b'{"a":1 "b":2}',
    b"1e9999",
    b"9" * 5_000,
    b"[" * 100_000 + b"]" * 100_000,
    b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    GOOD.replace(b'"data"', b'"data":NaN,"data"'),
    GOOD.replace(b"outlet", b"\xc3\x28"),
    b"[]",
]


@pytest.mark.parametrize("bad", BAD_ELEMENTS, ids=range(len(BAD_ELEMENTS)))
def test_one_bad_event_is_rejected_alone(bad: bytes) -> None:
    before, between, after = decode(b"[" + GOOD + b"," + bad + b"," + GOOD + b"]", KEY)
    assert isinstance(before, Accepted)
    assert isinstance(between, Rejected)
    assert isinstance(after, Accepted)
    assert (between.raw, between.index) == (bad, 1)
    assert after.index == 2


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b" ",
        b"{",
        b"[",
        b"[{},]",
        b"[,{}]",
        b"[{}",
        b"[{}]]",
        b"[{}]x",
        b"[{]}",
        b"[" + GOOD,
        b"[" + GOOD[:-1] + b"]",
        b'["',
        b'["\\',
        b"\xff\xfe",
        b"\xef\xbb\xbf" + GOOD,
        GOOD + GOOD,
        GOOD[:-1],
        b"[" * 100_000,
        b'[{"a":' * 100_000,
        b'{"a":' * 15_000,
        GOOD.replace(b"outlet", b"\\ud800"),
        GOOD.replace(b"outlet", b"\xff"),
        GOOD.replace(b'"i1"', b"9" * 5_000),
    ],
    ids=range(24),
)
def test_what_is_not_json_is_rejected_as_a_whole(value: bytes) -> None:
    (read,) = decode(value, KEY)
    assert isinstance(read, Rejected)
    assert (read.reason, read.raw, read.index) == ("not_json", value, None)


@pytest.mark.parametrize(
    "value",
    [
        b"{}",
        b"null",
        b"42",
        b'"x"',
        b"NaN",
        raw_event(act="drone"),
        raw_event(effects={"killed": float("nan")}),
        raw_event(effects={"killed": float("inf")}),
        raw_event(effects={"killed": 10**30}),
        raw_event(reported_by={"name": "x" * 90_000}),
        GOOD.replace(b"16:00:00Z", b"16:00:00"),
    ],
    ids=range(11),
)
def test_what_is_no_event_is_rejected_with_its_bytes(value: bytes) -> None:
    padded = b" " + value + b"\n"
    (read,) = decode(padded, KEY)
    assert isinstance(read, Rejected)
    assert (read.reason, read.raw, read.index) == ("invalid", padded, 0)
    assert read.problems


def test_a_record_without_a_value() -> None:
    (read,) = decode(None, KEY)
    assert isinstance(read, Rejected)
    assert (read.reason, read.raw, read.index) == ("not_json", b"", None)


@pytest.mark.parametrize("key", [None, b"", b"b-a", b"a-b ", b"\xff"])
def test_the_key_must_be_the_conflict(key: bytes | None) -> None:
    assert reasons(decode(GOOD, key)) == ["key_mismatch"]
    (read,) = decode(b"[" + GOOD + b"]", key)
    assert isinstance(read, Rejected)
    assert read.problems[0].field == "data.conflict"


def test_an_event_of_another_conflict_is_rejected_alone() -> None:
    batch = encode_batch([GOOD, raw_event(conflict="c-d"), GOOD])
    assert reasons(decode(batch, KEY)) == ["accepted", "key_mismatch", "accepted"]


def test_words_that_look_like_numbers_are_words() -> None:
    said = raw_event(reported_by={"name": "NaN Infinity -Infinity"})
    assert reasons(decode(said, KEY)) == ["accepted"]


def test_the_key_is_utf_8() -> None:
    assert reasons(decode(raw_event(conflict="ні"), "ні".encode())) == ["accepted"]


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        (None, "accepted"),
        ("application/json", "accepted"),
        ("application/cloudevents+json", "accepted"),
        ("Application/CloudEvents+JSON; charset=UTF-8", "accepted"),
        ("application/cloudevents-batch+json", "accepted"),
        ("application/cloudevents+avro", "not_json"),
        ("text/plain", "not_json"),
        ("", "not_json"),
    ],
)
def test_content_types(content_type: str | None, expected: str) -> None:
    assert reasons(decode(GOOD, KEY, content_type)) == [expected]


def test_too_large() -> None:
    large = GOOD.replace(b"outlet", b"x" * 10_000_000)
    (read,) = decode(large, KEY)
    assert isinstance(read, Rejected)
    assert (read.reason, len(read.raw)) == ("too_large", len(large))
    assert reasons(decode(encode_batch([GOOD, large, GOOD]), KEY)) == [
        "accepted",
        "too_large",
        "accepted",
    ]
    just_fits = GOOD + b" " * (MAX_EVENT_BYTES - len(GOOD))
    assert reasons(decode(just_fits, KEY)) == ["accepted"]
    assert reasons(decode(b"[" * (MAX_RECORD_BYTES + 1), KEY)) == ["too_large"]
    assert reasons(decode(encode_batch([b"1"] * 10_001), KEY)) == ["too_large"]


@pytest.mark.parametrize(
    "value",
    [
        b'["' + b'\\"' * 4_000_000,
        b'["' + b"\\" * 8_000_000,
        b'["' * 4_000_000,
        b"[NaN," + b"[" * 8_000_000,
        b"[" + b"{}," * 1_000_000 + b"NaN]",
    ],
    ids=range(5),
)
def test_no_record_takes_long(value: bytes) -> None:
    began = time.perf_counter()
    (read,) = decode(value, KEY)
    assert isinstance(read, Rejected)
    assert time.perf_counter() - began < 10


@given(st.binary(max_size=200), st.none() | st.binary(max_size=5), st.none() | st.text(max_size=20))
def test_nothing_raises(value: bytes, key: bytes | None, content_type: str | None) -> None:
    assert all(isinstance(r, Rejected) for r in decode(value, key, content_type))


@given(st.integers(0, len(GOOD)), st.integers(0, len(GOOD)), st.binary(max_size=4))
def test_nothing_raises_on_a_damaged_event(start: int, end: int, instead: bytes) -> None:
    damaged = GOOD[:start] + instead + GOOD[max(start, end) :]
    read = decode(b"[" + GOOD + b"," + damaged + b"]", KEY)
    assert all(isinstance(r, Accepted | Rejected) for r in read)
    (alone,) = decode(damaged, KEY) if not damaged.startswith(b"[") else [None]
    assert alone is None or isinstance(alone, Accepted) or alone.raw == damaged


@pytest.mark.parametrize(
    ("once", "twice", "name"),
    [
        ('"id": "e1"', '"id": "e1", "id": "e2"', "id"),
        ('"act": "strike"', '"act": "strike", "act": "raid"', "act"),
        ('"party": "AAA"', '"party": "AAA", "party": "AAA"', "party"),
    ],
)
def test_a_name_given_twice_is_refused_since_some_read_the_first_and_some_the_last(
    once: str, twice: str, name: str
) -> None:
    event = {
        "specversion": "1.0",
        "id": "e1",
        "source": "https://desk.example",
        "type": "incident.reported",
        "data": {
            "conflict": "east",
            "incident_id": "i",
            "report_id": "r",
            "reported_by": {"name": "Observer"},
            "occurred": {"start": "2026-01-10T12:00:00Z"},
            "actor": {"party": "AAA", "confidence": "confirmed"},
            "act": "strike",
        },
    }
    raw = json.dumps(event)
    assert once in raw
    (accepted,) = decode(raw.encode(), b"east")
    assert isinstance(accepted, Accepted)
    (rejected,) = decode(raw.replace(once, twice).encode(), b"east")
    assert isinstance(rejected, Rejected)
    assert (rejected.reason, rejected.problems[0].field) == ("invalid", name)


HOURS = {"from": "08:00", "to": "14:00", "zone": "Mars/Base"}


@pytest.mark.parametrize("entry", [{"zone": "Mars/Base"}, {"daily": HOURS}])
def test_a_zone_that_is_not_known_is_refused_where_it_is_entered_and_not_in_the_log(
    entry: dict[str, Any],
) -> None:
    raw = said.claim(window=[entry]).encode()
    with pytest.raises(Invalid, match=r"window\.0\.(daily\.)?zone: expected an IANA time zone"):
        read_event(raw)
    [found] = decode(raw, said.CONFLICT.encode())
    assert isinstance(found, Accepted)
