"""`truce import`: rows of published datasets as events, and what a newer edition changes."""

from __future__ import annotations

import csv
import gc
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

from analytics.importing.accounts import EVENT, REFUSED, SKIPPED, Accounts
from analytics.importing.editions import (
    MOST_GONE,
    UNCHANGING,
    Change,
    ChangedEvent,
    Edition,
    EditionScope,
    in_words,
    load_standing,
)
from analytics.importing.imports import Import, ImportReporter, read_rows
from analytics.importing.loading import Workshop, workshop
from analytics.importing.problems import ImportFailed
from analytics.importing.sources import TABLE, Dataset, find_source, source_names
from analytics.importing.table.mapping import TableMapping, read_mapping
from schemas.safe_text import for_terminal
from schemas.warnings.warning import Whence
from streams.commands.console import err, say, table
from streams.commands.importing.locating import LazyGazetteer
from streams.commands.importing.output import GONE, EventLines, write_event
from streams.commands.lake_reader import beside, explained, opened
from streams.commands.publish import new_tally, run_publish, say_warnings
from streams.errors import BadInput
from streams.explain.input_lines import PublishTally
from streams.explain.words import counted
from streams.settings import Settings

CHANGE_WORDS: Mapping[Change, str] = {
    "added": "added",
    "revised": "revised",
    "gone": "gone",
    "retracted": "retracted",
    "same": "unchanged",
    "older": "older than what stands",
    "nothing": "retracted before, or never reported",
}
MOST_NOTES = 20
ALLOCATIONS_BETWEEN_COLLECTIONS = 100_000


class ImportOptions(NamedTuple):
    """What is asked of an import beside its files."""

    publish: bool = False
    rows: Path | None = None
    changes: bool = False
    scope: EditionScope | None = None
    yes: bool = False
    conflict: str | None = None
    mapping: Path | None = None
    locate: bool = True


def run_list() -> int:
    """Print the sources. Returns the exit code."""
    rows = [(one.name, one.title, one.licence) for one in map(find_source, source_names())]
    table(["source", "dataset", "licence"], rows)
    return 0


def run_draft(path: str) -> int:
    """Print the draft of a mapping for a table. Returns the exit code."""
    from analytics.importing.table.draft import draft

    try:
        sys.stdout.write(draft(path))
    except ImportFailed as error:
        raise BadInput(str(error)) from error
    return 0


def run_import(settings: Settings, name: str, files: Sequence[str], wanted: ImportOptions) -> int:
    """Import files of the source of that name. Returns the exit code."""
    try:
        source, mapping = _source(name, wanted)
        return _run(settings, source, mapping, files, wanted)
    except ImportFailed as error:
        raise BadInput(str(error)) from error


def _source(name: str, wanted: ImportOptions) -> tuple[Dataset, TableMapping | None]:
    if name != TABLE:
        if wanted.mapping is not None:
            raise ImportFailed(f"--map is for the source {TABLE!r}, and not for {name!r}")
        return find_source(name), None
    if wanted.mapping is None:
        raise ImportFailed(
            "a table wants --map FILE.toml; `truce import table --draft FILE` prints a first one"
        )
    source, mapping = read_mapping(wanted.mapping)
    if (wanted.conflict or source.conflict) is None:
        raise ImportFailed(f"{wanted.mapping} has no conflict: say it there, or with --conflict")
    return source, mapping


def _run(
    settings: Settings,
    source: Dataset,
    mapping: TableMapping | None,
    files: Sequence[str],
    wanted: ImportOptions,
) -> int:
    tally = new_tally()
    with closing(EventLines()) as lines, _seldom_collected():
        # What the events were made in is gone before they are published, with its memory.
        code = _make_lines(settings, source, mapping, files, wanted, tally=tally, lines=lines)
        if wanted.publish:
            return max(code, run_publish(settings, lines, dry_run=False) if lines else 0)
    with beside(settings) as lake:
        say_warnings(tally, lake)
    return code


@contextmanager
def _seldom_collected() -> Iterator[None]:
    """Look for cycles seldom: 100,000 rows are millions of objects, and none of them is in one."""
    usual = gc.get_threshold()
    gc.set_threshold(ALLOCATIONS_BETWEEN_COLLECTIONS, *usual[1:])
    try:
        yield
    finally:
        gc.set_threshold(*usual)


def _make_lines(
    settings: Settings,
    source: Dataset,
    mapping: TableMapping | None,
    files: Sequence[str],
    wanted: ImportOptions,
    *,
    tally: PublishTally,
    lines: EventLines,
) -> int:
    """Make the events, and print them or keep them in `lines`. Returns the exit code so far."""
    with workshop() as connection:
        _load_standing(settings, connection, source)
        notes = Notes()
        told = ImportReporter(
            refusal=lambda text: err(text, style="red"),
            note=notes.say,
            # What is published is warned of where that is done.
            event=lambda event, whence: (
                None if wanted.publish else tally.warner.note(event, Whence(*whence))
            ),
        )
        found = read_rows(
            connection,
            source,
            files,
            told,
            conflict=wanted.conflict,
            gazetteer=LazyGazetteer(settings) if wanted.locate else None,
            mapping=mapping,
        )
        notes.finish()
        summary = ImportSummary(found, lists=wanted.changes)
        for one in _events(found, wanted):
            summary.add(one, keep=wanted.rows is not None)
            if one.text is None or (wanted.changes and not wanted.publish):
                continue
            if wanted.publish:
                lines.add(*_whence(found.accounts, one), one.text)
            else:
                write_event(one.text)
        summary.say()
        if wanted.rows is not None:
            _write_rows(wanted.rows, found.accounts)
        if wanted.changes:
            summary.say_changes()
        return 1 if found.accounts.count(REFUSED) else 0


