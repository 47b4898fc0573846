"""The published is-a trees of acts and of targets, and whether a scope covers what was reported.

Each tree maps a term to the next broader one; `any` is the broadest of both.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from types import MappingProxyType

ANY = "any"

ACTS: Mapping[str, str | None] = MappingProxyType(
    {
        ANY: None,
        "hostile_act": ANY,
        "strike": "hostile_act",
        "missile_strike": "strike",
        "ballistic_missile_strike": "missile_strike",
        "cruise_missile_strike": "missile_strike",
        "drone_strike": "strike",
        "air_strike": "strike",
        "shelling": "strike",
        "ground_attack": "hostile_act",
        "assault": "ground_attack",
        "raid": "ground_attack",
        "sniper_fire": "ground_attack",
        "naval_attack": "hostile_act",
        "sabotage": "hostile_act",
        "military_activity": ANY,
        "troop_movement": "military_activity",
        "reconnaissance": "military_activity",
        "mine_laying": "military_activity",
        "fortification": "military_activity",
        "coercion": ANY,
        "blockade": "coercion",
        "abduction": "coercion",
    }
)

TARGETS: Mapping[str, str | None] = MappingProxyType(
    {
        ANY: None,
        "infrastructure": ANY,
        "energy": "infrastructure",
        "power_generation": "energy",
        "power_grid": "energy",
        "substation": "power_grid",
        "heating": "energy",
        "oil_gas": "energy",
        "nuclear": "energy",
        "hydro_dam": "energy",
        "transport": "infrastructure",
        "water": "infrastructure",
        "telecom": "infrastructure",
        "residential": ANY,
        "health": ANY,
        "education": ANY,
        "humanitarian": ANY,
        "cultural": ANY,
        "industry": ANY,
        "agriculture": ANY,
        "government": ANY,
        "military": ANY,
        "personnel": "military",
        "materiel": "military",
        "base": "military",
    }
)

Scope = tuple[str | None, ...]


def broader(term: str, tree: Mapping[str, str | None]) -> Iterator[str]:
    """`term` itself, then each broader term, up to `any`. KeyError: no such term."""
    at: str | None = term
    while at is not None:
        yield at
        at = tree[at]


def covers(scope: Scope, reported: str | None, tree: Mapping[str, str | None]) -> bool | None:
    """Is `reported` within `scope`?

    An empty scope was not said, None in one means "and others not named", and None for `reported`
    was not said either: each unknown. `any` covers even what was not said.
    """
    if not scope:
        return None
    if ANY in scope:
        return True
    if reported is None:
        return None
    if not set(scope).isdisjoint(broader(reported, tree)):
        return True
    if any(term is None or reported in broader(term, tree) for term in scope):
        return None
    return False


@lru_cache(maxsize=16_384)
def act_prohibited(acts: Scope, act: str | None) -> bool | None:
    """Is `act` one of the prohibited `acts`?"""
    return covers(acts, act, ACTS)


@lru_cache(maxsize=16_384)
def target_covered(targets: Scope, target: str | None) -> bool | None:
    """Is `target` one of those that the claim protects?"""
    return covers(targets, target, TARGETS)
