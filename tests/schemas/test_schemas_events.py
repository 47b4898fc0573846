"""Reading events: what each field means, and every problem of a bad one in one answer."""

import json
import math
import time
from typing import Any

import pytest

from schemas.events import (
    Assertion,
    ClaimEvent,
    ClaimRetractedEvent,
    Denial,
    Invalid,
    NotJson,
    Range,
    Report,
    ReportEvent,
    ReportRetractedEvent,
    parse_event,
)
from schemas.places import Point, Polygonal
from schemas.time import OPEN, UNKNOWN, Bound, Daily, Occurrence, Span, iso

ABSENT = object()


def event(event_type: str, data: Any, **attributes: Any) -> dict[str, Any]:
    envelope = {
        "specversion": "1.0",
        "id": "1",
        "source": "https://desk.example",
        "type": event_type,
    }
    return {**envelope, **attributes, "data": data}


def claim_data(**fields: Any) -> dict[str, Any]:
    data = {
        "conflict": "a-b",
        "commitment_id": "truce",
        "claim_id": "c1",
        "claimed_by": {"name": "A. Speaker"},
        "stance": "asserts",
        "bound_parties": ["AAA", "BBB"],
        "window": [{"start": "2026-01-30T00:00:00Z", "end": "2026-02-05T00:00:00Z"}],
    } | fields
    return {name: value for name, value in data.items() if value is not ABSENT}


def report_data(**fields: Any) -> dict[str, Any]:
    data = {
        "conflict": "a-b",
        "incident_id": "i1",
        "report_id": "r1",
        "reported_by": {"name": "An outlet"},
        "occurred": {"start": "2026-02-02T16:00:00Z"},
    } | fields
    return {name: value for name, value in data.items() if value is not ABSENT}


def claim(**fields: Any) -> Assertion:
    read = parse_event(json.dumps(event("commitment.claimed", claim_data(**fields))))
    assert isinstance(read, ClaimEvent)
    assert isinstance(read.data, Assertion)
    return read.data


def report(**fields: Any) -> Report:
    read = parse_event(json.dumps(event("incident.reported", report_data(**fields))))
    assert isinstance(read, ReportEvent)
    assert isinstance(read.data, Report)
    return read.data


def problems(document: Any) -> dict[str, str]:
    with pytest.raises(Invalid) as refused:
        parse_event(json.dumps(document))
    return {problem.field: problem.reason for problem in refused.value.problems}


def claim_problems(**fields: Any) -> dict[str, str]:
    return problems(event("commitment.claimed", claim_data(**fields)))


def report_problems(**fields: Any) -> dict[str, str]:
    return problems(event("incident.reported", report_data(**fields)))


def window_problems(**entry: Any) -> dict[str, str]:
    return claim_problems(window=[entry])


def test_the_least_that_can_be_said_leaves_the_rest_unknown() -> None:
    said = claim()
    assert (said.prohibits.acts, said.prohibits.targets, said.area) == ((), (), ())
    assert (said.conditions.reciprocal, said.conditions.other) == (False, None)
    happened = report()
    assert (happened.actor, happened.act, happened.targets, happened.places) == (None, None, (), ())
    assert happened.occurred.occurrence == Occurrence(1770048000000000, 1770048000000000)


@pytest.mark.parametrize("field", ["prohibits", "area", "conditions", "evidence"])
def test_null_terms_are_absent_terms(field: str) -> None:
    assert claim(**{field: None}) == claim()


@pytest.mark.parametrize(
    "field", ["actor", "act", "targets", "places", "weapons", "effects", "impacts", "evidence"]
)
def test_null_details_are_absent_details(field: str) -> None:
    assert report(**{field: None}) == report()


def test_null_inside_a_list_is_others_not_named() -> None:
    said = claim(prohibits={"acts": ["strike", None], "targets": None}, area=["UA-30", None])
    assert (said.prohibits.acts, said.prohibits.targets) == (("strike", None), ())
    assert said.area == ("UA-30", None)
    happened = report(targets=[None], places=["UA", None, {"lat": 1, "lon": 2}])
    assert happened.targets == (None,)
    assert happened.places == ("UA", None, Point(1.0, 2.0, 0.0))


