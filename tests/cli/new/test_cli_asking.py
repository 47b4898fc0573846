"""`truce new` on a terminal: what is asked, what is said of a wrong answer, and consent."""

from __future__ import annotations

import json
import os
import pty
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.cli.commands import TRUCE, environment, rows

DESK = ("--by", "Desk", "--source", "https://desk.example/")


def typed(args: Sequence[str], answers: Sequence[str], data_dir: Path) -> tuple[str, int]:
    """What is seen on a terminal on which these lines are typed, and how it ended."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(sys.executable, [*TRUCE, *args], environment(data_dir, COLUMNS="300"))  # noqa: S606
    os.write(terminal, "".join(f"{one}\n" for one in answers).encode())
    seen = b""
    while True:
        try:
            some = os.read(terminal, 4_096)
        except OSError:  # a terminal without a program
            break
        if not some:
            break
        seen += some
    os.close(terminal)
    _, status = os.waitpid(pid, 0)
    return seen.decode(), os.waitstatus_to_exitcode(status)


def test_what_is_missing_is_asked_for_on_a_terminal_with_help(tmp_path: Path) -> None:
    # Conflict, incident, report, by, kind, party, stance; then a time without an offset, …
    # fmt: off
    answers = (
        "c", "i", "", "r", "Desk", "", "", "", "2026-02-02 18:00", "2026-02-02T18:00:00Z", "", "",
        "RUS", "likely", "?", "misile_strike", "missile_strike", "energy", "", "UA-63", "", "", "", "",
        "https://desk.example/",
    )
    # fmt: on
    seen, code = typed(("new", "report"), answers, tmp_path)
    *_, last = [line for line in seen.splitlines() if line.startswith("{")]

    assert code == 0, seen
    assert json.loads(last)["data"] == {
        "conflict": "c",
        "incident_id": "i",
        "report_id": "r",
        "reported_by": {"name": "Desk"},
        "stance": "asserts",
        "occurred": {"start": "2026-02-02T18:00:00Z"},
        "actor": {"party": "RUS", "confidence": "likely"},
        "act": "missile_strike",
        "targets": ["energy"],
        "places": ["UA-63"],
    }
    assert "It is required." in seen
    assert "in UTC it would be 2026-02-02T18:00:00Z" in seen
    assert "did you mean 'missile_strike'?" in seen
    assert "One of: any, hostile_act, strike" in seen


def test_what_was_asked_for_is_published_only_with_consent(running: Path) -> None:
    given = ("--conflict", "asked", "--incident", "i", "--report", "r", *DESK, "--publish")
    # Kind, party, stance, start; all else is not known, and then whether to publish.
    answers = ("", "", "", "2026-02-02T18:00:00Z", *("",) * 10)

    seen, refused = typed(("new", "report", *given), (*answers, "n"), running)
    assert "Publish it? [Y/n]" in seen
    assert refused == 0
    assert rows("select count(*) from reports where conflict = 'asked'", running) == [(0,)]

    seen, agreed = typed(("new", "report", *given), (*answers, "y"), running)
    assert "1 event (1 report) published and judged" in seen
    assert agreed == 0
    assert rows("select count(*) from reports where conflict = 'asked'", running) == [(1,)]


def test_a_bound_that_is_left_empty_is_unknown(tmp_path: Path) -> None:
    given = ("--conflict", "c", "--commitment", "t", "--claim", "k", *DESK, "--binds", "RUS")
    seen, code = typed(("new", "claim", *given), [""] * 12, tmp_path)
    *_, last = [line for line in seen.splitlines() if line.startswith("{")]

    assert code == 0, seen
    assert json.loads(last)["data"]["window"] == [{}]
