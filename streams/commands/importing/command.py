"""`truce import` as it can be typed; what it does is in `running`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from streams.commands.command import current_settings, setting, settings_named
from streams.commands.importing.options import ImportCommand, ScopeOption

rows_file = click.Path(exists=True, dir_okay=False, readable=True, path_type=str)
in_file = click.Path(exists=True, dir_okay=False, readable=True, path_type=Path)
SHEET = "sheet"
out_file = click.Path(dir_okay=False, writable=True, path_type=Path)


@click.command(
    "import",
    cls=ImportCommand,
    short_help="Turn the rows of a published dataset, or any table, into events.",
    examples=(
        "truce import --list",
        "truce import ucdp-candidate --help",
        "truce import ucdp-candidate GEDEvent_v26_0_3.csv > reports.jsonl",
        "truce import ucdp-candidate --publish --rows rows.csv GEDEvent_v26_0_3.csv",
        "truce import table --draft our-log.csv > our-log.toml",
        "truce import table --map our-log.toml our-log.csv",
        "truce import sheet --publish events.xlsx",
    ),
)
@click.argument("source", required=False, metavar="SOURCE")
@click.argument("files", nargs=-1, type=rows_file, metavar="FILE...")
@click.option("--list", "as_list", is_flag=True, help="List the sources.")
@click.option("--publish", is_flag=True, help="Publish the events, instead of printing them.")
@click.option("--changes", is_flag=True, help="List what the edition changes, print no events.")
@click.option("--rows", type=out_file, metavar="FILE", help="Write what became of each row (CSV).")
@click.option("--conflict", help="The conflict that all the events belong to.")
@click.option(
    "--scope",
    type=ScopeOption(),
    help="What the files cover: SINCE/UNTIL[,CODE...]. What stands in it and is not there is gone.",
)
@click.option(
    "--locate/--no-locate",
    default=True,
    help="Give points and provinces their ISO codes, if there are boundaries.",
)
@click.option("--yes", is_flag=True, help="Retract what is gone, however much it is.")
@click.option(
    "--map", "mapping", type=in_file, metavar="FILE", help="What the columns of a table mean."
)
@click.option("--draft", type=rows_file, metavar="FILE", help="Print a first mapping for a table.")
@setting("TRUCE_DATA_DIR")
@setting("TRUCE_LAKE")
@setting("TRUCE_BOUNDARIES")
@setting("TRUCE_BROKER")
@setting("TRUCE_MEMORY")
@setting("TRUCE_QUERY_SECONDS", "--timeout")
@settings_named("TRUCE_KAFKA_")
def import_(
    source: str | None,
    files: tuple[str, ...],
    as_list: bool,
    draft: str | None,
    **wanted: Any,  # noqa: ANN401 - the options above
) -> int:
    """Turn the rows of the FILEs, which are of a known SOURCE, into events, and print them.

    Files are CSV, XLSX, JSON or Parquet. A value that does not fit refuses its row, as
    FILE:LINE: column: reason; the others go on, and the exit code is 1. A newer edition of what was
    imported before gives exactly the differences: revisions, and retractions of what is gone.

    truce import SOURCE --help says what the dataset is, and how its rows are read. The source
    "table" is any table: --draft prints a first mapping of its columns, with questions, and --map
    reads the rows by it. "sheet" is a spreadsheet of truce new --sheet that was filled in.
    """
    from streams.commands.importing.running import ImportOptions, run_draft, run_import, run_list

    if as_list:
        return run_list()
    if draft is not None:
        return run_draft(draft)
    if source is None or not files:
        raise click.UsageError("name a SOURCE and one FILE or more; --list names the sources")
    if source == SHEET:
        return _import_sheet(files, **wanted)
    return run_import(current_settings(), source, files, ImportOptions(**wanted))


def _import_sheet(
    files: tuple[str, ...], *, publish: bool, conflict: str | None, locate: bool, **others: object
) -> int:
    from streams.commands.importing.sheet import run_import_sheet

    unfit = [f"--{name}" for name, value in others.items() if value]
    if unfit:
        raise click.UsageError(f"{', '.join(unfit)}: not for a sheet of truce new --sheet")
    return run_import_sheet(
        current_settings(), files, publish=publish, conflict=conflict, locate=locate
    )
