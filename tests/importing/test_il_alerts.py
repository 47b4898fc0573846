"""`truce import il-alerts`: salvos from sirens, in the shape of the published table."""

from __future__ import annotations

from tests.support.importing import Imported, imported

HEADER = "data,date,time,alertDate,category,category_desc,matrix_id,rid"


def siren(time: str, areas: str = "אשקלון 1", category: str = "1", says: str = "ירי") -> str:
    """A siren of 3 May 2031; the rounded time says another minute."""
    return f'"{areas}",03.05.2031,{time},2031-05-03T00:00:00,{category},{says},1,1'


def alerts(*rows: str, conflict: str | None = "here", before: Imported | None = None) -> Imported:
    return imported(
        "il-alerts", HEADER, *rows, conflict=conflict, before=before.data if before else ()
    )


def test_sirens_within_a_minute_of_each_other_are_one_salvo_that_says_how_many() -> None:
    found = alerts(
        siren("08:00:30"),
        siren("08:00:30"),
        siren("08:01:30", "אשקלון 2, שפלה 7"),
        siren("08:02:31"),
    )
    salvo, single = found.data
    assert salvo["effects"] == {"alerts": 3}
    assert salvo["reported_by"]["kind"] == "sensor"
    assert "actor" not in salvo
    assert salvo["occurred"] == {
        "start": "2031-05-03T05:00:30Z",
        "end": "2031-05-03T05:01:30Z",
        "of": "impact",
        "flight": "PT15M",
        "as_stated": "03.05.2031 08:00:30 to 03.05.2031 08:01:30",
    }
    assert salvo["places"] == [{"one_of": ["IL", "IL-D"]}]
    assert single["occurred"]["start"] == "2031-05-03T05:02:31Z"
    assert single["effects"] == {"alerts": 1}
    assert single["places"] == ["IL-D"]
    assert found.rows == 4


def test_drills_and_notices_are_skipped_and_counted() -> None:
    found = alerts(
        siren("08:00:00", category="15"),
        siren("08:00:01", category="21"),
        siren("08:00:02", category="26"),
        siren("08:00:03", category="13"),
        siren("08:00:04", category="2"),
    )
    assert found.skipped == {"drill": 3, "category 13 is no attack": 1}
    assert [one["act"] for one in found.data] == ["drone_strike"]


def test_a_false_alarm_is_no_event_and_takes_back_what_an_earlier_edition_said() -> None:
    first = alerts(siren("08:00:00"), siren("09:00:00", "דן 3"))
    again = alerts(
        siren("08:00:00"),
        siren("08:20:00", category="13", says="התרעת שווא"),
        siren("09:00:00", "דן 3"),
        before=first,
    )
    elsewhere = alerts(siren("08:00:00"), siren("08:20:00", "דן 3", "13", "התרעת שווא"))
    assert again.data == []
    assert again.gone == [first.data[0]["report_id"]]
    assert again.skipped == {"false alarm": 1, "says that an alert was false": 1}
    assert len(elsewhere.data) == 1


def test_disputed_places_are_one_of_two_and_unknown_names_are_told() -> None:
    found = alerts(siren("08:00:00", "גולן 2, Nowhere 5"))
    assert found.data[0]["places"] == [{"one_of": ["IL-Z", "SY-QU"]}, None]
    assert "Nowhere" in found.notes[0]


def test_a_time_that_does_not_fit_and_a_missing_conflict_are_refused() -> None:
    bad = alerts(siren("8 o'clock"), siren("08:00:00", category="one"))
    assert [one.split(": ")[1] for one in bad.refused] == ["time", "category"]
    nowhere = alerts(siren("08:00:00"), conflict=None)
    assert "--conflict" in nowhere.refused[0]
