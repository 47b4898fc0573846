"""The types of single fields in an event: texts, numbers, terms and places.

Constraints live on the types, so that the compiled validator checks them; a JSON null means what
each type says and nothing by accident.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    ConfigDict,
    GetCoreSchemaHandler,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from schemas.places import (
    CODE,
    MAX_RADIUS_KM,
    MOST_ALTERNATIVES,
    MOST_CODES,
    AreaPart,
    OneOf,
    Place,
    Point,
    Polygonal,
    polygonal,
)
from schemas.vocabulary import ACTS, TARGETS

MAX_ENTRIES = 1_000
MAX_NUMBER = 10**12

_CONTROL = r"\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069"
IDENTIFIER = rf"^[^\s{_CONTROL}](?:[^{_CONTROL}]*[^\s{_CONTROL}])?$"
TEXT = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$"
URI = r"^[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\x22\x00-\x1f\x7f]+$"
WEB_ADDRESS = r"^[Hh][Tt][Tt][Pp][Ss]?://[^\s<>\x22\x00-\x1f\x7f]+$"
URI_REFERENCE = r"^[^\s<>\x22\x00-\x1f\x7f]+$"
JSON_TYPE = r"^[Aa][Pp][Pp][Ll][Ii][Cc][Aa][Tt][Ii][Oo][Nn]/(?:[^\s;]+\+)?[Jj][Ss][Oo][Nn](?:;.*)?$"
TIME = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}"
    r"(?:\.[0-9]+)?(?:[Zz]|[+-][0-9]{2}:[0-5][0-9])?$"
)

ZONE = r"^[A-Za-z][A-Za-z0-9_+-]*(?:/[A-Za-z0-9_+-]+)*$"

UNKNOWN_ZONE = "expected an IANA time zone, e.g. Europe/Kyiv"

PATTERNS: Mapping[str, str] = {
    IDENTIFIER: "expected no control characters, and no blanks at either end",
    TEXT: "expected no control characters other than tabs and line breaks",
    URI: "expected an absolute URI, e.g. https://desk.example/report",
    WEB_ADDRESS: "expected a web address, e.g. https://desk.example/report",
    CODE: "expected an ISO 3166-1 alpha-2 or ISO 3166-2 code, e.g. UA or UA-30",
    URI_REFERENCE: "expected a URI reference, e.g. https://desk.example/ua",
    JSON_TYPE: "expected application/json",
    ZONE: UNKNOWN_ZONE,
    TIME: "expected an RFC 3339 time, e.g. 2026-01-30T09:00:00Z",
}
"""What each pattern expects, in words."""

Choices = list[CoreSchema | tuple[CoreSchema, str]]
"""The members of a union, each labelled with the JSON type that it is for, or `<other>`."""

Identifier = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=IDENTIFIER)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=500, pattern=IDENTIFIER)]
Text = Annotated[str, StringConstraints(max_length=20_000, pattern=TEXT)]
Uri = Annotated[str, StringConstraints(max_length=4_000, pattern=URI)]
WebAddress = Annotated[str, StringConstraints(max_length=4_000, pattern=WEB_ADDRESS)]
Source = Annotated[str, StringConstraints(min_length=1, max_length=4_000, pattern=URI_REFERENCE)]
JsonType = Annotated[str, StringConstraints(max_length=200, pattern=JSON_TYPE)]


class Frozen(BaseModel):
    """An immutable JSON object that has no fields other than its own."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


@dataclass(frozen=True, slots=True)
class NullIs:
    """A JSON null is the same as leaving the field out: `value`."""

    value: object

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        null = core_schema.no_info_after_validator_function(
            lambda _: self.value, core_schema.none_schema()
        )
        choices: Choices = [
            (handler(source), "<other>"),
            (null, "<null>"),
        ]
        return core_schema.union_schema(choices, mode="left_to_right")


