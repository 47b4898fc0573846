"""docs/notebook.md and the notebook beside it do what they say, on the shipped scenario."""

from __future__ import annotations

import doctest
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import analytics
from tests.cli.commands import ROOT, environment, truce
from tests.cli.test_cli_readme import blocks

PAGE = ROOT / "docs" / "notebook.md"


@pytest.fixture
def demo(judged: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory in which somebody has seen the demo."""
    shutil.copytree(judged, tmp_path / "truce-demo")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_each_line_of_python_answers_as_the_page_shows(demo: Path) -> None:
    done = truce("lake", "--parquet", demo / "published", data_dir=demo / "truce-demo")
    assert done.returncode == 0, done.stderr
    shown = "\n".join(blocks("docs/notebook.md", "python"))
    runner = doctest.DocTestRunner()
    runner.run(doctest.DocTestParser().get_doctest(shown, {}, PAGE.name, str(PAGE), 0))
    found = runner.summarize()
    assert found.failed == 0
    assert found.attempted > 10


def test_each_view_that_the_page_lists_is_there(demo: Path) -> None:
    lake = analytics.connect(demo / "truce-demo" / "lake")
    views = {name for (name,) in lake.execute("SELECT view_name FROM duckdb_views()").fetchall()}
    _, _, listed = PAGE.read_text(encoding="utf-8").partition("| view | has a row")
    rows = [line for line in listed.splitlines() if line.startswith("| `")]
    named = {part for line in rows for part in line.split("|")[1].split("`")[1::2]}
    assert named <= views
    assert {"verdicts", "claim_verdicts", "compliance", "munitions", "unknowns"} <= named


def test_the_notebook_runs_from_its_first_cell_to_its_last(demo: Path) -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "docs" / "energy_truce.py"],
        cwd=demo,
        env=environment(PYTHONIOENCODING="utf-8"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "By whose terms" in done.stdout
    assert "E26-5    █ 1..1\n" in done.stdout
    assert "corroborated" in done.stdout
