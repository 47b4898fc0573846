"""The questions that analysts ask: each is answered as docs/questions.md shows it, and is short."""

from __future__ import annotations

from pathlib import Path

from analytics.queries import examples
from tests.cli.asking.questions import PAGE, page

MOST_LINES = 8


def test_each_question_is_answered_as_the_page_shows_it(judged: Path) -> None:
    assert page(judged) == PAGE.read_text(encoding="utf-8"), "make questions writes it"


def test_there_are_twenty_that_a_newcomer_could_type() -> None:
    found = examples().values()

    assert len(found) >= 20
    for one in found:
        lines = one.sql.splitlines()
        assert len(lines) <= MOST_LINES, one.name
        assert one.question.endswith(("?", ".")), one.name
        assert one.sql.endswith(";"), one.name
        assert one.sql.count(";") == 1, one.name
        # What it would need beside the lake; a name of the scenario would be of no use to others.
        assert not {"create", "macro", "energy-truce-2026"} & {*one.sql.lower().split()}, one.name
