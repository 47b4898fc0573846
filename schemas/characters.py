"""Which characters an event may have where it enters: in identifiers, names and addresses.

Checked only when something is published or posted, never for what the log already holds. A log is
replayed in a rebuild, by a new worker, and by a later version, and must give the same verdicts:
what was accepted once stays accepted. So the parsing of events (`schemas.events`) refuses no more
than it did, and whatever is shown passes through `schemas.safe_text`.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from pydantic_core import from_json

from schemas.problems import MAX_PROBLEMS, Json, Path, Problem, listed
from schemas.safe_text import first_unfit, named

FREE_TEXT = frozenset({"as_stated", "other", "reason"})
"""Fields in the words of a source: these are kept as they are, whatever they contain."""
NAMES = frozenset({"name", "subject"})
"""Fields for people: these may have the joiners without which Persian and Hindi cannot be spelled.

Nothing else that is hidden may: two spellings of one name would be two independent reporters.
"""


def refused_at_entry(raw: bytes) -> tuple[Problem, ...]:
    """What is wrong with the characters of a valid event in the JSON text `raw`; mostly nothing."""
    # In plain ASCII the patterns of the fields have refused everything already.
    if raw.isascii() and b"\\u" not in raw:
        return ()
    found = islice(_unfit(from_json(raw), ()), MAX_PROBLEMS + 1)
    return listed(dict(found))


def _unfit(value: Json, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(value, dict):
        for name, one in value.items():
            yield from _looked_at(name, (*path, name), joiners=False)
            if name not in FREE_TEXT:
                yield from _unfit(one, (*path, name))
    elif isinstance(value, list):
        for number, one in enumerate(value):
            yield from _unfit(one, (*path, number))
    elif isinstance(value, str):
        yield from _looked_at(value, path, joiners=path[-1] in NAMES)


def _looked_at(text: str, path: Path, *, joiners: bool) -> Iterator[tuple[Path, str]]:
    char = first_unfit(text, joiners=joiners)
    if char is not None:
        yield path, f"{named(char)} is refused: it is not seen, or changes how the rest is shown"
