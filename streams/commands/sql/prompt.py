"""The prompt of `truce sql`: several lines, history, completion, timing, and a few dot commands."""

from __future__ import annotations

import contextlib
import itertools
import os
import sqlite3
import threading
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from prompt_toolkit import PromptSession
from prompt_toolkit.enums import DEFAULT_BUFFER
from prompt_toolkit.filters import has_focus
from prompt_toolkit.history import FileHistory
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.utils import is_dumb_terminal

from analytics.lake.names import LakeNames
from analytics.lake.session import open_lake
from analytics.queries import examples
from streams.commands.console import err, say, table
from streams.commands.lake_reader import explained
from streams.commands.lake_update import is_fresh
from streams.commands.sql.answering import Mistake, Process
from streams.commands.sql.completion import DotCommand, NamesCompleter
from streams.errors import BadInput, CommandError
from streams.settings import Settings

HINT = "End a query with ; and press Enter, or go on on the next line. .help says more."
HELP = """\
End a query with ; and press Enter; without ; it goes on on the next line. Tab completes, the arrows
bring back what was asked, Ctrl-R searches it. Ctrl-C ends a query, or forgets what is typed.
  .tables            what there is to ask
  .schema [TABLE]    its columns, each with what it holds
  .examples [NAME]   questions that analysts ask; NAME puts one here, to be run or changed
  .help              this
  .quit              end, as does Ctrl-D"""
DOTS: Sequence[DotCommand] = (
    DotCommand(".tables", lambda _: ()),
    DotCommand(".schema", lambda names: names.columns),
    DotCommand(".examples", lambda _: examples()),
    DotCommand(".help", lambda _: ()),
    DotCommand(".quit", lambda _: ()),
)
MOST_REMEMBERED = 1_000
MOST_SECONDS_FOR_NAMES = 5.0


class KeptHistory(FileHistory):
    """What was typed before, in a file of this user's; where none can be kept, none is."""

    @classmethod
    def of_user(cls) -> KeptHistory:
        """The history of whoever runs this."""
        state = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
        path = state / "trucewatch" / "sql_history"
        with contextlib.suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            # What somebody asks is nobody else's business.
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))
        return cls(path)

    def load_history_strings(self) -> Iterable[str]:
        """The last ones, the latest first."""
        try:
            return list(itertools.islice(super().load_history_strings(), MOST_REMEMBERED))
        except OSError:
            return []

    def store_string(self, string: str) -> None:
        """Add one."""
        with contextlib.suppress(OSError):
            super().store_string(string)


class Prompt:
    """Asks for queries until no more are wanted, and has each answered."""

    def __init__(self, settings: Settings, form: str) -> None:
        self._settings, self._form = settings, form
        self._names: LakeNames | None = None
        self._reading = threading.Lock()
        self._typed_first = ""
        self._session: PromptSession[str] = PromptSession(
            "truce> ",
            multiline=True,
            prompt_continuation="   ...> ",
            history=KeptHistory.of_user(),
            completer=NamesCompleter(lambda: self._names, DOTS),
            key_bindings=_keys(),
        )

    def run(self) -> None:
        """Answer what is typed, whatever becomes of it. A CommandError: there is no lake."""
        # At once, if there is nothing to query.
        is_fresh(self._settings)
        err(HINT)
        names = threading.Thread(target=self._read_names, daemon=True)
        names.start()
        try:
            self._answer_all()
        finally:
            # The end of the interpreter could crash in it.
            names.join(MOST_SECONDS_FOR_NAMES)

    def _answer_all(self) -> None:
        while True:
            # It starts while people type.
            with Process() as process:
                query = self._next_query()
                if query is None:
                    return
                began = time.monotonic()
                try:
                    is_fresh(self._settings)
                    process.answer(self._settings, query, self._form)
                    err(f"{time.monotonic() - began:.2f} s", style="dim")
                except Mistake as mistake:
                    for line in mistake.said.splitlines():
                        err(line, style="red")
                except CommandError as error:
                    err(" ".join(str(error).split()), style="red")
                except KeyboardInterrupt:
                    err("ended", style="red")

    def _next_query(self) -> str | None:
        """The next query; None: no more are wanted."""
        while True:
            try:
                default, self._typed_first = self._typed_first, ""
                typed = self._session.prompt(default=default).strip()
                if typed in {".quit", ".exit"}:
                    return None
                if typed.startswith("."):
                    self._command(*typed.split(maxsplit=1))
                elif typed.strip(";"):
                    return typed
            except EOFError:
                return None
            except KeyboardInterrupt:
                # What an example was about to put there is forgotten, too.
                self._typed_first = ""

    def _command(self, name: str, what: str = "") -> None:
        try:
            match name:
                case ".help":
                    for line in HELP.splitlines():
                        say(line)
                case ".tables":
                    tables = list(self._known().tables.items())
                    narrow = [f"{one}: {holds}" for one, holds in tables]
                    table(("name", "holds"), tables, narrow=narrow)
                case ".schema":
                    self._show_schema(what.strip().rstrip(";"))
                case ".examples":
                    self._show_examples(what.strip())
                case _:
                    raise BadInput(f"there is no {name}; .help says what there is")
        except CommandError as error:
            err(str(error), style="red")

    def _show_schema(self, what: str) -> None:
        names = self._known()
        if not what:
            for one, columns in names.columns.items():
                say(f"{one} ({', '.join(column.name for column in columns)})")
        elif what.lower() in names.columns:
            if holds := names.tables.get(what.lower()):
                say(holds)
            columns = names.columns[what.lower()]
            narrow = [f"{one.name} ({one.type}): {one.holds}" for one in columns]
            table(("column", "type", "holds"), columns, narrow=narrow)
        elif (macro := names.functions.get(what.lower())) is not None and macro.is_ours:
            say(f"{macro.name}({', '.join(macro.parameters)}): {macro.does}")
        else:
            raise BadInput(f"there is no {what}; .tables says what there is")

    def _show_examples(self, name: str) -> None:
        found = examples()
        if not name:
            table(("name", "question"), [(one.name, one.question) for one in found.values()])
        elif name in found:
            say(found[name].question)
            if found[name].note:
                say(found[name].note)
            self._typed_first = found[name].sql
            if is_dumb_terminal():
                # Such a terminal does not show what is there already.
                for line in found[name].sql.splitlines():
                    say(line)
        else:
            raise BadInput(f"there is no example {name}; .examples says what there is")

    def _known(self) -> LakeNames:
        self._read_names()
        if self._names is None:
            raise BadInput("the lake cannot be read: ask something, and it is said why")
        return self._names

    def _read_names(self) -> None:
        with self._reading, contextlib.suppress(CommandError):
            if self._names is None:
                with explained(), open_lake(self._settings.lake) as lake:
                    self._names = LakeNames.of(lake.ask)


def _keys() -> KeyBindings:
    """Enter ends a whole query, and else the line."""
    keys = KeyBindings()

    @keys.add("enter", filter=has_focus(DEFAULT_BUFFER))
    def _(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        if buffer.complete_state is not None and buffer.complete_state.current_completion:
            buffer.complete_state = None  # it is taken, and not yet asked
        elif is_whole(buffer.text):
            buffer.validate_and_handle()
        else:
            buffer.newline(copy_margin=False)

    return keys


def is_whole(typed: str) -> bool:
    """Whether what is typed is complete: a query up to its ;, a dot command, or nothing."""
    word = typed.strip()
    return not word or word.startswith(".") or sqlite3.complete_statement(typed)
