"""The types of the events of the log, by name; `schemas.events` has their models."""

from __future__ import annotations

from typing import Literal, get_args

EventType = Literal[
    "commitment.claimed",
    "commitment.claim_retracted",
    "incident.reported",
    "incident.report_retracted",
    "coverage.reported",
]
EVENT_TYPE_NAMES: tuple[EventType, ...] = get_args(EventType)