T1, T2 = "2026-01-30T00:00:00Z", "2026-02-05T00:00:00Z"
B1, B2 = Bound.at(1769731200000000), Bound.at(1770249600000000)
LIMITS: list[tuple[dict[str, Any], Span]] = [
    ({}, Span(UNKNOWN, UNKNOWN)),
    ({"start": T1, "end": T2}, Span(B1, B2)),
    ({"start": T1}, Span(B1, UNKNOWN)),
    ({"start": T1, "end": None}, Span(B1, OPEN)),
    ({"end": T2}, Span(UNKNOWN, B2)),
    ({"start": {"earliest": T1, "latest": T2}}, Span(Bound(B1[0], B2[0]), UNKNOWN)),
    ({"start": T1, "end": {"earliest": T2, "latest": None}}, Span(B1, Bound(B2[0], math.inf))),
    ({"start": T1, "end": {"latest": T2}}, Span(B1, Bound(-math.inf, B2[0]))),
    ({"start": {}, "end": {"earliest": None, "latest": None}}, Span(UNKNOWN, UNKNOWN)),
]


@pytest.mark.parametrize(("entry", "expected"), LIMITS)
def test_bounds_of_a_window(entry: dict[str, Any], expected: Span) -> None:
    assert claim(window=[entry]).terms_window == (expected,)


def test_daily_hours() -> None:
    hours = {"from": "08:00", "to": "14:00", "zone": "Asia/Gaza"}
    (part,) = claim(window=[{"daily": hours, "start": T1, "end": None}]).terms_window
    assert isinstance(part, Daily)
    assert (part.from_.hour, part.to.hour, part.zone, part.start, part.end) == (
        *(8, 14, "Asia/Gaza"),
        *(B1, OPEN),
    )
    round_the_clock = {**hours, "to": "08:00"}
    assert claim(window=[{"daily": round_the_clock, "start": T1}]).terms_window == (
        Span(B1, UNKNOWN),
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-30T09:00:00Z", "2026-01-30T09:00:00Z"),
        ("2026-01-30t09:00:00z", "2026-01-30T09:00:00Z"),
        ("2026-01-30T09:00:00+02:00", "2026-01-30T07:00:00Z"),
        ("2026-01-30T09:00:00-00:00", "2026-01-30T09:00:00Z"),
        ("2026-01-30T09:00:00.5Z", "2026-01-30T09:00:00.500000Z"),
        ("2026-01-30T09:00:00.1234567891Z", "2026-01-30T09:00:00.123456Z"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
        ("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"),
    ],
)
def test_times(text: str, expected: str) -> None:
    assert iso(report(occurred={"start": text}).occurred.start) == expected


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("2026-01-30T09:00:00", "needs an offset, e.g. 2026-01-30T09:00:00Z"),
        ("2026-01-30t09:00:00.25", "needs an offset, e.g. 2026-01-30T09:00:00.25Z"),
        ("2026-01-30", "a time of day and an offset"),
        ("2026-01-30 09:00:00Z", "a T between"),
        ("2026-01-30T09:00Z", "the seconds"),
        ("20260130T090000Z", "RFC 3339"),
        ("2026-W05-5T09:00:00Z", "RFC 3339"),
        ("2026-01-30T09:00:00,5Z", "RFC 3339"),
        ("2026-01-30T09:00:00+2", "a colon"),
        ("٢٠٢٦-01-30T09:00:00Z", "RFC 3339"),
        ("tomorrow", "RFC 3339"),
        ("", "RFC 3339"),
        ("1770048000", "RFC 3339"),
        (1770048000, "expected a string"),
        (1770048000.5, "expected a string"),
        (True, "expected a string"),
        (None, "expected a string, not null"),
        ([], "expected a string"),
        ("2026-02-30T09:00:00Z", "no such time: day is out of range"),
        ("2026-01-30T24:00:00Z", "no such time"),
        ("2026-01-30T09:00:00+24:00", "no such time"),
        ("2026-12-31T23:59:60Z", "leap seconds"),
        ("9999-12-31T23:59:59-14:00", "years 0001 to 9999"),
        ("0001-01-01T00:00:00+00:01", "years 0001 to 9999"),
    ],
)
def test_what_is_no_time(value: Any, why: str) -> None:
    found = report_problems(occurred={"start": value})
    assert list(found) == ["data.occurred.start"]
    assert why in found["data.occurred.start"]