class Notes:
    """What is odd in the rows: the first of it in words, the rest counted."""

    def __init__(self) -> None:
        self._count = 0

    def say(self, text: str) -> None:
        """Say it, if not too much was said before."""
        self._count += 1
        if self._count <= MOST_NOTES:
            err(f"warning: {text}", style="yellow")

    def finish(self) -> None:
        """Count what was not said."""
        if self._count > MOST_NOTES:
            err(f"warning: and {self._count - MOST_NOTES:,} more notes", style="yellow")


def _load_standing(settings: Settings, connection: Workshop, source: Dataset) -> None:
    if not settings.database.exists() and not settings.lake.exists():
        err(f"there is no database in {settings.data_dir} yet: all of it is new")
        return
    with opened(settings) as lake, explained():
        load_standing(connection, lake, source.source, settings.query_seconds)


def _events(found: Import, wanted: ImportOptions) -> Iterator[ChangedEvent]:
    """What the edition changes; retractions of what is gone last, though they are found first."""
    edition = found.edition(None if wanted.scope is None else [wanted.scope])
    gone = _gone(found, edition, wanted) if edition.scopes else []
    yield from edition.changes()
    yield from gone


def _gone(found: Import, edition: Edition, wanted: ImportOptions) -> list[ChangedEvent]:
    for line in in_words(edition.scopes):
        err(f"scope: {line}")
    labels = ", ".join(dict.fromkeys(scope.label for scope in edition.scopes))
    gone = list(edition.gone(f"not in the edition of {labels}"))
    standing = edition.standing_in_scope()
    if not gone:
        return []
    if found.incomplete and not wanted.yes:
        err(
            f"warning: {counted(len(gone), 'report')} in the scope would be gone, but rows were "
            "refused, and may be these: nothing is retracted; --yes retracts them all the same",
            style="yellow",
        )
        return []
    if len(gone) > MOST_GONE * standing and not wanted.yes:
        raise ImportFailed(
            f"{len(gone):,} of {standing:,} reports that stand in the scope are not in the files, "
            f"more than {MOST_GONE:.0%}: --changes lists them, --yes retracts them"
        )
    return gone


class ImportSummary:
    """What an import comes to: its rows, which add up, and what its events change."""

    def __init__(self, found: Import, *, lists: bool) -> None:
        """`lists`: whether each report that changes is to be listed."""
        self._found, self._lists = found, lists
        self._changes = Counter[Change]()
        self._redated = 0
        self._shown: list[tuple[str, ...]] = []

    def add(self, one: ChangedEvent, *, keep: bool) -> None:
        """Count an event; `keep` its id for the fate of its rows."""
        self._changes[one.change] += 1
        self._redated += one.is_redated
        accounts = self._found.accounts
        if keep and one.row:
            for row in self._found.rows_of.get(one.number, (one.row,)):
                accounts.event(row, one.event_id)
        if self._lists and one.change not in UNCHANGING:
            word = "re-dated" if one.is_redated else CHANGE_WORDS[one.change]
            where = ":".join(map(str, _whence(accounts, one))) if one.row else ""
            self._shown.append((str(one.key), word, ", ".join(one.fields), where))

    def say(self) -> None:
        """Say how many rows there are, what became of them, and what changes."""
        accounts = self._found.accounts
        parts = [
            f"{accounts.count(EVENT):,} in events",
            f"{accounts.count(SKIPPED):,} skipped",
            f"{accounts.count(REFUSED):,} refused",
        ]
        err(f"{counted(self._found.loaded.total, 'row')}: {', '.join(parts)}")
        for reason, times in accounts.skipped.most_common():
            err(f"  skipped {times:,}: {reason}")
        changes = self._changes
        said = [f"{changes[one]:,} {word}" for one, word in CHANGE_WORDS.items() if changes[one]]
        said += [f"{self._redated:,} re-dated among the revised"] if self._redated else []
        made = sum(changes.values()) - changes["gone"]
        err(f"{counted(made, 'event')} from these rows: {', '.join(said) or 'none'}")

    def say_changes(self) -> None:
        """List each report that changes."""
        if self._shown:
            rows = [[for_terminal(cell) for cell in row] for row in self._shown]
            table(["report", "change", "fields", "row"], rows)
        else:
            say("no changes")


def _whence(accounts: Accounts, one: ChangedEvent) -> tuple[str, int]:
    return accounts.whence(one.row) if one.row else (GONE, 0)


def _write_rows(path: Path, accounts: Accounts) -> None:
    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["file", "line", "became", "events", "reason"])
            for fate in accounts.fates():
                writer.writerow([*fate[:3], " ".join(fate.events), fate.reason])
    except OSError as error:
        raise BadInput(f"{path} cannot be written: {error.strerror or error}") from error
