"""Workers that stop, that take few posts a second or none, and what each says of its token."""

from __future__ import annotations

import signal
import stat
import subprocess
import threading
import time
from pathlib import Path

import pytest
import requests

from streams.http.ingest import SECONDS_FOR_BODY
from tests.cli.commands import TRUCE, environment
from tests.http.posting import Posting, event, kept, new_token, start
from tests.worker.running import within

pytestmark = pytest.mark.ingest


def test_only_so_many_a_second_are_taken(tmp_path: Path) -> None:
    found = start(tmp_path / "data", new_token(tmp_path), "--posts-per-second", "2")
    try:
        answers = [found.post(event(f"rate-{number}")) for number in range(4)]
        assert answers[0].status_code == 202
        late = answers[-1]
        assert late.status_code == 429
        time.sleep(int(late.headers["Retry-After"]))
        assert found.post(event("rate-later")).status_code == 202
        # Who may not come in uses nothing up.
        for _ in range(20):
            assert found.post(event("x"), token="0" * 64).status_code == 401
        time.sleep(1)
        assert found.post(event("rate-last")).status_code == 202
        assert found.end() == (0, "")
    finally:
        found.process.kill()


def test_a_worker_that_stops_finishes_what_is_inside_and_takes_no_more(tmp_path: Path) -> None:
    found = start(tmp_path / "data", new_token(tmp_path), "--posts-per-second", "10000")
    statuses: dict[str, int] = {}

    def post(client: int) -> None:
        for number in range(10_000):
            name = f"drain-{client}-{number}"
            try:
                statuses[name] = found.post(event(name)).status_code
            except requests.ConnectionError:
                return

    clients = [threading.Thread(target=post, args=(number,)) for number in range(4)]
    for client in clients:
        client.start()
    assert within(10, lambda: len(statuses) > 50)
    assert found.end() == (0, "")
    for client in clients:
        client.join(timeout=10)
    assert set(statuses.values()) <= {202, 503}
    ids = kept(found.data_dir)
    assert len(ids) == len(set(ids))
    assert {name for name, status in statuses.items() if status == 202} <= set(ids)
    assert not {name for name, status in statuses.items() if status == 503} & set(ids)


def test_a_worker_that_stops_says_so(tmp_path: Path) -> None:
    found = start(tmp_path / "data", new_token(tmp_path))
    slow = event("slow")
    try:
        with found.begun(len(slow)) as connection:
            connection.sendall(slow[:10])
            time.sleep(0.3)
            found.process.send_signal(signal.SIGTERM)
            url = f"{found.endpoint.http}/readyz"
            assert within(5, lambda: "stopping" in requests.get(url, timeout=5).text)
            late = found.post(event("late"))
            assert (late.status_code, late.headers["Retry-After"]) == (503, "1")
            assert "the worker stops" in late.json()["detail"]
            # It was inside before, so it is waited for.
            connection.sendall(slow[10:])
            assert connection.recv(1000).startswith(b"HTTP/1.1 202 ")
        assert found.process.wait(timeout=20) == 0
        assert kept(found.data_dir) == ["slow"]
    finally:
        found.process.kill()


def test_a_body_must_come_in_time(ingest: Posting) -> None:
    slow = event("too-slow")
    with ingest.begun(len(slow)) as connection:
        connection.settimeout(SECONDS_FOR_BODY + 5)
        connection.sendall(slow[:-1])
        assert connection.recv(1000).startswith(b"HTTP/1.1 408 ")


def test_without_a_token_file_nobody_may_post(tmp_path: Path) -> None:
    found = start(tmp_path / "data", None)
    try:
        refused = found.post(event("x"), token="0" * 64)
        assert refused.status_code == 403
        assert "TRUCE_TOKEN_FILE" in refused.json()["detail"]
        assert found.end() == (0, "")
        assert kept(found.data_dir) == []
    finally:
        found.process.kill()


def test_the_token_is_nowhere_but_in_its_file(tmp_path: Path) -> None:
    token_file = new_token(tmp_path)
    assert stat.S_IMODE(token_file.stat().st_mode) == 0o600
    found = start(tmp_path / "data", token_file, TRUCE_DEBUG="yes")
    said: list[str] = []
    assert found.process.stderr is not None
    listening = threading.Thread(target=lambda: said.extend(found.process.stderr or ()))
    listening.start()
    try:
        found.post(event("seen"))
        found.post(b"{", token=found.token[:-1] + "x")
        # What the web server cannot read at all, it would like to tell its log.
        for head in (
            f"POST /events HTTP/1.1\r\nAuthorization: Bearer {found.token}\x01\r\n\r\n",
            f"POST /events HTTP/1.1\r\n{found.token} {found.token}\r\n\r\n",
            f"POST /{found.token} \x01HTTP/1.1\r\n\r\n",
            f"POST /events HTTP/1.1\r\nAuthorization: Bearer {found.token * 1_000}\r\n\r\n",
        ):
            with found.connected() as connection:
                connection.sendall(head.encode())
                connection.recv(1000)
        pages = [
            requests.get(found.endpoint.http + page, timeout=10).text
            for page in ("/", "/metrics", "/offsets", "/readyz", "/openapi.json")
        ]
        proc = Path("/proc") / str(found.process.pid)
        seen = [(proc / name).read_text() for name in ("cmdline", "environ")]
        seen.append(
            subprocess.run(["ps", "axwwe"], capture_output=True, text=True, check=True).stdout
        )
        assert str(token_file) in seen[1]
        found.process.send_signal(signal.SIGTERM)
        assert found.process.wait(timeout=20) == 0
        listening.join(timeout=10)
    finally:
        found.process.kill()
    files = [path.read_bytes() for path in found.data_dir.rglob("*") if path.is_file()]
    assert files
    assert found.token not in "".join([*said, *seen, *pages])
    assert found.token.encode() not in b"".join(files)


def test_pages_for_other_machines_are_warned_of(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [*TRUCE, "run", "--http", "0.0.0.0:0"],
        env=environment(tmp_path / "data"),
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stderr is not None
        assert "without TLS" in process.stderr.readline()
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)
