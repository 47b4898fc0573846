"""A real Prometheus and a real Alertmanager as programs, and a receiver of what they tell."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

ALERTMANAGER = "prometheus-alertmanager"
PROMETHEUS = "prometheus"

T = TypeVar("T")


def free_port() -> int:
    """A TCP port that was free a moment ago: it is kept over a restart, so 0 does not do."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def until(seconds: float, found: Callable[[], T | None]) -> T:
    """What `found` gives once it is not None or False; an AssertionError if that takes longer."""
    end = time.monotonic() + seconds
    while True:
        result = found()
        if result:
            return result
        assert time.monotonic() < end, f"nothing within {seconds} s"
        time.sleep(0.01)


class Told(NamedTuple):
    """One alert in a notification: when it came (time.time()), to which path, and its content."""

    at: float
    path: str
    status: str
    labels: dict[str, str]
    annotations: dict[str, str]
    whole: dict[str, Any]

    @property
    def name(self) -> str:
        """The name of the alert."""
        return self.labels["alertname"]

    @property
    def burst(self) -> bool:
        """Whether it is one for many."""
        return "burst" in self.labels

    @property
    def resolved(self) -> bool:
        """Whether it is over."""
        return self.status == "resolved"


class Receiver:
    """What stands where a pager would: it keeps every notification that Alertmanager sends."""

    def __init__(self) -> None:
        self.told: list[Told] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                at = time.time()
                content = self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()
                for alert in json.loads(content)["alerts"]:
                    status, labels, notes = (alert[k] for k in ("status", "labels", "annotations"))
                    receiver.told.append(Told(at, self.path, status, labels, notes, alert))

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class Program:
    """A program with a port that answers at `/-/ready`."""

    def __init__(self, name: str, arguments: Sequence[str], port: int, log: Path) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._command = [name, *arguments]
        self._log = log
        self._running: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it is ready."""
        with self._log.open("ab") as log:
            self._running = subprocess.Popen(self._command, stdout=log, stderr=log)
        until(20, self._ready)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """End it with this signal."""
        if self._running is not None:
            self._running.send_signal(number)
            try:
                self._running.wait(20)
            except subprocess.TimeoutExpired:
                self._running.kill()
                self._running.wait()
            self._running = None

    def restart(self, number: signal.Signals = signal.SIGTERM) -> None:
        """End it with this signal, and start it again on what it has kept."""
        self.stop(number)
        self.start()

    def get(self, path: str) -> Any:
        """What it answers, read as JSON."""
        with urllib.request.urlopen(f"{self.url}{path}", timeout=5) as answer:  # noqa: S310
            return json.load(answer)

    def post(self, path: str, content: Any) -> None:
        """Send it this, as JSON."""
        request = urllib.request.Request(  # noqa: S310
            f"{self.url}{path}",
            data=json.dumps(content).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=5):  # noqa: S310
            pass

    def _ready(self) -> bool:
        assert self._running is not None
        assert self._running.poll() is None, self._log.read_text()[-2_000:]
        try:
            with urllib.request.urlopen(f"{self.url}/-/ready", timeout=1) as answer:  # noqa: S310
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False


def alertmanager(config: Path, kept: Path, *more: str) -> Program:
    """Debian's Alertmanager with this configuration, keeping what it knows in a directory."""
    kept.mkdir(parents=True, exist_ok=True)
    port = free_port()
    arguments = [
        f"--config.file={config}",
        f"--storage.path={kept}",
        f"--web.listen-address=127.0.0.1:{port}",
        f"--cluster.listen-address=127.0.0.1:{free_port()}",
        *more,
    ]
    return Program(ALERTMANAGER, arguments, port, kept.with_suffix(".log"))


def prometheus(config: Path, kept: Path) -> Program:
    """Debian's Prometheus with this configuration, keeping its series in a directory."""
    kept.mkdir(parents=True, exist_ok=True)
    port = free_port()
    arguments = [
        f"--config.file={config}",
        f"--storage.tsdb.path={kept}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--rules.alert.resend-delay=5s",
    ]
    return Program(PROMETHEUS, arguments, port, kept.with_suffix(".log"))
