"""A commitment, as the verdict needs it: what its standing claims say together, and when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from schemas.claims import Claim
from schemas.events import Assertion, Denial
from schemas.time import Daily, Window
from streams.judging.reciprocity import Released


class Terms:
    """What the claims of a commitment say, leaving out when: equal if nothing else differs."""

    __slots__ = ("_content", "_hash", "assertions", "bound_parties", "claims")

    def __init__(self, claims: Mapping[str, Claim]) -> None:
        # Of those that are equal, one may stand for all: their windows must not be looked at.
        self.claims = claims
        self.assertions = _assertions(claims)
        self.bound_parties = frozenset(p for _, one in self.assertions for p in one.bound_parties)
        self._content = tuple(
            (claim_id, claim.bound_parties, *_scopes(claim))
            for claim_id, claim in sorted(claims.items())
        )
        self._hash = hash(self._content)

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Terms) and self._content == other._content


def _assertions(claims: Mapping[str, Claim]) -> list[tuple[str, Assertion]]:
    return [(name, claim) for name, claim in sorted(claims.items()) if isinstance(claim, Assertion)]


def _scopes(claim: Claim) -> tuple[object, ...]:
    if isinstance(claim, Denial):
        return ()
    return claim.prohibits.acts, claim.prohibits.targets, claim.area


@dataclass(frozen=True)
class Commitment:
    """One undertaking: its standing claims by id, and who was released under reciprocal ones."""

    commitment_id: str
    claims: Mapping[str, Claim]
    released: Mapping[str, tuple[Released, ...]]

    @cached_property
    def terms(self) -> Terms:
        """What the claims say, leaving out when."""
        return Terms(self.claims)

    @cached_property
    def windows(self) -> list[Window]:
        """When each of the assertions among the claims holds."""
        return [claim.terms_window for _, claim in self.terms.assertions]

    @cached_property
    def is_conditional(self) -> bool:
        """Has any of its claims conditions?"""
        each = (claim.conditions for _, claim in self.terms.assertions)
        return any(one.reciprocal or one.other for one in each)

    @cached_property
    def has_daily_hours(self) -> bool:
        """Does any of its claims hold for hours of every day?"""
        return any(isinstance(part, Daily) for window in self.windows for part in window)
