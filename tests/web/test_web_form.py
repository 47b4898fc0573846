"""What is typed into the forms, and what it becomes."""

from __future__ import annotations

from typing import Any

import pytest

from streams.commands.new.entered import NotUnderstood, TypedForm, count, event_of

WHO = {
    "conflict": ["c"],
    "source": ["https://desk.example"],
    "by": ["Desk"],
    "kind": ["report"],
    "speaker": ["ngo"],
}


def data(kind: str, **typed: str) -> dict[str, Any]:
    found: dict[str, Any] = event_of(kind, TypedForm(WHO | {n: [one] for n, one in typed.items()}))[
        "data"
    ]
    return found


# fmt: off
TIMES = [
    ({"when": "at", "start": "2026-02-03T08:00", "times_in": "Europe/Kyiv"}, {"start": "2026-02-03T08:00:00+02:00"}),
    ({"when": "at", "start": "2026-07-03T08:00", "times_in": "Europe/Kyiv"}, {"start": "2026-07-03T08:00:00+03:00"}),
    ({"when": "at", "start": "2026-02-03T08:00"}, {"start": "2026-02-03T08:00:00+00:00"}),
    ({"when": "between", "start": "2026-02-03T08:00", "end": "2026-02-03T09:30"}, {"start": "2026-02-03T08:00:00+00:00", "end": "2026-02-03T09:30:00+00:00"}),
    ({"when": "around", "start": "2026-02-03T08:00", "margin": "2"}, {"start": "2026-02-03T06:00:00+00:00", "end": "2026-02-03T10:00:00+00:00"}),
    ({"when": "night", "start": "2026-02-03T08:00"}, {"start": "2026-02-03T18:00:00+00:00", "end": "2026-02-04T08:00:00+00:00", "as_stated": "night of 2026-02-03 to 2026-02-04"}),
    ({"when": "day", "start": "2026-03-29T08:00", "times_in": "Europe/Kyiv"}, {"start": "2026-03-29T00:00:00+02:00", "end": "2026-03-30T00:00:00+03:00"}),
    ({"when": "throughout", "start": "2026-02-03T08:00", "end": "2026-02-03T09:00", "timed": "impact"}, {"start": "2026-02-03T08:00:00+00:00", "end": "2026-02-03T09:00:00+00:00", "certainty": "throughout", "of": "impact"}),
]
# fmt: on


@pytest.mark.parametrize(("typed", "occurred"), TIMES)
def test_a_time_is_as_well_known_as_it_was_said(
    typed: dict[str, str], occurred: dict[str, str]
) -> None:
    assert data("report", **typed)["occurred"] == occurred


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("71", 71),
        ("1,170", 1170),
        ("70-75", {"min": 70, "max": 75}),
        ("70 to 75", {"min": 70, "max": 75}),
        ("at least 70", {"min": 70}),
        ("70+", {"min": 70}),
        ("up to 5", {"max": 5}),
    ],
)
def test_a_count_is_what_the_source_says_of_it(typed: str, found: object) -> None:
    assert count("killed", typed) == found


def test_what_is_not_understood_names_its_field() -> None:
    for field, typed in (
        ("end", {"when": "between", "start": "2026-02-03T08:00"}),
        ("start", {"when": "at", "start": "soon"}),
        ("times_in", {"start": "2026-02-03T08:00", "times_in": "Europe/Nowhere"}),
        ("launched0", {"weapon0": "missile", "launched0": "many"}),
    ):
        with pytest.raises(NotUnderstood) as raised:
            data("report", **typed)
        assert raised.value.field == field


def test_who_says_so_is_not_what_is_entered() -> None:
    assert data("report")["reported_by"] == {"name": "Desk", "kind": "ngo"}


def test_what_is_left_empty_is_left_out_and_an_open_end_is_said() -> None:
    claim = data(
        "claim", start_how="unknown", end_how="open", bound_parties="RUS, UKR", acts="others"
    )
    assert claim["window"] == [{"end": None}]
    assert claim["bound_parties"] == ["RUS", "UKR"]
    assert claim["prohibits"] == {"acts": [None]}
    between = {"start_how": "between", "start": "2026-02-01T00:00", "end_how": "unknown"}
    assert data("claim", **between)["window"] == [
        {"start": {"earliest": "2026-02-01T00:00:00+00:00", "latest": None}}
    ]
    assert data("report_retraction", incident_id="i", report_id="r") == {
        "conflict": "c",
        "incident_id": "i",
        "report_id": "r",
    }
    assert data("report", places="UA-63\n50.4,30.5,10\nUA-12|UA-23")["places"] == [
        "UA-63",
        {"lat": 50.4, "lon": 30.5, "radius_km": 10},
        {"one_of": ["UA-12", "UA-23"]},
    ]
