"""What has the log take posted events, and what became of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from analytics.outcomes import VerdictChange
    from schemas.wire import Rejected


class NotTaken(Exception):  # noqa: N818 - named as what is the case
    """The ledger could not ingest events in time, or will not be able to: why."""


class TakenEvents(NamedTuple):
    """What became of events: for each why it was refused when it was read, None if it was not.

    `known`: which of them the ledger had already, and how verdicts changed; None: that is not known
    yet (Kafka), and then nothing is known of what was refused, either.
    """

    refused: Sequence[Rejected | None]
    known: frozenset[int] | None = None
    changes: Sequence[VerdictChange] = ()


TakeEvents = Callable[[Sequence[tuple[str, bytes]], str], Awaitable[TakenEvents]]
"""Has the log take events, each with its conflict, which somebody of this name posted.

Raises `KafkaError` or `NotTaken`: some may not be in it.
"""
