"""What stands: every standing claim, indexed by time, and who the reciprocal ones released.

Held in memory and changed by `fold` only. Reports are not held here: they are handed to `fold`
incident by incident, so that memory grows with the claims and not with the incidents.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from intervaltree import IntervalTree

from analytics.rows import ClaimKey, Judgement, Release
from schemas.events import Assertion
from schemas.time import Limit, hull
from streams.judge import Claim, Commitment, Incident, Released

# How many names the answers of one conflict's windows may hold; a few MiB.
MOST_KEPT = 100_000
NO_CLAIMS: Mapping[str, Claim] = MappingProxyType({})


class Releases:
    """The violations of one reciprocal claim, by who is named for them."""

    def __init__(self) -> None:
        self._by_incident: dict[str, Release] = {}
        self._by_parties: dict[frozenset[str], _Group] = {}

    def put(self, incident_id: str, release: Release | None) -> bool:
        """Let `release` stand for the incident (None: nothing). Returns whether that is new."""
        old = self._by_incident.pop(incident_id, None)
        if old is not None:
            self._by_parties[old.parties].drop(old)
        if release is not None:
            self._by_incident[incident_id] = release
            self._by_parties.setdefault(release.parties, _Group()).add(release)
        return old != release

    def summary(self) -> tuple[Released, ...]:
        """All that the verdict needs of them: constant in size, whatever their number."""
        return tuple(
            group.summary(parties) for parties, group in self._by_parties.items() if group.starts
        )


class _Group:
    def __init__(self) -> None:
        self.starts: list[tuple[int, str]] = []
        self.ends: list[int] = []

    def add(self, release: Release) -> None:
        insort(self.starts, (release.start, release.incident_id))
        insort(self.ends, release.until)

    def drop(self, release: Release) -> None:
        self.starts.remove((release.start, release.incident_id))
        self.ends.remove(release.until)

    def summary(self, parties: frozenset[str]) -> Released:
        since, first = self.starts[0]
        if len(parties) == 1:
            return Released(parties, since, self.ends[0])
        following = self.starts[1][0] if len(self.starts) > 1 else None
        return Released(parties, since, self.ends[0], first, following)


def release(incident: Incident) -> Release:
    """What `incident` is to others if it is a violation: who, from when, and over by when.

    An instant is over one microsecond later: two instants at the same moment are not in order.
    """
    return Release(
        incident_id=incident.incident_id,
        parties=incident.accounts.known_actors,
        start=incident.start,
        until=max(o.end if o.end > o.start else o.end + 1 for o in incident.occurrences),
    )


class Windows:
    """The windows of one conflict's claims, by time, each at its widest: (commitment, claim)."""

    def __init__(self) -> None:
        self._tree = IntervalTree()
        self._bounds: list[Limit] = []
        self._met: dict[tuple[int, int], frozenset[str]] = {}
        self._kept = 0

    def add(self, window: tuple[Limit, Limit], whose: tuple[str, str]) -> None:
        """There is this window, too."""
        self._tree.addi(*window, whose)
        self._forget()

    def drop(self, window: tuple[Limit, Limit], whose: tuple[str, str]) -> None:
        """There is this window no more."""
        self._tree.discardi(*window, whose)
        self._forget()

    def met(self, start: int, end: int) -> frozenset[str]:
        """The commitments with a window that meets [start, end)."""
        # Which they are depends only on where start and end lie among the windows' bounds.
        bounds = self._bounds = self._bounds or list(self._tree.boundary_table)
        place = (bisect_right(bounds, start), bisect_left(bounds, end))
        found = self._met.get(place)
        if found is None:
            found = frozenset([window.data[0] for window in self._tree.overlap(start, end)])
            if self._kept > MOST_KEPT:
                self._forget()
            self._met[place] = found
            self._kept += 1 + len(found)
        return found

    def _forget(self) -> None:
        self._bounds = []
        self._met.clear()
        self._kept = 0


class Standing:
    """The standing claims of every conflict, and their releases."""

    def __init__(self) -> None:
        self._claims: dict[tuple[str, str], dict[str, Claim]] = {}
        self._windows: dict[str, Windows] = {}
        self._releases: dict[ClaimKey, Releases] = {}
        self._commitments: dict[tuple[str, str], Commitment] = {}

    def commitment(self, conflict: str, commitment_id: str) -> Commitment:
        """The commitment as it stands now: a value that later changes leave as it is."""
        key = (conflict, commitment_id)
        found = self._commitments.get(key)
        if found is None:
            claims = self._claims.get(key, NO_CLAIMS)
            released = {
                claim_id: self._releases[conflict, commitment_id, claim_id].summary()
                for claim_id, claim in claims.items()
                if is_reciprocal(claim)
            }
            found = self._commitments[key] = Commitment(commitment_id, claims, released)
        return found

    def touched(self, conflict: str, incident: Incident) -> frozenset[str]:
        """The commitments that have a window which some report or impact of `incident` may meet."""
        windows = self._windows.get(conflict)
        if windows is None:
            return frozenset()
        met = [windows.met(o.start, max(o.end, o.start + 1)) for o in incident.occurrences]
        return met[0] if len(met) == 1 else frozenset().union(*met)

    def put_claim(self, key: ClaimKey, claim: Claim | None) -> None:
        """Let `claim` stand under `key`; None takes it back. Its releases start empty."""
        conflict, commitment_id, claim_id = key
        claims = dict(self._claims.get((conflict, commitment_id), NO_CLAIMS))
        windows = self._windows.setdefault(conflict, Windows())
        old = claims.pop(claim_id, None)
        if isinstance(old, Assertion):
            windows.drop(hull(old.terms_window), (commitment_id, claim_id))
        self._releases.pop(key, None)
        if claim is not None:
            claims[claim_id] = claim
            if isinstance(claim, Assertion):
                windows.add(hull(claim.terms_window), (commitment_id, claim_id))
            if is_reciprocal(claim):
                self._releases[key] = Releases()
        self._claims[conflict, commitment_id] = claims
        self._commitments.pop((conflict, commitment_id), None)

    def note_releases(
        self, conflict: str, commitment_id: str, incident: Incident, judgement: Judgement | None
    ) -> bool:
        """Record what `incident`, so judged, releases. Returns whether anything changed by it."""
        violated = {
            row.claim_id
            for row in (judgement.claims if judgement is not None else ())
            if row.before_conditions == "violation"
        }
        changed = False
        for claim_id, claim in self._claims.get((conflict, commitment_id), NO_CLAIMS).items():
            if is_reciprocal(claim):
                what = release(incident) if claim_id in violated else None
                releases = self._releases[conflict, commitment_id, claim_id]
                changed |= releases.put(incident.incident_id, what)
        if changed:
            self._commitments.pop((conflict, commitment_id), None)
        return changed

    def load_releases(self, releases: Iterable[tuple[ClaimKey, Release]]) -> None:
        """Take up what a ledger kept, when a worker starts; all claims must be there already."""
        for key, what in releases:
            self._releases[key].put(what.incident_id, what)
        self._commitments.clear()


def is_reciprocal(claim: Claim) -> bool:
    """Does this claim bind a party only as long as the others keep to it?"""
    return isinstance(claim, Assertion) and claim.conditions.reciprocal


def reach(*commitments: Commitment) -> tuple[Limit, Limit] | None:
    """From the earliest to the latest moment of any window of these; None without a window."""
    hulls = [
        hull(claim.terms_window)
        for commitment in commitments
        for claim in commitment.claims.values()
        if isinstance(claim, Assertion)
    ]
    return (min(lo for lo, _ in hulls), max(hi for _, hi in hulls)) if hulls else None
