"""Any table by a mapping, and the draft of one."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from analytics.importing.problems import ImportFailed
from analytics.importing.table.draft import draft
from analytics.importing.table.mapping import read_mapping
from tests.support.importing import Imported, imported

HEADER = "Nr;Date;Hour;Type;By whom;Oblast;Killed;Link"
ROWS = (
    HEADER,
    "1;03.02.2026;18:30;rocket;Russian forces;Sumy oblast;2 to 4;https://x.example/1",
    "2;14.02.2026;;drone;nobody knows;Sumy oblast;;",
    "3;15.02.2026;;protest;Russian forces;;;",
    "4;31.02.2026;;drone;Russian forces;;;",
    "5;15.02.2026;;laser;Russian forces;;;",
)
MAPPING = """
source = "urn:desk"
conflict = "testland"
zone = "Europe/Kyiv"
ranges = [" to "]
evidence = ["Link"]
[formats]
day = "%d.%m.%Y"
[id]
prefix = "desk"
columns = ["Nr"]
[occurred]
day = "Date"
time = "Hour"
[reported_by]
name = {constant = "Desk"}
kind = {constant = "ngo"}
[actor]
confidence = {constant = "likely"}
[actor.party]
column = "By whom"
words = {"Russian forces" = "RUS", "nobody knows" = ""}
[act]
column = "Type"
words = {"rocket" = "missile_strike", "drone" = "drone_strike"}
[place]
country = {constant = "UA"}
province = "Oblast"
[effects]
killed = "Killed"
[[skip]]
column = "Type"
words = {"protest" = "a protest"}
"""


def mapped(tmp_path: Path, mapping: str, *rows: str) -> Imported:
    file = tmp_path / "map.toml"
    file.write_text(mapping, "utf-8")
    source, found = read_mapping(file)
    return imported(source, *rows, mapping=found)


def test_a_mapping_says_what_the_columns_are(tmp_path: Path) -> None:
    found = mapped(tmp_path, MAPPING, *ROWS)

    assert found.data[0] == {
        "conflict": "testland",
        "incident_id": "desk-1",
        "report_id": "desk-1",
        "reported_by": {"name": "Desk", "kind": "ngo"},
        "occurred": {
            "start": "2026-02-03T16:30:00Z",
            "certainty": "sometime",
            "of": "act",
            "as_stated": "03.02.2026 18:30",
        },
        "actor": {"party": "RUS", "confidence": "likely"},
        "act": "missile_strike",
        "places": ["UA"],
        "effects": {"killed": {"min": 2, "max": 4}},
        "evidence": ["https://x.example/1"],
    }
    # A day without an hour lasts until the next local midnight.
    assert found.data[1]["occurred"]["end"] == "2026-02-14T22:00:00Z"
    assert "actor" not in found.data[1]
    assert found.skipped == {"a protest": 1}
    assert found.refused == [
        "rows.csv:5: date: '31.02.2026' is not written as %d.%m.%Y",
        "rows.csv:6: type: 'laser' is not among the words that the mapping has for it",
    ]


def test_a_range_that_the_mapping_has_no_words_for_is_refused_with_what_to_say(
    tmp_path: Path,
) -> None:
    found = mapped(tmp_path, MAPPING.replace('[" to "]', "[]"), *ROWS[:2])
    why = "'2 to 4' is not a number; if it is a range, say in `ranges` what stands between"
    assert found.refused == [f"rows.csv:2: killed: {why}"]


def test_without_columns_for_it_the_id_is_a_hash_and_the_same_row_twice_is_refused(
    tmp_path: Path,
) -> None:
    mapping = MAPPING.replace('columns = ["Nr"]', "")
    same = "7;14.02.2026;;drone;nobody knows;;;"

    first = mapped(tmp_path, mapping, HEADER, same)
    twice = mapped(tmp_path, mapping, HEADER, same, same)

    assert first.data == mapped(tmp_path, mapping, HEADER, same).data
    assert (twice.events, len(twice.refused)) == ([], 2)


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ('conflict = "testland"', 'conflict = "?"', "'conflict': still a question"),
        ("Europe/Kyiv", "Europe/Nowhere", "zone: 'Europe/Nowhere' is not an IANA time zone"),
        ('"drone_strike"', '"dron_strike"', "act: 'dron_strike' is none of: any, "),
        ('day = "Date"', 'dya = "Date"', "occurred.dya: nothing of a mapping is called so"),
        ('day = "Date"\n', "", "occurred: expected either a moment or a day"),
        ("ranges", "= ranges", "is not TOML"),
    ],
)
def test_what_is_wrong_with_a_mapping_is_one_line(
    tmp_path: Path, old: str, new: str, why: str
) -> None:
    with pytest.raises(ImportFailed, match=why.replace("?", r"\?")) as failure:
        mapped(tmp_path, MAPPING.replace(old, new, 1), *ROWS)
    assert "\n" not in str(failure.value)


def test_a_draft_reads_off_what_it_can_and_asks_the_rest(tmp_path: Path) -> None:
    table = tmp_path / "log.csv"
    table.write_bytes(
        "\r\n".join(ROWS)
        .replace("2 to 4", "2,5")
        .replace("31.02", "28.02")
        .replace("laser", "дрон")
        .encode("cp1251")
    )

    text = draft(str(table))
    found = tomllib.loads(text)

    assert found["formats"] == {"day": "%d.%m.%Y", "time": "%H:%M"}
    assert (found["encodings"], found["decimal"]) == (["windows-1251"], ",")
    assert found["occurred"] == {"day": "date", "time": "hour"}
    assert found["id"]["columns"] == ["nr"]
    assert found["act"]["words"] == {
        "rocket": "missile_strike", "drone": "drone_strike", "protest": "?", "дрон": "drone_strike",
    }  # fmt: skip
    assert found["actor"]["party"]["column"] == "by whom"
    assert found["effects"] == {"killed": "killed"}
    assert found["evidence"] == ["link"]

    (tmp_path / "map.toml").write_text(text, "utf-8")
    with pytest.raises(ImportFailed, match=r"'source', 'conflict', 'zone'.* still a question"):
        read_mapping(tmp_path / "map.toml")


def test_days_that_can_be_read_in_two_ways_are_a_question(tmp_path: Path) -> None:
    table = tmp_path / "log.csv"
    table.write_text("date,what\n03/04/2026,x\n05/06/2026,x\n", "utf-8")

    assert 'day = "?"  # all of it fits: %d/%m/%Y or %m/%d/%Y' in draft(str(table))


def test_a_slip_in_one_row_does_not_hide_what_a_column_of_a_draft_is(tmp_path: Path) -> None:
    table = tmp_path / "log.csv"
    days = [f"{day:02}.01.2026;Село {day};Сумська;обстріл" for day in (*range(1, 20), 32)]
    table.write_text("\n".join(["Дата;Населений пункт;Область;Що сталося", *days]), "utf-8")

    found = tomllib.loads(draft(str(table)))

    assert found["formats"]["day"] == "%d.%m.%Y"
    assert found["place"]["province"] == "область"
    assert found["act"]["words"] == {"обстріл": "shelling"}


CLAIMS_HEADER = "Nr,Text,Speaker,Parties,Acts,Area,From,Until,Hour,Link"
CLAIMS = """
source = "urn:desk"
conflict = "testland"
zone = "Europe/Kyiv"
evidence = ["Link"]
[id]
columns = ["Nr"]
prefix = "c"
[claim]
commitment = "Text"
[claim.claimed_by]
name = "Speaker"
role = {constant = "mediator"}
[claim.parties]
column = "Parties"
separator = ";"
words = {"Russia" = "RUS", "Ukraine" = "UKR"}
[claim.acts]
column = "Acts"
words = {"strikes" = "strike"}
[claim.targets]
constant = "energy"
[claim.area]
column = "Area"
separator = ";"
[claim.window]
day = "From"
end_day = "Until"
end_time = "Hour"
"""


def test_a_mapping_makes_claims_of_rows_whose_days_are_uncertain_bounds(tmp_path: Path) -> None:
    found = mapped(
        tmp_path,
        CLAIMS,
        CLAIMS_HEADER,
        "1,energy,Envoy,Russia;Ukraine,strikes,UA;RU,2026-01-30,2026-02-05,08:00,https://x.example/1",
        "2,energy,Envoy,Russia,,,2026-01-30,,,",
        "3,energy,Envoy,Mars,,,2026-01-30,,,",
        "4,energy,Envoy,Russia,,,2026-01-30,2026-01-02,08:00,",
    )

    assert [one["type"] for one in found.events] == ["commitment.claimed"] * 2
    first = {"earliest": "2026-01-29T22:00:00Z", "latest": "2026-01-30T22:00:00Z"}
    assert found.data[0] == {
        "conflict": "testland",
        "commitment_id": "energy",
        "claim_id": "c-1",
        "claimed_by": {"name": "Envoy", "role": "mediator"},
        "stance": "asserts",
        "bound_parties": ["RUS", "UKR"],
        "prohibits": {"acts": ["strike"], "targets": ["energy"]},
        "area": ["UA", "RU"],
        "window": [
            {
                "start": first,
                "end": "2026-02-05T06:00:00Z",
                "as_stated": "2026-01-30 2026-02-05 08:00",
            }
        ],
        "evidence": ["https://x.example/1"],
    }
    # What is not said is not known: neither the end nor what is prohibited.
    assert found.data[1]["window"] == [{"start": first, "as_stated": "2026-01-30"}]
    assert found.data[1]["prohibits"] == {"targets": ["energy"]}
    assert found.refused == [
        "rows.csv:4: parties: 'Mars' is not among the words that the mapping has for it",
        "rows.csv:5: until: before the start",
    ]


def test_several_constants_stand_between_separators(tmp_path: Path) -> None:
    several = CLAIMS.replace(
        'constant = "energy"', 'constant = "energy; residential"\nseparator = ";"'
    )
    row = "1,energy,Envoy,Russia,strikes,UA,2026-01-30,,,"
    found = mapped(tmp_path, several, CLAIMS_HEADER, row)
    assert found.data[0]["prohibits"]["targets"] == ["energy", "residential"]


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("[claim]\n", '[act]\nconstant = "strike"\n[claim]\n', "act: only of reports"),
        ('"strikes" = "strike"', '"strikes" = "strik"', "claim.acts: 'strik' is none of: any, "),
        ('day = "From"\n', "", "claim.window: expected either a moment or a day"),
        ("[id]\n", '[id]\nincident = ["Text"]\n', "id.incident: only of reports"),
    ],
)
def test_what_is_wrong_with_a_mapping_of_claims_is_one_line(
    tmp_path: Path, old: str, new: str, why: str
) -> None:
    with pytest.raises(ImportFailed, match=why):
        mapped(tmp_path, CLAIMS.replace(old, new, 1), CLAIMS_HEADER)
