"""Who posted an event over a real Kafka, to whose log others may write, too."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from schemas.wire import headers
from streams.http import tokens
from streams.kafka.attribution import Attribution
from tests.http.posting import EVENT, LINES, event, new_token
from tests.kafka.apache_kafka import ApacheKafka
from tests.kafka.conftest import Start
from tests.kafka.real import Sent, Worker, publish
from tests.kafka.real import event as sent
from tests.support.logged import HISTORY, dump

QUERY = {"posted": "SELECT event_id, posted_by FROM events"}
OURS = ["https://desk.example/posted"]


def post(worker: Worker, token: str, body: bytes, kind: str = EVENT) -> requests.Response:
    given = {"Authorization": f"Bearer {token}", "Content-Type": kind}
    url = f"{worker.endpoint().http}/events"
    return requests.post(url, data=body, headers=given, timeout=30)


def rebuild(worker: Worker, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "streams.cli", "rebuild", "--json", *options],
        env=worker.environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def differing(worker: Worker, *options: str) -> int:
    done = rebuild(worker, *options)
    assert done.returncode == 0, done.stderr
    found: int = json.loads(done.stdout)["compared"]["differing"]
    return found


def posted(worker: Worker) -> dict[str, str | None]:
    [rows] = dump(worker.data_dir / "truce.duckdb", QUERY).values()
    return dict(rows)


def test_who_posted_is_kept_and_rebuilt_from_kafka_by_who_has_the_key(
    kafka: ApacheKafka, start: Start, tmp_path: Path
) -> None:
    shared = tmp_path / "key"
    shutil.copy(new_token(tmp_path), shared)
    shared.chmod(0o600)
    worker = start(TRUCE_TOKEN_FILE=str(new_token(tmp_path)), TRUCE_POSTED_BY_KEY_FILE=str(shared))
    worker.ready()
    desk = tokens.add(worker.data_dir / "tokens.json", "desk", OURS, [])
    many = b"\n".join(event(f"posted-{n}") for n in range(40))
    assert post(worker, desk, many, LINES).status_code == 202
    strange = Attribution(b"s" * 64).header("desk", b"posted", event("strange"))
    publish(
        kafka.bootstrap,
        [
            sent(event("plain").decode()),
            Sent(b"posted", event("strange"), (*headers(), strange)),
            Sent(b"posted", event("claimed"), (*headers(), ("truce-posted-by", b"desk"))),
        ],
    )
    # That an id stands for other content is known once it is judged, which Kafka does not wait for.
    assert post(worker, desk, event("posted-0", act="strike")).status_code == 202
    worker.judges_all(kafka.bootstrap)
    code, said = worker.end()
    assert (code, said.count("cannot be verified")) == (0, 1)
    expected: dict[str, str | None] = {f"posted-{n}": "desk" for n in range(40)}
    expected |= dict.fromkeys(("plain", "strange", "claimed"))
    assert posted(worker) == expected
    [rejected] = dump(worker.data_dir / "truce.duckdb", {"r": "SELECT reason FROM rejected"})["r"]
    assert rejected == ("id_reused",)
    live = dump(worker.data_dir / "truce.duckdb", HISTORY)
    assert differing(worker) == 0
    assert dump(worker.data_dir / "truce.duckdb", HISTORY) == live
    assert differing(worker, "--from-events") == 0

    # Another worker, of another machine, with the same key and nothing else.
    other = start("other", TRUCE_GROUP="other", TRUCE_POSTED_BY_KEY_FILE=str(shared))
    other.ready()
    other.judges_all(kafka.bootstrap)
    assert other.end()[0] == 0
    assert posted(other) == expected

    # Who has not the key cannot know, and says so.
    worker.environ.pop("TRUCE_POSTED_BY_KEY_FILE")
    (worker.data_dir / "posted-by.key").unlink(missing_ok=True)
    done = rebuild(worker)
    assert done.returncode == 0
    assert json.loads(done.stdout)["compared"]["rows"]["events"] == {"old": 40, "new": 40}
    assert "cannot be verified" in done.stderr
    assert set(posted(worker).values()) == {None}


def test_a_header_may_not_stop_a_worker(kafka: ApacheKafka, start: Start) -> None:
    worker = start()
    worker.ready()
    odd: list[tuple[str, bytes]] = [
        ("truce-posted-by", b""),
        ("truce-posted-by", b"\xff" * 100_000),
        ("Truce-Posted-By", b"desk; v1=" + b"0" * 64),
        ("truce-receipt", b"\x00" * 16),
    ]
    lines = [event(f"odd-{n}") for n in range(len(odd))]
    publish(
        kafka.bootstrap,
        [Sent(b"posted", line, (*headers(), head)) for line, head in zip(lines, odd, strict=True)],
    )
    worker.judges_all(kafka.bootstrap)
    assert worker.end()[0] == 0
    assert posted(worker) == {f"odd-{n}": None for n in range(len(odd))}


@pytest.mark.parametrize("name", ["TRUCE_POSTED_BY_KEY_FILE", "TRUCE_TOKENS"])
def test_a_worker_does_not_start_with_a_secret_that_others_may_use(
    kafka: ApacheKafka, start: Start, tmp_path: Path, name: str
) -> None:
    path = tmp_path / "secret"
    path.write_text("k" * 64)
    path.chmod(0o644)
    worker = start(**{name: str(path)})
    code, said = worker.ended()
    assert (code, said.count("\n")) == (1, 1), said
    assert "chmod 600" in said
