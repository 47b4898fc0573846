"""A served S3 (moto's, in an environment of its own), which can hang, or be away and come back."""

from __future__ import annotations

import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.bench.measuring import free_port

SERVER = Path(__file__).parents[2] / ".venv/peers/s3/bin/moto_server"
BUCKET = "truce"
KEY_ID, SECRET, TOKEN = "TRUCEKEYID", "in-no-argument-nor-message", "this-token-neither"
WRITING = ("PUT", "POST", "DELETE")
SECONDS_TO_START = 30.0


class ServedS3:
    """The server on this port."""

    def __init__(self, port: int, process: subprocess.Popen[bytes], log: Path) -> None:
        self.port, self.log = port, log
        self._process = process

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """What who reads or writes needs."""
        return {
            "AWS_ENDPOINT_URL_S3": self.endpoint,
            "AWS_REGION": "eu-north-1",
            "AWS_ACCESS_KEY_ID": KEY_ID,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_SESSION_TOKEN": TOKEN,
        }

    def put(self, path: str, content: bytes = b"") -> None:
        """Make a bucket, or an object in one."""
        request = urllib.request.Request(  # noqa: S310 - it is this server
            f"{self.endpoint}/{path}",
            method="PUT",
            data=content,
            headers={"Content-Type": "application/octet-stream"},
        )
        with urllib.request.urlopen(request, timeout=5):  # noqa: S310
            return

    def writes(self) -> list[str]:
        """The requests so far that wrote something, or deleted it."""
        lines = self.log.read_text("utf-8", "replace").splitlines()
        return [line for line in lines if any(f'"{one} ' in line for one in WRITING)]

    @contextmanager
    def hanging(self) -> Iterator[None]:
        """In the block it takes connections, and answers nothing."""
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)


@contextmanager
def served_s3(folder: Path) -> Iterator[ServedS3]:
    """Start one, with a bucket."""
    if not SERVER.exists():
        reason = "no served S3 (make .venv/peers/s3/.installed)"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    port, log = free_port(), folder / "s3.log"
    with log.open("wb") as written:
        process = subprocess.Popen(
            [str(SERVER), "-H", "127.0.0.1", "-p", str(port)], stdout=written, stderr=written
        )
    try:
        server = ServedS3(port, process, log)
        until = time.monotonic() + SECONDS_TO_START
        while True:
            try:
                server.put(BUCKET)
            except (TimeoutError, urllib.error.URLError):
                assert time.monotonic() < until, log.read_text()
                assert process.poll() is None, log.read_text()
                time.sleep(0.1)
            else:
                break
        yield server
    finally:
        process.kill()
        process.wait()
