"""A query in a process of its own; how `truce sql` begins one, and what becomes of it."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
import time
from typing import Any, Self

from streams.commands.command import INTERRUPTED
from streams.commands.lake_update import is_fresh
from streams.errors import BadInput
from streams.settings import Settings

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
                [sys.executable, "-P", "-m", "streams.commands.sql.process", str(says)],
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
            # Imported where people type: a single query is answered sooner without.
            from streams.commands.sql.prompt import Prompt

            Prompt(settings, form).run()
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
