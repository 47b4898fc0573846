"""What can follow what is typed at the prompt of `truce sql`: tables, columns, functions, keywords.

Pure: a text and the names that there are give the candidates.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document

from analytics.lake.names import LakeNames

_WORD = re.compile(r"[\w.]*$")
_QUALIFIED = re.compile(r"(\w+)\.(\w*)$")
# What a table follows; a comma may stand in a list of tables as well as in one of columns.
_WANTS_A_TABLE = re.compile(
    r"\b(?:from|join|describe|summarize|table|show)\s+(?:\w+\s*,\s*)*\w*$", re.IGNORECASE
)
_NAMED = re.compile(
    r"\b(?:from|join)\s+(\w+)(?:\s+(?:as\s+)?(\w+))?|,\s*(\w+)\s+as\s+(\w+)", re.IGNORECASE
)
_QUOTED = re.compile(r"'(?:[^']|'')*'|--[^\n]*\n")
_OPEN = re.compile(r"'|--")


class DotCommand(NamedTuple):
    """A command of the prompt itself, and the words that can follow it."""

    name: str
    words: Callable[[LakeNames], Iterable[str]]


class Candidate(NamedTuple):
    """What a word can become; `note` says what that is."""

    text: str
    note: str


def candidates(
    text: str, after: str, names: LakeNames, dots: Sequence[DotCommand]
) -> tuple[str, list[Candidate]]:
    """The word before the cursor that is to be replaced, and what it can become.

    `text`: all before the cursor, `after`: all behind it. `dots`: the prompt's own commands.
    """
    if text.lstrip().startswith("."):
        return _of_commands(text.lstrip(), names, dots)
    if _OPEN.search(_QUOTED.sub(" ", text)):
        return "", []  # within a text or a comment
    statement = text.rpartition(";")[2]
    known = dict(_tables(statement + after.partition(";")[0], names))
    if qualified := _QUALIFIED.search(text):
        table = known.get(qualified[1].lower(), "")
        return qualified[2], _matching(qualified[2], _columns(names, [table]))
    found = _WORD.search(text)
    word = found[0] if found else ""
    if _WANTS_A_TABLE.search(statement):
        return word, _matching(word, _sources(names))
    if not word:
        return "", []
    of_these = _columns(names, known.values() or names.columns)
    return word, _matching(word, [*of_these, *_sources(names), *_functions(names)]) + [
        Candidate(one, "") for one in names.keywords if one.startswith(word.upper())
    ]


def _of_commands(
    text: str, names: LakeNames, dots: Sequence[DotCommand]
) -> tuple[str, list[Candidate]]:
    command, space, word = text.partition(" ")
    if not space:
        return command, [Candidate(one.name, "") for one in dots if one.name.startswith(command)]
    words = [one for dot in dots if dot.name == command for one in dot.words(names)]
    return word, [Candidate(one, "") for one in words if one.startswith(word)]


def _tables(statement: str, names: LakeNames) -> Iterator[tuple[str, str]]:
    """The tables that a statement is about, by their names and aliases."""
    for name, alias, listed, its_alias in _NAMED.findall(statement):
        table = (name or listed).lower()
        if table in names.columns:
            yield table, table
            if alias or its_alias:
                yield (alias or its_alias).lower(), table


def _columns(names: LakeNames, tables: Iterable[str]) -> Iterator[Candidate]:
    seen = set()
    for table in tables:
        for column in names.columns.get(table, ()):
            if column.name not in seen:
                seen.add(column.name)
                yield Candidate(column.name, f"{column.type}. {column.holds}".rstrip(". "))


def _sources(names: LakeNames) -> Iterator[Candidate]:
    for table, holds in names.tables.items():
        yield Candidate(table, holds)
    for one in names.functions.values():
        if one.is_table and one.is_ours:
            yield Candidate(f"{one.name}(", one.does)


def _functions(names: LakeNames) -> Iterator[Candidate]:
    for one in names.functions.values():
        if not one.is_table:
            yield Candidate(f"{one.name}(", one.does or f"({', '.join(one.parameters)})")


def _matching(word: str, found: Iterable[Candidate]) -> list[Candidate]:
    return [one for one in found if one.text.lower().startswith(word.lower())]


class NamesCompleter(Completer):
    """Completes from the names that `names` gives: None while they are not known yet."""

    def __init__(self, names: Callable[[], LakeNames | None], dots: Sequence[DotCommand]) -> None:
        self._names, self._dots = names, dots

    def get_completions(
        self,
        document: Document,
        complete_event: CompleteEvent,  # noqa: ARG002 - its signature
    ) -> Iterator[Completion]:
        """What the word before the cursor can become."""
        names = self._names()
        if names is None:
            return
        word, found = candidates(
            document.text_before_cursor, document.text_after_cursor, names, self._dots
        )
        for one in found:
            yield Completion(one.text, start_position=-len(word), display_meta=one.note)
