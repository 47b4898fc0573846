"""What a change of one claim can touch: what is not in that scope is judged as it was.

Pure. The reasons, each for one incident under one commitment (see `judge`):

- Nothing but the terms of a claim is compared: who claims it, its words and its evidence are not.
- The answer to `in_window` follows from which moments of an occurrence are in a core, and which in
  a hull: where the moments of two windows are the same throughout it, so is the answer.
- All other criteria of a claim show only in its own row, which only an incident has that may have
  been inside of its window, and in the verdict through that row.
- Whom a claim binds counts for those whom a report names as actor, and for reporters of that
  party; with a condition also for an incident without a known actor.
- A claim or a denial that comes or goes counts wherever the commitment is judged.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from itertools import zip_longest

from analytics.ledger.rows import RejudgeScope, Stretch
from schemas.claims import Claim
from schemas.events import Assertion, Denial
from schemas.time import Daily, Limit, Span, Window
from streams.judging.commitment import Commitment

# Windows of very many parts are compared with reports as so many stretches, with what is between.
MOST_STRETCHES = 16


def same_terms(one: Claim | None, other: Claim | None) -> bool:
    """Is every incident judged by one as by the other?"""
    if isinstance(one, Assertion) and isinstance(other, Assertion):
        return _same_but_for_window(one, other) and one.terms_window == other.terms_window
    if isinstance(one, Denial) and isinstance(other, Denial):
        return set(one.bound_parties) == set(other.bound_parties)
    return one is None and other is None


def only_window_moves(one: Claim | None, other: Claim | None) -> bool:
    """Do two claims say the same but for when?"""
    if isinstance(one, Assertion) and isinstance(other, Assertion):
        return _same_but_for_window(one, other)
    return False


def _same_but_for_window(one: Assertion, other: Assertion) -> bool:
    return set(one.bound_parties) == set(other.bound_parties) and _scopes(one) == _scopes(other)


def _scopes(claim: Assertion) -> tuple[object, ...]:
    conditions = claim.conditions
    terms = (claim.prohibits.acts, claim.prohibits.targets, claim.area)
    return (*terms, conditions.reciprocal, conditions.other is not None)


def affected(
    conflict: str, before: Commitment, after: Commitment, claim_id: str
) -> RejudgeScope | None:
    """The incidents that may be judged otherwise once the claim says what it does in `after`.

    Who was released by whom is not looked at. None: none are.
    """
    old, new = before.claims.get(claim_id), after.claims.get(claim_id)
    parties = None
    if isinstance(old, Assertion) and isinstance(new, Assertion):
        stretches, parties = _of_terms(before, after, old, new)
    else:
        stretches = _reach(before, after)
        if old is not None and new is not None and type(old) is type(new):
            # Two denials.
            parties = frozenset(old.bound_parties) ^ frozenset(new.bound_parties)
    if not stretches:
        return None
    return RejudgeScope(
        conflict, after.commitment_id, merged(stretches), parties, moments(before, after)
    )


def _of_terms(
    before: Commitment, after: Commitment, old: Assertion, new: Assertion
) -> tuple[list[Stretch], frozenset[str] | None]:
    parties = frozenset(old.bound_parties) ^ frozenset(new.bound_parties)
    if not parties:
        if _scopes(old) == _scopes(new):
            return moved(old.terms_window, new.terms_window), None
        return [part_hull(part) for part in (*old.terms_window, *new.terms_window)], None
    same = _scopes(old) == _scopes(new) and old.terms_window == new.terms_window
    only = parties if same and not old.conditions.reciprocal else None
    return _reach(before, after), only


def _reach(*commitments: Commitment) -> list[Stretch]:
    """Wherever a window of these may be."""
    return [part_hull(p) for c in commitments for window in c.windows for p in window]


def part_hull(part: Span | Daily) -> Stretch:
    """From the earliest start to the latest end of a part of a window."""
    return part.start.earliest, part.end.latest


def moved(old: Window, new: Window) -> list[Stretch]:
    """Stretches outside of which `in_window` has the same answer for both windows."""
    if not any(isinstance(part, Daily) for part in (*old, *new)):
        return [
            *_differing(map(_core, old), map(_core, new)),
            *_differing(map(part_hull, old), map(part_hull, new)),
        ]
    # Of hours that recur, each part that only one of them has is looked at: how many times a
    # question may walk through is counted, so equal moments in other parts would not do.
    gone = sorted((Counter(old) - Counter(new)).elements(), key=_by_kind)
    come = sorted((Counter(new) - Counter(old)).elements(), key=_by_kind)
    return [stretch for one, other in zip_longest(gone, come) for stretch in _of_parts(one, other)]


def _by_kind(part: Span | Daily) -> tuple[str, ...]:
    return (type(part).__name__, *map(str, part))


def _of_parts(one: Span | Daily | None, other: Span | Daily | None) -> list[Stretch]:
    if one is None or other is None or _hours(one) != _hours(other):
        return [part_hull(part) for part in (one, other) if part is not None]
    return [
        *_differing([_core(one)], [_core(other)]),
        *_differing([part_hull(one)], [part_hull(other)]),
    ]


def _core(part: Span | Daily) -> Stretch:
    return part.start.latest, part.end.earliest


def _hours(part: Span | Daily) -> tuple[object, ...]:
    return () if isinstance(part, Span) else (part.from_, part.to, part.zone)


def _differing(old: Iterable[Stretch], new: Iterable[Stretch]) -> list[Stretch]:
    """Where moments are in half-open stretches of one and in none of the other."""
    changes: Counter[tuple[Limit, bool]] = Counter()
    for is_new, stretches in ((False, old), (True, new)):
        for lo, hi in stretches:
            if lo < hi:
                changes[lo, is_new] += 1
                changes[hi, is_new] -= 1
    found: list[Stretch] = []
    depth = [0, 0]
    since: Limit | None = None
    for (at, is_new), change in sorted(changes.items()):
        if since is not None and since < at:
            found.append((since, at))
        depth[is_new] += change
        since = at if (depth[0] > 0) != (depth[1] > 0) else None
    return found


def merged(stretches: Iterable[Stretch]) -> tuple[Stretch, ...]:
    """The same moments, and perhaps others, in few stretches."""
    found: list[Stretch] = []
    for lo, hi in sorted(stretches):
        if found and lo <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], hi))
        else:
            found.append((lo, hi))
    if len(found) <= MOST_STRETCHES:
        return tuple(found)
    gaps = sorted(range(1, len(found)), key=lambda n: found[n][0] - found[n - 1][1], reverse=True)
    firsts = [0, *sorted(gaps[: MOST_STRETCHES - 1])]
    lasts = [*(first - 1 for first in firsts[1:]), len(found) - 1]
    return tuple((found[a][0], found[b][1]) for a, b in zip(firsts, lasts, strict=True))


def moments(*commitments: Commitment) -> tuple[int, ...] | None:
    """All occurrences that lie alike to these are alike to each of the commitments.

    None: there are daily hours, to which only equal ones are.
    """
    found: set[Limit] = set()
    for commitment in commitments:
        for window in commitment.windows:
            for part in window:
                if isinstance(part, Daily):
                    return None
                found.update((*part.start, *part.end))
        for released in commitment.released.values():
            for by in released:
                found.update((by.since, by.until))
                if by.next_since is not None:
                    found.add(by.next_since)
    return tuple(sorted(int(moment) for moment in found if not math.isinf(moment)))


def singled_out(*commitments: Commitment) -> frozenset[str]:
    """Incidents that a release speaks of by name: nothing is alike to these."""
    return frozenset(
        by.incident_id
        for commitment in commitments
        for released in commitment.released.values()
        for by in released
        if by.incident_id is not None
    )
