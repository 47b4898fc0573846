"""What looks like a slip of the pen, by the event itself and beside what is known."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.claims import Assertion
from schemas.events import ClaimEvent, Event, parse_event
from schemas.time_fields import read_instant
from schemas.warnings.countries import code_of_state, places_of
from schemas.warnings.known import KnownNames
from schemas.warnings.lookalikes import Lookalikes
from schemas.warnings.revisions import Revisions
from schemas.warnings.swapped import exchanged
from schemas.warnings.warner import Warner
from schemas.warnings.warning import MOST_WARNINGS, Whence
from tests.cli.test_cli_publish import claim, report

NOW = read_instant("2026-02-10T00:00:00Z")


def parsed(*events: dict[str, Any]) -> list[Event]:
    import json

    return [parse_event(json.dumps(event)) for event in events]


def warned(*events: dict[str, Any], known: KnownNames | None = None) -> list[str]:
    """What is said of these events, one a line of a file, where these things are known."""
    warner = Warner(lambda: NOW)
    for number, event in enumerate(parsed(*events), 1):
        warner.note(event, Whence("f", number))
    return [str(one) for one in warner.warnings(known or KnownNames())]


@pytest.mark.parametrize(
    ("known", "name", "meant"),
    [
        ("Kup'iansk", "Kup\u2019iansk", True),
        ("Kup'iansk", "Kup\u02bciansk", True),
        ("Kup'iansk", "kup'iansk", True),
        ("Kup'iansk", "Kup'ian\u200bsk", True),
        ("Куп\u2019янськ", "Куп'янськ", True),  # noqa: RUF001
        ("energy-truce", "energy_truce", True),
        ("energy-truce", "energy truce", True),
        ("Zürich", "Zu\u0308rich", True),
        ("barrage", "b\u0430rrage", True),  # a Cyrillic letter
        ("2026-02-03-barrage", "2026-02-03-barage", True),
        ("2026-02-03-barrage", "2026-02-03-barrgae", True),
        ("2026-02-03-barrage", "2026-02-03-barrages", True),
        ("2026-02-03-barrage", "2026-02-04-barrage", False),
        ("strike-1", "strike-2", False),
        ("air-force", "air-farce", True),
        ("raid-a", "raid-b", False),
        ("RUS", "RUZ", False),
        ("Kharkiv", "Kherson", False),
    ],
)
def test_which_names_look_alike(known: str, name: str, meant: bool) -> None:
    names = Lookalikes()
    names.add(known)

    assert names.near(name) == (known if meant else None)
    assert names.near(known) is None


@pytest.mark.parametrize(
    ("party", "code"),
    [
        ("Russia", "RUS"),
        ("Ukraine", "UKR"),
        ("north korea", "PRK"),
        ("Iran", "IRN"),
        ("Hamas", None),
        ("RSF", None),
        ("RUS", None),
        ("Wagner", None),
    ],
)
def test_a_party_by_the_name_of_a_state_is_known_by_its_code(party: str, code: str | None) -> None:
    assert code_of_state(party) == code


def test_a_claim_that_binds_the_name_of_a_state_asks_whether_its_code_is_meant() -> None:
    assert warned(claim("c", "Russia", "UKR")) == [
        "f:1: data.bound_parties.0: 'Russia' is another party than 'RUS'; did you mean 'RUS'?"
    ]


def test_the_places_of_a_country_are_those_of_its_time_zones() -> None:
    assert places_of("PS-GZA") == places_of("PS")
    assert next((round(lat, 2), round(lon, 2)) for lat, lon in places_of("PS")) == (31.5, 34.47)
    assert places_of("XX") == ()


KYIV, GAZA = (50.45, 30.52), (31.5, 34.47)


@pytest.mark.parametrize(
    ("position", "known", "meant"),
    [
        ((30.52, 50.45), [KYIV], KYIV),
        ((34.47, 31.5), [GAZA], GAZA),
        (KYIV, [KYIV], None),
        ((48.0, 37.8), [KYIV], None),  # Donetsk, 590 km away
        ((30.52, 50.45), [KYIV, (32.0, 50.0)], None),  # something else is there
        ((-10.0, 120.0), [KYIV], None),  # no latitude
        ((30.52, 50.45), [], None),
    ],
)
def test_a_position_is_exchanged_if_the_other_way_round_is_near_what_is_known(
    position: tuple[float, float],
    known: list[tuple[float, float]],
    meant: tuple[float, float] | None,
) -> None:
    expected = [] if meant is None else [(position, meant)]
    assert [*exchanged([position], known, are_of_these=False)] == expected


def test_no_position_is_compared_with_itself() -> None:
    wrong = KYIV[::-1]
    lonely = [KYIV, (50.0, 30.0), wrong]
    assert [*exchanged(lonely, lonely, are_of_these=True)] == [(wrong, KYIV)]
    assert [*exchanged([wrong], [wrong], are_of_these=True)] == []


def test_a_polygon_in_the_order_of_latitude_and_longitude_is_pointed_out() -> None:
    ring = [[50.0, 30.0], [51.0, 30.0], [51.0, 31.0], [50.0, 30.0]]
    found = claim("c", "RUS", "UKR")
    found["data"]["area"] = [{"type": "Polygon", "coordinates": [ring]}, "UA"]

    (told,) = warned(found)

    assert told.startswith("f:1: data.area.0: ")
    assert "GeoJSON's are [longitude, latitude]" in told


def test_a_code_that_is_in_no_list_now_is_pointed_out() -> None:
    (event,) = parsed(claim("c", "RUS"))
    assert isinstance(event, ClaimEvent)
    assert isinstance(event.data, Assertion)
    old = event.model_copy(update={"data": event.data.model_copy(update={"area": ("UA-99",)})})
    warner = Warner(lambda: NOW)
    warner.note(old, Whence("f", 1))

    (told,) = warner.warnings(KnownNames())

    assert str(told).startswith("f:1: data.area.0: 'UA-99' is in no list of ISO 3166 now")


@pytest.mark.parametrize(
    ("start", "time", "says"),
    [
        ("2026-02-11T00:00:00Z", None, None),
        ("2026-02-11T00:00:01Z", None, "is after it was said"),
        ("2026-01-05T00:00:00Z", "2026-01-03T00:00:00Z", "is after it was said"),
        ("2062-01-05T00:00:00Z", "2026-02-03T00:00:00Z", "did you mean 2026-01-05T00:00:00Z?"),
        ("2062-12-05T00:00:00Z", "2026-02-03T00:00:00Z", "was said, 2026-02-03T00:00:00Z"),
        ("1899-12-31T23:59:59Z", None, "is before 1900"),
        ("1900-01-01T00:00:00Z", None, None),
    ],
)
def test_a_time_that_nobody_can_have_known_is_odd(
    start: str, time: str | None, says: str | None
) -> None:
    event = report("c", occurred={"start": start})
    event |= {} if time is None else {"time": time}

    found = warned(claim("c", "RUS"), event)

    assert len(found) == (says is not None)
    assert says is None or says in found[0]


def test_what_was_retracted_in_the_same_input_or_before_does_not_stand() -> None:
    def back(number: int) -> dict[str, Any]:
        event = report("c", number)
        gone = {"conflict": "c", "incident_id": "i-1", "report_id": "r"}
        return {**event, "type": "incident.report_retracted", "data": gone}

    known = KnownNames(bound={"c": {"RUS"}}, standing_reports={("c", "i-1", "r")})

    assert warned(report("c", 1), back(2)) == []
    assert warned(back(2), known=known) == []
    assert [line[:4] for line in warned(back(2), back(3), known=known)] == ["f:2:"]
    assert [line[:4] for line in warned(back(2), known=KnownNames(bound={"c": {"RUS"}}))] == [
        "f:1:"
    ]


def test_warnings_are_bounded_and_the_others_counted() -> None:
    many = [
        report("c", n, occurred={"start": f"2062-01-05T00:00:{n:02d}Z"})
        for n in range(MOST_WARNINGS + 5)
    ]

    found = warned(claim("c", "RUS"), *many)

    assert len(found) == MOST_WARNINGS + 1
    assert found[-1] == "and 5 more warnings"


def test_a_line_revises_the_last_one_with_the_same_claim_or_report_and_another_id() -> None:
    revisions = Revisions()
    again = {**report("c", 1), "id": "other"}
    others = [report("c", 1), again, again, report("c", 2), claim("c", "RUS")]
    for number, event in enumerate(parsed(*others)):
        revisions.note(event, Whence("f", number + 1), number)

    assert [(one.whence.number, one.earlier.number) for one in revisions.found] == [(2, 1)]
    assert revisions.found[0].what == "report 'r' of incident 'i-1'"
