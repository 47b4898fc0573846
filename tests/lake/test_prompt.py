"""The prompt of `truce sql` on a terminal: whatever becomes of a query, the prompt goes on."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import select
import signal
import subprocess
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from analytics.lake.prepared_views import VIEWS_FILE
from tests.cli.commands import TRUCE, environment

ENDLESS = "select count(*) from range(1000000000000)"


class Terminal:
    """A `truce sql` that somebody types into."""

    def __init__(self, data_dir: Path, **settings: str) -> None:
        self._ours, theirs = pty.openpty()
        termios.tcsetwinsize(theirs, (40, 160))
        self.process = subprocess.Popen(
            [*TRUCE, "sql"],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=environment(data_dir, **({"TERM": "dumb"} | settings)),
            start_new_session=True,
            # So that Ctrl-C is a signal to it.
            preexec_fn=lambda: os.close(os.open(os.ttyname(0), os.O_RDWR)),  # noqa: PLW1509
        )
        os.close(theirs)
        self.shown = ""

    def type(self, text: str) -> None:
        os.write(self._ours, text.encode())

    def shows(self, pattern: str, seconds: float = 60) -> str:
        """Wait until this is shown; all that was shown since it was last asked."""
        until = time.monotonic() + seconds
        while not re.search(pattern, self.shown):
            left = until - time.monotonic()
            assert left > 0, f"{pattern!r} is not in {self.shown!r}"
            if select.select([self._ours], [], [], left)[0]:
                self.shown += os.read(self._ours, 65_536).decode(errors="replace")
        found, self.shown = self.shown, ""
        return found

    def repeats(self, key: str, pattern: str, times: int = 20) -> None:
        """Press a key until this is shown: the names of the lake are read while people type."""
        for _ in range(times - 1):
            self.type(key)
            with contextlib.suppress(AssertionError):
                self.shows(pattern, 3)
                return
        self.type(key)
        self.shows(pattern, 3)

    def left(self, seconds: float = 60) -> int:
        """Type Ctrl-D until it has ended; the exit code.

        One that is typed between the prompt and its keys is for the terminal, which has no use for it.
        """
        until = time.monotonic() + seconds
        while (code := self.process.poll()) is None:
            assert time.monotonic() < until, self.shown
            self.type("\x04")
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(1)
        return code

    def children(self) -> list[int]:
        """The processes of the queries."""
        path = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in path.read_text().split()]

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._ours)


@pytest.fixture
def terminal(judged_dir: Path) -> Iterator[Terminal]:
    found = Terminal(judged_dir)
    found.shows("truce> $")
    yield found
    found.close()


def until_running(terminal: Terminal) -> int:
    """Wait until a query is being answered; its process."""
    until = time.monotonic() + 60
    while True:
        for child in terminal.children():
            # Opened once it has a query, not before, and kept open until that is answered.
            if any(name.endswith(f"/{VIEWS_FILE}") for name in _open_files(child)):
                return child
        assert time.monotonic() < until
        time.sleep(0.02)


def _open_files(pid: int) -> list[str]:
    found = []
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            found.append(str(descriptor.readlink()))
    return found


def test_the_prompt_goes_on_whatever_becomes_of_a_query(terminal: Terminal) -> None:
    terminal.type("select 'one' || 'two' as x;\n")
    assert "onetwo" in terminal.shows("onetwo[^;]*truce> $")
    # DuckDB's own words, with its arrow.
    terminal.type("selec 1;\n")
    said = terminal.shows(r"\^[^;]*truce> $")
    assert "LINE 1: selec 1" in said
    terminal.type("select json_serialize_plan('FROM pandas_scan(NULL)');\n")
    assert "SIGSEGV" in terminal.shows(r"SIGSEGV[^;]*;[^;]*truce> $")
    terminal.type(f"{ENDLESS};\n")
    os.kill(until_running(terminal), signal.SIGKILL)
    assert "SIGKILL" in terminal.shows(r"SIGKILL[^;]*;[^;]*truce> $")
    terminal.type(f"{ENDLESS};\n")
    until_running(terminal)
    terminal.type("\x03")
    terminal.shows(r"ended\r\ntruce> $")
    terminal.type(".tables\n")
    assert "compliance" in terminal.shows("(?s)verdict_versions.*truce> $")
    terminal.type("select 6 * 7\n  as x;\n")
    assert "42" in terminal.shows("42[^;]*truce> $")
    assert terminal.left() == 0


def test_the_prompt_goes_on_after_a_query_that_takes_too_long(judged_dir: Path) -> None:
    terminal = Terminal(judged_dir, TRUCE_QUERY_SECONDS="1")
    try:
        terminal.shows("truce> $")
        terminal.type(f"{ENDLESS};\n")
        terminal.shows(r"not answered in 1 s, and ended[^;]*truce> $")
        terminal.type("\x03")
        terminal.shows("truce> $")
    finally:
        terminal.close()


def test_a_query_ends_with_the_command_that_asks(terminal: Terminal) -> None:
    terminal.type(f"{ENDLESS};\n")
    child = until_running(terminal)
    terminal.process.kill()
    terminal.process.wait()
    until = time.monotonic() + 10
    while Path(f"/proc/{child}").exists():
        assert time.monotonic() < until
        time.sleep(0.05)
