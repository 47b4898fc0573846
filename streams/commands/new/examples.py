"""Events with every field that there is, which `--template` prints with each of them explained."""

from __future__ import annotations

from typing import Any

ExampleEvent = dict[str, Any]

_SQUARE = {
    "type": "Polygon",
    "coordinates": [[[30.2, 50.2], [30.9, 50.2], [30.9, 50.6], [30.2, 50.6], [30.2, 50.2]]],
}
_EVIDENCE = ["https://desk.example/ua/note-1"]


def _event(event_type: str, data: ExampleEvent) -> ExampleEvent:
    return {
        "specversion": "1.0",
        "id": "note-1",
        "source": "https://desk.example/ua",
        "type": event_type,
        "time": "2026-02-04T08:00:00Z",
        "datacontenttype": "application/json",
        "dataschema": "https://desk.example/schema",
        "subject": "our note of the night",
        "data": data,
    }


def _claim(stance: str) -> ExampleEvent:
    return {
        "conflict": "russia-ukraine",
        "commitment_id": "energy-truce-2026",
        "claim_id": "desk-1",
        "claimed_by": {"name": "Dmitry Peskov", "role": "party", "party": "RUS"},
        "stance": stance,
        "bound_parties": ["RUS"],
        "prohibits": {"acts": ["strike"], "targets": ["energy", None]},
        "area": ["UA-30", _SQUARE],
        "window": [
            {
                "daily": {"from": "08:00", "to": "14:00", "zone": "Europe/Kyiv"},
                "start": {"earliest": "2026-01-24T21:00:00Z", "latest": "2026-01-25T22:00:00Z"},
                "end": {"earliest": "2026-01-31T21:00:00Z", "latest": "2026-02-01T22:00:00Z"},
                "as_stated": "every morning for a week, until 1 February",
                "zone": "Europe/Moscow",
            },
            {"start": "2026-02-10T00:00:00+02:00", "end": None},
        ],
        "conditions": {"reciprocal": True, "other": "as long as the talks go on"},
        "evidence": _EVIDENCE,
    }


def _report(stance: str) -> ExampleEvent:
    occurred = {
        "start": "2026-02-02T18:00:00+02:00",
        "end": "2026-02-03T08:00:00+02:00",
        "certainty": "sometime",
        "of": "impact",
        "flight": "PT2H",
        "as_stated": "night of 2-3 February",
    }
    point = {"lat": 50.45, "lon": 30.52, "radius_km": 10, "codes": ["UA-30"]}
    effects = {"killed": 3, "injured": {"min": 5, "max": 7}}
    return {
        "conflict": "russia-ukraine",
        "incident_id": "2026-02-03-barrage",
        "report_id": "desk",
        "reported_by": {"name": "Our desk", "kind": "media", "party": "UKR"},
        "stance": stance,
        "occurred": occurred,
        "actor": {"party": "RUS", "confidence": "confirmed"},
        "act": "missile_strike",
        "targets": ["power_generation", None],
        "places": ["UA-63", point, {"one_of": ["UA-12", "UA-23"]}],
        "weapons": [
            {
                "type": "missile",
                "launched": {"min": 70, "max": 71},
                "intercepted": {"min": 38, "max": 38},
            },
            {"type": "drone", "launched": 450, "intercepted": 412},
        ],
        "effects": effects,
        "impacts": [
            {"place": point, "targets": ["heating"], "occurred": occurred, "effects": effects},
            {"place": {"one_of": ["UA-12", "UA-23"]}},
        ],
        "evidence": _EVIDENCE,
    }


def _coverage() -> ExampleEvent:
    return {
        "conflict": "russia-ukraine",
        "coverage_id": "desk-2026-02-03",
        "reported_by": {"name": "Our desk", "kind": "media", "party": "UKR"},
        "start": "2026-02-02T00:00:00+02:00",
        "end": "2026-02-03T00:00:00+02:00",
        "area": ["UA-14", _SQUARE, None],
        "quality": "partial",
        "as_stated": "two correspondents in the city, by day",
        "evidence": _EVIDENCE,
    }


def example(kind: str, stance: str) -> ExampleEvent:
    """An event of `kind` with every field; `stance`: of a claim or a report, which may deny."""
    if kind == "claim":
        return _event("commitment.claimed", _claim(stance))
    if kind == "report":
        return _event("incident.reported", _report(stance))
    return _event("coverage.reported", _coverage())
