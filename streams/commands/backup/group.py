"""What can be typed of `truce backup` and `truce restore`."""

from __future__ import annotations

from pathlib import Path

import click

from streams.commands.command import Command, current_settings, setting

data_dir = setting("TRUCE_DATA_DIR")
memory = setting("TRUCE_MEMORY")


@click.command(
    cls=Command,
    short_help="Copy the database to a file, also while a worker runs.",
    examples=(
        "truce backup truce-$(date +%F).duckdb",
        "truce backup /mnt/backups/truce.duckdb --data-dir /var/lib/truce",
    ),
)
@click.argument("file", type=click.Path(path_type=Path))
@data_dir
@memory
def backup(file: Path) -> int:
    """Copy the database to the new file FILE: all that was acknowledged, as of one moment.

    A worker that runs goes on judging. Each table of the copy is counted and hashed before it gets
    its name. With the embedded broker the database is the log, and the only place where the events
    are. What is not in it: tokens.json, posted-by.key and webhook.secret of the data directory.
    """
    from streams.commands.backup.copies import run_backup

    return run_backup(current_settings(), file)


@click.command(
    cls=Command,
    short_help="Make a database of a backup, and verify it.",
    examples=(
        "truce restore truce-2026-02-03.duckdb --data-dir restored",
        "truce restore truce-2026-02-03.duckdb --replace",
    ),
)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--replace",
    is_flag=True,
    help="Replace the database that is there; it is kept as truce.duckdb.before-restore.",
)
@data_dir
@setting("TRUCE_LAKE")
@memory
@setting("TRUCE_QUERY_SECONDS", "--timeout")
def restore(file: Path, replace: bool) -> int:
    """Make the database of the data directory of the backup FILE, which stays as it is.

    A directory that has a database is refused, unless --replace is given; so is one on which a
    worker runs. Then the lake is recreated, and every verdict is recomputed and compared, as by
    truce verify. With Kafka, the next worker goes on in the log from where the backup was made;
    with the embedded broker, what came in after that is not in it.
    """
    from streams.commands.backup.copies import run_restore

    return run_restore(current_settings(), file, replace=replace)
