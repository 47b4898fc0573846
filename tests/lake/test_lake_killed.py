"""A process that keeps a lake is killed at any moment: nothing is missing then, or there twice."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from analytics.lake.attached import attach
from analytics.lake.catalogue.place import FILE as CATALOG
from analytics.lake.keeper import Keeper
from analytics.lake.writer import LakeWriter
from analytics.ledger.contents import Holding
from analytics.ledger.ledger import Ledger
from tests.lake.compared import Fold, counted, revised, same
from tests.support.logged import LOG_ID

PROGRAM = Path(__file__).with_name("keeping.py")
KILLS = int(os.environ.get("TRUCE_LAKE_KILLS", "20"))
INCIDENTS = 40_000


@pytest.mark.faults
def test_killed_anywhere_nothing_is_missing_or_double(tmp_path: Path) -> None:
    rng = random.Random()
    for _ in range(KILLS):
        _kill_one(tmp_path, rng)
        # As it is, what it says to hold is what it holds.
        if (tmp_path / "lake" / CATALOG).exists():
            with attach(tmp_path / "lake", read_only=True) as lake:
                found = lake.execute("SHOW TABLES FROM lake").fetchall()
                if found:
                    said = lake.execute("FROM lake.contents").fetchall()
                    assert counted(lake, "lake.") == {name: Holding(*held) for name, *held in said}
    with Ledger.open(tmp_path / "truce.duckdb") as ledger:
        keeper = Keeper(LakeWriter(tmp_path / "lake"), ledger.cursor())
        fold = Fold(ledger, [*revised(INCIDENTS)], at=ledger.offsets(LOG_ID).get(0, 0))
        fold.take(10)
        keeper.update()
        with ledger.cursor() as cursor:
            same(cursor, tmp_path / "lake")
        keeper.maintain(keep_seconds=0)
        with ledger.cursor() as cursor:
            same(cursor, tmp_path / "lake")
        keeper.close()


def _kill_one(folder: Path, rng: random.Random) -> None:
    process = subprocess.Popen(
        [sys.executable, str(PROGRAM), str(folder), str(INCIDENTS)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    try:
        process.wait(rng.uniform(0.02, 2.5))
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.returncode in {0, -signal.SIGKILL}


@pytest.mark.parametrize("request_", [b'{"what": "held"}\n', b'{"what": "he'])
def test_the_subprocess_ends_without_a_word_when_its_worker_was_killed(
    tmp_path: Path, request_: bytes
) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "analytics.lake.subprocess_writer", str(tmp_path / "lake")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    process.stdin.write(request_)
    process.stdin.close()
    assert process.stderr.read() == b""
    assert process.wait(30) == 0
