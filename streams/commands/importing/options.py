"""What is typed for `truce import`: a source by its name, whose help is its own, and a scope."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click

from streams.commands.command import Command, Moment

if TYPE_CHECKING:
    from analytics.importing.editions import EditionScope

_TYPED = "truce.import.typed"
_CODE = re.compile(r"[A-Z]{2}")


class ImportCommand(Command):
    """`truce import`, which says of a source what the source says of itself."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Remember what was typed: `--help` is answered before any argument is read."""
        ctx.meta[_TYPED] = tuple(args)
        return super().parse_args(ctx, args)

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the head of the source that was named, or else what the command does."""
        from analytics.importing.sources import find_source, source_names

        names = set(source_names()).intersection(ctx.meta.get(_TYPED, ()))
        if not names:
            super().format_help_text(ctx, formatter)
            return
        formatter.write_paragraph()
        for line in find_source(names.pop()).head.splitlines():
            formatter.write(f"  {line}".rstrip() + "\n")


class ScopeOption(click.ParamType):
    """`2026-01-01/2026-02-01`, or with the codes of countries behind it: `…,UA,RU`."""

    name = "SCOPE"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> EditionScope:
        """The scope that is meant, or what is wrong with its text."""
        from analytics.importing.editions import EditionScope

        times, *codes = str(value).split(",")
        since, slash, until = times.partition("/")
        if not slash or not all(_CODE.fullmatch(one) for one in codes):
            self.fail(
                "expected SINCE/UNTIL[,CODE...], e.g. 2026-01-01/2026-02-01,UA,RU", param, ctx
            )
        moment = Moment()
        bounds = moment.convert(since, param, ctx), moment.convert(until, param, ctx)
        if bounds[0] >= bounds[1]:
            self.fail("expected SINCE before UNTIL", param, ctx)
        return EditionScope(*bounds, tuple(codes) or None, str(value))
