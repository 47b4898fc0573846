"""What is published to other programs: changes of a verdict, and rejected input.

`analytics.ledger.messages` makes those of verdicts; `schemas.asyncapi` has all.
"""

from __future__ import annotations

from typing import NamedTuple

from analytics.ledger.rows import Position
from schemas.verdicts import Judgement, is_same_throughout
from schemas.wire import Rejected
from streams.kafka.topics import EVENTS, REJECTED

MAX_PROBLEM_BYTES = 4_000
OutputHeaders = tuple[tuple[str, bytes], ...]


class Message(NamedTuple):
    """One message to publish; `headers` as Kafka has them."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: OutputHeaders


def is_published(before: Judgement | None, after: Judgement | None) -> bool:
    """Does anything of it open a version: the verdict, a criterion, the times, who says so?"""
    return not is_same_throughout(before, after)


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
