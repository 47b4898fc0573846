"""What can be typed of `truce what-if` and `truce duplicates`, and what each says of itself."""

from __future__ import annotations

from typing import Any

import click

from streams.commands.command import Command, Moment, current_settings, setting


@click.command(
    "what-if",
    cls=Command,
    short_help="Show what would change under other assumptions.",
    examples=(
        "truce what-if --count-alleged",
        "truce what-if --terms other-terms.jsonl --commitment energy-truce-2026",
        "truce what-if --said-by 2026-02-02 --evidence corroborated",
        "truce what-if --sensitivity energy-truce-2026",
    ),
)
@click.option(
    "--terms",
    "files",
    multiple=True,
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, readable=True, path_type=str),
    help="Claims, and retractions of claims, as JSON Lines of events; may be given more than once.",
)
@click.option(
    "--only-claim",
    "claims",
    multiple=True,
    metavar="CLAIM",
    help="Only this claim holds; may be given more than once.",
)
@click.option("--said-by", type=Moment(), help="Only what sources had said by then.")
@click.option("--recorded-by", type=Moment(), help="Only what the log had recorded by then.")
@click.option(
    "--evidence",
    type=click.Choice(["one_sided", "reported", "corroborated", "verified"]),
    help="Only incidents of at least this grade.",
)
@click.option(
    "--without-source",
    "without_sources",
    multiple=True,
    metavar="NAME",
    help="As if this reporter had said nothing; may be given more than once.",
)
@click.option("--count-alleged", is_flag=True, help="Alleged actors count as known to have acted.")
@click.option("--commitment", help="Only under this commitment.")
@click.option("--conflict", help="Only of this conflict.")
@click.option(
    "--sensitivity",
    metavar="COMMITMENT",
    help="One table: how its counts move under each assumption in turn.",
)
@click.option("--json", "as_json", is_flag=True, help="JSON on stdout.")
@setting("TRUCE_DATA_DIR")
@setting("TRUCE_LAKE")
@setting("TRUCE_MEMORY")
@setting("TRUCE_QUERY_SECONDS", "--timeout")
def what_if(
    files: tuple[str, ...],
    sensitivity: str | None,
    as_json: bool,
    **assumed: Any,  # noqa: ANN401 - the options above
) -> int:
    """Show which verdicts and counts would change under other assumptions; the log stays as it is.

    Every verdict is recomputed in SQL from the claims and reports that are left. Without any
    assumption nothing changes. A time is a day in UTC, which means its beginning, or an RFC 3339
    time.
    """
    from analytics.assumptions.what_if import Assumptions
    from streams.commands.analysis.what_if import WhatIfWanted, run_what_if

    if sensitivity is not None and (files or any(assumed.values())):
        raise click.UsageError("--sensitivity tries each assumption by itself: give no other")
    wanted = WhatIfWanted(Assumptions(**assumed), files, sensitivity)
    return run_what_if(current_settings(), wanted, as_json=as_json)


@click.command(
    cls=Command,
    short_help="List pairs of incidents that may be one.",
    examples=(
        "truce duplicates --since 2026-02-01",
        "truce duplicates --commitment energy-truce-2026 --json",
        "truce duplicates --merge 2026-02-03-barrage raid-7 | truce publish -",
    ),
)
@click.option(
    "--min-score",
    type=click.FloatRange(0.1, 1),
    default=0.5,
    show_default=True,
    help="Only pairs of at least this score, from 0.1 to 1.",
)
@click.option("--commitment", help="Only where one of the two is judged under this commitment.")
@click.option("--since", type=Moment(), help="Only what may have ended then or later.")
@click.option("--until", type=Moment(), help="Only what may have begun before.")
@click.option(
    "--merge",
    nargs=2,
    metavar="KEPT OTHER",
    help="Print the events that say that OTHER is the incident KEPT; publish nothing.",
)
@click.option("--conflict", help="Only of this conflict.")
@click.option("--json", "as_json", is_flag=True, help="One JSON array on stdout.")
@setting("TRUCE_DATA_DIR")
@setting("TRUCE_LAKE")
@setting("TRUCE_MEMORY")
@setting("TRUCE_QUERY_SECONDS", "--timeout")
def duplicates(merge: tuple[str, str] | None, as_json: bool, **wanted: Any) -> int:  # noqa: ANN401
    """List pairs of incidents of different sources that may be one, with a score and why.

    Nothing is merged. --merge prints what says that two are one, as JSON Lines for truce publish:
    each report of OTHER under the id KEPT, and its retraction under OTHER.
    """
    from streams.commands.analysis.duplicates import DuplicatesWanted, run_duplicates, run_merge

    settings = current_settings()
    if merge is not None:
        return run_merge(settings, *merge, conflict=wanted["conflict"])
    return run_duplicates(settings, DuplicatesWanted(**wanted), as_json=as_json)
