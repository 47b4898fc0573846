"""While something long is judged, what is posted of other conflicts is taken, and all is told."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterable
from pathlib import Path

import pytest
import requests

from tests.bench.attacks import INCIDENTS, claim, incident, moment, put
from tests.cli.commands import truce
from tests.http.posting import LINES, Posting, event, kept, new_token, start
from tests.worker.running import within

pytestmark = pytest.mark.ingest

# Of each post some 8,000 pairs for every one of its events: minutes of work.
MANY, REVISIONS = 8_000, 2_000


@pytest.fixture
def attacked(tmp_path: Path) -> Posting:
    """A worker of one partition with many incidents in one conflict."""
    data_dir = tmp_path / "data"
    data_dir.mkdir(mode=0o700)
    put(data_dir, [claim("c"), *(incident(number) for number in range(MANY))])
    return start(
        *(data_dir, new_token(tmp_path), "--posts-per-second", "10000"), TRUCE_PARTITIONS="1"
    )


def moved(post: int, numbers: Iterable[int]) -> bytes:
    """Revisions each of which moves a window over all incidents."""
    ends = (-1, INCIDENTS)
    return b"\n".join(
        claim(
            f"m{post}-{number}",
            window=[{"start": moment(-60), "end": moment(ends[number % 2] + number / 10_000)}],
        ).encode()
        for number in numbers
    )


def ready(found: Posting) -> dict[str, object]:
    answer = requests.get(f"{found.endpoint.http}/readyz", timeout=10)
    assert answer.status_code == 200, answer.text
    said: dict[str, object] = json.loads(answer.text)
    return said


def test_other_conflicts_go_on_and_a_stop_is_soon(attacked: Posting, tmp_path: Path) -> None:
    found = attacked
    attacks: list[requests.Response] = []
    try:
        assert ready(found) == {"status": "ready"}
        for post in range(2):
            threading.Thread(
                target=lambda post=post: attacks.append(
                    found.post(moved(post, range(REVISIONS)), LINES)
                ),
                daemon=True,
            ).start()
        assert within(10, lambda: "judging" in ready(found))
        took: list[float] = []
        for number in range(20):
            began = time.monotonic()
            answer = found.post(event(f"other-{number}", conflict="other"))
            took.append(time.monotonic() - began)
            assert answer.status_code == 202, answer.text
            time.sleep(0.05)
        # A turn and one event of it: half a second of a machine that has nothing else to do.
        assert sorted(took)[len(took) // 2] < 5
        said = ready(found)["judging"]
        assert isinstance(said, dict)
        assert said["conflicts"].keys() == {"attacked"}
        assert said["events"] > REVISIONS
        assert within(60, lambda: len(attacks) == 2)
        for answer in attacks:
            assert answer.status_code == 503
            assert "events of attacked wait to be judged" in answer.json()["detail"]
            assert answer.headers["Retry-After"]
        began = time.monotonic()
        code, words = found.end()
        stopped = time.monotonic() - began
        assert code == 0, words
        assert stopped < 20, "ten seconds, of a machine that has nothing else to do"
    finally:
        found.process.kill()
        found.process.communicate()
    ids = kept(found.data_dir)
    assert len(ids) == len(set(ids))
    assert {f"other-{number}" for number in range(20)} <= set(ids)
    done = [name for name in ids if name.startswith("m")]
    assert 0 < len(done) < 2 * REVISIONS
    verified = truce("verify", data_dir=found.data_dir)
    assert verified.returncode == 0, verified.stdout + verified.stderr


def test_of_what_waits_too_much_no_more_is_taken(attacked: Posting) -> None:
    found = attacked
    try:
        for post in range(3):
            body = moved(post, range(REVISIONS))
            threading.Thread(target=found.post, args=(body, LINES), daemon=True).start()
        assert within(30, lambda: _waiting(found) > 4_000)
        began = time.monotonic()
        answer = found.post(moved(9, range(1)), LINES)
        assert answer.status_code == 503
        assert "events of attacked wait to be judged" in answer.json()["detail"]
        assert time.monotonic() - began < 5, "at once"
        assert found.post(event("other", conflict="other")).status_code == 202
        assert found.end()[0] == 0
    finally:
        found.process.kill()
        found.process.communicate()


def _waiting(found: Posting) -> int:
    said = ready(found).get("judging")
    return said["events"] if isinstance(said, dict) else 0
