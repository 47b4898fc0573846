"""What docs/notebook.md says of programs that are not Python's, run in those that are here."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import duckdb
import pytest

from analytics.lake.extensions import NAMES
from tests.cli.commands import ROOT, truce
from tests.cli.test_cli_readme import blocks
from tests.support.maven import fetched

HERE = Path(__file__).parent
ASKED = "SELECT incident_id, verdict FROM verdicts ORDER BY ALL"


@pytest.fixture
def demo(judged: Path, tmp_path: Path) -> Path:
    """A directory in which somebody has seen the demo, and brought the lake up to date."""
    shutil.copytree(judged, tmp_path / "truce-data")
    done = truce("lake", data_dir=tmp_path / "truce-data")
    assert done.returncode == 0, done.stderr
    return tmp_path


def _from_wheels(sql: str) -> str:
    """The same where no extension can be fetched: those of the requirements."""
    for name in NAMES:
        spec = find_spec(f"duckdb_extension_{name}")
        assert spec is not None
        assert spec.submodule_search_locations is not None
        [file] = Path(spec.submodule_search_locations[0]).rglob("*.duckdb_extension")
        short = name.removesuffix("_scanner")
        assert f"INSTALL {short};" in sql
        sql = sql.replace(f"INSTALL {short};", f"LOAD '{file}';")
    return sql


def _verdicts(demo: Path) -> list[str]:
    done = truce("sql", "--format", "csv", ASKED, data_dir=demo / "truce-data")
    _, *rows = str(done.stdout).splitlines()
    return rows


def _said(command: Sequence[str | Path], folder: Path) -> list[str]:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_dbeavers_driver_answers_as_truce_sql_does(demo: Path) -> None:
    jars = fetched(HERE / "jdbc.xml", "DuckDB's JDBC driver").wanted()
    [attach] = blocks("docs/notebook.md", "sql")
    assert duckdb.__version__ in (HERE / "jdbc.xml").read_text()
    (demo / "attach.sql").write_text(_from_wheels(attach))
    (demo / "ask.sql").write_text(ASKED)
    files = ["attach.sql", "truce-data/lake/views.sql", "ask.sql"]
    said = _said(["java", "-cp", jars, HERE / "Ask.java", *files], demo)
    assert said == _verdicts(demo)
    assert len(said) > 3


def test_the_query_of_a_panel_of_grafana_answers(demo: Path) -> None:
    shown = (ROOT / "docs" / "notebook.md").read_text(encoding="utf-8")
    [query] = re.findall(r"`(SELECT day AS time[^`]*)`", shown)
    done = truce("sql", "--format", "csv", query, data_dir=demo / "truce-data")
    assert done.stdout.startswith("time,lower,upper\n2026-"), done.stderr


def test_r_answers_as_truce_sql_does(demo: Path) -> None:
    if shutil.which("Rscript") is None:
        pytest.skip("no R on this machine")
    has = ["Rscript", "-e", "quit(status = !requireNamespace('duckdb', quietly = TRUE))"]
    if subprocess.run(has, capture_output=True, check=False).returncode:
        pytest.skip(
            "R has no package duckdb here, and no registry of R's packages to fetch it from"
        )
    [shown] = blocks("docs/notebook.md", "r")
    (demo / "ask.R").write_text(shown)
    [_, *rows] = _said(["Rscript", "ask.R"], demo)
    assert [row.split()[1:] for row in rows] == [row.split(",") for row in _verdicts(demo)]
