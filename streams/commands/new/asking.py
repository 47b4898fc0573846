"""Asks on a terminal for what an event lacks; all that is said goes to stderr."""

from __future__ import annotations

from collections.abc import Sequence

import click

from streams.commands.console import err
from streams.commands.new.draft import Draft
from streams.commands.new.fields import NewField
from streams.commands.new.reading import UnreadError, bound
from streams.commands.new.words import WORDS

HELP = "?"


def ask(draft: Draft) -> None:
    """Ask for each field that there is a question for and that was not given."""
    err("Enter alone leaves a field unknown; ? explains it; Ctrl-C ends without an event.")
    for field in draft.fields:
        if draft.has(field) or not (field.is_asked or field in draft.missing()):
            continue
        if draft.denies and not field.always and field.read is bound:
            continue
        _ask_for(draft, field)


def _ask_for(draft: Draft, field: NewField) -> None:
    err(field.help_of(draft.kind), style="dim")
    given: list[str] = []
    while True:
        typed = _line(draft, field, more=bool(given))
        if typed == HELP:
            _explain(draft, field)
        elif typed or field.default:
            given.append(typed or field.default)
            wrong = _wrong(draft, field, given)
            if wrong:
                err(f"  {wrong}", style="red")
                given.pop()
            elif not field.is_many:
                draft.put(field, given)
                return
        elif given:
            draft.put(field, given)
            return
        elif field.read is bound and not draft.denies:
            draft.put(field, ["unknown"])
            return
        elif field in draft.missing():
            err("  It is required.", style="red")
        else:
            return


def _line(draft: Draft, field: NewField, *, more: bool) -> str:
    needed = field in draft.missing() and field.read is not bound
    aside = "another, or Enter" if more else "required" if needed else ""
    aside = field.default or aside
    shown = f"{field.option} [{aside}]" if aside else field.option
    typed: str = click.prompt(shown, default="", show_default=False, err=True)
    return typed.strip()


def _wrong(draft: Draft, field: NewField, given: Sequence[str]) -> str:
    tried = draft.copied()
    try:
        tried.put(field, given)
    except UnreadError as error:
        return str(error)
    return tried.wrong_with(field)


def _explain(draft: Draft, field: NewField) -> None:
    err(f"  {field.help_of(draft.kind)}")
    if field.explained_at in WORDS:
        err(f"  One of: {', '.join(WORDS[field.explained_at])}")