REFUSED_WINDOWS: list[tuple[dict[str, Any], str, str]] = [
    ({"start": None}, "start", "cannot be null"),
    ({"start": T2, "end": T1}, "end", "after the start"),
    ({"start": T1, "end": T1}, "end", "after the start"),
    ({"start": {"earliest": T2, "latest": T1}}, "start.latest", "before 'earliest'"),
    ({"end": {"earliest": T2, "latest": T1}}, "end.latest", "before 'earliest'"),
    ({"start": {"earliest": T2}, "end": {"latest": T2}}, "end", "after the start"),
    ({"start": {"first": T1}}, "start.first", "unknown field"),
    ({"start": 5}, "start", "expected a time"),
    ({"end": []}, "end", "expected a time"),
    ({"start": "soon"}, "start", "RFC 3339"),
    ({"until": T1}, "until", "unknown field"),
    ({"zone": "Mars Base"}, "zone", "IANA"),
    ({"zone": "../../etc/passwd"}, "zone", "IANA"),
    ({"daily": {"from": "8:00", "to": "14:00", "zone": "UTC"}}, "daily.from", "time of day"),
    ({"daily": {"from": "08:00", "to": "24:00", "zone": "UTC"}}, "daily.to", "time of day"),
    ({"daily": {"from": "08:00", "to": "14:00"}}, "daily.zone", "required"),
    ({"daily": {"from_": "08:00", "to": "14:00", "zone": "UTC"}}, "daily.from", "required"),
    ({"daily": "08:00-14:00"}, "daily", "expected an object"),
]


@pytest.mark.parametrize(("entry", "field", "why"), REFUSED_WINDOWS)
def test_windows_that_are_refused(entry: dict[str, Any], field: str, why: str) -> None:
    found = window_problems(**entry)
    assert why in found[f"data.window.0.{field}"]
    assert all(name.startswith("data.window.0.") for name in found)


@pytest.mark.parametrize(
    ("fields", "field", "why"),
    [
        ({"window": []}, "data.window", "at least 1 entry"),
        ({"window": None}, "data.window", "expected a list"),
        ({"window": ABSENT}, "data.window", "required"),
        ({"window": [{}] * 1001}, "data.window", "at most 1000 entries"),
        ({"bound_parties": []}, "data.bound_parties", "at least 1 entry"),
        ({"bound_parties": ["A", "A"]}, "data.bound_parties", "once"),
        ({"bound_parties": [""]}, "data.bound_parties.0", "not to be empty"),
        ({"bound_parties": [None]}, "data.bound_parties.0", "not null"),
        ({"conflict": " a"}, "data.conflict", "no blanks"),
        ({"conflict": "a\x00b"}, "data.conflict", "control characters"),
        ({"conflict": "a\u202eb"}, "data.conflict", "control characters"),
        ({"conflict": "x" * 201}, "data.conflict", "at most 200 characters"),
        ({"claim_id": ABSENT}, "data.claim_id", "required"),
        ({"claimed_by": {}}, "data.claimed_by.name", "required"),
        ({"claimed_by": {"name": "A", "role": "boss"}}, "data.claimed_by.role", "party, mediator"),
        ({"stance": ABSENT}, "data.stance", "required"),
        ({"stance": "claims"}, "data.stance", "asserts, denies"),
        ({"prohibits": {"acts": ["drone"]}}, "data.prohibits.acts.0", "'drone' is not an act"),
        ({"prohibits": {"targets": ["enrgy"]}}, "data.prohibits.targets.0", "mean 'energy'"),
        ({"prohibits": {"acts": "strike"}}, "data.prohibits.acts", "expected a list"),
        ({"prohibits": []}, "data.prohibits", "expected an object"),
        ({"area": ["UKR"]}, "data.area.0", "ISO 3166"),
        ({"area": ["UA-Kyiv"]}, "data.area.0", "ISO 3166"),
        ({"area": ["ua"]}, "data.area.0", "ISO 3166"),
        ({"area": [5]}, "data.area.0", "ISO 3166"),
        ({"area": [{"type": "Feature"}]}, "data.area.0", "bare GeoJSON"),
        ({"conditions": {"reciprocal": "yes"}}, "data.conditions.reciprocal", "true or false"),
        ({"evidence": ["see above"]}, "data.evidence.0", "web address"),
        ({"evidence": ["javascript:alert(1)"]}, "data.evidence.0", "web address"),
        ({"evidence": ["https:desk.example"]}, "data.evidence.0", "web address"),
        ({"<object>": 1}, "data.<object>", "unknown field"),
        ({"asserts": 1}, "data.asserts", "unknown field"),
        ({"model_config": 1}, "data.model_config", "unknown field"),
    ],
)
def test_claims_that_are_refused(fields: dict[str, Any], field: str, why: str) -> None:
    found = claim_problems(**fields)
    assert list(found) == [field]
    assert why in found[field]


