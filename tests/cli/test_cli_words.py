"""Wording: windows, lines of files, slips of the pen; without a process or a database."""

from __future__ import annotations

import datetime as dt
import io
import math

import pytest

from schemas.json_lines import MAX_LINE_BYTES, read_lines
from schemas.time import OPEN, UNKNOWN, Bound, Daily, Span, to_instant
from schemas.warnings.countries import meant_by
from schemas.warnings.parties import NamedParties
from streams.commands import console
from streams.commands.console import bounds, window_in_words
from streams.explain.words import counted


def at(day: int) -> int:
    return to_instant(dt.datetime(2026, 2, day, tzinfo=dt.UTC))


FIRST, SECOND = Bound.at(at(1)), Bound.at(at(2))
EIGHT, TWO = dt.time(8), dt.time(14)

WINDOWS = (
    (Span(FIRST, SECOND), "2026-02-01 00:00Z to 2026-02-02 00:00Z"),
    (Span(FIRST, OPEN), "2026-02-01 00:00Z to open end"),
    (Span(FIRST, UNKNOWN), "2026-02-01 00:00Z to unknown"),
    (Span(UNKNOWN, SECOND), "unknown to 2026-02-02 00:00Z"),
    (
        Span(Bound(-math.inf, at(1)), Bound(at(2), math.inf)),
        "?..2026-02-01 00:00Z to 2026-02-02 00:00Z..?",
    ),
    (Daily(EIGHT, TWO, "Asia/Gaza", UNKNOWN, OPEN), "daily 08:00 to 14:00 Asia/Gaza"),
    (
        Daily(EIGHT, TWO, "Asia/Gaza", FIRST, OPEN),
        "daily 08:00 to 14:00 Asia/Gaza, 2026-02-01 00:00Z to open end",
    ),
)


@pytest.mark.parametrize(("part", "words"), WINDOWS, ids=[words for _, words in WINDOWS])
def test_a_window_in_words(part: Span | Daily, words: str) -> None:
    assert window_in_words((part,)) == words


def test_counts_carry_their_bounds() -> None:
    assert (bounds(2, 2), bounds(0, 1_200)) == ("2..2", "0..1,200")
    assert (counted(1, "event"), counted(0, "event")) == ("1 event", "0 events")


@pytest.mark.parametrize(
    ("said", "meant"),
    [("Russia", "RUS"), ("rus", "RUS"), ("RU", "RUS"), ("Ukraine", "UKR"), ("Hamas", None)],
)
def test_what_an_actor_may_have_meant(said: str, meant: str | None) -> None:
    assert meant_by(said, ["UKR", "RUS"]) == meant


def test_a_party_that_is_denied_to_be_bound_is_no_slip() -> None:
    parties = NamedParties()
    parties.bind("c", ["RUS", "UKR"])
    parties.name("c", "UKR")

    assert parties.warnings() == []


def test_a_line_too_long_is_one_line_and_the_next_is_read() -> None:
    file = io.BytesIO(b"x" * (3 * MAX_LINE_BYTES) + b"\n{}\n")

    assert [(line.number, line.raw) for line in read_lines("f", file)] == [(1, None), (2, b"{}")]


def test_a_matrix_too_wide_stays_one_with_short_heads_and_a_legend(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    columns = ("incident", "the-first-claim", "the-second-claim")
    rows = [("raid", "violation", "(outside)"), ("2026-02-03-barrage", "clear", "undetermined")]

    def shown(width: str) -> list[str]:
        monkeypatch.setenv("COLUMNS", width)
        console._console.cache_clear()
        console.matrix(columns, rows, indent=2)
        return capsys.readouterr().out.splitlines()

    assert shown("80")[0].split() == [*columns]
    narrow = shown("40")
    console._console.cache_clear()
    assert [line.split() for line in narrow[2:4]] == [
        ["raid", "V", "."],
        ["2026-02-03-barrage", "-", "?"],
    ]
    assert " ".join(" ".join(narrow[4:]).split()) == (
        "1 the-first-claim; 2 the-second-claim; V violation; ? undetermined; - clear; . (outside)"
    )
    assert max(map(len, narrow)) <= 40
