"""Bounds on what a compressed batch of Kafka's may come to, set where the client decompresses.

A megabyte that a broker takes can be gigabytes of zeros: decompressed in one piece, as the client
does, it would end the worker, and the next one at the same place. Nothing here compresses.
"""

from __future__ import annotations

import gzip
import io
import mmap
import struct
import sys
import threading
from collections.abc import Callable

import cramjam

# A fetch is 8 MiB at most, and what people write in JSON becomes ten times smaller, or less.
MOST_BYTES = 64 * 2**20
XERIAL = b"\x82SNAPPY\0"
XERIAL_HEAD_BYTES = 16

Buffer = bytes | bytearray | memoryview
_held = threading.local()


class TooLargeError(ValueError):
    """What a batch was decompressed to is larger than anything that can be an event."""

    def __init__(self) -> None:
        super().__init__(f"a compressed batch holds more than {MOST_BYTES:,} bytes")


def ungzip(data: Buffer) -> bytes:
    """Decompress gzip. Raises `TooLargeError`."""
    with gzip.GzipFile(fileobj=io.BytesIO(data)) as file:
        found = file.read(MOST_BYTES + 1)
    if len(found) > MOST_BYTES:
        raise TooLargeError
    return found


def unsnappy(data: Buffer) -> bytes:
    """Decompress snappy, in Java's blocks or raw. Raises `TooLargeError`."""
    data = bytes(data)
    if not data.startswith(XERIAL):
        return _unsnappy_block(data, MOST_BYTES)
    found, at = bytearray(), XERIAL_HEAD_BYTES
    while at < len(data):
        (size,) = struct.unpack_from("!i", data, at)
        if size <= 0:
            raise ValueError("a block of snappy says that it is empty")
        found += _unsnappy_block(data[at + 4 : at + 4 + size], MOST_BYTES - len(found))
        at += 4 + size
    return bytes(found)


def _unsnappy_block(block: bytes, most: int) -> bytes:
    if cramjam.snappy.decompress_raw_len(block) > most:
        raise TooLargeError
    return bytes(cramjam.snappy.decompress_raw(block))


def unlz4(data: Buffer) -> bytes:
    """Decompress LZ4 frames. Raises `TooLargeError`."""
    return _into(cramjam.lz4.decompress_into, data)


def unzstd(data: Buffer) -> bytes:
    """Decompress zstd. Raises `TooLargeError`."""
    return _into(cramjam.zstd.decompress_into, data)


def _into(decompress: Callable[[Buffer, mmap.mmap], int], data: Buffer) -> bytes:
    room: mmap.mmap | None = getattr(_held, "room", None)
    if room is None:
        # Takes no memory but where it is written to, and is made once for each thread.
        room = _held.room = mmap.mmap(-1, MOST_BYTES)
    try:
        size = decompress(data, room)
    except cramjam.DecompressionError as error:
        if "write" in str(error):
            raise TooLargeError from error
        raise
    return room[:size]


def bound() -> None:
    """Have aiokafka decompress with these, in its fast and its plain way of reading."""
    ours = {
        "gzip_decode": ungzip,
        "snappy_decode": unsnappy,
        "lz4_decode": unlz4,
        "zstd_decode": unzstd,
    }
    for name, module in list(sys.modules.items()):
        if name.startswith("aiokafka.record."):
            for function in ours.keys() & vars(module).keys():
                setattr(module, function, ours[function])