@pytest.mark.parametrize(
    ("fields", "field", "why"),
    [
        ({"occurred": ABSENT}, "data.occurred", "required"),
        ({"occurred": {"start": T2, "end": T1}}, "data.occurred.end", "not to be before"),
        ({"occurred": {"start": T2, "end": None}}, "data.occurred.end", "leave the field out"),
        ({"occurred": {"start": T1, "certainty": "x"}}, "data.occurred.certainty", "sometime"),
        ({"actor": {"confidence": "sure"}}, "data.actor.confidence", "confirmed, likely"),
        ({"actor": "RUS"}, "data.actor", "expected an object"),
        ({"act": "strikes"}, "data.act", "did you mean 'strike'"),
        ({"act": 5}, "data.act", "one of: any"),
        ({"targets": "energy"}, "data.targets", "expected a list"),
        ({"places": [{"lat": 91, "lon": 0}]}, "data.places.0.lat", "at most 90"),
        ({"places": [{"lat": 1}]}, "data.places.0.lon", "required"),
        ({"places": [{"lat": 1, "lon": 2, "r": 3}]}, "data.places.0.r", "unknown field"),
        ({"places": [{"lat": 1, "lon": "2"}]}, "data.places.0.lon", "expected a number"),
        ({"places": [{"lat": 1, "lon": True}]}, "data.places.0.lon", "expected a number"),
        ({"places": [{"lat": 1, "lon": math.nan}]}, "data.places.0.lon", "finite"),
        ({"places": [{"lat": 1, "lon": 2, "radius_km": -1}]}, "data.places.0.radius_km", "least 0"),
        ({"places": [{"lat": 1, "lon": 2, "radius_km": None}]}, "data.places.0.radius_km", "null"),
        ({"places": [[1, 2]]}, "data.places.0", "ISO 3166 code, or an object"),
        ({"weapons": [{"launched": 5}]}, "data.weapons.0.type", "required"),
        ({"weapons": [{"type": "m", "launched": "5"}]}, "data.weapons.0.launched", "{min, max}"),
        ({"effects": {"killed": -1}}, "data.effects.killed", "at least 0"),
        ({"effects": {"killed": True}}, "data.effects.killed", "{min, max}"),
        ({"effects": {"killed": None}}, "data.effects.killed", "{min, max}"),
        ({"effects": {"killed": math.inf}}, "data.effects.killed", "finite"),
        ({"effects": {"killed": 10**40}}, "data.effects.killed", "at most"),
        ({"effects": {"killed": {}}}, "data.effects.killed", "'min', 'max' or both"),
        ({"effects": {"killed": {"min": 5, "max": 3}}}, "data.effects.killed.max", "less than"),
        ({"effects": {"killed": {"min": "5"}}}, "data.effects.killed.min", "expected a number"),
        ({"effects": {"a b ": 1}}, "data.effects.a b ", "no blanks"),
        ({"impacts": [{}]}, "data.impacts.0", "one or more of"),
        ({"impacts": [{"place": None}]}, "data.impacts.0.place", "ISO 3166"),
        ({"impacts": [{"targets": None}]}, "data.impacts.0.targets", "not null"),
        ({"impacts": [{"act": "strike"}]}, "data.impacts.0.act", "unknown field"),
    ],
)
def test_reports_that_are_refused(fields: dict[str, Any], field: str, why: str) -> None:
    found = report_problems(**fields)
    assert list(found) == [field]
    assert why in found[field]


