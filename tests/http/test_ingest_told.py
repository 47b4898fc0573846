"""What a post is told beside refusals: what became of each event, verdicts and warnings."""

from __future__ import annotations

import json
from typing import Any

from tests.http.posting import LINES, Posting, event


def claimed(conflict: str) -> bytes:
    data = {
        "conflict": conflict,
        "commitment_id": "truce",
        "claim_id": "c",
        "claimed_by": {"name": "Speaker"},
        "stance": "asserts",
        "bound_parties": ["RUS"],
        "prohibits": {"acts": ["any"], "targets": ["any"]},
        "area": ["UA"],
        "window": [{"start": "2026-02-01T00:00:00Z", "end": "2026-03-01T00:00:00Z"}],
    }
    found = {
        "specversion": "1.0",
        "id": "c-1",
        "source": "https://desk.example/posted",
        "type": "commitment.claimed",
        "data": data,
    }
    return json.dumps(found).encode()


def strike(name: str, conflict: str, **more: Any) -> bytes:
    actor = {"party": "RUS", "confidence": "confirmed"}
    return event(name, **{"conflict": conflict, "actor": actor, "places": ["UA-30"], **more})


def test_each_event_is_told_what_became_of_it_and_which_verdicts_changed(ingest: Posting) -> None:
    killed = strike("hit", "told", effects={"killed": 3})
    again = strike("hit", "told", effects={"killed": 5})
    revised = killed.replace(b'"id": "hit"', b'"id": "hit-2"')
    body = b"\n".join([claimed("told"), killed, killed, again, revised])

    found = ingest.post(body, LINES)
    said = found.json()

    assert (found.status_code, said["accepted"], said["refused"]) == (409, 4, 1)
    assert said["outcomes"] == [
        {"line": 1, "outcome": "taken"},
        {"line": 2, "outcome": "taken"},
        {"line": 3, "outcome": "known"},
        {"line": 4, "outcome": "refused"},
        {"line": 5, "outcome": "taken", "revises": 2},
    ]
    assert said["known_already"] == 1
    assert said["verdicts"] == [
        {
            "conflict": "told",
            "commitment_id": "truce",
            "incident_id": "hit",
            "after": "violation",
            "party": "RUS",
        }
    ]
    assert said["verdicts_changed"] == 1
    assert "warnings" not in said


def test_what_is_odd_is_warned_of_and_taken_and_a_dry_run_warns_the_same(ingest: Posting) -> None:
    assert ingest.post(claimed("odd")).status_code == 202
    body = strike("far", "odd", actor={"party": "Russia"}, places=[{"lat": 30.52, "lon": 50.45}])

    tried = ingest.post(body, query="?dry_run=true").json()
    taken = ingest.post(body).json()

    reasons = [one["reason"] for one in taken["warnings"]]
    assert tried["warnings"] == taken["warnings"]
    assert taken["accepted"] == tried["acceptable"] == 1
    assert reasons[0].endswith("did you mean 'RUS'?")
    assert reasons[1].startswith("an actor without 'confidence'")
    assert reasons[2].endswith("did you mean lat 50.45, lon 30.52?")
    assert taken["outcomes"] == [{"outcome": "taken"}]
