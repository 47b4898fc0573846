"""What is told, as values: a notice, many of them in a digest, and what their texts are made of."""

from __future__ import annotations

from typing import Literal, NamedTuple

from schemas.time import Instant

Kind = Literal["stands", "withdrawn"]
DigestKind = Literal["burst", "flapping"]
NotificationOutcome = Literal["told", "refused"]
Lane = tuple[str, str]
"""A conflict and one of its commitments: within it the order is kept."""


class Notification(NamedTuple):
    """One thing to tell one target: that a version of a verdict stands, or was withdrawn.

    `content`: what was posted, if that was tried before. Times are in microseconds since 1970.
    """

    seq: int
    kind: Kind
    conflict: str
    commitment_id: str
    incident_id: str
    party: str | None
    verdict: str
    recorded_at: Instant
    state: str
    content: str | None
    superseded_at: Instant | None

    @property
    def lane(self) -> Lane:
        """Whose turn it is told in."""
        return self.conflict, self.commitment_id


class Digest(NamedTuple):
    """Many notices in one message. `incident_id` None: a burst.

    `counted`: incidents, or of one that flaps, how often it was reported; `parties` and
    `incidents`: the first of them.
    """

    digest: int
    kind: DigestKind
    conflict: str
    commitment_id: str
    incident_id: str | None
    verdict: str
    since: Instant
    is_closed: bool
    state: str
    revision: int
    content: str | None
    counted: int
    standing: int
    last_at: Instant
    parties: tuple[tuple[str | None, int], ...] = ()
    incidents: tuple[str, ...] = ()

    @property
    def lane(self) -> Lane:
        """Whose turn it is told in."""
        return self.conflict, self.commitment_id

    @property
    def is_over(self) -> bool:
        """Nothing joins it any more, and none of it stands."""
        return self.is_closed and not self.standing


class Payloads(NamedTuple):
    """Events by the ids of their claims or reports, and how many there are beside."""

    events: dict[str, str]
    more: int


class Facts(NamedTuple):
    """What the database says of a pair: what its message is made of.

    `verdict`: with the party, None if the pair has none; `judged`: verdict and `still_bound` by
    claim.
    """

    claims: Payloads
    reports: Payloads
    verdict: tuple[str, str | None] | None
    judged: dict[str, tuple[str, bool | None]]
