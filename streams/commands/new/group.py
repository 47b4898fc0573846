"""What follows `truce new`: a command for each kind of event, with an option for each field."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from streams.commands.command import Command, current_settings, setting, settings_named
from streams.commands.new.fields import FIELDS, NewField

EXAMPLES = {
    "claim": (
        "truce new claim",
        "truce new claim --template --stance denies",
        (
            "truce new claim --conflict ukr --commitment t --claim c --by Peskov --binds RUS \\\n"
            "    --from 2026-01-25T00:00:00Z --until open --source https://desk.example"
        ),
    ),
    "report": (
        "truce new report",
        "truce new report --template > report.txt; truce new report --file report.txt --publish",
        (
            "truce new report --conflict ukr --incident i --report r --by Desk --actor RUS \\\n"
            "    --confidence likely --start 2026-02-03T20:00:00+02:00 --place 49.99,36.23,5 \\\n"
            "    --locate --source https://desk.example | truce publish -"
        ),
    ),
    "coverage": (
        "truce new coverage",
        "truce new coverage --template",
    ),
}
WHAT = {
    "claim": "a claim: that somebody says what was promised, or denies that it was.",
    "report": "a report: that somebody says that something happened, or denies it.",
    "coverage": "a report of coverage: that somebody watched, or was kept from it.",
}
HOW = """

    What is required and not given is asked for on a terminal, one field after the other; elsewhere
    it is an error. Prints the event as one line on stdout, for truce publish -, and on stderr the
    verdicts that it would change, by judging here over what stands in the lake, and warnings.

    A template is no event: --file reads one that was filled in, options change it, and truce
    publish refuses it.
"""


class NewGroup(click.Group):
    """The kinds of events; `--sheet FILE` is how the command `sheet` is mostly written."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the name of the command, which an option may stand for."""
        if args and args[0].partition("=")[0] == "--sheet":
            name, equals, file = args[0].partition("=")
            args = [name.removeprefix("--"), *([file] if equals else []), *args[1:]]
        return super().parse_args(ctx, args)


@click.group(
    "new",
    cls=NewGroup,
    short_help="Make an event: a claim, a report or coverage.",
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="""\b
Examples:
  truce new report
  truce new claim --template
  truce new coverage --file filled.txt --publish
  truce new --sheet events.xlsx""",
)
@click.option(
    "--sheet", metavar="FILE", expose_value=False, help="The same as truce new sheet FILE."
)
def new() -> None:
    """Make an event by answering questions or by options, and see the verdict it would give."""


def _options(fields: tuple[NewField, ...], kind: str) -> Callable[[Callable[..., Any]], Any]:
    def add(function: Callable[..., Any]) -> Callable[..., Any]:
        for field in reversed(fields):
            more: dict[str, Any] = {"metavar": field.metavar, "multiple": field.is_many}
            if field.is_flag:
                more = {"is_flag": True}
            option = click.option(
                field.option, f"of_{field.name}", help=field.help_of(kind), **more
            )
            function = option(function)
        return function

    return add


def _declare(kind: str) -> None:
    function = _function(kind)
    for name in ("TRUCE_REPLICATION", "TRUCE_PARTITIONS", "TRUCE_BROKER"):
        function = setting(name)(function)
    function = settings_named("TRUCE_KAFKA_")(function)
    function = setting("TRUCE_QUERY_SECONDS", "--timeout")(function)
    for name in ("TRUCE_MEMORY", "TRUCE_LAKE", "TRUCE_DATA_DIR"):
        function = setting(name)(function)
    function = click.option("--publish", is_flag=True, help="Publish it, too.")(function)
    if kind == "report":
        function = setting("TRUCE_BOUNDARIES")(function)
        function = click.option(
            "--locate", is_flag=True,
            help="Give points without codes the ISO codes of what they lie in.",
        )(function)  # fmt: skip
    function = click.option(
        "--file", metavar="FILE",
        type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=str),
        help="Begin with a template that was filled in, or - for standard input.",
    )(function)  # fmt: skip
    function = click.option(
        "--template", is_flag=True, help="Print an example with every field explained."
    )(function)
    function = _options(FIELDS[kind], kind)(function)
    new.command(
        kind, cls=Command, examples=EXAMPLES[kind],
        short_help=f"Make {WHAT[kind].partition(':')[0]}.", help=f"Make {WHAT[kind]}{HOW}",
    )(function)  # fmt: skip


def _function(kind: str) -> Callable[..., int]:
    def make(
        *,
        template: bool,
        file: str | None,
        publish: bool,
        locate: bool = False,
        **options: Any,  # noqa: ANN401
    ) -> int:
        from streams.commands.new.making import NewWanted, print_template, run_new

        if template:
            print_template(kind, options.get("of_stance") or "asserts")
            return 0
        typed = {
            name.removeprefix("of_"): [str(one) for one in value]
            if isinstance(value, tuple)
            else [str(value)]
            for name, value in options.items()
            if value
        }
        return run_new(current_settings(), NewWanted(kind, typed, file, publish, locate))

    return make


for _kind in FIELDS:
    _declare(_kind)


@new.command(
    "sheet",
    cls=Command,
    short_help="Make a spreadsheet to fill in offline.",
    examples=("truce new --sheet events.xlsx", "truce import sheet events.xlsx"),
)
@click.argument("file", type=click.Path(dir_okay=False, writable=True, path_type=Path))
@setting("TRUCE_DATA_DIR")
@setting("TRUCE_LAKE")
@setting("TRUCE_MEMORY")
@setting("TRUCE_QUERY_SECONDS", "--timeout")
def sheet(file: Path) -> int:
    """Write FILE.xlsx, a spreadsheet for reports, claims and coverage that is filled in offline.

    It has a sheet for each kind, with the fields of the forms of truce web as columns and lists to
    choose from: acts, targets, time zones, and the conflicts, parties and names that the lake has.
    truce import sheet FILE.xlsx reads it back.
    """
    from streams.commands.new.sheet import run_sheet

    return run_sheet(current_settings(), file)
