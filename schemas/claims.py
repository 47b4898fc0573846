"""What somebody says was promised: a claim with its terms, a denial, and the retraction of either.

Absent terms are unknown, never empty: the verdict treats each of the defaults as unknown.
"""

from __future__ import annotations

import math
from functools import cached_property
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from schemas.fields import (
    MAX_ENTRIES,
    Act,
    AreaField,
    Frozen,
    Identifier,
    Name,
    NullIs,
    Target,
    Text,
    WebAddress,
)
from schemas.time import UNKNOWN, Bound, Daily, Span, Window, zone_names
from schemas.time_fields import Clock, End, Start, Zone

Acts = Annotated[tuple[Act | None, ...], Field(max_length=MAX_ENTRIES)]
Targets = Annotated[tuple[Target | None, ...], Field(max_length=MAX_ENTRIES)]
AreaTerms = Annotated[tuple[AreaField | None, ...], Field(max_length=MAX_ENTRIES)]
Evidence = Annotated[tuple[WebAddress, ...], Field(max_length=MAX_ENTRIES), NullIs(())]

ClaimantRole = Literal["party", "mediator", "observer", "media"]


class Claimant(Frozen):
    """Who makes a claim."""

    name: Name
    role: ClaimantRole | None = None
    party: Identifier | None = None


class Prohibition(Frozen):
    """What is prohibited. An empty list was not said; a null in one is "and others not named"."""

    acts: Annotated[Acts, NullIs(())] = ()
    targets: Annotated[Targets, NullIs(())] = ()


class Conditions(Frozen):
    """What a promise depends on: the other side's keeping to it, or something else in words."""

    reciprocal: Annotated[bool, NullIs(False)] = False
    other: Text | None = None


class DailyHours(Frozen):
    """Hours of every day, on the clocks of a zone; `to` not after `from` is on the next day."""

    from_: Clock = Field(alias="from")
    to: Clock
    zone: Zone


class WindowEntry(Frozen):
    """One stretch of a window, or one daily recurrence, clipped to `start` and `end`.

    An absent bound is unknown; a null `end` is open. `as_stated` and `zone` keep the source's words
    and whose clocks they meant.
    """

    daily: DailyHours | None = None
    start: Start = UNKNOWN
    end: End = UNKNOWN
    as_stated: Text | None = None
    zone: Zone | None = None

    @model_validator(mode="after")
    def _is_not_empty(self) -> WindowEntry:
        if self.end.latest <= self.start.earliest:
            raise PydanticCustomError(
                "order", "expected the end to be after the start", {"field": "end"}
            )
        return self

    @cached_property
    def part(self) -> Span | Daily:
        """The entry in the form for comparison. Hours that go once round the clock leave no gap."""
        daily = self.daily
        if daily is None or daily.from_ == daily.to:
            return Span(self.start, self.end)
        if daily.zone not in zone_names():
            # Somewhere between the bounds: of no moment it is known.
            return Span(Bound(self.start.earliest, math.inf), Bound(-math.inf, self.end.latest))
        return Daily(daily.from_, daily.to, daily.zone, self.start, self.end)


def _without_repeats(parties: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(parties)) < len(parties):
        raise PydanticCustomError("repeated", "expected each party once")
    return parties


PartyList = Annotated[
    tuple[Identifier, ...],
    Field(min_length=1, max_length=MAX_ENTRIES, json_schema_extra={"uniqueItems": True}),
    AfterValidator(_without_repeats),
]
Entries = Annotated[tuple[WindowEntry, ...], Field(max_length=MAX_ENTRIES)]


class Assertion(Frozen):
    """Somebody says that a commitment with these terms exists."""

    conflict: Identifier
    commitment_id: Identifier
    claim_id: Identifier
    claimed_by: Claimant
    stance: Literal["asserts"]
    bound_parties: PartyList
    prohibits: Annotated[Prohibition, NullIs(Prohibition())] = Prohibition()
    area: Annotated[AreaTerms, NullIs(())] = ()
    window: Annotated[Entries, Field(min_length=1)]
    conditions: Annotated[Conditions, NullIs(Conditions())] = Conditions()
    evidence: Evidence = ()

    @cached_property
    def parties(self) -> frozenset[str]:
        """Whom it binds."""
        return frozenset(self.bound_parties)

    @cached_property
    def terms_window(self) -> Window:
        """The window in the form that occurrences are compared with."""
        return tuple(entry.part for entry in self.window)


class Denial(Frozen):
    """Somebody says that these parties are not bound. Terms given with it have no weight."""

    conflict: Identifier
    commitment_id: Identifier
    claim_id: Identifier
    claimed_by: Claimant
    stance: Literal["denies"]
    bound_parties: PartyList
    prohibits: Annotated[Prohibition, NullIs(Prohibition())] = Prohibition()
    area: Annotated[AreaTerms, NullIs(())] = ()
    window: Annotated[Entries, NullIs(())] = ()
    conditions: Annotated[Conditions, NullIs(Conditions())] = Conditions()
    evidence: Evidence = ()

    @cached_property
    def parties(self) -> frozenset[str]:
        """Whom it says not to be bound."""
        return frozenset(self.bound_parties)


class ClaimRetraction(Frozen):
    """A claim is taken back."""

    conflict: Identifier
    commitment_id: Identifier
    claim_id: Identifier
    reason: Text | None = None


Claim = Assertion | Denial
