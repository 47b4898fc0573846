"""What becomes of a batch for which the database engine has not enough memory."""

from __future__ import annotations

from pathlib import Path

import pytest

from analytics.ledger.ledger import Ledger
from tests.bench import load
from tests.cli.commands import SCENARIO, truce
from tests.storage.conftest import Run

pytestmark = pytest.mark.faults


@pytest.fixture(scope="session")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("many") / "events.jsonl"
    lines = [*load.claims(20, overlap=False), *load.incidents(40_000, claims=20)]
    path.write_bytes(b"\n".join(lines) + b"\n")
    return path


def test_it_is_tried_again_once_with_less_and_goes_on(many: Path, tmp_path: Path, run: Run) -> None:
    one = run(tmp_path, TRUCE_MEMORY="20MB")
    one.ready()
    assert truce("publish", many, data_dir=tmp_path).returncode == 3
    assert one.popen.stderr is not None
    # The lake, which has less by then, may have failed before, and says so.
    while (said := one.popen.stderr.readline()).startswith("truce: the lake "):
        pass
    assert said.startswith("truce: the database engine ran out of memory (")
    assert said.endswith("; it is tried again, once, with TRUCE_MAX_BATCH=8\n")
    one.ready()
    # Of a batch all is there or nothing.
    assert truce("publish", SCENARIO, data_dir=tmp_path).returncode == 0
    assert one.end() == (0, "")
    with Ledger.open(tmp_path / "truce.duckdb", read_only=True) as ledger:
        [(events, different)] = (
            ledger.cursor()
            .execute("SELECT count(*), count(DISTINCT (source, event_id)) FROM events")
            .fetchall()
        )
    assert events == different >= 14


def test_in_the_end_a_line_says_what_to_set(many: Path, tmp_path: Path, run: Run) -> None:
    one = run(tmp_path, TRUCE_MEMORY="9MB")
    while one.popen.poll() is None:
        truce("publish", many, data_dir=tmp_path)
    code, said = one.ended()
    assert code == 1
    last = said.splitlines()[-1]
    assert last.startswith("truce: the database engine ran out of memory (")
    assert "set TRUCE_MEMORY higher, or TRUCE_MAX_BATCH lower, and start again" in last
    assert last.endswith("(TRUCE_MEMORY=9MB)")
