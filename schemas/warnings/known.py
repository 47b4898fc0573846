"""What is known of the conflicts that an input is about: names, what stands, and where it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from schemas.time import Instant
from schemas.warnings.swapped import LatLon

ClaimName = tuple[str, str, str]
"""Conflict, commitment and claim."""
ReportName = tuple[str, str, str]
"""Conflict, incident and report."""


class WantedNames(NamedTuple):
    """What has to be known for the warnings of an input: nothing else need be looked up.

    `spans`: of each conflict, when its reports say that something happened; `unplaced`: those that
    have positions and no code by which to tell where they should be. The retracted are those of
    which the input itself does not say whether they stand.
    """

    conflicts: frozenset[str]
    spans: dict[str, tuple[Instant, Instant]]
    unplaced: frozenset[str]
    retracted_claims: frozenset[ClaimName]
    retracted_reports: frozenset[ReportName]


@dataclass(slots=True)
class KnownNames:
    """What is known, each by its conflict; what was not asked for is not in it."""

    bound: dict[str, set[str]] = field(default_factory=dict)
    parties: dict[str, set[str]] = field(default_factory=dict)
    claims: list[ClaimName] = field(default_factory=list)
    reports: list[ReportName] = field(default_factory=list)
    standing_claims: set[ClaimName] = field(default_factory=set)
    standing_reports: set[ReportName] = field(default_factory=set)
    close_reports: dict[ReportName, ReportName] = field(default_factory=dict)
    positions: dict[str, list[LatLon]] = field(default_factory=dict)
    codes: dict[str, set[str]] = field(default_factory=dict)