@dataclass(frozen=True, slots=True)
class NotNull:
    """The field may be left out (None), but a JSON null says nothing clear and is refused."""

    kind: Any

    def __get_pydantic_core_schema__(self, _: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return handler.generate_schema(self.kind)


@dataclass(frozen=True, slots=True)
class _NumberSchema:
    def __get_pydantic_core_schema__(self, _: object, __: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.union_schema(_numbers(), mode="left_to_right")


def _numbers() -> Choices:
    whole = core_schema.int_schema(strict=True, ge=0, le=MAX_NUMBER)
    fraction = core_schema.float_schema(strict=True, ge=0, le=MAX_NUMBER, allow_inf_nan=False)
    return [(whole, "<int>"), (fraction, "<float>")]


Number = Annotated[int | float, _NumberSchema()]


class Range(Frozen):
    """A number of which only limits are known; null, or none, is a limit that is not known."""

    min: Number | None = None
    max: Number | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Range:
        low, high = self.min, self.max
        if low is None and high is None:
            raise PydanticCustomError("empty", "expected 'min', 'max' or both")
        if low is not None and high is not None and low > high:
            raise PydanticCustomError(
                "order", "expected 'max' not to be less than 'min'", {"field": "max"}
            )
        return self


@dataclass(frozen=True, slots=True)
class _CountSchema:
    def __get_pydantic_core_schema__(self, _: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        choices: Choices = [*_numbers(), (handler.generate_schema(Range), "<object>")]
        return core_schema.union_schema(choices, mode="left_to_right")


Count = Annotated[int | float | Range, _CountSchema()]


@dataclass(frozen=True, slots=True)
class _OneOf:
    terms: tuple[str, ...]

    def __get_pydantic_core_schema__(self, _: object, __: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.literal_schema(list(self.terms))


Act = Annotated[str, _OneOf(tuple(ACTS))]
Target = Annotated[str, _OneOf(tuple(TARGETS))]


_CODE = core_schema.str_schema(pattern=CODE)


def _of_one_place(codes: tuple[str, ...]) -> tuple[str, ...]:
    if len({code.partition("-")[0] for code in codes}) > 1:
        raise PydanticCustomError("codes", "expected codes of one country: it is one place")
    return codes


_CODES = core_schema.no_info_after_validator_function(
    _of_one_place, core_schema.tuple_variable_schema(_CODE, max_length=MOST_CODES)
)


def _degrees(limit: int) -> CoreSchema:
    return core_schema.float_schema(strict=True, ge=-limit, le=limit, allow_inf_nan=False)


def _point_schema() -> CoreSchema:
    radius = core_schema.float_schema(strict=True, ge=0, le=MAX_RADIUS_KM, allow_inf_nan=False)
    parameter = core_schema.arguments_parameter
    return core_schema.call_schema(
        core_schema.arguments_schema(
            [
                parameter("lat", _degrees(90), mode="keyword_only"),
                parameter("lon", _degrees(180), mode="keyword_only"),
                parameter(
                    "radius_km",
                    core_schema.with_default_schema(radius, default=0.0),
                    mode="keyword_only",
                ),
                parameter(
                    "codes",
                    core_schema.with_default_schema(_CODES, default=()),
                    mode="keyword_only",
                ),
            ]
        ),
        Point,
    )


def _one_of_schema() -> CoreSchema:
    certain = core_schema.union_schema(_certain_places(), mode="left_to_right")
    several = core_schema.tuple_variable_schema(certain, min_length=2, max_length=MOST_ALTERNATIVES)
    parameter = core_schema.arguments_parameter("one_of", several, mode="keyword_only")
    return core_schema.call_schema(core_schema.arguments_schema([parameter]), OneOf)


def _certain_places() -> Choices:
    return [(_CODE, "<string>"), (_point_schema(), "<object>")]


def _place_json(place: Place) -> object:
    if isinstance(place, str):
        return place
    if isinstance(place, OneOf):
        return {"one_of": [_place_json(one) for one in place.one_of]}
    said = place._asdict()
    return said if place.codes else {name: said[name] for name in said if name != "codes"}


class _PlaceSchema:
    """An ISO code, a point with a radius of 0 if that is left out, or one of several of these."""

    def __get_pydantic_core_schema__(self, _: object, __: GetCoreSchemaHandler) -> CoreSchema:
        choices: Choices = [*_certain_places(), (_one_of_schema(), "<one_of>")]
        return core_schema.union_schema(
            choices,
            mode="left_to_right",
            serialization=core_schema.plain_serializer_function_ser_schema(
                _place_json, when_used="json"
            ),
        )


class _AreaPartSchema:
    """An ISO code, or a bare GeoJSON Polygon or MultiPolygon."""

    def __get_pydantic_core_schema__(self, _: object, __: GetCoreSchemaHandler) -> CoreSchema:
        choices: Choices = [
            (_CODE, "<string>"),
            (core_schema.no_info_plain_validator_function(_geometry), "<object>"),
        ]
        return core_schema.union_schema(
            choices,
            mode="left_to_right",
            serialization=core_schema.plain_serializer_function_ser_schema(
                lambda part: part if isinstance(part, str) else json.loads(part.geojson),
                when_used="json",
            ),
        )


def _geometry(value: object) -> Polygonal:
    try:
        return polygonal(value)
    except ValueError as error:
        raise PydanticCustomError("geometry", "{reason}", {"reason": str(error)}) from None


_CODE_JSON = {"type": "string", "pattern": CODE, "examples": ["UA-30"]}
_POINT_JSON = {
    "type": "object",
    "additionalProperties": False,
    "required": ["lat", "lon"],
    "properties": {
        "lat": {"type": "number", "minimum": -90, "maximum": 90},
        "lon": {"type": "number", "minimum": -180, "maximum": 180},
        "radius_km": {"type": "number", "minimum": 0, "maximum": MAX_RADIUS_KM, "default": 0},
        "codes": {"type": "array", "maxItems": MOST_CODES, "items": _CODE_JSON, "default": []},
    },
}
_ONE_OF_JSON = {
    "type": "object",
    "additionalProperties": False,
    "required": ["one_of"],
    "properties": {
        "one_of": {
            "type": "array",
            "minItems": 2,
            "maxItems": MOST_ALTERNATIVES,
            "items": {"anyOf": [_CODE_JSON, _POINT_JSON]},
        }
    },
}
_GEOMETRY_JSON = {
    "type": "object",
    "additionalProperties": False,
    "required": ["type", "coordinates"],
    "properties": {
        "type": {"enum": ["Polygon", "MultiPolygon"]},
        "coordinates": {"type": "array", "minItems": 1},
        "bbox": {"type": "array"},
    },
}
PlaceField = Annotated[
    Place,
    _PlaceSchema(),
    WithJsonSchema({"anyOf": [_CODE_JSON, _POINT_JSON, _ONE_OF_JSON]}),
]
AreaField = Annotated[
    AreaPart, _AreaPartSchema(), WithJsonSchema({"anyOf": [_CODE_JSON, _GEOMETRY_JSON]})
]
