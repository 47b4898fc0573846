"""What somebody says happened, or did not: a report of an incident, a denial, a retraction."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import AfterValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from schemas.claims import Evidence, Targets
from schemas.fields import (
    MAX_ENTRIES,
    Act,
    Count,
    Frozen,
    Identifier,
    Name,
    NotNull,
    NullIs,
    PlaceField,
    Text,
)
from schemas.places import MOST_OPTIONS, OneOf, Place
from schemas.time import Instant, Occurrence
from schemas.time_fields import LONGEST_FLIGHT, Flight, Time, TimeOrAbsent


def _few_options(places: Iterable[Place | None]) -> None:
    if sum([len(one.one_of) for one in places if isinstance(one, OneOf)]) > MOST_OPTIONS:
        raise PydanticCustomError(
            "too_many", f"expected at most {MOST_OPTIONS:,} places in all 'one_of' together"
        )


def _bounded_places(places: tuple[Place | None, ...]) -> tuple[Place | None, ...]:
    _few_options(places)
    return places


def _bounded_impacts(impacts: tuple[Impact, ...]) -> tuple[Impact, ...]:
    _few_options(impact.place for impact in impacts)
    return impacts


Places = Annotated[
    tuple[PlaceField | None, ...],
    Field(max_length=MAX_ENTRIES),
    AfterValidator(_bounded_places),
]
Effects = Annotated[dict[Identifier, Count], Field(max_length=MAX_ENTRIES)]


REPORTER_KINDS = (
    *("party", "military", "government", "monitor", "un", "ngo", "media", "civilian", "sensor"),
    *("dataset", "other"),
)

TimedThing = Literal["act", "impact"]
ActorConfidence = Literal["confirmed", "likely", "alleged", "unknown"]


class Reporter(Frozen):
    """Who reports, and what kind of source: one of `REPORTER_KINDS`, or another, which is other."""

    name: Name
    kind: Identifier | None = None
    party: Identifier | None = None


class Occurred(Frozen):
    """When it happened. Without an end, or with one equal to the start, it is an instant.

    `flight`: where the impact is timed, how long before it the act may have begun at the most, in
    microseconds; None: `LONGEST_FLIGHT`. `as_stated`: the words of the source, never judged.
    """

    start: Time
    end: TimeOrAbsent = None
    certainty: Annotated[Literal["sometime", "throughout"], NullIs("sometime")] = "sometime"
    of: Annotated[TimedThing, NullIs("act")] = "act"
    flight: Flight | None = None
    as_stated: Text | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Occurred:
        end = self.end
        if end is not None and end < self.start:
            raise PydanticCustomError(
                "order", "expected the end not to be before the start", {"field": "end"}
            )
        return self

    @property
    def reported(self) -> tuple[Instant, Instant]:
        """From when to when, as it was reported."""
        return self.start, self.start if self.end is None else self.end

    @property
    def occurrence(self) -> Occurrence:
        """When the act was, in the form that windows are compared with."""
        start, end = self.reported
        if self.of == "impact":
            return Occurrence(start - (LONGEST_FLIGHT if self.flight is None else self.flight), end)
        return Occurrence(start, end, self.certainty == "throughout")


class Actor(Frozen):
    """Who is said to have acted, and how sure the reporter is."""

    party: Identifier | None = None
    confidence: Annotated[ActorConfidence, NullIs("unknown")] = "unknown"


class Weapon(Frozen):
    """What was used, how many were launched and how many of them intercepted."""

    type: Identifier
    launched: Count | None = None
    intercepted: Count | None = None


class Impact(Frozen):
    """One place that was hit. What it gives replaces what the whole report gives."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    place: Annotated[Place | None, NotNull(PlaceField)] = None
    targets: Annotated[tuple[str | None, ...] | None, NotNull(Targets)] = None
    occurred: Annotated[Occurred | None, NotNull(Occurred)] = None
    effects: Annotated[dict[str, Count] | None, NotNull(Effects)] = None

    @model_validator(mode="after")
    def _says_something(self) -> Impact:
        if not self.model_fields_set:
            raise PydanticCustomError(
                "empty", "expected one or more of place, targets, occurred, effects"
            )
        return self


Weapons = Annotated[tuple[Weapon, ...], Field(max_length=MAX_ENTRIES), NullIs(())]
Impacts = Annotated[
    tuple[Impact, ...],
    Field(max_length=MAX_ENTRIES),
    AfterValidator(_bounded_impacts),
    NullIs(()),
]


class Report(Frozen):
    """Somebody says that this happened. An empty list was not said; a null in one is "others"."""

    conflict: Identifier
    incident_id: Identifier
    report_id: Identifier
    reported_by: Reporter
    stance: Annotated[Literal["asserts"], NullIs("asserts")] = "asserts"
    occurred: Occurred
    actor: Actor | None = None
    act: Act | None = None
    targets: Annotated[Targets, NullIs(())] = ()
    places: Annotated[Places, NullIs(())] = ()
    weapons: Weapons = ()
    effects: Annotated[Effects, NullIs({})] = Field(default_factory=dict)
    impacts: Impacts = ()
    evidence: Evidence = ()


class ReportDenial(Frozen):
    """Somebody says that this did not happen. What else is given is kept and shown, not judged."""

    conflict: Identifier
    incident_id: Identifier
    report_id: Identifier
    reported_by: Reporter
    stance: Literal["denies"]
    occurred: Annotated[Occurred | None, NotNull(Occurred)] = None
    actor: Actor | None = None
    act: Act | None = None
    targets: Annotated[Targets, NullIs(())] = ()
    places: Annotated[Places, NullIs(())] = ()
    weapons: Weapons = ()
    effects: Annotated[Effects, NullIs({})] = Field(default_factory=dict)
    impacts: Impacts = ()
    evidence: Evidence = ()


class ReportRetraction(Frozen):
    """A report is taken back."""

    conflict: Identifier
    incident_id: Identifier
    report_id: Identifier
    reason: Text | None = None
