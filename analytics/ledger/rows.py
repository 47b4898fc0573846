"""What the fold yields and the ledger keeps, as plain values. No database here, and no rules."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from schemas.time import Limit
from schemas.verdicts import Decision, Judgement

Numbers = np.ndarray[Any, np.dtype[np.int64]]

EventKey = tuple[str, str, str]
"""(conflict, source, id)"""
ClaimKey = tuple[str, str, str]
"""(conflict, commitment_id, claim_id)"""
IncidentKey = tuple[str, str]
"""(conflict, incident_id)"""


class Position(NamedTuple):
    """Where an event is in the log; `batch_index` is its place in a record that is a batch."""

    log_id: str
    partition: int
    offset: int
    batch_index: int


class Reached(NamedTuple):
    """How far a partition of a log was ingested, and when its last record was appended (us)."""

    next_offset: int
    recorded_at: int


class Logged(NamedTuple):
    """An event of the log: its position, when it was appended (us), its key and its row.

    The row is its index in the columns of the batch that it was read with.
    """

    position: Position
    recorded_at: int
    key: int
    row: int


class FirstJudged(NamedTuple):
    """An incident judged for the first time, under every commitment that it touches.

    `decisions` are in the order of `commitment_ids`; many incidents share one object.
    """

    conflict: str
    incident_id: str
    occurred_start: int
    occurred_end: int
    commitment_ids: tuple[str, ...]
    decisions: tuple[Decision, ...]


class FirstSight(NamedTuple):
    """A new incident of one report, judged under every commitment that it touches.

    `row`: that of its event in the columns; `recorded_at`: when that was (us). `decisions` as in
    `FirstJudged`.
    """

    row: int
    recorded_at: int
    commitment_ids: tuple[str, ...]
    decisions: tuple[Decision, ...]


class Rejudged(NamedTuple):
    """A pair whose judgement has changed; None: the incident does not touch it."""

    conflict: str
    incident_id: str
    commitment_id: str
    before: Judgement | None
    after: Judgement | None


class Alike(NamedTuple):
    """Incidents that are judged alike, in columns.

    `places`: their order among all of a scope; in us since 1970 `starts` and `ends` as they were
    reported, when the acts began at the earliest, and by when these are certainly over (`over_by`).
    """

    places: Numbers
    incident_ids: Sequence[str]
    incident_keys: Numbers
    starts: Numbers
    ends: Numbers
    act_starts: Numbers
    over_by: Numbers


class RejudgedAlike(NamedTuple):
    """Pairs whose judgement has changed, all in the same way.

    `before` and `after` have the occurred times of one of the incidents, no matter which.
    """

    conflict: str
    commitment_id: str
    before: Judgement | None
    after: Judgement | None
    incidents: Alike


Stretch = tuple[Limit, Limit]
"""From one instant to another, both included."""


class RejudgeScope(NamedTuple):
    """Which incidents of a conflict may have to be judged again under one commitment.

    Those with a report that may overlap one of the `stretches` and, unless `parties` is None, one
    that names one of the parties as actor or as the reporter's. `moments`: incidents in the same
    position relative to these, with the same content, are judged alike; None: only those of exactly
    the same time are. `alone`: nothing is judged alike with these.
    """

    conflict: str
    commitment_id: str
    stretches: tuple[Stretch, ...]
    parties: frozenset[str] | None = None
    moments: tuple[int, ...] | None = None
    alone: frozenset[str] = frozenset()


class Release(NamedTuple):
    """A violation of a reciprocal claim: by whom, from when, and over by when (us since 1970)."""

    incident_id: str
    parties: frozenset[str]
    start: int
    until: int
