"""`truce lake`: the lake brought up to date, how to open it, and its tables as Parquet files."""

from __future__ import annotations

from pathlib import Path

from streams.commands.console import err, say
from streams.commands.lake_update import bring_up_to_date, is_elsewhere
from streams.directory import prepare_lake
from streams.errors import BadInput
from streams.explain.words import counted
from streams.settings import Settings


def run_lake(settings: Settings, *, anew: bool, parquet: Path | None) -> int:
    """Bring it up to date, write the files if wanted, and print. Returns the exit code."""
    from analytics.lake.export import ExportFailed, export, opening, views_file
    from analytics.queries import write_views

    if not settings.database.exists() and settings.lake_catalog and not is_elsewhere(settings):
        _read_from(settings)
    if is_elsewhere(settings) and not anew:
        state = "has what its workers wrote"
    else:
        state = f"has all up to transaction {bring_up_to_date(settings, anew=anew).seq}"
    if parquet is not None:
        try:
            written = export(settings.lake, parquet)
            write_views(parquet)
        except ExportFailed as error:
            raise BadInput(str(error)) from error
        except OSError as error:
            raise BadInput(f"the views were not written to {parquet}: {error}") from error
        err(f"{counted(len(written), 'table')} written to {parquet}")
    try:
        written_views = views_file(settings.lake)
        statements = opening(settings.lake)
    except ExportFailed as error:
        raise BadInput(str(error)) from error
    err(f"{settings.lake} {state}. In DuckDB:")
    for statement in statements:
        for line in statement.splitlines():
            say(line, whole=True)
    # Views are created in memory, and refer to the tables of the lake.
    say("SET search_path = 'memory,lake';")
    say(f".read {written_views}")
    return 0


def _read_from(settings: Settings) -> None:
    """Have the directory be that of a lake of other machines, if nothing is on its disk."""
    from analytics.lake.catalogue.moving import read_from
    from analytics.lake.extensions import ExtensionMissing

    prepare_lake(settings.lake)
    try:
        read_from(settings.lake, settings.lake_catalog)
    except (OSError, ExtensionMissing) as error:
        raise BadInput(f"{settings.lake} is not made: {error}") from error
