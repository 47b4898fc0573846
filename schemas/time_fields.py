"""The types of times in an event: RFC 3339 instants, and the bounds of a claim's window."""

from __future__ import annotations

import datetime as dt
import math
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated

from pydantic import (
    GetCoreSchemaHandler,
    PlainSerializer,
    PlainValidator,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from schemas.fields import TIME, ZONE, Choices, Frozen, NotNull
from schemas.time import (
    DAY,
    FIRST_INSTANT,
    LAST_INSTANT,
    OPEN,
    Bound,
    Instant,
    Limit,
    iso,
    to_instant,
)

_FLIGHT = re.compile(
    r"P(?:([0-9]{1,3})D)?"
    r"(?:T(?:([0-9]{1,5})H)?(?:([0-9]{1,6})M)?(?:([0-9]{1,8}(?:[.,][0-9]{1,6})?)S)?)?"
)
# What people write for a time, near enough to RFC 3339 for its meaning to be plain.
_LIKE_A_TIME = re.compile(
    r"\s*(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:(?P<between>[Tt]|[ _]+)(?P<clock>[0-9]{1,2}:[0-9]{2})"
    r"(?P<seconds>:[0-9]{2}(?:[.,][0-9]+)?)?"
    r"(?P<blank>\s*)(?P<offset>[Zz]|UTC|GMT|[+-][0-9]{1,2}(?::?[0-9]{2})?)?)?\s*"
)
_CLOCK = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9])?")


def read_instant(value: str) -> Instant:
    """The instant of a text like RFC 3339's. Digits beyond the microsecond are cut off."""
    try:
        return to_instant(dt.datetime.fromisoformat(value))
    except ValueError as error:
        if value != value.upper():
            return read_instant(value.upper())
        reason = f"no such time: {error}"
        if not value.endswith("Z") and value[-6] not in "+-":
            reason = f"needs an offset, e.g. {value}Z for UTC"
        elif value[17:19] == "60":
            reason = "leap seconds are not kept; give second 59, or the minute that follows"
        raise PydanticCustomError("time", "{reason}", {"reason": reason}) from None


def mended_time(value: str) -> str | None:
    """What `value` lacks to be a time of RFC 3339, and how it is written; None: not known."""
    found = _LIKE_A_TIME.fullmatch(value)
    if found is None:
        return None
    lacks, clock, offset = [], found["clock"], found["offset"]
    if clock is None:
        return (
            f"expected a time of day and an offset, too, e.g. {found['date']}T00:00:00Z; a whole "
            "day has a start and an end"
        )
    if found["between"].upper() != "T":
        lacks.append("a T between date and time")
    if found["seconds"] is None:
        lacks.append("the seconds")
    if offset is None:
        lacks.append("an offset")
    elif offset.upper() != "Z" and ":" not in offset:
        lacks.append("a colon in the offset" if offset[0] in "+-" else "an offset in digits, or Z")
    seconds = (found["seconds"] or ":00").replace(",", ".")
    mended = f"{found['date']}T{clock:0>5}{seconds}{_offset(offset)}"
    try:
        read_instant(mended)
    except PydanticCustomError:
        return None
    expected = f"expected {', '.join(lacks) or 'the form of RFC 3339'}"
    return f"{expected}; {'did you mean' if offset else 'in UTC it would be'} {mended}"


def _offset(given: str | None) -> str:
    if given is None or given[0] not in "+-":
        return "Z"
    hours, minutes = given[1:].replace(":", "")[:-2], given[-2:]
    if len(given) <= 3:  # noqa: PLR2004 - a sign and hours
        hours, minutes = given[1:], "00"
    return f"{given[0]}{hours:0>2}:{minutes}"


def _time(limit: Limit | None) -> str | None:
    return None if limit is None or not FIRST_INSTANT <= limit <= LAST_INSTANT else iso(limit)


