"""Generated logs in which much is judged: times on a coarse grid, several parties, odd windows."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from tests.support.generated import (
    CLAIM_IDS,
    INCIDENTS,
    REPORTS,
    SQUARE,
    claims,
    events,
    line,
    reports,
)

# The clocks of Kyiv and Gaza change in this week.
DAYS = st.integers(27, 30)
CLOCKS = st.sampled_from(["00:00", "02:00", "03:00:00", "03:30", "06:00", "12:00", "18:00"])
ZONES = st.sampled_from(["UTC", "Europe/Kyiv", "Asia/Gaza", "Pacific/Kiritimati", "Etc/GMT+12"])
DONUT: dict[str, Any] = {
    "type": "MultiPolygon",
    "coordinates": [
        [
            [[29.0, 49.0], [32.0, 49.0], [32.0, 52.0], [29.0, 52.0], [29.0, 49.0]],
            [[30.4, 50.4], [30.6, 50.4], [30.6, 50.5], [30.4, 50.5], [30.4, 50.4]],
        ]
    ],
}


@st.composite
def moments(draw: st.DrawFn, first: int = 0) -> str:
    """A moment in the last days of March 2026, often the same as another."""
    quarter = first + draw(st.integers(0, 12))
    clock = draw(st.sampled_from(["00:00", "00:00", "00:00.000001", "30:00", "59:59.9999999"]))
    day, hour = 27 + quarter // 4, quarter % 4 * 6
    return (
        f"2026-03-{day:02}T{hour:02}:{clock}{draw(st.sampled_from(['Z', 'Z', '+02:00', '-06:00']))}"
    )


@st.composite
def bounds(draw: st.DrawFn) -> Any:
    at = draw(moments())
    return draw(
        st.sampled_from([at, at, at, {"earliest": None, "latest": at}, {"earliest": at}, {}])
    )


@st.composite
def entries(draw: st.DrawFn) -> dict[str, Any]:
    entry: dict[str, Any] = {}
    if draw(st.booleans()):
        entry["start"] = draw(bounds())
    if draw(st.integers(0, 3)):
        entry["end"] = draw(st.one_of(st.none(), bounds()))
    if draw(st.booleans()):
        entry["daily"] = {"from": draw(CLOCKS), "to": draw(CLOCKS), "zone": draw(ZONES)}
    return entry


# Stretches that touch and overlap, and pauses that take turns.
TURNS = st.sampled_from(
    [
        [
            {"start": "2026-03-27T00:00:00Z", "end": "2026-03-28T00:00:00Z"},
            {"start": "2026-03-28T00:00:00Z", "end": "2026-03-30T00:00:00Z"},
        ],
        [
            {"daily": {"from": "00:00", "to": "12:00", "zone": "Europe/Kyiv"}},
            {"daily": {"from": "12:00", "to": "00:00", "zone": "Europe/Kyiv"}, "end": None},
        ],
        [
            {
                "daily": {"from": "06:00", "to": "06:00", "zone": "UTC"},
                "start": "2026-03-28T00:00:00Z",
            }
        ],
    ]
)


@st.composite
def odd_claims(draw: st.DrawFn) -> dict[str, Any]:
    data: dict[str, Any] = draw(claims())
    data |= {"conflict": "east", "claim_id": draw(CLAIM_IDS), "commitment_id": "truce"}
    if data["stance"] == "denies":
        return data
    data["window"] = draw(st.one_of(TURNS, st.lists(entries(), min_size=1, max_size=3)))
    if draw(st.integers(0, 2)):
        data["prohibits"] = {
            "acts": ["any"],
            "targets": draw(st.sampled_from([["any"], ["energy"], []])),
        }
        data["area"] = draw(
            st.sampled_from([["UA"], ["UA", "RU"], [SQUARE, DONUT], ["UA-30", DONUT, None]])
        )
        data["bound_parties"] = ["AAA", "BBB"]
    if draw(st.booleans()):
        data["conditions"] = {"reciprocal": True}
    return data


@st.composite
def odd_times(draw: st.DrawFn) -> dict[str, Any]:
    occurred: dict[str, Any] = {"start": draw(moments())}
    if draw(st.integers(0, 2)):
        occurred["end"] = draw(moments(first=4))
    if draw(st.integers(0, 3)) == 0:
        occurred["certainty"] = draw(st.sampled_from(["throughout", None]))
    if draw(st.integers(0, 9)) == 0:
        occurred["of"] = draw(st.sampled_from(["impact", "act", None]))
    return occurred


@st.composite
def odd_reports(draw: st.DrawFn) -> dict[str, Any]:
    data: dict[str, Any] = draw(reports())
    data |= {"conflict": "east", "incident_id": draw(INCIDENTS), "report_id": draw(REPORTS)}
    data["occurred"] = draw(odd_times())
    for impact in data.get("impacts", ()):
        if "occurred" in impact:
            impact["occurred"] = draw(odd_times())
    if draw(st.integers(0, 2)):
        party = draw(st.sampled_from(["AAA", "AAA", "BBB", "CCC"]))
        data["actor"] = {"party": party, "confidence": "confirmed"}
        data["act"] = "missile_strike"
        data["targets"] = draw(st.sampled_from([["substation"], ["energy", "health"], [None], []]))
        kyiv = {"lat": 50.45, "lon": 30.52}
        data["places"] = draw(
            st.sampled_from([["UA-30"], ["UA-63", "RU"], [kyiv], [kyiv, "UA"], []])
        )
    elif draw(st.booleans()):
        data["actor"] = draw(
            st.sampled_from([{}, {"party": None, "confidence": "alleged"}, {"party": "AAA"}, None])
        )
        data |= draw(st.sampled_from([{"targets": None}, {"places": None}, {"impacts": None}, {}]))
    return data


def _makes_sense(event: dict[str, Any]) -> bool:
    from schemas.events import Invalid, parse_event

    try:
        parse_event(line(event, 0))
    except Invalid:
        return False
    return True


def _event(kind: str, data: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    return data.map(lambda found: {"type": kind, "data": found}).filter(_makes_sense)


@st.composite
def worlds(draw: st.DrawFn) -> list[str]:
    """A log: claims and reports that meet often, then whatever else happens."""
    found = draw(st.lists(_event("commitment.claimed", odd_claims()), min_size=1, max_size=3))
    found += draw(st.lists(_event("incident.reported", odd_reports()), min_size=1, max_size=6))
    found += draw(st.lists(events(), max_size=6))
    return [line(event, number) for number, event in enumerate(found)]