def test_every_problem_of_an_event_is_in_one_answer() -> None:
    data = report_data(
        conflict="",
        occurred={"start": T2, "end": T1, "when": T1},
        act="drone",
        targets=["enrgy", "energy", 5],
        weapons=[{"type": "m", "launched": [], "intercepted": -1}],
        effects={"killed": {"min": 2, "max": 1, "about": 1}},
        impacts=[{"place": "XXX", "occurred": {"start": "2026-02-02T16:00:00"}}],
        colour="red",
    )
    del data["report_id"]
    assert set(problems(event("incident.reported", data, specversion="0.3", extra=1))) == {
        "specversion",
        "extra",
        "data.conflict",
        "data.report_id",
        "data.occurred.when",
        "data.occurred.end",
        "data.act",
        "data.targets.0",
        "data.targets.2",
        "data.weapons.0.launched",
        "data.weapons.0.intercepted",
        "data.effects.killed.about",
        "data.effects.killed.max",
        "data.impacts.0.place",
        "data.impacts.0.occurred.start",
        "data.colour",
    }


@pytest.mark.parametrize("event_type", ["incident.report", None, 5, [], {}, "", "verdict.changed"])
def test_a_wrong_type_does_not_hide_the_rest(event_type: Any) -> None:
    found = problems(event(event_type, report_data(act="drone", places=["XXX"])))
    assert list(found) == ["type", "data.act", "data.places.0"]


def test_a_wrong_stance_does_not_hide_the_rest() -> None:
    found = claim_problems(stance="assert", area=["XXX"], window=[{"start": None}])
    assert list(found) == ["data.stance", "data.area.0", "data.window.0.start"]
    assert "did you mean 'asserts'?" in found["data.stance"]


@pytest.mark.parametrize("data", [None, 5, "x", [], [{}]])
def test_data_that_is_no_object(data: Any) -> None:
    for event_type in ("commitment.claimed", "incident.reported"):
        assert "expected an object" in problems(event(event_type, data))["data"]


@pytest.mark.parametrize("document", [None, 5, "x", [], True])
def test_an_event_that_is_no_object(document: Any) -> None:
    assert problems(document) == {"": "expected a JSON object"}


@pytest.mark.parametrize("text", ["", "{", "{'a': 1}", "[1,", "nul", '{"a":"\\ud800"}', "{}x"])
def test_what_is_not_json(text: str) -> None:
    with pytest.raises(NotJson, match="not JSON"):
        parse_event(text)


ATTRIBUTES: list[tuple[dict[str, Any], str]] = [
    ({"specversion": "2.0"}, "specversion"),
    ({"specversion": 1.0}, "specversion"),
    ({"id": ""}, "id"),
    ({"id": 5}, "id"),
    ({"source": ""}, "source"),
    ({"source": "two words"}, "source"),
    ({"time": "2026-01-30T09:00:00"}, "time"),
    ({"datacontenttype": "text/xml"}, "datacontenttype"),
    ({"dataschema": "schema"}, "dataschema"),
    ({"data_base64": "eA=="}, "data_base64"),
    ({"traceparent": "x"}, "traceparent"),
]


@pytest.mark.parametrize(("attributes", "field"), ATTRIBUTES)
def test_wrong_cloudevents(attributes: dict[str, Any], field: str) -> None:
    assert list(problems(event("incident.reported", report_data(), **attributes))) == [field]


