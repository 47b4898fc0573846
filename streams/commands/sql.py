"""`truce sql`: one query, a script on standard input, or a prompt; each in a process of its own."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

from streams.commands.command import INTERRUPTED
from streams.commands.lake_update import is_fresh
from streams.errors import BadInput, CommandError
from streams.settings import Settings

HELP = """\
End a query with ; and press Enter. Ctrl-C ends a query, or forgets what is typed; Ctrl-D ends.
  .tables   what there is to ask
  .help     this
  .quit     end"""
NO_QUERY = 'the query is empty; try: truce sql "from verdicts"'
PRINTING = "p"


class Mistake(BadInput):
    """What is wrong in a query, in one line; in `said` as the database lays it out."""

    def __init__(self, said: str) -> None:
        super().__init__(in_one_line(said))
        self.said = said


def in_one_line(said: str) -> str:
    """The database's words, with what its arrow points to in words, too."""
    lines = said.splitlines()
    for number, line in enumerate(lines):
        if number and line.strip() == "^":
            lines[number] = f"(at {lines[number - 1][line.index('^') :].strip()!r})"
    return " ".join(" ".join(lines).split())


class Process:
    """A subprocess that answers one query, its imports done beforehand. Use it in a `with`."""

    def __init__(self) -> None:
        from analytics.lake.folders import PrivateFolder

        self._folder = PrivateFolder()
        said, says = os.pipe()
        self._said = os.fdopen(said, encoding="utf-8")
        environment = os.environ | {
            "PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry),
            # Each arena of malloc maps 64 MiB, which would count.
            "MALLOC_ARENA_MAX": "2",
        }
        try:
            self._process = subprocess.Popen(  # noqa: S603 - this very Python
                [sys.executable, "-P", "-m", "streams.commands.sql_process", str(says)],
                stdin=subprocess.PIPE,
                pass_fds=[says],
                env=environment,
                # Ctrl-C is for whoever started it.
                start_new_session=True,
            )
        finally:
            os.close(says)

    def answer(self, settings: Settings, query: str, form: str) -> None:
        """Have it print the answer. BadInput: why there is none."""
        sys.stdout.flush()
        request = {
            "lake": str(settings.lake.absolute()),
            "folder": str(self._folder.path),
            "sql": query,
            "form": form,
            "memory": settings.memory,
        }
        with contextlib.suppress(BrokenPipeError):
            if self._process.stdin is not None:
                self._process.stdin.write(json.dumps(request).encode() + b"\n")
                self._process.stdin.flush()
        ended = self._until_ended(settings.query_seconds)
        if ended is None:
            problem: str | None = self._cause_of_death()
        else:
            problem = ended["problem"]
        if problem is not None:
            raise Mistake(problem)

    def _until_ended(self, seconds: float) -> dict[str, Any] | None:
        """What it says at its end; None: it ended without a word. BadInput: it took too long."""
        left, printing = seconds, False
        with selectors.DefaultSelector() as selector:
            selector.register(self._said, selectors.EVENT_READ)
            while True:
                began = time.monotonic()
                if not selector.select(None if printing else left):
                    raise BadInput(
                        f"not answered in {seconds:g} s, and ended: --timeout, or "
                        "TRUCE_QUERY_SECONDS, allows more"
                    )
                if not printing:
                    left = max(left - (time.monotonic() - began), 0)
                line = self._said.readline()
                if not line:
                    return None
                if line.startswith("{"):
                    found: dict[str, Any] = json.loads(line)
                    return found
                printing = line.strip() == PRINTING

    def _cause_of_death(self) -> str:
        code = self._process.wait()
        if code >= 0:
            return f"the query ended its process, with exit code {code}; nothing else is affected"
        name = signal.Signals(-code).name
        return (
            f"the query ended its process ({name}): it took too much memory (TRUCE_MEMORY), or "
            "DuckDB failed on it; nothing else is affected"
        )

    def close(self) -> None:
        """End it, whatever it does."""
        self._process.kill()
        self._process.wait()
        if self._process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.close()
        self._said.close()
        self._folder.remove()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def run_sql(settings: Settings, query: str | None, form: str) -> int:
    """Answer `query`, or what is typed. Returns the exit code."""
    try:
        if query is not None:
            answer(settings, query, form)
        elif sys.stdin.isatty():
            _prompt(settings, form)
        else:
            answer(settings, sys.stdin.read(), form)
    except KeyboardInterrupt:
        return INTERRUPTED
    return 0


def answer(settings: Settings, query: str, form: str) -> None:
    """Run the query and print. Raises `CommandError` with what is wrong in the query."""
    if is_empty(query):
        raise BadInput(NO_QUERY)
    # It starts while the lake is brought up to date.
    with Process() as process:
        is_fresh(settings)
        process.answer(settings, query, form)


def is_empty(query: str) -> bool:
    """Whether there is nothing but semicolons and space."""
    return not query.replace(";", " ").strip()


def _prompt(settings: Settings, form: str) -> None:
    # Imported where people type: a single query is answered sooner without.
    from streams.commands.console import err

    # At once, if there is nothing to query.
    is_fresh(settings)
    err(f"{HELP.splitlines()[0]} .help says more.")
    with _history():
        while True:
            # It starts while people type.
            with Process() as process:
                query = _typed(settings)
                if query is None:
                    return
                try:
                    is_fresh(settings)
                    process.answer(settings, query, form)
                except Mistake as mistake:
                    for line in mistake.said.splitlines():
                        err(line, style="red")
                except CommandError as error:
                    err(" ".join(str(error).split()), style="red")
                except KeyboardInterrupt:
                    err("ended", style="red")


def _typed(settings: Settings) -> str | None:
    """The next query; None: no more are wanted."""
    from streams.commands.console import say

    typed = ""
    while True:
        try:
            typed += input("   ...> " if typed.strip() else "truce> ") + "\n"
        except EOFError:
            say()
            return None
        except KeyboardInterrupt:
            typed = ""
            say()
            continue
        word = typed.strip()
        if word in {".quit", ".exit"}:
            return None
        if word.startswith("."):
            typed = ""
            _command(word, settings)
        elif word.strip(";") and sqlite3.complete_statement(typed):
            return typed


def _command(word: str, settings: Settings) -> None:
    from streams.commands.console import err, say, table
    from streams.commands.lake_reader import reading

    if word == ".help":
        for line in HELP.splitlines():
            say(line)
    elif word == ".tables":
        with reading(settings) as knowledge:
            tables = knowledge.tables()
        narrow = [f"{name}: {holds}" for name, holds in tables]
        table(("name", "holds"), [(name, holds or "") for name, holds in tables], narrow=narrow)
    else:
        err(f"there is no {word}; .help says what there is", style="red")


@contextlib.contextmanager
def _history() -> Iterator[None]:
    """Line editing, and what was typed before, where Python has readline."""
    try:
        import readline
    except ImportError:
        yield
        return
    state = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
    path = state / "trucewatch" / "sql_history"
    with contextlib.suppress(OSError):
        readline.read_history_file(path)
    readline.set_history_length(1_000)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            readline.write_history_file(path)
