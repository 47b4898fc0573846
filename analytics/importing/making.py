"""Makes events of what a source's SQL says: canonical JSON, valid by the same models as publishing.

What a source leaves unsaid is left out; an id is added once it is known what stands already.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import msgspec

from schemas.events import Event
from schemas.json_lines import Line, check
from schemas.problems import Problem

MOST_OF_A_NAME = 150
"""How much of a report's id begins that of its event, in characters."""
DIGITS = 16
KINDS = {
    "incident": ("report", "incident_id", "report_id"),
    "commitment": ("claim", "commitment_id", "claim_id"),
    "coverage": ("coverage", "", "coverage_id"),
}
"""By the first word of an event's type: what it is about, and the ids that name it."""
_KEPT = frozenset({"window"})
_NOTHING: tuple[object, ...] = (None, [], {})
_encoder = msgspec.json.Encoder()


class Key(NamedTuple):
    """What an event is about: a report of an incident, or a claim of a commitment (`whole`)."""

    kind: str
    conflict: str
    whole: str
    part: str

    def __str__(self) -> str:
        """The report's id, and the incident's where it is another."""
        return self.part if self.whole in {"", self.part} else f"{self.whole}/{self.part}"


@dataclass(frozen=True, slots=True)
class Making:
    """An event without its final id: what it is about, the rows that it was made of, its data."""

    key: Key
    rows: Sequence[int]
    type: str
    said: str | None
    data: dict[str, Any]

    @property
    def retracts(self) -> bool:
        """Does it take something back?"""
        return self.type.endswith("retracted")


def make(rows: Sequence[int], kind: str, said: str | None, text: str) -> Making:
    """The event that a source's SQL says in these words."""
    data = plain(msgspec.json.decode(text))
    what, whole, part = KINDS.get(kind.partition(".")[0], ("", "", ""))
    key = Key(what, *(str(data.get(name, "")) for name in ("conflict", whole, part)))
    return Making(key, rows, kind, said, data)


def plain(value: Any, *, keep: bool = False) -> Any:  # noqa: ANN401 - JSON
    """JSON without what says nothing: empty members of objects, and the .0 of whole numbers."""
    if isinstance(value, dict):
        members = ((name, plain(one, keep=keep or name in _KEPT)) for name, one in value.items())
        return {name: one for name, one in members if keep or one not in _NOTHING}
    if isinstance(value, list):
        return [plain(one, keep=keep) for one in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def event_id(making: Making, before: str | None) -> str:
    """The id of the event; `before`: that of the last event about the same, if there was one.

    With it, content that comes back after a revision is another event, and not the first again.
    """
    content = _encoder.encode([making.key, making.type, making.said, making.data, before])
    digest = hashlib.sha256(content).hexdigest()[:DIGITS]
    return f"{making.key.part[:MOST_OF_A_NAME]}:{digest}"


def event_text(source: str, making: Making, identifier: str) -> bytes:
    """The JSON text of the event."""
    said = {} if making.said is None else {"time": making.said}
    return _encoder.encode(
        {
            "specversion": "1.0",
            "id": identifier,
            "source": source,
            "type": making.type,
            **said,
            "data": making.data,
        }
    )


def checked(source: str, making: Making, whence: tuple[str, int]) -> Event | tuple[Problem, ...]:
    """The event, or what is wrong with it by the models of events."""
    file, line = whence
    return check(Line(file, line, event_text(source, making, event_id(making, None))))


def chunks(found: Iterator[Making], most: int) -> Iterator[list[Making]]:
    """Lists of so many at most."""
    held: list[Making] = []
    for one in found:
        held.append(one)
        if len(held) >= most:
            yield held
            held = []
    if held:
        yield held
