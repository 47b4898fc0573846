"""The messages themselves, in at most 8 KB each: alerts for Alertmanager, CloudEvents for others.

What does not fit is left out, the least important first, and replaced by how much was left out.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from schemas.safe_text import for_annotation, for_label, party_label
from streams.notify.bounded import LEAST_BYTES, MOST_BYTES, cut, dumps, listed, size
from streams.notify.notification import DigestText, NotificationText

NEVER = "9999-01-01T00:00:00Z"
SEVERITY = {"violation": "critical", "contested": "warning", "undetermined": "info"}
RUNBOOKS = {
    "violation": "deploy/runbooks/TruceViolated.md",
    "contested": "deploy/runbooks/TruceViolationContested.md",
    "undetermined": "deploy/runbooks/TruceEvidenceUndetermined.md",
}
ALERT = "TruceVerdictChanged"
MOST_BYTES_OF_A_SUMMARY = 1_000
MOST_OF_A_SHORT_SUMMARY = 200
SHORT = ("recorded_at", "withdrawn_at", "verdict_id", "details", "runbook_url")

JsonObject = dict[str, Any]


class _Part(NamedTuple):
    """A text of an alert: what it is made of, and its share of the room that is left."""

    name: str
    items: Sequence[str]
    separator: str
    share: float
    can_be_cut: bool = True


def alert_of(text: NotificationText, page: str) -> str:
    """The alert on one verdict; it ends when that is withdrawn."""
    notification = text.notification
    labels = {
        "alertname": ALERT,
        "conflict": for_label(notification.conflict),
        "commitment": for_label(notification.commitment_id),
        "incident": for_label(notification.incident_id),
        "party": for_label(party_label(notification.party)),
        "verdict": notification.verdict,
        "severity": SEVERITY[notification.verdict],
    }
    notes = {
        "summary": cut(text.summary, MOST_BYTES_OF_A_SUMMARY),
        "recorded_at": text.recorded_at,
        "withdrawn_at": text.withdrawn_at,
        "verdict_id": text.verdict_id,
        "details": cut(text.details, MOST_BYTES_OF_A_SUMMARY),
    }
    violated = [claim for claim, verdict in text.by_claim if verdict == "violation"]
    others = [f"{claim} ({verdict})" for claim, verdict in text.by_claim if verdict != "violation"]
    parts = (
        _Part("description", (text.why, *text.lines), "\n", 0.45),
        _Part("claims_violated", violated, ", ", 0.3),
        _Part("evidence", text.evidence, "\n", 0.5, can_be_cut=False),
        _Part("claims_not_violated", others, ", ", 0.5),
        _Part("criteria", text.criteria, "\n", 1.0),
    )
    ends_at = NEVER if notification.kind == "stands" else text.recorded_at
    return _alert(labels, notes, parts, text.recorded_at, ends_at, page)


def alert_of_digest(text: DigestText, page: str) -> str:
    """The alert on many verdicts; it ends when it is closed and none of them stands."""
    one = text.digest
    labels = {
        "alertname": ALERT,
        "conflict": for_label(one.conflict),
        "commitment": for_label(one.commitment_id),
        "verdict": one.verdict,
        "severity": SEVERITY[one.verdict],
        # Another burst of the same commitment is news, and so another alert.
        one.kind: text.since,
    }
    if one.incident_id is not None:
        labels["incident"] = for_label(one.incident_id)
    notes = {
        "summary": cut(text.summary, MOST_BYTES_OF_A_SUMMARY),
        "count": str(one.counted),
        "standing": str(one.standing),
        "since": text.since,
        "until": text.until,
        "details": cut(text.details, MOST_BYTES_OF_A_SUMMARY),
        "runbook_url": RUNBOOKS[one.verdict],
    }
    parts = (_Part("description", text.lines, "\n", 1.0),)
    ends_at = text.since if one.is_over else NEVER
    return _alert(labels, notes, parts, text.since, ends_at, page)


def _alert(
    labels: JsonObject,
    notes: JsonObject,
    parts: Sequence[_Part],
    starts_at: str,
    ends_at: str,
    page: str,
) -> str:
    annotations = {name: text for name, text in notes.items() if text}
    alert = {
        "labels": labels,
        "annotations": annotations,
        "startsAt": starts_at,
        "endsAt": ends_at,
        "generatorURL": page,
    }
    for part in parts:
        # The name, quotes, a colon and commas.
        room = MOST_BYTES - size(alert) - len(part.name) - 6
        text, _ = listed(
            part.items, part.separator, int(room * part.share), can_be_cut=part.can_be_cut
        )
        if text:
            annotations[part.name] = text
    return _bounded(dumps(alert), shorter_alert)


def shorter_alert(content: str) -> str | None:
    """The alert with only its labels and its summary; None if it is that short already."""
    alert = json.loads(content)
    notes = alert["annotations"]
    kept = {name: notes[name] for name in SHORT if name in notes}
    kept["summary"] = for_annotation(notes["summary"], MOST_OF_A_SHORT_SUMMARY)
    left = size(notes) - size(kept)
    kept["description"] = f"{left:,} bytes are left out, since so much was not taken"
    return _if_shorter(dumps({**alert, "annotations": kept}), content)


def event_of(text: NotificationText) -> str:
    """The CloudEvent on one verdict."""
    notification = text.notification
    withdrawn = notification.kind == "withdrawn"
    data: JsonObject = {
        "conflict": for_label(notification.conflict),
        "commitment_id": for_label(notification.commitment_id),
        "incident_id": for_label(notification.incident_id),
        "party": None if notification.party is None else for_label(notification.party),
        "verdict": notification.verdict,
        "verdict_now": text.verdict_now,
        "recorded_at": text.recorded_at,
        "withdrawn_at": text.withdrawn_at,
        "summary": cut(text.summary, MOST_BYTES_OF_A_SUMMARY),
        "details": cut(text.details, MOST_BYTES_OF_A_SUMMARY),
    }
    event = _event(
        text.verdict_id + ("/withdrawn" if withdrawn else ""),
        "verdict.withdrawn" if withdrawn else "verdict.stands",
        text.withdrawn_at or text.recorded_at,
        data,
    )
    room = MOST_BYTES - size(event) - 150
    data["why"] = cut(text.why, room // 4)
    left_out = {"claims": 0, "answers": 0, "evidence": 0}
    data["evidence"] = _whole(text.evidence, room // 4)
    left_out["evidence"] = len(text.evidence) - len(data["evidence"])
    room = MOST_BYTES - size(event) - 150
    data["claims"] = claims = []
    for claim in text.claims_json:
        short = {**claim, "answers": []}
        chosen = next((one for one in (claim, short) if size(one) + 2 <= room), None)
        if chosen is None:
            left_out["claims"] += 1
            continue
        left_out["answers"] += len(claim["answers"]) - len(chosen["answers"])
        room -= size(chosen) + 2
        claims.append(chosen)
    if any(left_out.values()):
        data["left_out"] = left_out
    return _bounded(dumps(event), shorter_event)


def event_of_digest(text: DigestText) -> str:
    """The CloudEvent on many verdicts, as they are now."""
    one = text.digest
    data: JsonObject = {
        "conflict": for_label(one.conflict),
        "commitment_id": for_label(one.commitment_id),
        "incident_id": None if one.incident_id is None else for_label(one.incident_id),
        "verdict": one.verdict,
        "since": text.since,
        "until": text.until,
        "count": one.counted,
        "standing": one.standing,
        "is_final": one.is_closed,
        "summary": cut(text.summary, MOST_BYTES_OF_A_SUMMARY),
        "why": "\n".join(text.lines),
        "details": cut(text.details, MOST_BYTES_OF_A_SUMMARY),
    }
    kind = "verdict.flapping" if one.kind == "flapping" else "verdict.burst"
    return _bounded(dumps(_event(text.id, kind, text.until, data)), shorter_event)


def _event(id_: str, kind: str, time: str, data: JsonObject) -> JsonObject:
    return {
        "specversion": "1.0",
        "id": id_,
        "source": "trucewatch",
        "type": kind,
        "time": time,
        "datacontenttype": "application/json",
        "data": data,
    }


def shorter_event(content: str) -> str | None:
    """The event without its reasons; None if it is that short already."""
    event = json.loads(content)
    data = event["data"]
    kept = {name: one for name, one in data.items() if name not in {"why", "claims", "evidence"}}
    kept["summary"] = for_annotation(data["summary"], MOST_OF_A_SHORT_SUMMARY)
    kept["left_out"] = {"bytes": size(data) - size(kept)}
    return _if_shorter(dumps({**event, "data": kept}), content)


def _whole(items: Sequence[str], room: int) -> list[str]:
    """As many whole items as fit: a part of a link leads nowhere."""
    kept = []
    for item in items:
        room -= size(item) + 2
        if room >= 0:
            kept.append(item)
    return kept


def _bounded(content: str, shorter: Any) -> str:  # noqa: ANN401
    """The content, or less of it: the longest names, escaped, may leave no room for more."""
    if len(content.encode()) <= MOST_BYTES:
        return content
    return shorter(content) or content


def _if_shorter(found: str, content: str) -> str | None:
    return found if len(found.encode()) + LEAST_BYTES < len(content.encode()) else None
