"""What the tracker says to other programs: messages for `truce.verdicts` and `truce.rejected`.

`schemas.documents` describes them.
"""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

import msgspec

from analytics.rows import Judgement, Logged, Position, Rejudged
from schemas.time import to_datetime
from schemas.wire import CONTENT_TYPE_EVENT, Rejected, headers
from streams.topics import EVENTS, REJECTED, VERDICTS

MAX_PROBLEM_BYTES = 4_000
SOURCE = "trucewatch"
Headers = tuple[tuple[str, bytes], ...]


class Message(NamedTuple):
    """One message to publish; `headers` as Kafka has them."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers


class _Claim(msgspec.Struct):
    claim_id: str
    verdict: str
    in_window: bool | None
    party_bound: bool | None
    act_prohibited: bool | None
    target_covered: bool | None
    in_area: bool | None
    still_bound: bool | None


class _Verdict(msgspec.Struct):
    conflict: str
    commitment_id: str
    incident_id: str
    party: str | None
    verdict: str | None
    previous_verdict: str | None
    recorded_at: datetime
    occurred_start: datetime | None
    occurred_end: datetime | None
    independent_reports: int | None
    claims: list[_Claim]


class _Event(msgspec.Struct):
    specversion: str
    id: str
    source: str
    type: str
    time: datetime
    datacontenttype: str
    data: _Verdict


_encode = msgspec.json.Encoder().encode
_HEADERS = headers(CONTENT_TYPE_EVENT)
# One event, and one incident, are told of several times in a row.
_moment = lru_cache(maxsize=4_096)(to_datetime)


def is_told(rejudged: Rejudged) -> bool:
    """Is there a verdict, a party or a criterion that is not what it was?

    Other reports may change when it occurred, or how many independent ones there are, and no more.
    """
    before, after = rejudged.before, rejudged.after
    return before is None or after is None or _told(before) != _told(after)


def _told(judgement: Judgement) -> object:
    return judgement.verdict, judgement.party, [claim[:3] for claim in judgement.claims]


def verdict_changed(logged: Logged, rejudged: Rejudged) -> Message:
    """The CloudEvent that tells what `logged` did to one verdict.

    Its id is made of the log position and the pair: a repeat after a fault can be recognised.
    """
    conflict, incident_id, commitment_id, before, after = rejudged
    log_id, partition, offset, batch_index = logged.position
    place = f"{log_id}/{partition}/{offset}/{batch_index}"
    recorded_at = _moment(logged.recorded_at)
    verdict = _Verdict(
        conflict,
        commitment_id,
        incident_id,
        after and after.party,
        after and after.verdict,
        before and before.verdict,
        recorded_at,
        after and _moment(after.occurred_start),
        after and _moment(after.occurred_end),
        after and after.independent_reports,
        [_Claim(c.claim_id, c.verdict, *c.criteria) for c in after.claims] if after else [],
    )
    event = _Event(
        "1.0",
        f"{place}/{commitment_id}/{incident_id}",
        SOURCE,
        "verdict.changed",
        recorded_at,
        "application/json",
        verdict,
    )
    return Message(VERDICTS, conflict.encode(), _encode(event), _HEADERS)


def rejection(rejected: Rejected, position: Position, key: bytes | None) -> Message:
    """What could not be read, byte for byte, with the reasons and the place in its headers."""
    problems = "; ".join(f"{problem.field}: {problem.reason}" for problem in rejected.problems)
    return Message(
        REJECTED,
        key,
        rejected.raw,
        (
            ("reason", rejected.reason.encode()),
            ("problems", problems.encode("utf-8", "replace")[:MAX_PROBLEM_BYTES]),
            ("topic", EVENTS.encode()),
            ("log", position.log_id.encode()),
            ("partition", str(position.partition).encode()),
            ("offset", str(position.offset).encode()),
            ("index", b"" if rejected.index is None else str(rejected.index).encode()),
        ),
    )