class _TimeSchema:
    """A text whose form is checked by the compiled validator, and only its meaning here."""

    def __get_pydantic_core_schema__(self, _: object, __: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(
            read_instant,
            core_schema.str_schema(pattern=TIME, max_length=60),
            serialization=core_schema.plain_serializer_function_ser_schema(iso, when_used="json"),
        )


Time = Annotated[
    Instant,
    _TimeSchema(),
    WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-01-30T09:00:00Z"]}),
]
TimeOrAbsent = Annotated[
    Instant | None,
    NotNull(Time),
    PlainSerializer(_time, when_used="json"),
]


LONGEST_FLIGHT = DAY
"""The longest, and the usual, time between a launch and its impact: no missile or drone flies for
longer."""


def read_flight(value: str) -> int:
    """The microseconds of an ISO 8601 duration of hours, minutes and seconds, 24 hours at most."""
    found = _FLIGHT.fullmatch(value)
    if found is not None and any(found.groups()):
        days, hours, minutes, seconds = (
            Decimal((part or "0").replace(",", ".")) for part in found.groups()
        )
        whole = ((days * 24 + hours) * 60 + minutes) * 60 + seconds
        if whole <= LONGEST_FLIGHT // 1_000_000:
            return int(whole * 1_000_000)
    raise PydanticCustomError(
        "flight", "expected an ISO 8601 duration of at most PT24H, e.g. PT2M or PT1H30M"
    )


def _flight(microseconds: int) -> str:
    seconds = Decimal(microseconds) / 1_000_000
    return f"PT{seconds.normalize():f}S"


class _FlightSchema:
    def __get_pydantic_core_schema__(self, _: object, __: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(
            read_flight,
            core_schema.str_schema(max_length=60),
            serialization=core_schema.plain_serializer_function_ser_schema(
                _flight, when_used="json"
            ),
        )


Flight = Annotated[
    int,
    _FlightSchema(),
    WithJsonSchema({"type": "string", "format": "duration", "examples": ["PT2M"]}),
]


Zone = Annotated[
    str,
    StringConstraints(max_length=200, pattern=ZONE),
    WithJsonSchema({"type": "string", "examples": ["Europe/Kyiv"]}),
]
"""The name of an IANA time zone. One that is not known here is refused where an event is entered,
but not in the log: what stands there must not depend on the release of the time zones."""


def read_clock(value: object) -> dt.time:
    """A time of day, to the minute or to the second."""
    if not isinstance(value, str) or not _CLOCK.fullmatch(value):
        raise PydanticCustomError("clock", "expected a time of day from 00:00 to 23:59, e.g. 08:00")
    return dt.time.fromisoformat(value)


Clock = Annotated[
    dt.time,
    PlainValidator(read_clock),
    PlainSerializer(dt.time.isoformat, when_used="json"),
    WithJsonSchema({"type": "string", "pattern": f"^{_CLOCK.pattern}$", "examples": ["08:00"]}),
]


class UncertainBound(Frozen):
    """A bound of which only limits are known; null, or none, is a limit that is not known."""

    earliest: Time | None = None
    latest: Time | None = None

    @model_validator(mode="after")
    def _in_order(self) -> UncertainBound:
        if None not in (self.earliest, self.latest) and self.bound.earliest > self.bound.latest:
            raise PydanticCustomError(
                "order", "expected 'latest' not to be before 'earliest'", {"field": "latest"}
            )
        return self

    @property
    def bound(self) -> Bound:
        """The bound that it is."""
        return Bound(
            -math.inf if self.earliest is None else self.earliest,
            math.inf if self.latest is None else self.latest,
        )


def _refuse_null(_: None) -> Bound:
    raise PydanticCustomError("null", "a start cannot be null; leave it out if it is not known")


def _bound_json(bound: Bound) -> object:
    if bound == OPEN:
        return None
    if bound.earliest == bound.latest:
        return _time(bound.earliest)
    return {"earliest": _time(bound.earliest), "latest": _time(bound.latest)}


@dataclass(frozen=True, slots=True)
class _BoundSchema:
    """An instant, or an uncertain bound; a null is an open end, and refused for a start."""

    end: bool

    def __get_pydantic_core_schema__(self, _: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        after = core_schema.no_info_after_validator_function
        null = after((lambda _: OPEN) if self.end else _refuse_null, core_schema.none_schema())
        choices: Choices = [
            (after(Bound.at, handler.generate_schema(Time)), "<string>"),
            (after(lambda it: it.bound, handler.generate_schema(UncertainBound)), "<object>"),
            (null, "<null>"),
        ]
        return core_schema.union_schema(
            choices,
            mode="left_to_right",
            serialization=core_schema.plain_serializer_function_ser_schema(
                _bound_json, when_used="json"
            ),
        )


_BOUNDS = [
    {"type": "string", "format": "date-time"},
    {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            name: {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]}
            for name in ("earliest", "latest")
        },
    },
]
Start = Annotated[Bound, _BoundSchema(end=False), WithJsonSchema({"anyOf": _BOUNDS})]
End = Annotated[
    Bound, _BoundSchema(end=True), WithJsonSchema({"anyOf": [*_BOUNDS, {"type": "null"}]})
]
