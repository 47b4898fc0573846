"""What text looks like on a terminal, in an alert, a log, a label and JSON; and what is let in."""

from __future__ import annotations

import json
import sys
import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.characters import refused_at_entry
from schemas.events import Invalid, ReportEvent, parse_event
from schemas.safe_text import (
    cut,
    first_unfit,
    for_annotation,
    for_json,
    for_label,
    for_log,
    for_log_lines,
    for_terminal,
    party_label,
)
from schemas.wire import read_event
from tests.support.given import claim, report

PERSIAN, HINDI, FAMILY = (
    "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
    "क्\u200dष",
    "👨\u200d👩\u200d👧",
)
KEPT = ["plain", "Київ", "Владимир", "é ü", "حلب", "北京", "a b", PERSIAN, HINDI, FAMILY, "❤\ufe0f"]
SHOWN = {
    "a\x1b[2Jb": r"a\x1b[2Jb",
    "a\nb": "a⏎b",
    "a\r\nb\rc": "a⏎b⏎c",
    "a\u2028b\u2029c\x85d\x0be\x0cf": "a⏎b⏎c⏎d⏎e⏎f",
    "a\tb": r"a\tb",
    "\x9b31m": r"\x9b31m",
    "\u202eevil\u202c": r"\u202eevil\u202c",
    "a\u200bb\ufeffc\u2060d\u00ade": r"a\u200bb\ufeffc\u2060d\xade",
    "a\u200db\u200cc": r"a\u200db\u200cc",
    "\u200dx": r"\u200dx",
    "حلب\u200d": r"حلب\u200d",
    "^\u200d^": r"^\u200d^",
    "a\ufe0fb": r"a\ufe0fb",
    "x\U000e0041": r"x\U000e0041",
    "\u3164": r"\u3164",
    "\ue000": r"\ue000",
    "\udc80": r"\udc80",
}


@pytest.mark.parametrize("text", KEPT)
def test_what_people_write_is_shown_as_it_is(text: str) -> None:
    assert for_terminal(text) == for_annotation(text) == for_log(text) == text
    assert for_label(text) == text


@pytest.mark.parametrize(("text", "shown"), SHOWN.items(), ids=map(ascii, SHOWN))
def test_what_a_terminal_would_act_on_is_shown_in_marks(text: str, shown: str) -> None:
    assert for_terminal(text) == for_annotation(text) == for_log(text) == shown


def test_no_character_slips_through_by_itself() -> None:
    for code in range(sys.maxunicode + 1):
        shown = for_terminal(f"a{chr(code)}b")
        assert len(shown.splitlines()) == 1
        assert not {unicodedata.category(char) for char in shown} & {"Cc", "Cf", "Cs", "Zl", "Zp"}


@given(st.text())
def test_what_is_shown_is_fit_to_be_shown(text: str) -> None:
    assert for_terminal(for_terminal(text)) == for_terminal(text)


@given(st.recursive(st.text(), lambda more: st.lists(more) | st.dictionaries(st.text(), more)))
def test_json_means_the_same(document: object) -> None:
    text = for_json(json.dumps(document, ensure_ascii=False, indent=1))
    assert json.loads(text) == document
    assert all(for_terminal(line) == line for line in text.split("\n"))


NAMES = st.text(st.sampled_from("ab\\xuU0\"'\u202e\u200b\U000e0041\u200c2e"), max_size=9)


@given(st.lists(NAMES, unique=True, max_size=50))
def test_no_two_names_have_one_label(names: list[str]) -> None:
    assert len({for_label(name) for name in names}) == len(names)


def test_a_label_is_bounded_and_still_its_own() -> None:
    long = ["\U000e0041" * 199 + end for end in "ab"]
    assert for_label(long[0]) != for_label(long[1])
    assert all(len(for_label(name).encode()) <= 800 for name in long)


QUOTED = st.one_of(st.none(), st.sampled_from(["unknown", '"unknown"', '""unknown""', 'unknown"']))


@given(st.lists(QUOTED | st.text(max_size=9), unique=True))
def test_no_two_parties_have_one_label(parties: list[str | None]) -> None:
    assert len({party_label(party) for party in parties}) == len(parties)


def test_a_cut_text_says_how_much_is_left_out() -> None:
    assert cut("a" * 100, 30) == "a" * 11 + "… (+89 characters)"
    assert len(for_log("x\n" * 10_000)) <= 2_001


def test_no_line_of_a_traceback_begins_like_an_entry() -> None:
    assert for_log_lines("Error: a\ntruce: all is well\x1b[0m").split("\n") == [
        "  Error: a",
        r"  truce: all is well\x1b[0m",
    ]


@pytest.mark.parametrize(
    "char", ["\u202e", "\u200b", "\u200d", "\u200c", "\ufeff", "\u061c", "\xad"]
)
@pytest.mark.parametrize("field", ["conflict", "commitment_id", "claim_id", "bound_parties"])
def test_hidden_characters_are_refused_in_identifiers_by_their_names(char: str, field: str) -> None:
    name = f"\u0645\u06cc{char}\u062e"
    terms: dict[str, Any] = {field: [name] if field == "bound_parties" else name}
    raw = claim(**terms).encode()
    where = f"data.{field}.0" if field == "bound_parties" else f"data.{field}"
    if char == "\u202e":
        # This one never was accepted.
        with pytest.raises(Invalid) as invalid:
            read_event(raw)
        [problem] = invalid.value.problems
        assert problem.reason.endswith("; found U+202E RIGHT-TO-LEFT OVERRIDE")
    else:
        [problem] = refused_at_entry(raw)
        assert problem.reason.startswith(f"U+{ord(char):04X} {unicodedata.name(char)} is refused")
    assert problem.field == where


@pytest.mark.parametrize("char", ["\u202e", "\x9b", "\u200d"])
def test_hidden_characters_are_refused_in_addresses(char: str) -> None:
    raw = report(evidence=[f"https://desk.example/{char}x"]).encode()
    [problem] = refused_at_entry(raw)
    assert problem.field == "data.evidence.0"
    # What the log holds of it already is read as ever.
    assert isinstance(parse_event(raw), ReportEvent)


def test_names_may_have_the_joiners_that_their_script_needs_and_free_text_anything() -> None:
    assert refused_at_entry(claim(claimed_by={"name": PERSIAN}).encode()) == ()
    assert refused_at_entry(claim(conditions={"other": "\u202e\x9b\u200b\n"}).encode()) == ()
    [problem] = refused_at_entry(claim(claimed_by={"name": "Media\u200dtor"}).encode())
    assert problem.field == "data.claimed_by.name"


def test_keys_are_looked_at_too() -> None:
    [problem] = refused_at_entry(report(effects={"killed\u200b": 1}).encode())
    assert problem.field == r"data.effects.killed\u200b"


def test_an_event_in_plain_letters_is_not_looked_at_twice() -> None:
    assert refused_at_entry(report().encode()) == ()
    assert first_unfit("Kyiv", joiners=False) is None
