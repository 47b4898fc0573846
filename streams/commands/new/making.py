"""`truce new`: fills in an event, says what it would change, and prints or publishes it."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import click

from schemas.json_lines import Line
from schemas.safe_text import for_json
from streams.commands.console import err
from streams.commands.new.draft import Draft
from streams.commands.new.fields import CONTENTS, EVENT_TYPE_OF
from streams.commands.new.reading import UnreadError
from streams.commands.new.template import filled, template
from streams.errors import BadInput
from streams.settings import Settings

Typed = Mapping[str, Sequence[str]]
"""What was given, by the names of the fields; nothing of those that were not."""


class NewWanted(NamedTuple):
    """What to make, of which file and options, and whether to publish it.

    `locate`: give its points their codes.
    """

    kind: str
    typed: Typed
    file: str | None
    publish: bool
    locate: bool = False


def print_template(kind: str, stance: str) -> None:
    """Print an event with all of its fields, each explained."""
    from streams.commands.new.examples import example
    from streams.commands.new.words import WORDS

    how = (
        f"Every field of {EVENT_TYPE_OF[kind]}. Change what is here, take out what is not known, "
        f"and read it with: truce new {kind} --file FILE. Lines that begin with # are comments; "
        "truce publish takes no such file, since it is no JSON."
    )
    meanings = {
        path: f"{text}. One of: {', '.join(words)}" if (words := WORDS.get(path)) else text
        for path, text in CONTENTS[kind].items()
    }
    for line in template(example(kind, stance), meanings, how):
        click.echo(line)


def run_new(settings: Settings, wanted: NewWanted) -> int:
    """Make an event. Returns the exit code."""
    draft = _begun(wanted)
    is_asked = bool(draft.missing()) and _is_terminal()
    if is_asked:
        from streams.commands.new.asking import ask

        ask(draft)
    if draft.missing():
        options = ", ".join(field.option for field in draft.missing())
        raise click.UsageError(f"needs {options}; on a terminal they are asked for")
    if wanted.locate:
        _locate(settings, draft)
    draft.finish()
    event = draft.found()
    if isinstance(event, tuple):
        said = "; ".join(f"{one.field or 'event'}: {one.reason}" for one in event)
        raise BadInput(said)

    from streams.commands.new.preview import preview

    told = preview(settings, event)
    for line in told.lines:
        err(line)
    for warning in told.warnings:
        err(f"warning: {warning}", style="yellow")
    if not wanted.publish:
        # JSON either way: what a terminal would act on is escaped.
        click.echo(for_json(draft.raw.decode()))
        return 0
    err(draft.raw.decode())
    if is_asked and not click.confirm("Publish it?", default=True, err=True):
        return 0

    from streams.commands.publish import run_publish

    return run_publish(settings, [Line("event", 1, draft.raw)], dry_run=False, warns=False)


def _begun(wanted: NewWanted) -> Draft:
    """What the file and the options give."""
    draft = Draft(wanted.kind, {} if wanted.file is None else _read(wanted.file, wanted.kind))
    for field in draft.fields:
        if field.name in wanted.typed:
            try:
                draft.put(field, wanted.typed[field.name])
            except UnreadError as error:
                raise click.UsageError(f"{field.option}: {error}") from None
    _refuse_wrong(draft, wanted)
    return draft


def _locate(settings: Settings, draft: Draft) -> None:
    from streams.commands.locating import Locator

    locator = Locator(settings)
    draft.locate(locator.events)
    locator.say()


def _refuse_wrong(draft: Draft, wanted: NewWanted) -> None:
    """Refuse what was given wrongly, before anything is asked."""
    given = {field.option for field in draft.fields if field.name in wanted.typed}
    problems = [(draft.option_at(one), one) for one in draft.problems()]
    if not problems:
        return
    said = "; ".join(
        f"{option if option in given else one.field or 'event'}: {one.reason}"
        for option, one in problems
    )
    if wanted.file is None:
        raise click.UsageError(said)
    raise BadInput(f"{wanted.file}: {said}")


def _is_terminal() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()


def _read(name: str, kind: str) -> dict[str, object]:
    try:
        raw = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
        event = filled("stdin" if name == "-" else name, raw.decode())
    except OSError as error:
        raise BadInput(f"{name} cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise BadInput(f"{name}: not UTF-8: {error}") from None
    if event.get("type", EVENT_TYPE_OF[kind]) != EVENT_TYPE_OF[kind]:
        raise BadInput(f"{name}: type: expected {EVENT_TYPE_OF[kind]!r} for truce new {kind}")
    return event
