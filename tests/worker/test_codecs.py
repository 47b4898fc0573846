from __future__ import annotations

import functools
from collections.abc import Callable

import aiokafka.record.memory_records  # noqa: F401 - what reads a log
import pytest
from aiokafka.codec import gzip_encode, lz4_encode, snappy_encode, zstd_encode

from streams.kafka import codecs

Encode = Callable[[bytes], bytes]
Decode = Callable[[bytes], bytes]

CODECS = [
    pytest.param(gzip_encode, codecs.ungzip, id="gzip"),
    pytest.param(snappy_encode, codecs.unsnappy, id="snappy as Java writes it"),
    pytest.param(
        functools.partial(snappy_encode, xerial_compatible=False), codecs.unsnappy, id="snappy"
    ),
    pytest.param(lz4_encode, codecs.unlz4, id="lz4"),
    pytest.param(zstd_encode, codecs.unzstd, id="zstd"),
]


@pytest.mark.parametrize(("encode", "decode"), CODECS)
def test_what_was_compressed_is_read(encode: Encode, decode: Decode) -> None:
    value = b"one event after another, " * 5_000
    assert decode(encode(value)) == value
    assert decode(encode(value[:10])) == value[:10]


@pytest.mark.parametrize(("encode", "decode"), CODECS)
def test_what_would_be_too_large_is_refused_as_such(encode: Encode, decode: Decode) -> None:
    with pytest.raises(codecs.TooLargeError):
        decode(encode(bytes(codecs.MOST_BYTES + 1)))


@pytest.mark.parametrize(("encode", "decode"), CODECS)
def test_garbage_is_an_error_of_another_kind(encode: Encode, decode: Decode) -> None:
    with pytest.raises(Exception) as caught:  # noqa: PT011 - each codec has its own
        decode(b"\x00garbage")
    assert not isinstance(caught.value, codecs.TooLargeError)


def test_the_client_decompresses_with_these() -> None:
    from aiokafka.record import default_records

    codecs.bound()
    assert default_records.zstd_decode is codecs.unzstd
