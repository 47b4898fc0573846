"""200 clients at once, well-behaved and not: nothing is lost, nothing else taken, memory is bounded."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.http.posting import Posting, event, kept, new_token, start
from tests.worker.running import within

pytestmark = pytest.mark.ingest

CLIENTS = 200
SECONDS = 20
# Above what an idle worker takes: 32 MiB of bodies, what is made of them, connections, and the
# events that the database keeps in memory.
MAX_GROWTH_MB = 150


@pytest.fixture
def posting(tmp_path: Path) -> Iterator[Posting]:
    """A worker of this test's own."""
    found = start(tmp_path / "data", new_token(tmp_path), "--posts-per-second", "500")
    yield found
    found.process.kill()
    found.process.communicate()


def clients(posting: Posting, seconds: float) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [
            *(sys.executable, Path(__file__).with_name("clients.py"), posting.url),
            *(posting.data_dir.parent / "token", str(CLIENTS), str(seconds), "7"),
        ],
        stdout=subprocess.PIPE,
        text=True,
    )


def told(process: subprocess.Popen[str]) -> tuple[dict[str, set[str]], dict[str, int]]:
    """The events by what must have become of them, and the counts of answers."""
    out, _ = process.communicate(timeout=120)
    assert process.returncode == 0
    found: dict[str, Any] = json.loads(out)
    fates = found["fates"].items()
    by_fate = {fate: {n for n, f in fates if f == fate} for fate in ("must", "may", "never")}
    return by_fate, found["answers"]


def judged(posting: Posting) -> int:
    """How many records of the log are in the database."""
    found = requests.get(f"{posting.endpoint.http}/offsets", timeout=30).json()
    return sum(found["partitions"].values())


def memory_mb(posting: Posting, field: str) -> float:
    status = (Path("/proc") / str(posting.process.pid) / "status").read_text(encoding="ascii")
    [line] = [line for line in status.splitlines() if line.startswith(f"{field}:")]
    return int(line.split()[1]) / 1024


def test_no_posted_event_is_lost_and_no_other_accepted(posting: Posting) -> None:
    idle = memory_mb(posting, "VmRSS")
    fates, answers = told(clients(posting, SECONDS))
    peak = memory_mb(posting, "VmHWM")
    assert posting.post(event("afterwards")).status_code == 202
    code, said = posting.end()
    assert (code, said) == (0, "")
    rows = Counter(kept(posting.data_dir))
    print(f"\n{CLIENTS} clients, {SECONDS} s: {sum(rows.values()):,} events; ", end="")  # noqa: T201
    print(f"memory idle {idle:.0f} MB, peak {peak:.0f} MB\n{answers}")  # noqa: T201
    assert {name for name, count in rows.items() if count > 1} == set()
    assert fates["must"] - set(rows) == set()
    assert fates["never"] & set(rows) == set()
    assert len(fates["must"]) > 1_000
    wanted = ("one event: 202", "good beside bad: 400", "malformed: 400", "unauthorised: 401")
    assert all(answers.get(one, 0) > 0 for one in (*wanted, "too large: 413", "hanging"))
    assert not [one for one in answers if one.endswith(": 500")]
    assert peak - idle < MAX_GROWTH_MB


def test_what_was_taken_outlives_a_kill_under_load(posting: Posting) -> None:
    loading = clients(posting, 12)
    assert within(60, lambda: judged(posting) > 100)
    posting.process.send_signal(signal.SIGKILL)
    posting.process.wait()
    fates, answers = told(loading)
    print(f"\nkilled after {len(fates['must']):,} events were taken: {answers}")  # noqa: T201
    assert len(fates["must"]) > 50
    token_file = posting.data_dir.parent / "token"
    again = start(posting.data_dir, token_file)
    try:
        assert again.post(event("afterwards")).status_code == 202
        assert again.end() == (0, "")
    finally:
        again.process.kill()
    rows = Counter(kept(posting.data_dir))
    assert {name for name, count in rows.items() if count > 1} == set()
    assert fates["must"] - set(rows) == set()
    assert fates["never"] & set(rows) == set()
