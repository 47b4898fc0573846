"""A served S3 (moto's, in an environment of its own), which can hang, or be away and come back."""

from __future__ import annotations

import os
import signal
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import trustme

from tests.bench.measuring import free_port

SERVER = Path(__file__).parents[2] / ".venv/peers/s3/bin/moto_server"
BUCKET = "truce"
KEY_ID, SECRET, TOKEN = "TRUCEKEYID", "in-no-argument-nor-message", "this-token-neither"
WRITING = ("PUT", "POST", "DELETE")
SECONDS_TO_START = 120.0


class ServedS3:
    """The server on this port; `authority`: of its certificate, if it speaks TLS."""

    def __init__(
        self, port: int, process: subprocess.Popen[bytes], log: Path, authority: Path | None
    ) -> None:
        self.port, self.log, self.authority = port, log, authority
        self._process = process
        self._context = ssl.create_default_context(cafile=authority)

    @property
    def endpoint(self) -> str:
        return f"http{'s' if self.authority else ''}://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """What who reads or writes needs."""
        return {
            "AWS_ENDPOINT_URL_S3": self.endpoint,
            "AWS_REGION": "eu-north-1",
            "AWS_ACCESS_KEY_ID": KEY_ID,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_SESSION_TOKEN": TOKEN,
        } | ({"AWS_CA_BUNDLE": str(self.authority)} if self.authority else {})

    def put(self, path: str, content: bytes = b"") -> None:
        """Make a bucket, or an object in one."""
        request = urllib.request.Request(  # noqa: S310 - it is this server
            f"{self.endpoint}/{path}",
            method="PUT",
            data=content,
            headers={"Content-Type": "application/octet-stream"},
        )
        context = self._context if self.authority else None
        with urllib.request.urlopen(request, timeout=5, context=context):  # noqa: S310
            return

    def writes(self) -> list[str]:
        """The requests so far that wrote something, or deleted it."""
        return [line for line in self._lines() if any(f"{one} /" in line for one in WRITING)]

    def requests(self) -> int:
        """How many there were so far."""
        return sum("HTTP/1.1" in line for line in self._lines())

    def _lines(self) -> list[str]:
        return self.log.read_text("utf-8", "replace").splitlines()

    @contextmanager
    def hanging(self) -> Iterator[None]:
        """In the block it takes connections, and answers nothing."""
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)


@contextmanager
def served_s3(folder: Path, *, encrypted: bool = False) -> Iterator[ServedS3]:
    """Start one, with a bucket."""
    if not SERVER.exists():
        reason = "no served S3 (make .venv/peers/s3/.installed)"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    port, log = free_port(), folder / "s3.log"
    authority, more = _certified(folder) if encrypted else (None, [])
    with log.open("wb") as written:
        process = subprocess.Popen(
            [str(SERVER), "-H", "127.0.0.1", "-p", str(port), *more],
            stdout=written,
            stderr=written,
        )
    try:
        server = ServedS3(port, process, log, authority)
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


def _certified(folder: Path) -> tuple[Path, list[str]]:
    """An authority, and the options of a server with a certificate of it."""
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1")
    paths = [folder / name for name in ("authority.pem", "certificate.pem", "key.pem")]
    authority.cert_pem.write_to_path(paths[0])
    for blob in issued.cert_chain_pems:
        blob.write_to_path(paths[1], append=True)
    issued.private_key_pem.write_to_path(paths[2])
    return paths[0], ["--ssl", "--ssl-cert", str(paths[1]), "--ssl-key", str(paths[2])]
