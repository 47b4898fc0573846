"""What the prompt of `truce sql` offers, and what it remembers."""

from __future__ import annotations

from pathlib import Path

import pytest

from analytics.lake.keeper import Keeper
from analytics.lake.names import LakeNames
from analytics.lake.session import open_lake
from analytics.lake.writer import LakeWriter
from analytics.ledger.ledger import Ledger
from analytics.queries import examples
from streams.commands.sql.completion import candidates
from streams.commands.sql.prompt import DOTS, KeptHistory, is_whole
from tests.lake.test_prompt import Terminal


@pytest.fixture(scope="session")
def names(judged_dir: Path) -> LakeNames:
    """Those of the lake that the tests of the prompt ask."""
    with Ledger.open(judged_dir / "truce.duckdb") as ledger:
        keeper = Keeper(LakeWriter(judged_dir / "lake"), ledger.cursor())
        keeper.update()
        keeper.close()
    with open_lake(judged_dir / "lake") as lake:
        return LakeNames.of(lake.ask)


@pytest.mark.parametrize(
    ("before", "after", "word", "offered", "not_offered"),
    [
        ("from verd", "", "verd", {"verdicts", "verdicts_as_of("}, {"verdict"}),
        ("select x from claims join ver", "", "ver", {"verdicts"}, {"verdict"}),
        ("describe str", "", "str", {"streaks"}, {"strlen("}),
        ("select claim_", " from claims", "claim_", {"claim_id"}, {"claimant_role("}),
        ("select wi", " from claims", "wi", {"window_start"}, {"width"}),
        ("select v.ver", " from verdicts as v", "ver", {"verdict"}, {"verdicts"}),
        (
            "select v.in",
            " from verdicts v, claim_verdicts as c",
            "in",
            {"incident_id"},
            {"in_area"},
        ),
        ("select c.in", " from verdicts v, claim_verdicts as c", "in", {"in_area"}, {"verdict"}),
        ("from verdicts; select str", "", "str", {"strftime("}, set()),
        ("SELECT count(*) FROM verdicts WHE", "", "WHE", {"WHERE"}, set()),
        ("select 'from ver", "", "", set(), {"verdicts"}),
        ("select 1 -- from ver", "", "", set(), {"verdicts"}),
        (".sch", "", ".sch", {".schema"}, {".tables"}),
        (".schema verd", "", "verd", {"verdicts"}, {"claims"}),
        (".examples by_", "", "by_", {"by_region"}, {"streaks"}),
    ],
)
def test_what_is_offered_fits_the_place(
    before: str, after: str, word: str, offered: set[str], not_offered: set[str], names: LakeNames
) -> None:
    replaced, found = candidates(before, after, names, DOTS)

    assert replaced == word
    texts = {one.text for one in found}
    assert offered <= texts
    assert not texts & not_offered
    assert len(texts) == len(found)


def test_each_table_and_column_is_known_with_what_it_holds(names: LakeNames) -> None:
    assert set(names.tables) <= set(names.columns)
    verdicts = {column.name: column for column in names.columns["verdicts"]}
    assert verdicts["party"].type == "VARCHAR"
    assert verdicts["party"].holds.startswith("The one known actor")


@pytest.mark.parametrize("typed", ["", "  ", ";", "select 1;", "select\n1;\n", ".tables"])
def test_enter_ends_what_is_whole(typed: str) -> None:
    assert is_whole(typed)


@pytest.mark.parametrize("typed", ["select 1", "select ';", "select 1; select"])
def test_enter_goes_on_where_a_query_does(typed: str) -> None:
    assert not is_whole(typed)


def test_what_was_typed_is_remembered_for_its_user_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    KeptHistory.of_user().store_string("select\n1;")
    kept = tmp_path / "state" / "trucewatch" / "sql_history"

    assert [*KeptHistory.of_user().load_history_strings()] == ["select\n1;"]
    assert kept.stat().st_mode & 0o777 == 0o600
    monkeypatch.setenv("XDG_STATE_HOME", "/dev/null")
    KeptHistory.of_user().store_string("select 2;")
    assert [*KeptHistory.of_user().load_history_strings()] == []


def test_the_terminal_completes_and_shows_what_there_is(judged_dir: Path, tmp_path: Path) -> None:
    settings = {"TERM": "xterm", "XDG_STATE_HOME": str(tmp_path), "PROMPT_TOOLKIT_NO_CPR": "1"}
    terminal = Terminal(judged_dir, **settings)
    try:
        terminal.shows("truce>")
        terminal.type(".schema verdicts\r")
        assert "The one known actor" in terminal.shows("(?s)denied_by.*truce>")
        terminal.type("select claim_verd")
        terminal.shows("claim_verd")
        terminal.type(" from claim_verd")
        terminal.repeats("\t", "claim_verdict_versions")
        terminal.type("\x03")
        terminal.shows("truce>")
        terminal.type(".examples streaks\r")
        # It stands there, ready to be run or changed.
        # A terminal is sent what changed on its screen, and not whole lines.
        terminal.shows("How many")
        terminal.type("\x03")
        terminal.shows("truce>")
        terminal.type(".examples\r")
        shown = terminal.shows("(?s)weapons_around_a_window.*truce>")
        assert all(name in shown for name in examples())
        assert terminal.left() == 0
    finally:
        terminal.close()
    assert ".schema verdicts" in (tmp_path / "trucewatch" / "sql_history").read_text()
