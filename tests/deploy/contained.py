"""Run inside a container: a worker as the given user, asked, given the scenario, verified, ended.

`contained.py USER CHECK…`: CHECK is the image's health check, with `python` for the interpreter.
"""

import http.client
import os
import pathlib
import signal
import subprocess
import sys
import time

import schemas

SECONDS_TO_START = 60
SECONDS_TO_STOP = 30
CLOSED = ("/", "/usr", sys.prefix, os.path.dirname(schemas.__file__))


def main(user: int, check: list[str]) -> None:
    """Fails with what is not as it should be."""
    assert os.getuid() == user, os.getuid()
    for closed in CLOSED:
        try:
            pathlib.Path(closed, "written").touch()
        except OSError:
            continue
        raise SystemExit(f"{closed} can be written to")
    worker = subprocess.Popen(["truce", "run"])
    _until_ready(worker)
    subprocess.run(check, check=True)
    scenario = pathlib.Path(schemas.__file__).with_name("examples") / "energy-truce-2026.jsonl"
    subprocess.run(["truce", "publish", scenario], check=True)
    subprocess.run(["truce", "verify"], check=True)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(SECONDS_TO_STOP) == 0, worker.returncode
    assert subprocess.run(check, stderr=subprocess.DEVNULL, check=False).returncode == 1


def _until_ready(worker: subprocess.Popen[bytes]) -> None:
    host, _, port = os.environ["TRUCE_HTTP"].rpartition(":")
    reached = "127.0.0.1" if host == "0.0.0.0" else host  # noqa: S104 - where it listens
    end = time.monotonic() + SECONDS_TO_START
    while True:
        try:
            asked = http.client.HTTPConnection(reached, int(port), timeout=4)
            asked.request("GET", "/readyz")
            if asked.getresponse().status == http.HTTPStatus.OK:
                return
        except OSError:
            pass
        assert worker.poll() is None and time.monotonic() < end, worker.poll()
        time.sleep(0.1)


if __name__ == "__main__":
    _, user, *check = sys.argv
    main(int(user), [sys.executable if part == "python" else part for part in check])
