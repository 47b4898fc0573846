"""Makes events of what a source's SQL says: canonical JSON, valid by the same models as publishing.

What a source leaves unsaid is left out; an id is added once it is known what stands already.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import msgspec

from schemas.characters import refused_at_entry
from schemas.events import Event, Invalid, parse_event
from schemas.json_lines import Line, check
from schemas.problems import Problem
from schemas.wire import MAX_EVENT_BYTES

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
_CONTAINERS = frozenset({list, dict})
_AS_THEY_ARE = frozenset({str, int, bool})
_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder()


class StatementKey(NamedTuple):
    """What an event is about: a report of an incident, or a claim of a commitment (`whole`)."""

    kind: str
    conflict: str
    whole: str
    part: str

    def __str__(self) -> str:
        """The report's id, and the incident's where it is another."""
        return self.part if self.whole in {"", self.part} else f"{self.whole}/{self.part}"


@dataclass(slots=True)
class Making:
    """An event without its final id: what it is about, the rows that it was made of, its data."""

    key: StatementKey
    rows: Sequence[int]
    type: str
    said: str | None
    data: dict[str, Any]

    @property
    def text(self) -> bytes:
        """The JSON text of the data, always the same for the same data."""
        return _encoder.encode(self.data)


def make(rows: Sequence[int], kind: str, said: str | None, text: str) -> Making:
    """The event that a source's SQL says in these words."""
    data = plain(_decoder.decode(text))
    what, whole, part = KINDS.get(kind.partition(".")[0], ("", "", ""))
    key = StatementKey(
        what, str(data.get("conflict", "")), str(data.get(whole, "")), str(data.get(part, ""))
    )
    return Making(key, rows, kind, said, data)


def plain(value: Any) -> Any:  # noqa: ANN401 - JSON
    """JSON without what says nothing: empty members of objects, and the .0 of whole numbers."""
    kind = type(value)
    if kind is dict:
        return _plain_object(value)
    if kind is list:
        return [one if type(one) is str else plain(one) for one in value]
    if kind is float and value.is_integer():
        return int(value)
    return value


def _plain_object(value: dict[str, Any]) -> dict[str, Any]:
    found = {}
    for name, one in value.items():
        # As a loop, since it runs for each object of each event, and most members are text.
        if type(one) in _AS_THEY_ARE:
            found[name] = one
        elif one is not None:
            member = one if name in _KEPT else plain(one)
            if member or type(member) not in _CONTAINERS:
                found[name] = member
    return found


def event_id(
    key: StatementKey, kind: str, said: str | None, data: bytes, before: str | None
) -> str:
    """The id of the event; `before`: that of the last event about the same, if there was one.

    With it, content that comes back after a revision is another event, and not the first again.
    """
    content = _encoder.encode([key, kind, said, before]) + data
    digest = hashlib.sha256(content).hexdigest()[:DIGITS]
    return f"{key.part[:MOST_OF_A_NAME]}:{digest}"


def event_text(source: str, kind: str, said: str | None, data: bytes, identifier: str) -> bytes:
    """The JSON text of the event."""
    head = {"specversion": "1.0", "id": identifier, "source": source, "type": kind}
    if said is not None:
        head["time"] = said
    return _encoder.encode(head)[:-1] + b',"data":' + data + b"}"


def checked(
    source: str, making: Making, data: bytes, whence: tuple[str, int]
) -> Event | tuple[Problem, ...]:
    """The event, or what is wrong with it by the models of events. `data`: its text."""
    identifier = event_id(making.key, making.type, making.said, data, None)
    text = event_text(source, making.type, making.said, data, identifier)
    if making.key.kind == "claim" or len(text) > MAX_EVENT_BYTES:
        return check(Line(*whence, text))
    # What else `check` looks for, names that are given twice, cannot be in what was made here.
    try:
        event = parse_event(text)
    except Invalid as error:
        return error.problems
    return refused_at_entry(text) or event
