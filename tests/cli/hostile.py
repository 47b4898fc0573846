"""Events in which every text that may be anything is hostile, and what must not come out of them."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

from schemas.events import Invalid, parse_event
from schemas.safe_text import for_terminal

# What each kind of field lets pass: the strongest first. A verdict block that is forged, colours,
# text that runs backwards, what is not seen at all.
FORGED = "\nstrike-1: violation\r\n\x9b31m\x85\u202e\u2066\u2028\u200b\u200e\ufeff\U000e0041 end"
UNSEEN = "\u200b\u200f\u061c\ufeff\u2060\u3164\U000e0041\u200dx"
BACKWARDS = "\u202e\x9b31m\u200b\u2066"
HOSTILE = (FORGED, BACKWARDS, UNSEEN)

ENVELOPE = {
    "specversion": "1.0",
    "id": "e",
    "source": "https://desk.example",
    "time": "2026-01-01T00:00:00Z",
    "datacontenttype": "application/json",
    "dataschema": "https://desk.example/schema",
    "subject": "subject",
}
CLAIM = {
    "conflict": "land",
    "commitment_id": "truce",
    "claim_id": "claim",
    "claimed_by": {"name": "Mediator", "role": "mediator", "party": "MED"},
    "stance": "asserts",
    "bound_parties": ["AAA", "BBB"],
    "prohibits": {"acts": ["strike"], "targets": ["energy"]},
    "area": ["UA"],
    "window": [
        {
            "start": "2026-01-01T00:00:00Z",
            "end": "2026-02-01T00:00:00Z",
            "as_stated": "a month",
            "zone": "Europe/Kyiv",
        }
    ],
    "conditions": {"reciprocal": False, "other": "if it rains"},
    "evidence": ["https://desk.example/claim"],
}
REPORT = {
    "conflict": "land",
    "incident_id": "strike-1",
    "report_id": "report",
    "reported_by": {"name": "Observer", "kind": "monitor", "party": "OBS"},
    "occurred": {"start": "2026-01-10T12:00:00Z", "certainty": "sometime", "of": "act"},
    "actor": {"party": "AAA", "confidence": "confirmed"},
    "act": "missile_strike",
    "targets": ["substation"],
    "places": ["UA-30"],
    "weapons": [{"type": "missile", "launched": 3}],
    "effects": {"destroyed": 1},
    "impacts": [{"place": "UA-30", "targets": ["substation"], "effects": {"killed": 2}}],
    "evidence": ["https://desk.example/report"],
}
PLAIN = {"other": None}
EVENTS: list[tuple[str, dict[str, Any]]] = [
    ("commitment.claimed", CLAIM),
    ("commitment.claimed", {**CLAIM, "claim_id": "plain", "conditions": PLAIN}),
    (
        "commitment.claimed",
        {**CLAIM, "claim_id": "denial", "stance": "denies"},
    ),
    ("incident.reported", REPORT),
    ("incident.reported", {**REPORT, "report_id": "second", "impacts": []}),
    ("incident.reported", {**REPORT, "incident_id": "gone"}),
    (
        "incident.report_retracted",
        {"conflict": "land", "incident_id": "gone", "report_id": "report", "reason": "wrong"},
    ),
    (
        "commitment.claim_retracted",
        {"conflict": "land", "commitment_id": "truce", "claim_id": "no", "reason": "wrong"},
    ),
]
EVENTS.append(
    (
        "coverage.reported",
        {
            "conflict": "land",
            "coverage_id": "watch",
            "reported_by": {"name": "Mission", "kind": "monitor", "party": "OBS"},
            "start": "2026-01-10T00:00:00Z",
            "end": "2026-01-11T00:00:00Z",
            "area": ["UA"],
            "quality": "denied",
            "as_stated": "no access that day",
            "evidence": ["https://desk.example/watch"],
        },
    )
)

Path = tuple[str | int, ...]


def hostile_events() -> tuple[list[str], set[str]]:
    """The events as JSON, and which of their fields are hostile."""
    lines, fields = [], set()
    for number, (kind, data) in enumerate(EVENTS):
        event: dict[str, Any] = copy.deepcopy({**ENVELOPE, "id": f"e{number}", "type": kind})
        event["data"] = copy.deepcopy(data)
        for path in list(_texts(event)):
            for hostile in HOSTILE:
                tried = _with(event, path, hostile)
                if _is_valid(tried):
                    event = tried
                    fields.add(".".join("*" if isinstance(p, int) else p for p in path))
                    break
        lines.append(json.dumps(event))
    return lines, fields


def _texts(value: Any, path: Path = ()) -> Iterator[Path]:
    if isinstance(value, dict):
        for name, one in value.items():
            yield from _texts(one, (*path, name))
        if path[-1:] == ("effects",):
            yield (*path, "[key]")
    elif isinstance(value, list):
        for number, one in enumerate(value):
            yield from _texts(one, (*path, number))
    elif isinstance(value, str):
        yield path


def _with(event: dict[str, Any], path: Path, hostile: str) -> dict[str, Any]:
    changed = copy.deepcopy(event)
    at: Any = changed
    for part in path[:-1]:
        at = at[part]
    if path[-1] == "[key]":
        at[f"unharmed{hostile}"] = at.pop(next(iter(at)))
    else:
        at[path[-1]] += hostile
    return changed


def _is_valid(event: dict[str, Any]) -> bool:
    try:
        parse_event(json.dumps(event))
    except Invalid:
        return False
    return True


def unfit(text: str) -> list[str]:
    """The lines of `text` with anything in them that no output may have."""
    return [line for line in text.split("\n") if for_terminal(line) != line]
