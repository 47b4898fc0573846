"""64-bit keys made of identifiers, and a compact set of them.

A key that is in the set may still be another's: only the database says for certain.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable
from functools import lru_cache
from hashlib import blake2b
from typing import Any

import numpy as np

Keys = np.ndarray[Any, np.dtype[np.int64]]

_SHIFT = 64 - 12
_ALL_BITS = (1 << 64) - 1
# The golden ratio in 64 bits, as in Fibonacci hashing.
_ODD = 0x9E3779B97F4A7C15
_EMPTY = array("q")


@lru_cache(maxsize=16_384)
def key_of(*names: str) -> int:
    """A number for these names in this order; the same for ever, on every machine."""
    # The separator is a control character: no identifier has one.
    digest = blake2b("\x1f".join(names).encode(), digest_size=8).digest()
    # Signed: pyarrow, through which the keys pass, compares no unsigned 64-bit literals.
    return int.from_bytes(digest, "big", signed=True)


def joined(one: int, other: int) -> int:
    """A key for two things of which these are the keys, in this order."""
    mixed = (one * _ODD + other) & _ALL_BITS
    return mixed - (1 << 64) if mixed >> 63 else mixed


def joined_all(ones: Keys, others: Keys) -> Keys:
    """`joined` of each of these pairs."""
    mixed = ones.view(np.uint64) * np.uint64(_ODD) + others.view(np.uint64)
    return mixed.view(np.int64)


class KeySet:
    """A set of keys in 8 bytes each: a Python set would take ten times that."""

    def __init__(self) -> None:
        self._buckets: defaultdict[int, array[int]] = defaultdict(lambda: array("q"))
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def __contains__(self, key: int) -> bool:
        bucket = self._buckets.get(key >> _SHIFT, _EMPTY)
        place = bisect_left(bucket, key)
        return place < len(bucket) and bucket[place] == key

    def update(self, keys: Iterable[int]) -> None:
        """Put in all of `keys`. Quickest in ascending order, and slow in no order."""
        for key in keys:
            bucket = self._buckets[key >> _SHIFT]
            place = bisect_left(bucket, key)
            if place == len(bucket) or bucket[place] != key:
                bucket.insert(place, key)
                self._size += 1
