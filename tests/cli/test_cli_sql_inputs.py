"""Odd queries are answered, or refused with the reason, alike with and without a worker."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.cli.commands import TRUCE, environment, truce

PIVOT = "pivot (select 1 as n, 'clear' as verdict) on verdict using sum(n)"


@pytest.mark.parametrize(
    ("query", "code", "says"),
    [
        ("-- note\nselect 1 as a", 0, ["a\n─\n1"]),
        ("--note\nselect 1 as a", 0, ["a\n─\n1"]),
        ("select 1 as a; select 2 as b", 0, ["a\n─\n1", "b\n─\n2"]),
        ("select jaro_winkler_similarty('a', 'b')", 1, ['Did you mean "jaro_winkler_similarity"?']),
        (PIVOT, 0, ["clear\n─────\n    1"]),
    ],
    ids=[
        "a comment",
        "a comment without a blank",
        "two statements",
        "a misspelt function",
        "PIVOT",
    ],
)
def test_odd_queries_are_answered_alike_with_and_without_a_worker(
    query: str, code: int, says: list[str], judged: Path, running: Path
) -> None:
    found = [truce("sql", query, data_dir=data_dir) for data_dir in (judged, running)]

    assert [one.returncode for one in found] == [code, code]
    assert found[0].stdout == found[1].stdout
    assert found[0].stderr == found[1].stderr
    assert all(part in found[0].stdout + found[0].stderr for part in says)


def test_a_table_is_printed_where_the_code_is_not_on_the_path(judged: Path, tmp_path: Path) -> None:
    # An editable install finds it by other means, and the query's process reads modules until its end.
    done = subprocess.run(
        [*TRUCE, "sql", "select 1 as a"],
        env=environment(judged, PYTHONPATH=""),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split() == ["a", "─", "1"]
