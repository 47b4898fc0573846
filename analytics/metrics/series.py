"""Which series that are 0 a page shows: so many that Prometheus can read them in time.

No series other than 0 is ever left out. Of the others those whose windows ended first are left out
first, whatever the clock says: the same ledger shows the same series.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from analytics.metrics.summary import Summary
from schemas.safe_text import NOBODY_KNOWN, party_label
from schemas.time import Limit
from schemas.verdicts import CLAIM_OUTCOMES, OUTCOMES

MOST_SERIES = 20_000
BYTES_PER_SERIES = 256
"""The assumed average length of a series: `MOST_SERIES` of them are some 5 MB."""

_VERDICTS, _CLAIM_VERDICTS = len(OUTCOMES), len(CLAIM_OUTCOMES)
# By verdict: how many, and the last; the last violation and the last withdrawal.
_OF_PARTY = 2 * _VERDICTS + 2
_OF_ONCE_JUDGED = _VERDICTS + 1
_OF_STATES = 2
_BYTES_OF_NAMES = 110

Names = tuple[str, ...]


class Shown(NamedTuple):
    """Whose series a page shows, those at 0 included.

    `parties` and `once_judged` are (conflict, commitment, party), `claim_parties` (conflict,
    commitment, claim, party). Of `bare_claims` only the current state is shown.
    """

    parties: AbstractSet[Names]
    once_judged: AbstractSet[Names]
    claim_parties: AbstractSet[Names]
    bare_claims: AbstractSet[Names]
    left_out: int


_Zeros = tuple[Names, str, int]
"""Series that are all 0: their names, of which kind they are, and how many."""


def shown_of(summary: Summary, most: int) -> Shown:
    """All series, or if they are more than `most` as many of those at 0 as there is room for.

    A series with long names counts as several. If those that are not 0 need more room than there
    is, all of them stay, and nothing else.
    """
    nonzero, named = _nonzero(summary), _named(summary)
    parties = _bound(summary) | named
    once_judged = {(*row[:2], party_label(row.party)) for row in summary.verdicts} - parties
    claim_parties = set(_claim_parties(summary))
    nonzero_claims = {
        (*row[:3], party_label(row.party)) for row in summary.claim_verdicts if row.incidents
    }
    claims = {claim[:3] for claim in summary.claims if claim.window}
    everything = Shown(parties, once_judged, claim_parties, frozenset(), 0)
    room = most * BYTES_PER_SERIES
    series = (
        len(parties) * _OF_PARTY
        + len(once_judged) * _OF_ONCE_JUDGED
        + len(claim_parties) * _CLAIM_VERDICTS
        + len(claims) * (_OF_STATES + 2)
    )
    if series <= most and sum(_bytes(everything)) <= room:
        return everything
    zeros = _by_commitment(
        ("party", parties - nonzero, _OF_PARTY),
        ("once", once_judged - nonzero, _OF_ONCE_JUDGED),
        ("claim", claim_parties - nonzero_claims, _CLAIM_VERDICTS),
        ("state", claims, _OF_STATES),
    )
    all_zeros = sum(many for group in zeros.values() for _, _, many in group)
    gone, left_out = _gone(zeros, _ends(summary), most - (series - all_zeros))
    return Shown(
        parties - gone["party"],
        once_judged - gone["once"],
        claim_parties - gone["claim"],
        gone["state"],
        left_out,
    )


def _gone(
    zeros: dict[Names, list[_Zeros]], ends: dict[Names, Limit], left: int
) -> tuple[dict[str, set[Names]], int]:
    """What does not fit into `left` series, by its kind, and how many series that is."""
    gone: dict[str, set[Names]] = {"party": set(), "once": set(), "claim": set(), "state": set()}
    left_out, room, is_full = 0, left * BYTES_PER_SERIES, False
    # The latest end comes first; commitments without a standing claim count as the earliest.
    for of in sorted(zeros, key=lambda of: (-ends.get(of, -math.inf), of)):
        # No order is needed where there is no room for any.
        for names, kind, many in zeros[of] if is_full else sorted(zeros[of]):
            if not is_full:
                left, room = left - many, room - many * _length(names)
                is_full = left < 0 or room < 0
            if is_full:
                gone[kind].add(names)
                left_out += many
    return gone, left_out


def _by_commitment(*kinds: tuple[str, AbstractSet[Names], int]) -> dict[Names, list[_Zeros]]:
    found: defaultdict[Names, list[_Zeros]] = defaultdict(list)
    for kind, each, many in kinds:
        for names in each:
            found[names[:2]].append((names, kind, many))
    return found


def _bytes(shown: Shown) -> Iterator[int]:
    for all_names, series in (
        (shown.parties, _OF_PARTY),
        (shown.once_judged, _OF_ONCE_JUDGED),
        (shown.claim_parties, _CLAIM_VERDICTS),
    ):
        for names in all_names:
            yield series * _length(names)


def _length(names: Names) -> int:
    return _BYTES_OF_NAMES + sum([len(name.encode()) for name in names])


def _ends(summary: Summary) -> dict[Names, Limit]:
    """When the last window of each commitment is over, at the latest; never, if that is open."""
    ends: dict[Names, Limit] = {}
    for claim in summary.claims:
        of = claim[:2]
        ends[of] = max(ends.get(of, -math.inf), claim.end.latest)
    return ends


def _bound(summary: Summary) -> set[Names]:
    return {
        (*c[:2], party)
        for c in summary.claims
        for party in (*map(party_label, c.parties), NOBODY_KNOWN)
    }


def _named(summary: Summary) -> set[Names]:
    return {
        (*row[:2], party)
        for row in summary.verdicts
        if row.incidents
        for party in (party_label(row.party), NOBODY_KNOWN)
    }


def _nonzero(summary: Summary) -> set[Names]:
    """All that have a series which is not 0, except those of one claim."""
    judged = {
        (*row[:2], party_label(row.party)) for row in summary.verdicts if row.incidents or row.since
    }
    return judged | {(*row[:2], party_label(row.party)) for row in summary.withdrawals}


def _claim_parties(summary: Summary) -> Iterator[Names]:
    for claim in summary.claims:
        if claim.window:
            for party in (*map(party_label, claim.parties), NOBODY_KNOWN):
                yield (*claim[:3], party)
