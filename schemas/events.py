"""The event types of the log, and how one is parsed: anything else is refused.

An event is a CloudEvent 1.0 in JSON; its `type` says which it is.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated, Literal, get_args

from pydantic import Field, TypeAdapter, ValidationError
from pydantic_core import from_json

from schemas.claims import (
    Assertion,
    Claimant,
    ClaimRetraction,
    Conditions,
    Denial,
    Prohibition,
    WindowEntry,
)
from schemas.coverage import Coverage
from schemas.fields import Count, Frozen, Identifier, JsonType, Name, Range, Source, Uri
from schemas.problems import Invalid, Json, NotJson, Path, Problem, collect, listed, not_one_of
from schemas.reports import (
    Actor,
    Impact,
    Occurred,
    Report,
    ReportDenial,
    Reporter,
    ReportRetraction,
    Weapon,
)
from schemas.time_fields import Time

__all__ = [
    "EVENT_TYPES",
    "Actor",
    "Assertion",
    "ClaimEvent",
    "ClaimRetractedEvent",
    "ClaimRetraction",
    "Claimant",
    "Conditions",
    "Count",
    "Coverage",
    "CoverageEvent",
    "Denial",
    "Event",
    "Impact",
    "Invalid",
    "NotJson",
    "Occurred",
    "Problem",
    "Prohibition",
    "Range",
    "Report",
    "ReportDenial",
    "ReportEvent",
    "ReportRetractedEvent",
    "ReportRetraction",
    "Reporter",
    "Weapon",
    "WindowEntry",
    "parse_event",
]


class Envelope(Frozen):
    """The attributes of a CloudEvent. `source` and `id` together are unique within a conflict."""

    specversion: Literal["1.0"]
    id: Identifier
    source: Source
    time: Time | None = None
    datacontenttype: JsonType | None = None
    dataschema: Uri | None = None
    subject: Name | None = None


class ClaimEvent(Envelope):
    """A claim or a denial, new or revised."""

    type: Literal["commitment.claimed"]
    data: Annotated[Assertion | Denial, Field(discriminator="stance")]


class ClaimRetractedEvent(Envelope):
    """A claim or a denial is taken back."""

    type: Literal["commitment.claim_retracted"]
    data: ClaimRetraction


class ReportEvent(Envelope):
    """A report of an incident, or that there was none, new or revised."""

    type: Literal["incident.reported"]
    # Nearly all assert, and most do not say so: to try that first is quick.
    data: Annotated[Report | ReportDenial, Field(union_mode="left_to_right")]


class ReportRetractedEvent(Envelope):
    """A report of an incident is taken back."""

    type: Literal["incident.report_retracted"]
    data: ReportRetraction


class CoverageEvent(Envelope):
    """Somebody watched, or was kept from watching; new, revised or taken back."""

    type: Literal["coverage.reported"]
    data: Coverage


Event = ClaimEvent | ClaimRetractedEvent | ReportEvent | ReportRetractedEvent | CoverageEvent

EVENT_TYPES: dict[str, type[Event]] = {
    name: model
    for model in get_args(Event)
    for name in get_args(model.model_fields["type"].annotation)
}
STANCES = ["asserts", "denies"]
NOT_EXPLAINED = Problem("", "invalid; what is wrong with so many events is not all said")
MISFIT = frozenset({"required", "unknown field"})


class _AssertedEvent(ReportEvent):
    data: Report


class _DeniedEvent(ReportEvent):
    data: ReportDenial


@lru_cache(maxsize=1)
def _events() -> TypeAdapter[Event]:
    return TypeAdapter(Annotated[Event, Field(discriminator="type")])


def parse_event(raw: bytes | str, *, explain: bool = True) -> Event:
    """The event in the JSON text `raw`.

    Invalid: it is not one; carries all its problems, or without `explain` only that fact.
    NotJson, an Invalid: not even JSON.
    """
    try:
        event: Event = _events().validator.validate_json(raw)
    except ValidationError as error:
        if error.error_count() == 1:
            [first] = error.errors(include_url=False, include_input=False)
            if first["type"] == "json_invalid":
                raise NotJson((Problem("", f"not JSON: {first['ctx']['error']}"),)) from None
    else:
        return event
    raise Invalid(listed(_all_problems(from_json(raw))) if explain else (NOT_EXPLAINED,))


def _all_problems(document: Json) -> dict[Path, str]:
    if not isinstance(document, dict):
        return {(): "expected a JSON object"}
    event_type = document.get("type")
    if isinstance(event_type, str) and event_type in EVENT_TYPES:
        return _problems_as(document, event_type)
    reason = "required"
    if "type" in document:
        reason = not_one_of(event_type, list(EVENT_TYPES), "an event type")
    # The intended type is the one that its fields fit best.
    rest = min((_problems_as(document, name) for name in EVENT_TYPES), key=_misfits)
    return {("type",): reason} | rest


def _misfits(found: dict[Path, str]) -> int:
    return sum(len(path) == 2 and reason in MISFIT for path, reason in found.items())  # noqa: PLR2004


def _problems_as(document: dict[str, Json], event_type: str) -> dict[Path, str]:
    found: dict[Path, str] = {}
    meant = {**document, "type": event_type}
    data = document.get("data")
    if event_type == "commitment.claimed" and isinstance(data, dict):
        stance = data.get("stance")
        if stance not in STANCES:
            found["data", "stance"] = not_one_of(stance, STANCES, "a stance")
            if "stance" not in data:
                found["data", "stance"] = "required"
            meant["data"] = {**data, "stance": "asserts" if "window" in data else "denies"}
    if event_type == "incident.reported":
        stance = data.get("stance") if isinstance(data, dict) else None
        if isinstance(data, dict) and stance is not None and stance not in STANCES:
            found["data", "stance"] = not_one_of(stance, STANCES, "a stance")
            meant["data"] = {name: value for name, value in data.items() if name != "stance"}
        model = _DeniedEvent if stance == "denies" else _AssertedEvent
        return found | collect(model.model_validate_json, meant)
    return found | collect(_events().validate_json, meant)
