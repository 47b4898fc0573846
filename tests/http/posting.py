"""A worker with a token, events to post to it, and what its database then holds."""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import requests

from streams.endpoint import Endpoint, read_endpoint
from tests.cli.commands import TRUCE, environment

LINES = "application/x-ndjson"
EVENT = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
SECONDS = 30
# Of the greeting of a worker that is ready.
LAST_WORDS = "Publish events"


def event(name: str, *, conflict: str = "posted", **more: Any) -> bytes:
    """A report with this id."""
    data = {
        "conflict": conflict,
        "incident_id": name,
        "report_id": "desk",
        "reported_by": {"name": "Desk"},
        "occurred": {"start": "2026-02-03T08:00:00Z"},
        **more,
    }
    found = {
        "specversion": "1.0",
        "id": name,
        "source": "https://desk.example/posted",
        "type": "incident.reported",
        "data": data,
    }
    return json.dumps(found).encode()


def new_token(folder: Path) -> Path:
    """A file with a token of its own, as a user would make it."""
    path = folder / "token"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "w") as file:  # noqa: PTH123
        file.write(secrets.token_hex(32) + "\n")
    return path


@dataclass
class Posting:
    """A worker that takes posts."""

    process: subprocess.Popen[str]
    data_dir: Path
    endpoint: Endpoint
    token: str

    @property
    def url(self) -> str:
        return f"{self.endpoint.http}/events"

    def post(
        self,
        body: Any,
        content_type: str | None = EVENT,
        *,
        token: str | None = None,
        query: str = "",
        **headers: str,
    ) -> requests.Response:
        """Post `body`; an iterator is sent in chunks. `token`: another than the right one."""
        given = {"Authorization": f"Bearer {token or self.token}"}
        given |= {} if content_type is None else {"Content-Type": content_type}
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        return requests.post(self.url + query, data=body, headers=given, timeout=SECONDS)

    def connected(self) -> socket.socket:
        """A connection on which nothing was said yet."""
        port = int(self.endpoint.http.rpartition(":")[2])
        return socket.create_connection(("127.0.0.1", port), timeout=10)

    def begun(self, length: int, content_type: str = EVENT) -> socket.socket:
        """A connection on which a post is announced, of whose body nothing was sent yet."""
        head = (
            f"POST /events HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n"
            f"Content-Type: {content_type}\r\nAuthorization: Bearer {self.token}\r\n\r\n"
        )
        connection = self.connected()
        connection.sendall(head.encode())
        return connection

    def end(self, number: signal.Signals = signal.SIGTERM) -> tuple[int, str]:
        """Send a signal; the exit code, and what was said since it was ready."""
        self.process.send_signal(number)
        _, said = self.process.communicate(timeout=SECONDS)
        return self.process.returncode, said


def start(data_dir: Path, token_file: Path | None, *options: str, **environ: str) -> Posting:
    """Start a worker and wait until it is ready."""
    given = {} if token_file is None else {"TRUCE_TOKEN_FILE": str(token_file)}
    process = subprocess.Popen(
        [*TRUCE, "run", "--http", "127.0.0.1:0", *options],
        env=environment(data_dir, **given, **environ),
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    assert process.stderr is not None
    said = ""
    for line in process.stderr:
        said += line
        if line.startswith(LAST_WORDS):
            break
    else:
        process.kill()
        raise AssertionError(said)
    endpoint = read_endpoint(data_dir)
    assert endpoint is not None
    token = "" if token_file is None else token_file.read_text(encoding="ascii").strip()
    return Posting(process, data_dir, endpoint, token)


def kept(data_dir: Path) -> list[str]:
    """The ids of the events in the database of a worker that has ended, one for each row."""
    with duckdb.connect(str(data_dir / "truce.duckdb"), read_only=True) as connection:
        return [name for (name,) in connection.execute("SELECT event_id FROM events").fetchall()]
