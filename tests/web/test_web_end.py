"""The pages end with their exit code, whatever thread still runs."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.cli.commands import ROOT

LEAVES = """
import atexit, sys, threading, time
from streams.threads import left_with
atexit.register(print, "the interpreter's own end")
if sys.argv[1] == "daemon":
    threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
print("all is closed")
sys.exit(left_with(3))
"""


@pytest.mark.parametrize(
    ("left", "said"),
    [("none", "all is closed\nthe interpreter's own end\n"), ("daemon", "all is closed\n")],
)
def test_the_interpreter_does_not_end_while_a_daemon_thread_runs(left: str, said: str) -> None:
    command = [sys.executable, "-c", LEAVES, left]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=50, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (3, said, "")
