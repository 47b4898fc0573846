"""`truce verify` on a file and on a running worker: its exit codes and what it prints."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from analytics.ledger.ledger import Ledger
from analytics.provenance import provenance
from streams.commands.verify import run_verify
from streams.engine.decoding import read
from streams.engine.loading import load_standing, process
from streams.errors import BadInput, Unreachable
from streams.settings import Settings
from tests.cli.commands import SCENARIO, truce, worker
from tests.support.logged import LOG_ID, records


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """The shipped scenario in a file, and no worker."""
    found = Settings(data_dir=tmp_path)
    with Ledger.open(found.database) as ledger:
        lines = SCENARIO.read_text(encoding="utf-8").splitlines()
        process(ledger, load_standing(ledger), LOG_ID, read(records(lines)))
    return found


def tamper(settings: Settings, sql: str) -> None:
    with duckdb.connect(str(settings.database)) as connection:
        connection.execute(sql)


NOTHING_DIFFERS = (
    "No difference in 13 rows of claim_verdicts and 4 of verdicts, recomputed from 6 claims "
    "and 6 reports of 4 incidents.\n"
)


def test_nothing_differs(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_verify(settings, as_json=False) == 0
    assert capsys.readouterr().out == NOTHING_DIFFERS
    assert run_verify(settings, as_json=True) == 0
    assert json.loads(capsys.readouterr().out) == {
        "compared": {
            "claim_verdicts": 13,
            "verdicts": 4,
            "claims": 6,
            "reports": 6,
            "incidents": 4,
        },
        "tables": [],
        "judged_by": [{**provenance()._asdict(), "since": None}],
        "recomputed_by": provenance()._asdict(),
        "differences": [],
    }


def test_a_tampered_row_is_printed_on_both_sides(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    tamper(
        settings,
        """
        UPDATE claim_verdict_versions SET verdict = 'clear', in_window = FALSE
        WHERE claim_id = 'E26-5' AND incident_id = '2026-02-03-barrage'""",
    )
    assert run_verify(settings, as_json=False) == 1
    said = capsys.readouterr()
    assert said.out.splitlines()[1] == (
        "claim_verdicts: energy-truce-2026, E26-5, 2026-02-03-barrage (russia-ukraine)"
    )
    cells = [line.split() for line in said.out.splitlines()]
    assert ["verdict", "clear", "violation"] in cells
    assert ["in_window", "false", "true"] in cells
    # Nor is the table what the ledger's own transactions made of it.
    assert said.out.startswith("claim_verdict_versions: 14 rows in the lake, where the ledger")
    assert "1 table of the lake not as the ledger wrote" in said.err
    assert "1 difference in 13 rows of claim_verdicts" in said.err

    assert run_verify(settings, as_json=True) == 1
    printed = json.loads(capsys.readouterr().out)
    # No worker is named: one alone writes the lake.
    assert printed["tables"] == [
        {"table": "claim_verdict_versions", "written": 14, "found": 14, "worker": None}
    ]
    (found,) = printed["differences"]
    assert found["columns"] == ["verdict", "in_window"]
    assert found["stored"]["in_window"] is False
    assert found["recomputed"]["in_window"] is True
    assert found["recomputed"]["target_covered"] is None


def test_a_missing_row_is_printed(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    tamper(settings, "DELETE FROM verdict_versions WHERE incident_id = '2026-02-03-barrage'")
    assert run_verify(settings, as_json=False) == 1
    said = capsys.readouterr().out
    assert "2026-02-03-barrage (russia-ukraine): a row is missing" in said
    assert "contested" in said


def test_what_the_lake_lost_or_gained_is_found_even_if_no_verdict_differs(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    tamper(settings, "UPDATE accepted SET source = 'somebody' WHERE event_id = 'odesa-1'")
    tamper(settings, "INSERT INTO log_offsets FROM log_offsets")
    assert run_verify(settings, as_json=False) == 1
    said = capsys.readouterr()
    assert said.out.splitlines() == [
        "accepted: 14 rows in the lake, where the ledger wrote 14 of other content",
        "log_offsets: 2 rows in the lake, where the ledger wrote 1",
        NOTHING_DIFFERS.strip(),
    ]
    assert "2 tables of the lake not as the ledger wrote" in said.err


def test_no_database_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="there is no"):
        run_verify(Settings(data_dir=tmp_path / "nothing"), as_json=False)


HOLDS = """
import sys
from pathlib import Path
from analytics.ledger.ledger import Ledger
with Ledger.open(Path(sys.argv[1])):
    print("open", flush=True)
    sys.stdin.read()
"""


def test_a_file_held_by_somebody_who_cannot_be_asked(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.commands.lake_update.SECONDS_FOR_A_WORKER_TO_START", 0.1)
    with subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(settings.database)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"open\n"
        with pytest.raises(Unreachable, match="is in use by"):
            run_verify(settings, as_json=False)
        holder.kill()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """A worker that has judged the shipped scenario, and runs."""
    data_dir = tmp_path_factory.mktemp("verified") / "data"
    with worker(data_dir):
        done = truce("publish", str(SCENARIO), data_dir=data_dir)
        assert done.returncode == 0, done.stderr
        yield Settings(data_dir=data_dir)


@pytest.mark.slow
def test_while_a_worker_runs_its_lake_is_asked(
    running: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_verify(running, as_json=False) == 0
    assert capsys.readouterr().out == NOTHING_DIFFERS
