"""Decodes records into events, and back: CloudEvents 1.0, structured JSON mode, single or batch.

Nothing that arrives can raise here. What cannot be read comes back as `Rejected`, byte for byte.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import msgspec

from schemas.events import ClaimEvent, Event, Invalid, NotJson, Problem, parse_event
from schemas.fields import UNKNOWN_ZONE
from schemas.repeated_keys import RepeatedError, are_plainly_once, check_names
from schemas.safe_text import for_terminal
from schemas.time import zone_names

CONTENT_TYPE_EVENT = "application/cloudevents+json"
CONTENT_TYPE_BATCH = "application/cloudevents-batch+json"
# DuckDB cannot checkpoint many texts above some 128 KB in little memory.
MAX_EVENT_BYTES = 96 * 1024
MAX_RECORD_BYTES = 16 * 1024 * 1024
MAX_BATCH_EVENTS = 10_000
MAX_PROBLEMS_SAID = 2_000
"""After this many problems in a record, further invalid events are named without reasons."""

Reason = Literal["not_json", "invalid", "key_mismatch", "too_large", "id_reused"]
REASONS: tuple[Reason, ...] = ("not_json", "invalid", "key_mismatch", "too_large", "id_reused")

_BLANK = b" \t\r\n"
_JSON_TYPE = re.compile(r"\s*(?:text|application)/(?:[^\s;/]+\+)?json\s*(?:;.*)?", re.IGNORECASE)
_TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+"?+|[\[\]{},]', re.DOTALL)
_CLOSING = {b"[": b"]", b"{": b"}"}
_batch = msgspec.json.Decoder(list[msgspec.Raw])


class Accepted(msgspec.Struct, frozen=True):
    """One event, its JSON text as it was sent, and its place in the batch (0 if it came alone)."""

    event: Event
    raw: str
    index: int


@dataclass(frozen=True, slots=True)
class Rejected:
    """What could not be accepted and why; `index` is None for the record as a whole."""

    reason: Reason
    problems: tuple[Problem, ...]
    raw: bytes
    index: int | None


class _MalformedError(ValueError):
    """A batch whose events cannot even be separated."""


def decode(
    value: bytes | None, key: bytes | None, content_type: str | None = None
) -> list[Accepted | Rejected]:
    """The events of one record, in order, each accepted or rejected on its own.

    A record holds one event or a JSON array of them, whichever of the two its content type says.
    One that is not JSON, too large, or a malformed array is rejected as a whole.
    """
    if value is None:
        return [_whole("not_json", "a record without a value", b"")]
    if len(value) > MAX_RECORD_BYTES:
        return [_whole("too_large", f"expected at most {MAX_RECORD_BYTES:,} bytes", value)]
    if content_type is not None and not _JSON_TYPE.fullmatch(content_type):
        return [_whole("not_json", f"expected the content type {CONTENT_TYPE_EVENT}", value)]
    return [_keyed(one, key, value) for one in decode_text(value)]


def decode_text(value: bytes, *, most_said: int = MAX_PROBLEMS_SAID) -> list[Accepted | Rejected]:
    """The events of a JSON text, an event or an array of them, whatever their conflict.

    After `most_said` problems, invalid events are named without reasons, which is faster.
    """
    text = value.strip(_BLANK)
    return _several(value, text, most_said) if text.startswith(b"[") else [_alone(value, text)]


def _keyed(one: Accepted | Rejected, key: bytes | None, value: bytes) -> Accepted | Rejected:
    if isinstance(one, Rejected) or key == one.event.data.conflict.encode():
        return one
    why = "expected to be the same as the record's key"
    raw = one.raw.encode() if value.lstrip(_BLANK).startswith(b"[") else value
    return Rejected("key_mismatch", (Problem("data.conflict", why),), raw, one.index)


def _alone(value: bytes, text: bytes) -> Accepted | Rejected:
    one = _event(text, 0)
    if isinstance(one, Accepted):
        return one
    return replace(one, raw=value, index=None if one.reason == "not_json" else 0)


def _several(value: bytes, text: bytes, most_said: int) -> list[Accepted | Rejected]:
    try:
        raws = _elements(text)
    except _MalformedError as error:
        return [_whole("not_json", f"not JSON: {error}", value)]
    if len(raws) > MAX_BATCH_EVENTS:
        return [_whole("too_large", f"expected at most {MAX_BATCH_EVENTS:,} events", value)]
    found: list[Accepted | Rejected] = []
    for index, raw in enumerate(raws):
        one = _parsed(raw, index, explain=most_said > 0)
        if isinstance(one, Rejected):
            most_said -= len(one.problems)
        found.append(one)
    accepted = [one.event for one in found if isinstance(one, Accepted)]
    if len(accepted) == len(found) and are_plainly_once(text, *accepted):
        return found
    return [_checked(one) for one in found]


def encode_batch(raws: Sequence[str | bytes]) -> bytes:
    """The JSON array of events whose JSON texts are `raws`, which stay as they are."""
    texts = (raw.encode() if isinstance(raw, str) else raw for raw in raws)
    return b"[" + b",".join(texts) + b"]"


def headers(content_type: str = CONTENT_TYPE_EVENT) -> tuple[tuple[str, bytes], ...]:
    """The headers of a record of events."""
    return (("content-type", content_type.encode()),)


def _whole(reason: Reason, why: str, value: bytes) -> Rejected:
    return Rejected(reason, (Problem("", why),), value, None)


def _event(raw: bytes, index: int) -> Accepted | Rejected:
    return _checked(_parsed(raw, index))


def _parsed(raw: bytes, index: int, *, explain: bool = True) -> Accepted | Rejected:
    """An event, of which the names are still to be checked."""
    if len(raw) > MAX_EVENT_BYTES:
        why = f"expected at most {MAX_EVENT_BYTES:,} bytes in an event"
        return Rejected("too_large", (Problem("", why),), raw, index)
    try:
        event = parse_event(raw, explain=explain)
    except Invalid as error:
        return _invalid(error, raw, index)
    return Accepted(event, raw.decode(), index)


def _checked(one: Accepted | Rejected) -> Accepted | Rejected:
    if isinstance(one, Rejected):
        return one
    raw = one.raw.encode()
    try:
        _check_names(raw, one.event)
    except Invalid as error:
        return _invalid(error, raw, one.index)
    return one


def _invalid(error: Invalid, raw: bytes, index: int) -> Rejected:
    reason: Reason = "not_json" if isinstance(error, NotJson) else "invalid"
    return Rejected(reason, error.problems, raw, index)


def read_event(raw: bytes, *, explain: bool = True) -> Event:
    """The event in the JSON text `raw`, if all who read it read the same.

    Raises Invalid (NotJson), as `parse_event` does, also for what that passes over: a name that is
    given twice, of which some take the first and some the last, and NaN in a field that it hides;
    and for a time zone that is not known here, with which nothing could be judged.
    """
    event = parse_event(raw, explain=explain)
    _check_names(raw, event)
    if isinstance(event, ClaimEvent):
        problems = [
            Problem(f"data.window.{number}.{name}", UNKNOWN_ZONE)
            for number, entry in enumerate(event.data.window)
            for name, zone in (
                ("zone", entry.zone),
                ("daily.zone", entry.daily and entry.daily.zone),
            )
            if zone is not None and zone not in zone_names()
        ]
        if problems:
            raise Invalid(tuple(problems))
    return event


def _check_names(raw: bytes, event: Event) -> None:
    try:
        check_names(raw, event)
    except RepeatedError as error:
        problem = Problem(for_terminal(str(error)), "given more than once; which is meant?")
        raise Invalid((problem,)) from None
    except (ValueError, RecursionError) as error:
        raise NotJson((Problem("", f"not JSON: {str(error)[:200]}"),)) from None


def _elements(text: bytes) -> list[bytes]:
    """The exact bytes of each element of a JSON array."""
    try:
        return [bytes(raw).strip(_BLANK) for raw in _batch.decode(text)]
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        # One element that is not JSON must not take the others with it.
        return list(_split(text))


def _split(text: bytes) -> Iterator[bytes]:
    """The elements of an array of which only brackets, commas and strings are looked at."""
    open_: list[bytes] = []
    start = 1
    for match in _TOKEN.finditer(text):
        token = match.group()
        if token in _CLOSING:
            open_.append(_CLOSING[token])
        elif token == b"," and len(open_) == 1:
            yield _element(text[start : match.start()])
            start = match.end()
        elif token in (b"]", b"}"):
            if not open_ or open_.pop() != token:
                break
            if not open_:
                if match.end() < len(text):
                    break
                yield _element(text[start : match.start()])
                return
    msg = "an array that does not hold together"
    raise _MalformedError(msg)


def _element(text: bytes) -> bytes:
    stripped = text.strip(_BLANK)
    if not stripped:
        msg = "an array with an empty place"
        raise _MalformedError(msg)
    return stripped
