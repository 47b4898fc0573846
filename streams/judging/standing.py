"""What stands: every standing claim, indexed by time, and who the reciprocal ones released.

Held in memory and changed by `fold` only. Reports are not held here: they are handed to `fold`
incident by incident, so that memory grows with the claims and not with the incidents.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from types import MappingProxyType
from typing import NamedTuple

from intervaltree import IntervalTree

from analytics.ledger.rows import Alike, ClaimKey, Release
from schemas.claims import Claim
from schemas.events import Assertion
from schemas.time import Limit, Occurrence, Window, hull
from schemas.verdicts import Judgement
from streams.judging.commitment import Commitment
from streams.judging.incident import Incident
from streams.judging.memo import Matched, match_windows
from streams.judging.reciprocity import Released, is_reciprocal, release

# How many names the answers of one conflict's windows may hold; some tens of MiB at the most.
MOST_KEPT = 100_000
# Of so many releases one is put in its place by itself, more are sorted with all others.
FEW_OF = 16
When = tuple[int, int, bool]
"""An `Occurrence`, or what would make one: most need not be made."""
NO_CLAIMS: Mapping[str, Claim] = MappingProxyType({})


class Releases:
    """The violations of one reciprocal claim, by who is named for them."""

    def __init__(self) -> None:
        self._by_incident: dict[str, Release] = {}
        # None: to be recomputed from all of them when it is needed.
        self._by_parties: dict[frozenset[str], _Group] | None = {}

    def put(self, incident_id: str, release: Release | None) -> bool:
        """Let `release` stand for the incident (None: nothing). Returns whether that is new."""
        groups = self._groups()
        old = self._by_incident.pop(incident_id, None)
        if old is not None:
            groups[old.parties].drop(old)
        if release is not None:
            self._by_incident[incident_id] = release
            groups.setdefault(release.parties, _Group()).add(release)
        return old != release

    def put_all(self, releases: Iterable[tuple[str, Release | None]], count: int) -> None:
        """The same for `count` incidents at once."""
        if count * FEW_OF < len(self._by_incident):
            for incident_id, what in releases:
                self.put(incident_id, what)
            return
        self._by_parties = None
        for incident_id, what in releases:
            if what is None:
                self._by_incident.pop(incident_id, None)
            else:
                self._by_incident[incident_id] = what

    def summary(self) -> tuple[Released, ...]:
        """All that the verdict needs of them: constant in size, whatever their number."""
        return tuple(
            group.summary(parties) for parties, group in self._groups().items() if group.starts
        )

    def _groups(self) -> dict[frozenset[str], _Group]:
        groups = self._by_parties
        if groups is None:
            by_parties: defaultdict[frozenset[str], list[Release]] = defaultdict(list)
            for what in self._by_incident.values():
                by_parties[what.parties].append(what)
            groups = {parties: _Group(releases) for parties, releases in by_parties.items()}
            self._by_parties = groups
        return groups


class _Group:
    def __init__(self, releases: Iterable[Release] = ()) -> None:
        self.starts = sorted([(one.start, one.incident_id) for one in releases])
        self.ends = sorted([one.until for one in releases])

    def add(self, release: Release) -> None:
        insort(self.starts, (release.start, release.incident_id))
        insort(self.ends, release.until)

    def drop(self, release: Release) -> None:
        del self.starts[bisect_left(self.starts, (release.start, release.incident_id))]
        del self.ends[bisect_left(self.ends, release.until)]

    def summary(self, parties: frozenset[str]) -> Released:
        since, first = self.starts[0]
        if len(parties) == 1:
            return Released(parties, since, self.ends[0])
        following = self.starts[1][0] if len(self.starts) > 1 else None
        return Released(parties, since, self.ends[0], first, following)


class Touched(NamedTuple):
    """The commitments with a window that an occurrence may be inside of.

    `matched`: how it lies to their windows; None: each must be judged by itself.
    """

    commitment_ids: frozenset[str]
    matched: Matched | None


UNTOUCHED = Touched(frozenset(), match_windows((), Occurrence(0, 0)))


class Windows:
    """The windows of one conflict's claims, by time, each at its widest: (commitment, claim).

    `commitment` finds a commitment, as it stands, by its id.
    """

    def __init__(self, commitment: Callable[[str], Commitment]) -> None:
        self._commitment = commitment
        self._windows: dict[tuple[str, str], Window] = {}
        self._tree = IntervalTree()
        # Bounds of removed windows stay: one more only separates times that lie alike.
        self._bounds: list[Limit] = []
        self._in_order = True
        self._gone = 0
        self._known: dict[tuple[int, int, bool], Touched] = {}
        self._kept = 0

    def put(self, whose: tuple[str, str], window: Window | None) -> None:
        """This is the window of a claim now; None: it has none. What else it says is new, too."""
        old = self._windows.pop(whose, None)
        if old is not None:
            self._tree.discardi(*hull(old), whose)
            self._gone += 1
        if window is not None:
            self._windows[whose] = window
            self._tree.addi(*hull(window), whose)
            self._bounds += _bounds(window)
            self._in_order = False
        self._forget()

    def touched(self, when: When) -> Touched:
        """The commitments with a window that this occurrence may be inside of."""
        start, end, throughout = when
        stop = max(end, start + 1)
        if not self._in_order:
            self._order()
        # All that lie alike among the bounds, and are as certain, are alike to every window.
        lies = bisect_right(self._bounds, start), bisect_left(self._bounds, stop)
        alike = (*lies, throughout or start == end)
        found = self._known.get(alike)
        if found is None:
            names = frozenset([window.data[0] for window in self._tree.overlap(start, stop)])
            commitments = map(self._commitment, sorted(names))
            found = Touched(names, match_windows(commitments, Occurrence(*when)))
            if self._kept > MOST_KEPT:
                self._forget()
            self._known[alike] = found
            self._kept += 1 + len(names)
        return found

    def _order(self) -> None:
        if self._gone > len(self._windows):
            self._bounds = [bound for window in self._windows.values() for bound in _bounds(window)]
            self._gone = 0
        self._bounds.sort()
        self._in_order = True

    def _forget(self) -> None:
        self._known.clear()
        self._kept = 0


def _bounds(window: Window) -> Iterator[Limit]:
    return (limit for part in window for bound in (part.start, part.end) for limit in bound)


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

    def touched(self, conflict: str, incident: Incident) -> Touched:
        """The commitments that have a window that some report or impact may be inside of."""
        occurrences = incident.occurrences
        if len(occurrences) == 1:
            return self.touched_at(conflict, occurrences[0])
        each = [self.touched_at(conflict, occurrence).commitment_ids for occurrence in occurrences]
        return Touched(frozenset().union(*each), None)

    def touched_at(self, conflict: str, when: When) -> Touched:
        """The commitments that have a window that this occurrence may be inside of."""
        windows = self._windows.get(conflict)
        return UNTOUCHED if windows is None else windows.touched(when)

    def put_claim(
        self, key: ClaimKey, claim: Claim | None, *, keeps_releases: bool = False
    ) -> None:
        """Let `claim` stand under `key`; None takes it back. Its releases start empty, or stay."""
        conflict, commitment_id, claim_id = key
        claims = dict(self._claims.get((conflict, commitment_id), NO_CLAIMS))
        claims.pop(claim_id, None)
        if not keeps_releases:
            self._releases.pop(key, None)
        if claim is not None:
            claims[claim_id] = claim
            if is_reciprocal(claim) and not keeps_releases:
                self._releases[key] = Releases()
        window = claim.terms_window if isinstance(claim, Assertion) else None
        self._windows_of(conflict).put((commitment_id, claim_id), window)
        self._claims[conflict, commitment_id] = claims
        self._commitments.pop((conflict, commitment_id), None)

    def _windows_of(self, conflict: str) -> Windows:
        found = self._windows.get(conflict)
        if found is None:
            found = self._windows[conflict] = Windows(partial(self.commitment, conflict))
        return found

    def note_releases(
        self, conflict: str, commitment_id: str, incident: Incident, judgement: Judgement | None
    ) -> bool:
        """Record what `incident`, so judged, releases. Returns whether anything changed by it."""
        violated = _violated(judgement)
        changed = False
        for claim_id, claim in self._claims.get((conflict, commitment_id), NO_CLAIMS).items():
            if is_reciprocal(claim):
                what = release(incident) if claim_id in violated else None
                releases = self._releases[conflict, commitment_id, claim_id]
                changed |= releases.put(incident.incident_id, what)
        if changed:
            self._commitments.pop((conflict, commitment_id), None)
        return changed

    def note_releases_of(
        self,
        conflict: str,
        commitment_id: str,
        incident: Incident,
        alike: Alike,
        judgement: Judgement | None,
    ) -> None:
        """Record what all that are alike to `incident`, which is so judged, release."""
        if len(alike.incident_ids) == 1:
            self.note_releases(conflict, commitment_id, incident, judgement)
            return
        violated = _violated(judgement)
        parties = incident.statements.known_actors
        for claim_id, claim in self._claims.get((conflict, commitment_id), NO_CLAIMS).items():
            if not is_reciprocal(claim):
                continue
            releases: Iterator[tuple[str, Release | None]] = (
                (name, Release(name, parties, start, until) if claim_id in violated else None)
                for name, start, until in zip(
                    alike.incident_ids,
                    alike.act_starts.tolist(),
                    alike.over_by.tolist(),
                    strict=True,
                )
            )
            of_claim = self._releases[conflict, commitment_id, claim_id]
            of_claim.put_all(releases, len(alike.incident_ids))
        self._commitments.pop((conflict, commitment_id), None)

    def load_releases(self, releases: Iterable[tuple[ClaimKey, Release]]) -> None:
        """Take up what a ledger kept, when a worker starts; all claims must be there already."""
        for key, what in releases:
            self._releases[key].put(what.incident_id, what)
        self._commitments.clear()


def _violated(judgement: Judgement | None) -> set[str]:
    """The claims of which it is a violation, their conditions left aside."""
    claims = () if judgement is None else judgement.claims
    return {row.claim_id for row in claims if row.before_conditions == "violation"}
