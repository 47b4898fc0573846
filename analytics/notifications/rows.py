"""Notifications and digests as values, with the facts that their texts state."""

from __future__ import annotations

from typing import Literal, NamedTuple

from analytics.read_model import CommitmentVerdict
from schemas.time import Instant

Kind = Literal["stands", "revised", "withdrawn"]
DigestKind = Literal["burst", "flapping"]
NotificationOutcome = Literal["told", "refused"]
Lane = tuple[str, str]
"""A conflict and one of its commitments: notifications of one lane stay in order."""


class Notification(NamedTuple):
    """A notification for one target: a verdict stands, with another text, or was withdrawn.

    `content`: what was posted, if an attempt was made before. Times are in microseconds since 1970.
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
        """The lane in whose order it is sent."""
        return self.conflict, self.commitment_id


class Digest(NamedTuple):
    """Many notifications in one message. `incident_id` None: a burst.

    `counted`: incidents, or for one that flaps, its notifications; `parties` and
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
        """The lane in whose order it is sent."""
        return self.conflict, self.commitment_id

    @property
    def is_over(self) -> bool:
        """Whether it is closed and none of its verdicts stands."""
        return self.is_closed and not self.standing


class Payloads(NamedTuple):
    """Events by the ids of their claims or reports, and how many more there are."""

    events: dict[str, str]
    more: int


class Facts(NamedTuple):
    """What the database holds on a pair: the facts that its message states.

    `verdict`: None if the pair has none; `judged`: verdict and `still_bound` by
    claim.
    """

    claims: Payloads
    reports: Payloads
    verdict: CommitmentVerdict | None
    judged: dict[str, tuple[str, bool | None]]
