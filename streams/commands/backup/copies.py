"""`truce backup` and `truce restore`: what is copied where, and what is said of it."""

from __future__ import annotations

from pathlib import Path

from analytics.backup.copies import REPLACED, BackupContents, BackupError, back_up
from analytics.backup.copies import restore as restore_database
from analytics.backup.copying import TooBusy
from analytics.storage.place import beside
from streams.client import worker_of
from streams.commands.console import say, waiting
from streams.commands.verify import run_verify
from streams.directory import prepare
from streams.errors import BadInput
from streams.explain.words import counted
from streams.settings import Settings

BESIDE = ("tokens.json", "posted-by.key", "webhook.secret")
"""What else is of a data directory, and cannot be recreated: secrets, which no backup holds."""


def run_backup(settings: Settings, file: Path) -> int:
    """Copy, check and print. Returns the exit code."""
    if not settings.database.exists():
        raise BadInput(f"there is no {settings.database}: choose its directory with --data-dir")
    try:
        with waiting("copying and checking"):
            held = back_up(settings.database, file, memory_limit=settings.memory)
    except (BackupError, TooBusy) as error:
        raise BadInput(str(error)) from error
    say(f"{file} holds {_words(held)}; each table is as it was written.")
    if secrets := [name for name in BESIDE if (settings.data_dir / name).exists()]:
        say(f"Not in it, and to be kept as well: {', '.join(secrets)} of {settings.data_dir}.")
    return 0


def run_restore(settings: Settings, file: Path, *, replace: bool) -> int:
    """Make the database, verify it and print. Returns the exit code."""
    if worker_of(settings) is not None:
        raise BadInput(f"a worker runs on {settings.data_dir}: stop it first")
    prepare(settings.data_dir)
    had_one = settings.database.exists()
    try:
        with waiting("copying and checking"):
            held = restore_database(
                file, settings.database, replace=replace, memory_limit=settings.memory
            )
    except (BackupError, TooBusy) as error:
        raise BadInput(str(error)) from error
    say(f"{settings.database} holds {_words(held)}; each table is as it was written.")
    if had_one:
        say(f"The previous one is kept as {beside(settings.database, REPLACED)}.")
    return run_verify(settings, as_json=False)


def _words(held: BackupContents) -> str:
    return (
        f"{counted(held.events, 'event')} and "
        f"{counted(held.verdict_versions, 'verdict version')}, {held.until}"
    )
