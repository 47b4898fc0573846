"""The `truce` command: what can be typed, and what each command says of itself.

No work is done here: a command reads its settings and hands over. Exit codes: 0 done, 1 the input
or the data was bad, 2 wrong usage, 3 a service could not be reached.
"""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from schemas.event_types import EVENT_TYPE_NAMES
from schemas.verdicts import BY_GRAVITY
from streams.commands.analysis.group import duplicates, what_if
from streams.commands.backup.group import backup, restore
from streams.commands.command import (
    DESCRIBED,
    Command,
    Moment,
    QueryCommand,
    TruceGroup,
    current_settings,
    setting,
    settings_named,
    was_given,
)
from streams.commands.importing.command import import_
from streams.commands.new.group import new

if TYPE_CHECKING:
    from streams.endpoint import Endpoint

DEMO_DIR = "truce-demo"
SCHEMAS = (*EVENT_TYPE_NAMES, "openapi")


data_dir = setting("TRUCE_DATA_DIR")
lake_dir = setting("TRUCE_LAKE")
timeout = setting("TRUCE_QUERY_SECONDS", "--timeout")
kafka_security = settings_named("TRUCE_KAFKA_")
events_file = click.Path(exists=True, dir_okay=False, readable=True, allow_dash=True, path_type=str)


@click.group(cls=TruceGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="trucewatch", prog_name="truce")
def main() -> None:
    """Finds out, from a stream of reports, who broke whose truce, by whose account, and why.

    Begin with: truce demo

    Exit codes: 0 done, 1 the input or the data was bad, 2 wrong usage, 3 a service could not be
    reached. Settings come from options, then from the environment: see truce run --help.
    """


@main.command(
    cls=Command,
    short_help="Watch a real truce being judged, from an empty database.",
    examples=(
        "truce demo",
        "truce demo --keep --data-dir my-data my-truce.jsonl",
    ),
)
@click.argument("files", nargs=-1, type=events_file, metavar="[FILE]...")
@click.option(
    "--keep", is_flag=True, help="Keep the worker running afterwards, with the pages, until Ctrl-C."
)
@data_dir
@setting("TRUCE_HTTP")
@setting("TRUCE_WEB")
def demo(files: tuple[str, ...], keep: bool) -> int:
    """Show a truce judged: the shipped one of early 2026, or your own FILEs of events.

    Starts a worker with an embedded broker, publishes the events into it, prints each alert as it
    is raised, and at the end who broke whose truce, by whose account. The data directory stays, so
    that you can go on with truce sql, explain and status: truce-demo, unless another one is set.
    The same files again go on in it; a directory with other data is refused.
    """
    from streams.commands.demo import run_demo

    return run_demo(current_settings(DEMO_DIR), files, keep=keep)


@main.command(
    cls=Command,
    short_help="Run a worker, until Ctrl-C or SIGTERM.",
    examples=(
        "truce run",
        "truce run --http 127.0.0.1:0 --data-dir /var/lib/truce",
        "TRUCE_BROKER=kafka://kafka-1:9092,kafka-2:9092 truce run",
    ),
)
def run() -> int:
    """Run a worker: judge every report against every claim, until Ctrl-C or SIGTERM.

    With --web, or --web HOST:PORT, the pages are served beside it, by a process of their own. Each
    setting can be given as an option or in the environment; the option comes first.
    """
    from streams import worker
    from streams.commands.console import say_ready

    settings = current_settings()
    with ExitStack() as stack:

        def ready(endpoint: Endpoint) -> None:
            say_ready(settings, endpoint)
            if was_given("TRUCE_WEB"):
                from streams.pages_beside import pages_beside

                stack.enter_context(pages_beside(settings))

        return worker.main(settings, on_ready=ready)


for one in DESCRIBED:
    setting(one.name, alone=one.name == "TRUCE_WEB")(run)


@main.command(
    cls=Command,
    short_help="Publish files of events into the log.",
    examples=(
        "truce publish reports.jsonl",
        "truce publish --dry-run claims.jsonl reports.jsonl",
        "truce publish --locate reports.jsonl",
        "my-importer | truce publish -",
    ),
)
@click.argument("files", nargs=-1, required=True, type=events_file, metavar="FILE...")
@click.option("--dry-run", is_flag=True, help="Validate only; send nothing.")
@click.option(
    "--locate", is_flag=True, help="Give points without codes the ISO codes of what they lie in."
)
@data_dir
@setting("TRUCE_BOUNDARIES")
@setting("TRUCE_BROKER")
@setting("TRUCE_PARTITIONS")
@setting("TRUCE_REPLICATION")
@kafka_security
def publish(files: tuple[str, ...], dry_run: bool, locate: bool) -> int:
    """Publish events into the log: FILEs of JSON Lines, or - for standard input.

    Every line is validated first. A bad line is reported as FILE:LINE: field: reason; the good ones
    are published all the same, and the exit code is 1. With the embedded broker, events count as
    published once the worker has judged them and they are in its database.

    Then it says which lines were refused all the same (their id stands for other content; exit code
    1), known already, or revise an earlier one, and which verdicts changed. What is odd is warned
    of, with what was probably meant, and never refused.

    With --locate, a point gets the finest code that holds for all of its circle, or none: near a
    border between provinces the country's, and near one between countries none. What a file says is
    kept. An event that was published without codes keeps its id: locate before you publish.
    """
    from streams.commands.publish import run_publish

    return run_publish(current_settings(), files, dry_run=dry_run, locate=locate)


