"""What the system lets this process have of memory, where that is less than a worker takes.

Address space is what `ulimit -v` counts: all that is mapped, of which most is never touched.
"""

from __future__ import annotations

import resource

from analytics.storage.place import bytes_of
from streams.settings import Settings

MIB = 2**20
# Measured with one worker that did nothing: with less than the first, a library that cannot have
# a thread or a map more ends the process; it maps the second on top of its engine's memory.
LEAST = 3_000 * MIB
USUAL = 3_600 * MIB


def what_is_wrong(settings: Settings) -> tuple[str, bool] | None:
    """What to say of a `ulimit -v` that is low, and whether no worker starts with it."""
    limit = address_space()
    usual = USUAL + bytes_of(settings.memory)
    if limit is None or limit >= usual:
        return None
    is_too_low = limit < LEAST
    least = LEAST if is_too_low else usual
    return (
        f"`ulimit -v` lets a worker map {limit // MIB:,} MiB only, and "
        + ("it does not start with less than" if is_too_low else "it may want")
        + f" {least // MIB:,} MiB (TRUCE_MEMORY={settings.memory}), most of which it never touches:"
        " set `ulimit -v unlimited`, and limit what it uses by a cgroup",
        is_too_low,
    )


def address_space() -> int | None:
    """How much this process may map, in bytes; None: as much as there is."""
    soft, _ = resource.getrlimit(resource.RLIMIT_AS)
    return None if soft == resource.RLIM_INFINITY else soft


def in_words() -> str:
    """What is to be added where it is said how much memory there was."""
    limit = address_space()
    return "" if limit is None else f", and `ulimit -v` lets it map {limit // MIB:,} MiB"
