"""Generated logs: small worlds in which claims and reports meet, revise and contradict each other."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

ORIGIN = datetime(2026, 1, 1, tzinfo=UTC)
PARTIES = st.sampled_from(["AAA", "BBB", "CCC"])
SQUARE: dict[str, Any] = {
    "type": "Polygon",
    "coordinates": [[[30.0, 50.0], [31.0, 50.0], [31.0, 51.0], [30.0, 51.0], [30.0, 50.0]]],
}


def _hour(hour: int) -> str:
    return (ORIGIN + timedelta(hours=hour)).isoformat().replace("+00:00", "Z")


HOURS = st.integers(0, 48)


@st.composite
def bounds(draw: st.DrawFn, at: int) -> Any:
    kind = draw(st.sampled_from(["known", "known", "range", "early", "late"]))
    if kind == "known":
        return _hour(at)
    spread = draw(st.integers(0, 6))
    return {
        "earliest": None if kind == "early" else _hour(at),
        "latest": None if kind == "late" else _hour(at + spread),
    }


@st.composite
def windows(draw: st.DrawFn) -> list[dict[str, Any]]:
    if draw(st.integers(0, 5)) == 0:
        return [
            {
                "daily": {
                    "from": draw(st.sampled_from(["00:00", "08:00", "22:00"])),
                    "to": draw(st.sampled_from(["06:00", "08:00", "14:00"])),
                    "zone": draw(st.sampled_from(["UTC", "Asia/Gaza", "Europe/Kyiv", "Old/Zone"])),
                },
                "start": _hour(0),
                "end": draw(st.sampled_from([None, _hour(40)])),
            }
        ]
    parts = []
    for _ in range(draw(st.integers(1, 2))):
        start = draw(HOURS)
        part: dict[str, Any] = {}
        if draw(st.integers(0, 6)):
            part["start"] = draw(bounds(start))
        if draw(st.integers(0, 6)):
            part["end"] = draw(st.one_of(st.none(), bounds(start + draw(st.integers(7, 30)))))
        parts.append(part)
    return parts


ACTS = st.sampled_from(["any", "hostile_act", "strike", "missile_strike", "raid", "blockade"])
TARGETS = st.sampled_from(
    ["any", "infrastructure", "energy", "substation", "residential", "military"]
)
# No list has UA-99 and RU-OLD.
CODES = st.sampled_from(["UA", "UA", "UA-30", "UA-30", "UA-63", "RU-BEL", "UA-99", "RU-OLD"])
POINTS = st.fixed_dictionaries(
    {
        "lat": st.sampled_from([50.45, 50.999, 52.0]),
        "lon": st.sampled_from([30.52, 30.999, 33.0]),
    },
    optional={
        "radius_km": st.sampled_from([0, 5, 80]),
        "codes": st.sampled_from([[], ["UA"], ["UA-30"], ["UA-30", "UA-99"], ["RU", "RU-BEL"]]),
    },
)
ONE_OF = st.lists(st.one_of(CODES, POINTS), min_size=2, max_size=3).map(
    lambda places: {"one_of": places}
)


def _scope(terms: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    return st.lists(st.one_of(terms, terms, terms, st.none()), max_size=3, unique_by=str)


CONFLICTS = st.sampled_from(["east", "east", "east", "west"])
COMMITMENTS = st.sampled_from(["truce", "pause"])
CLAIM_IDS = st.sampled_from(["c1", "c2", "c3"])
INCIDENTS = st.sampled_from(["i1", "i2", "i3"])
REPORTS = st.sampled_from(["r1", "r2", "r3"])


@st.composite
def claims(draw: st.DrawFn) -> dict[str, Any]:
    data: dict[str, Any] = {
        "conflict": draw(CONFLICTS),
        "commitment_id": draw(COMMITMENTS),
        "claim_id": draw(CLAIM_IDS),
        "claimed_by": {"name": "Somebody", "role": draw(st.sampled_from(["party", "mediator"]))},
        "bound_parties": draw(st.lists(PARTIES, min_size=1, max_size=2, unique=True)),
    }
    if draw(st.integers(0, 5)) == 0:
        return {**data, "stance": "denies"}
    data |= {"stance": "asserts", "window": draw(windows())}
    if draw(st.integers(0, 4)):
        data["prohibits"] = {"acts": draw(_scope(ACTS)), "targets": draw(_scope(TARGETS))}
    if draw(st.integers(0, 4)):
        data["area"] = draw(_scope(st.one_of(CODES, CODES, st.just(SQUARE))))
    condition = draw(st.integers(0, 6))
    if condition < 3:
        data["conditions"] = {"reciprocal": True} if condition else {"other": "in good faith"}
    return data


@st.composite
def occurrences(draw: st.DrawFn) -> dict[str, Any]:
    start = draw(HOURS)
    occurred: dict[str, Any] = {"start": _hour(start)}
    if draw(st.booleans()):
        occurred["end"] = _hour(start + draw(st.integers(0, 8)))
    if draw(st.integers(0, 3)) == 0:
        occurred["certainty"] = "throughout"
    if draw(st.integers(0, 6)) == 0:
        occurred["of"] = "impact"
        if draw(st.booleans()):
            occurred["flight"] = draw(st.sampled_from(["PT0S", "PT2M", "PT1H30M", "PT5H", "P1D"]))
    return occurred


PLACES = st.lists(st.one_of(CODES, CODES, POINTS, ONE_OF, st.none()), max_size=2, unique_by=str)
REPORTED_TARGETS = st.lists(
    st.one_of(TARGETS, TARGETS, TARGETS, st.none()), max_size=2, unique=True
)


@st.composite
def impacts(draw: st.DrawFn) -> dict[str, Any]:
    impact: dict[str, Any] = {"effects": {"destroyed": draw(st.integers(0, 3))}}
    if draw(st.booleans()):
        impact["place"] = draw(st.one_of(CODES, POINTS, ONE_OF))
    if draw(st.booleans()):
        impact["targets"] = draw(REPORTED_TARGETS)
    if draw(st.integers(0, 3)) == 0:
        impact["occurred"] = draw(occurrences())
    return impact


REPORTERS = st.fixed_dictionaries(
    {"name": st.sampled_from(["Outlet", "Agency", "Ministry"])},
    optional={
        "kind": st.sampled_from(["monitor", "media", "party", "blog"]),
        "party": st.one_of(st.none(), PARTIES),
    },
)


@st.composite
def reports(draw: st.DrawFn) -> dict[str, Any]:
    data: dict[str, Any] = {
        "conflict": draw(CONFLICTS),
        "incident_id": draw(INCIDENTS),
        "report_id": draw(REPORTS),
        "reported_by": draw(REPORTERS),
        "effects": {"killed": draw(st.integers(0, 20))},
    }
    if draw(st.integers(0, 5)) == 0:
        data["stance"] = "denies"
        if draw(st.booleans()):
            data["occurred"] = draw(occurrences())
    else:
        data["occurred"] = draw(occurrences())
    if draw(st.integers(0, 4)):
        data["actor"] = {
            "party": draw(PARTIES),
            "confidence": draw(st.sampled_from(["confirmed", "confirmed", "likely", "alleged"])),
        }
    if draw(st.integers(0, 4)):
        data["act"] = draw(ACTS)
    if draw(st.integers(0, 3)):
        data["targets"] = draw(REPORTED_TARGETS)
    if draw(st.integers(0, 3)):
        data["places"] = draw(PLACES)
    if draw(st.integers(0, 3)) == 0:
        data["impacts"] = draw(st.lists(impacts(), min_size=1, max_size=2))
    return data


@st.composite
def coverage(draw: st.DrawFn) -> dict[str, Any]:
    start = draw(HOURS)
    data: dict[str, Any] = {
        "conflict": draw(CONFLICTS),
        "coverage_id": draw(st.sampled_from(["w1", "w2"])),
        "reported_by": {"name": "Mission", "kind": "monitor"},
        "start": _hour(start),
        "end": _hour(start + draw(st.integers(1, 30))),
        "quality": draw(st.sampled_from(["full", "partial", "denied", "none"])),
    }
    if draw(st.booleans()):
        data["area"] = draw(_scope(st.one_of(CODES, CODES, st.just(SQUARE))))
    return data


@st.composite
def events(draw: st.DrawFn) -> dict[str, Any]:
    """One event without its id."""
    kind = draw(st.integers(0, 10))
    if kind == 10:
        return {"type": "coverage.reported", "data": draw(coverage())}
    if kind < 3:
        return {"type": "commitment.claimed", "data": draw(claims())}
    if kind < 8:
        return {"type": "incident.reported", "data": draw(reports())}
    conflict = draw(CONFLICTS)
    if kind == 8:
        gone = {"commitment_id": draw(COMMITMENTS), "claim_id": draw(CLAIM_IDS)}
        return {"type": "commitment.claim_retracted", "data": {"conflict": conflict, **gone}}
    back = {"incident_id": draw(INCIDENTS), "report_id": draw(REPORTS)}
    return {"type": "incident.report_retracted", "data": {"conflict": conflict, **back}}


def line(event: dict[str, Any], number: int) -> str:
    """The event as a line of JSON; `number` makes its id."""
    return json.dumps(
        {"specversion": "1.0", "id": f"e{number}", "source": "https://desk.example", **event}
    )


def logs(min_size: int = 1, max_size: int = 14) -> st.SearchStrategy[list[str]]:
    """Logs of events in the order in which they arrived, each with an id of its own."""
    return st.lists(events(), min_size=min_size, max_size=max_size).map(
        lambda found: [line(event, number) for number, event in enumerate(found)]
    )


def conflict_of(raw: str) -> str:
    found: str = json.loads(raw)["data"]["conflict"]
    return found


def subject_of(raw: str) -> tuple[str, ...]:
    """The claim, report or coverage that an event is about: events about different ones commute."""
    data = json.loads(raw)["data"]
    names = ("conflict", "commitment_id", "claim_id", "incident_id", "report_id", "coverage_id")
    return tuple(f"{name}={data[name]}" for name in names if name in data)