main.add_command(import_)
main.add_command(new)


@main.command(
    cls=Command,
    short_help="Show the truces and how they are kept.",
    examples=(
        "truce status",
        "truce status --json | jq '.commitments[].claims[] | {claim_id, in_force}'",
    ),
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
@data_dir
@lake_dir
@setting("TRUCE_MEMORY")
@timeout
def status(as_json: bool) -> int:
    """Show the truces: who claims what, whether it is in force now, and how it is kept."""
    from streams.commands.status import run_status

    return run_status(current_settings(), as_json=as_json)


@main.command(
    cls=Command,
    short_help="List the incidents with their verdicts.",
    examples=(
        "truce incidents --verdict violation --party RUS",
        "truce incidents --open --since 2026-02-01",
        "truce incidents --json | jq '.[].incident_id'",
    ),
)
@click.option(
    "--verdict",
    "verdicts",
    type=click.Choice(BY_GRAVITY),
    multiple=True,
    help="Only those of this verdict; may be given more than once.",
)
@click.option("--party", help="Only those of which a report names this party as the actor.")
@click.option("--commitment", help="Only those under this commitment.")
@click.option("--since", type=Moment(), help="Only what may have ended then or later.")
@click.option("--until", type=Moment(), help="Only what may have begun before.")
@click.option("--open", "is_open", is_flag=True, help="Only undetermined ones, and why they are.")
@click.option("--json", "as_json", is_flag=True, help="One JSON array on stdout.")
@data_dir
@lake_dir
@setting("TRUCE_MEMORY")
@timeout
def incidents(**wanted: Any) -> int:  # noqa: ANN401 - the options above
    """List the incidents under each commitment: verdict, party, when and where.

    A time is a day in UTC, such as 2026-02-01, or an RFC 3339 time. An incident of which every
    window is certainly elsewhere has no verdict, and is not listed.
    """
    from streams.commands.incidents import IncidentFilter, run_incidents

    as_json = wanted.pop("as_json")
    return run_incidents(current_settings(), IncidentFilter(**wanted), as_json=as_json)


@main.command(
    cls=Command,
    short_help="Say why an incident is, or is not, a violation.",
    examples=(
        "truce explain 2026-02-03-barrage",
        "truce explain 2026-02-03-barrage --conflict russia-ukraine --json",
    ),
)
@click.argument("incident", metavar="INCIDENT")
@click.option("--conflict", help="Which conflict, if several have such an incident.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
@data_dir
@lake_dir
@setting("TRUCE_MEMORY")
@timeout
def explain(incident: str, conflict: str | None, as_json: bool) -> int:
    """Say why an INCIDENT is, or is not, a violation: every claim by every report."""
    from streams.commands.explain import run_explain

    return run_explain(current_settings(), incident, conflict, as_json=as_json)


@main.command(
    cls=QueryCommand,
    short_help="Query the lake in SQL, read-only.",
    examples=(
        'truce sql "select commitment_id, incident_id, verdict from verdicts"',
        "truce sql --format json \"from claim_verdicts where verdict = 'violation'\"",
        "truce sql",
    ),
)
@click.argument("query", required=False)
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json", "csv"]),
    default="table",
    show_default=True,
    help="How rows are printed on stdout.",
)
@data_dir
@lake_dir
@setting("TRUCE_MEMORY")
@timeout
def sql(query: str | None, form: str) -> int:
    """Query the lake in DuckDB's SQL, read-only: a QUERY, or a prompt without one.

    Each query runs in a process of its own on the lake as of now, whether a worker runs or not: no
    query can hold up the worker or another reader. Ctrl-C ends it.
    """
    from streams.commands.sql.answering import run_sql

    return run_sql(current_settings(), query, form)


main.add_command(what_if)
main.add_command(duplicates)


@main.command(
    cls=Command,
    short_help="Bring the lake up to date, and say how to open it.",
    examples=(
        "truce lake",
        "truce lake --anew",
        "truce lake --parquet published/",
    ),
)
@click.option("--anew", is_flag=True, help="Recreate it from the database (without a worker).")
@click.option(
    "--parquet",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write each table to a Parquet file in DIR, too.",
)
@data_dir
@setting("TRUCE_LAKE")
@setting("TRUCE_LAKE_CATALOG")
@setting("TRUCE_LAKE_DATA")
@setting("TRUCE_WORKER")
def lake(anew: bool, parquet: Path | None) -> int:
    """Bring the lake up to date with all that was acknowledged, and print how to open it.

    The lake is a copy of the database as a DuckLake, with the same tables, which any DuckDB can
    open while a worker writes. A running worker keeps it up to date. Its catalogue is a file, or in
    PostgreSQL; its data is in its directory, or on S3.
    """
    from streams.commands.lake import run_lake

    return run_lake(current_settings(), anew=anew, parquet=parquet)


@main.command(
    cls=Command,
    short_help="Recompute every verdict independently, and compare.",
    examples=(
        "truce verify",
        "truce verify --json | jq .differences",
    ),
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
@data_dir
@lake_dir
@setting("TRUCE_MEMORY")
@timeout
def verify(as_json: bool) -> int:
    """Recompute every verdict independently, in SQL, and compare.

    It shares no rule with the judging. Exit code 0 if no row differs, 1 if any does; the rows that
    differ are printed, both sides of each column.
    """
    from streams.commands.verify import run_verify

    return run_verify(current_settings(), as_json=as_json)


@main.command(
    cls=Command,
    short_help="Replay the log into a new database.",
    examples=(
        "truce rebuild",
        "truce rebuild --from-events --dry-run",
        "TRUCE_BROKER=kafka://kafka-1:9092 truce rebuild --json",
    ),
)
@click.option("--from-events", is_flag=True, help="Replay the events that the database kept.")
@click.option(
    "--new-log", is_flag=True, help="Accept that TRUCE_BROKER has another log than the database."
)
@click.option(
    "--dry-run", is_flag=True, help="Compare with the previous database; replace nothing."
)
@click.option("--keep-old", is_flag=True, help="Keep the previous one even if no row differs.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
@data_dir
@setting("TRUCE_BROKER")
@setting("TRUCE_MEMORY")
@setting("TRUCE_POSTED_BY_KEY_FILE")
@kafka_security
def rebuild(from_events: bool, new_log: bool, dry_run: bool, keep_old: bool, as_json: bool) -> int:
    """Replay the whole log into a new database, compare it with the previous one, and replace that.

    The log is Kafka's; without TRUCE_BROKER it is the events that the database itself kept. The
    previous database answers until it is replaced, at once or not at all; it is kept as
    truce.duckdb.before-rebuild if any row differs. With the same version of truce none does.

    A running worker goes on judging: it switches to the new database, with all that came in
    meanwhile, when it is next started.

    What was published is not published again, not even a verdict that has changed. Only if the
    previous database cannot be read is all of truce.verdicts published again, with the same ids.
    """
    from streams.commands.rebuild import Wanted, run_rebuild

    return run_rebuild(current_settings(), Wanted(from_events, new_log, dry_run, keep_old, as_json))


main.add_command(backup)
main.add_command(restore)


@main.command(
    cls=Command,
    short_help="Serve the pages, until Ctrl-C or SIGTERM.",
    examples=("truce web", "truce web --web 127.0.0.1:0 --data-dir truce-demo"),
)
@data_dir
@lake_dir
@setting("TRUCE_WEB")
@setting("TRUCE_HTTP_HOSTS")
@setting("TRUCE_BOUNDARIES")
@setting("TRUCE_MEMORY")
@timeout
def web() -> int:
    """Serve the pages: timeline, days, map, incidents, and why each was judged as it was.

    They read the lake in this process, whether a worker runs or not: no reader slows it. Without
    TLS, and without passwords: keep the address on this machine, or put a proxy in front of it.
    """
    from streams.web.process import run_web

    return run_web(current_settings())


@main.command(
    cls=Command,
    short_help="Write a report that opens anywhere: a page, or its pictures.",
    examples=(
        "truce report truce.html",
        "truce report truce.pdf --commitment energy-truce-2026 --zone Europe/Kyiv",
        "truce report timeline.png --picture timeline --lang uk",
    ),
)
@click.argument(
    "file", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path), required=True
)
@click.option("--conflict", help="Which conflict, if there are several.")
@click.option("--commitment", help="Only this commitment.")
@click.option("--since", type=Moment(), help="Only what may have ended then or later.")
@click.option("--zone", default="UTC", show_default=True, help="Whose clocks the times are of.")
@click.option(
    "--lang",
    "language",
    type=click.Choice(["en", "uk"]),
    default="en",
    show_default=True,
    help="The language of the report's own words.",
)
@click.option(
    "--picture", type=click.Choice(["timeline", "days", "map"]), help="Only this picture."
)
@data_dir
@lake_dir
@setting("TRUCE_BOUNDARIES")
@setting("TRUCE_MEMORY")
@timeout
def report(file: Path, **wanted: Any) -> int:  # noqa: ANN401 - the options above
    """Write a report to FILE: .html is a page that needs no network; .png, .svg and .pdf pictures.

    It says when it was made, of how much of the log, by which rules, and the query behind each
    number.
    """
    from streams.commands.report import ReportWanted, run_report

    return run_report(current_settings(), file, ReportWanted(**wanted))


@main.group(
    "token",
    epilog="""\b
Examples:
  truce token add desk-ua --source https://desk.example/ua
  truce token list
  truce token remove desk-ua""",
    short_help="Manage who may post, and for which sources.",
    context_settings={"help_option_names": ["-h", "--help"]},
)
def token() -> None:
    """Manage who may post events to the worker, and for which sources: add, list, remove.

    Each writer has a token, which is shown once and never stored: the file has its SHA-256. A
    running worker applies every change at once. Whoever has the token of TRUCE_TOKEN_FILE may post
    any event.
    """


@token.command(
    "add",
    cls=Command,
    short_help="Add a writer; prints the token.",
    examples=(
        "truce token add desk-ua --source https://desk.example/ua",
        "truce token add mission --source urn:mission: --conflict russia-ukraine",
    ),
)
@click.argument("name")
@click.option(
    "--source",
    "sources",
    multiple=True,
    required=True,
    metavar="PREFIX",
    help="A source that it may post, and all below; may be given more than once.",
)
@click.option(
    "--conflict",
    "conflicts",
    multiple=True,
    metavar="CONFLICT",
    help="The only conflict that it may post of; may be given more than once. Without: any.",
)
@data_dir
@setting("TRUCE_TOKENS")
def token_add(name: str, sources: tuple[str, ...], conflicts: tuple[str, ...]) -> int:
    """Add a writer called NAME, and print its token: it is shown now and never again.

    NAME is what `posted_by` says of each event that is posted with the token.

    PREFIX is a source, and all that is below it: https://desk.example/ua covers itself and
    https://desk.example/ua/2, as well as what follows a ? or a #, but not
    https://desk.example/uab. One that ends in / ? # or, of a URN, in a colon, such as urn:desk:,
    covers all that begins so. Both are compared character by character: case counts, nothing is
    decoded, and what steps out again by /../ is not covered.
    """
    from streams.commands.token import run_add

    return run_add(current_settings(), name, sources, conflicts)


@token.command(
    "list",
    cls=Command,
    short_help="Show who may post what.",
    examples=("truce token list", "truce token list --json | jq '.[].name'"),
)
@click.option("--json", "as_json", is_flag=True, help="One JSON array on stdout.")
@data_dir
@setting("TRUCE_TOKENS")
def token_list(as_json: bool) -> int:
    """Show who may post what. No token is shown: none is kept."""
    from streams.commands.token import run_list

    return run_list(current_settings(), as_json=as_json)


@token.command(
    "remove",
    cls=Command,
    short_help="Revoke a writer's token.",
    examples=("truce token remove desk-ua",),
)
@click.argument("name")
@data_dir
@setting("TRUCE_TOKENS")
def token_remove(name: str) -> int:
    """Revoke the token of NAME: the next post with it is refused, by a running worker, too.

    What was posted with it stays in the log, and keeps its name.
    """
    from streams.commands.token import run_remove

    return run_remove(current_settings(), name)


@main.command(
    cls=Command,
    short_help="Print the schema of the events.",
    examples=(
        "truce schema incident.reported",
        "truce schema openapi",
        "truce schema > asyncapi.json",
    ),
)
@click.argument("event_type", required=False, type=click.Choice(SCHEMAS), metavar="[TYPE]")
def schema(event_type: str | None) -> None:
    """Print the JSON Schema of an event TYPE, or the AsyncAPI document of the log without one.

    TYPE is commitment.claimed, commitment.claim_retracted, incident.reported,
    incident.report_retracted or coverage.reported; or openapi, for the OpenAPI document of the
    worker's pages and of POST /events.
    """
    import json

    from schemas import asyncapi
    from schemas.openapi import openapi

    if event_type == "openapi":
        found = openapi()
    else:
        found = asyncapi.asyncapi() if event_type is None else asyncapi.json_schema(event_type)
    click.echo(json.dumps(found, indent=2, ensure_ascii=False))


if __name__ == "__main__":
    main()