def test_a_denial_has_no_terms_that_weigh() -> None:
    read = parse_event(
        json.dumps(event("commitment.claimed", claim_data(stance="denies", window=ABSENT)))
    )
    assert isinstance(read.data, Denial)
    assert read.data.bound_parties == ("AAA", "BBB")
    with_terms = claim_data(stance="denies", prohibits={"acts": ["strike"]}, area=["UA"])
    assert isinstance(parse_event(json.dumps(event("commitment.claimed", with_terms))).data, Denial)


def test_retractions() -> None:
    ids = {"conflict": "a-b", "commitment_id": "t", "claim_id": "c", "reason": "misheard"}
    read = parse_event(json.dumps(event("commitment.claim_retracted", ids)))
    assert isinstance(read, ClaimRetractedEvent)
    ids = {"conflict": "a-b", "incident_id": "i", "report_id": "r"}
    other = parse_event(json.dumps(event("incident.report_retracted", ids)))
    assert isinstance(other, ReportRetractedEvent)
    assert other.data.reason is None


def test_counts_and_ranges() -> None:
    happened = report(effects={"killed": 12, "hurt": {"min": 70}, "hours": 1.5, "n": {"max": 3}})
    assert happened.effects == {
        "killed": 12,
        "hurt": Range(min=70),
        "hours": 1.5,
        "n": Range(max=3),
    }


def test_impacts_tell_what_is_left_out_from_what_is_empty() -> None:
    (one, two) = report(impacts=[{"place": "UA-63"}, {"targets": []}]).impacts
    assert (one.place, one.targets) == ("UA-63", None)
    assert (two.place, two.targets) == (None, ())


SQUARE = {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 0]]]}
FULL_CLAIM = claim_data(
    prohibits={"acts": ["strike", None], "targets": ["any"]},
    area=["UA", SQUARE, None],
    window=[
        {"start": T1, "end": None, "as_stated": "for good", "zone": "Europe/Kyiv"},
        {"start": {"earliest": T1, "latest": None}},
        {"daily": {"from": "08:00", "to": "14:00", "zone": "Asia/Gaza"}, "end": T2},
    ],
    conditions={"reciprocal": True, "other": "if observers come"},
    evidence=["https://desk.example/…"],
)
FULL_REPORT = report_data(
    occurred={"start": T1, "end": T2, "certainty": "throughout", "of": "impact"},
    actor={"party": "AAA", "confidence": "likely"},
    places=["UA-30", {"lat": 50.45, "lon": 30.52, "radius_km": 10}, None],
    effects={"killed": {"min": 1, "max": 2.5}},
    impacts=[{"place": {"lat": 1, "lon": 2}, "occurred": {"start": T1}}],
)


@pytest.mark.parametrize(
    ("event_type", "data"),
    [("commitment.claimed", FULL_CLAIM), ("incident.reported", FULL_REPORT)],
)
def test_an_event_survives_its_text(event_type: str, data: dict[str, Any]) -> None:
    read = parse_event(json.dumps(event(event_type, data, time=T1)))
    again = parse_event(read.model_dump_json(by_alias=True, exclude_unset=True))
    assert again == read
    assert not isinstance(read.data, Assertion) or isinstance(read.data.area[1], Polygonal)


def test_events_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        report().act = "strike"  # type: ignore[misc]


@pytest.mark.parametrize(
    "document",
    [
        event("incident.reported", report_data(**{f"f{n}": n for n in range(50_000)})),
        event("incident.reported", report_data(targets=["x"] * 100_000)),
        event("incident.reported", report_data(effects={f"f{n}": "x" for n in range(1000)})),
        event("incident.reported", report_data(conflict="x " * 300_000)),
        event("incident.reported", report_data(occurred={"start": "1" * 900_000})),
        event("commitment.claimed", claim_data(claimed_by={"name": " " * 900_000})),
    ],
    ids=["many fields", "many targets", "many effects", "long id", "long time", "long name"],
)
def test_problems_are_found_in_time_and_told_in_brief(document: dict[str, Any]) -> None:
    raw = json.dumps(document)
    began = time.perf_counter()
    with pytest.raises(Invalid) as refused:
        parse_event(raw)
    assert time.perf_counter() - began < 5
    assert len(refused.value.problems) <= 201
    assert all(len(p.field) + len(p.reason) < 1_000 for p in refused.value.problems)
