"""64-bit keys hashed from identifiers, and a compact set of them.

Keys may collide: whether an identifier is known, only the database says for certain.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from hashlib import blake2b
from typing import Any

import numpy as np

Numbers = np.ndarray[Any, np.dtype[np.int64]]
Keys = Numbers
Flags = np.ndarray[Any, np.dtype[np.bool_]]

_ALL_BITS = (1 << 64) - 1
# The golden ratio in 64 bits, as in Fibonacci hashing.
_ODD = 0x9E3779B97F4A7C15


def new_key_of(*names: str) -> int:
    """`key_of` for names that rarely recur: not cached."""
    # The separator is a control character: no identifier has one.
    digest = blake2b("\x1f".join(names).encode(), digest_size=8).digest()
    # Signed: pyarrow, through which the keys pass, compares no unsigned 64-bit literals.
    return int.from_bytes(digest, "big", signed=True)


@lru_cache(maxsize=16_384)
def key_of(*names: str) -> int:
    """A number for these names in this order; stable for ever, on every machine."""
    return new_key_of(*names)


def joined(one: int, other: int) -> int:
    """A key for the pair of things with these keys, in this order."""
    mixed = (one * _ODD + other) & _ALL_BITS
    return mixed - (1 << 64) if mixed >> 63 else mixed


def joined_all(ones: Keys, others: Keys) -> Keys:
    """`joined` of each of these pairs."""
    mixed = ones.view(np.uint64) * np.uint64(_ODD) + others.view(np.uint64)
    return mixed.view(np.int64)


def given_once(keys: Keys) -> Flags:
    """Which of these occur exactly once."""
    _, number, counts = np.unique(keys, return_inverse=True, return_counts=True)
    once: Flags = (counts == 1)[number]
    return once


class KeySet:
    """A set of keys in 8 bytes each, twice that during updates: a Python set takes 80.

    Looked up and updated in bulk. Sorted runs, each more than twice as long as the next.
    """

    def __init__(self) -> None:
        self._runs: list[Keys] = []

    def __len__(self) -> int:
        return sum(map(len, self._runs))

    def update(self, keys: Iterable[int] | Keys) -> None:
        """Add all of `keys`."""
        given = np.unique(keys if isinstance(keys, np.ndarray) else np.fromiter(keys, np.int64))
        run = given[~self.contains(given)]
        while self._runs and len(self._runs[-1]) <= 2 * len(run):
            # A stable sort of two runs only merges them.
            run = np.sort(np.concatenate((self._runs.pop(), run)), kind="stable")
        if len(run):
            self._runs.append(run)

    def contains(self, keys: Keys) -> Flags:
        """Which of these are in the set."""
        contained = np.zeros(len(keys), np.bool_)
        for run in self._runs:
            places = np.minimum(run.searchsorted(keys), len(run) - 1)
            contained |= run[places] == keys
        return contained
