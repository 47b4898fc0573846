"""How every `truce` command behaves: where its settings come from, and how its errors look.

An error is one line on stderr that says what to do (see `errors`); a traceback is shown only on
request.
"""

from __future__ import annotations

import difflib
import os
import re
import sys
import traceback
from collections.abc import Callable, Sequence
from typing import Any, NoReturn, TypeVar

import click

from schemas.safe_text import for_log_lines, for_terminal
from streams.errors import CommandError
from streams.plain_output import keep_printing
from streams.settings import SETTINGS, Setting, Settings, SettingsError
from streams.settings_reader import load

INTERRUPTED = 130
DEBUG = "TRUCE_DEBUG"
DESCRIBED = tuple(one for one in SETTINGS if one.name != DEBUG)

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT = re.compile(_DAY.pattern + r"[Tt][0-9:.]{8,}(?:[Zz]|[+-][0-9]{2}:[0-9]{2})")

F = TypeVar("F", bound=Callable[..., Any])


def setting(name: str, flag: str = "", *, alone: bool = False) -> Callable[[F], F]:
    """An option for the setting `name`; what is given goes to `current_settings`.

    `flag`: how the option is called, if not as the setting is. `alone`: without a value it means
    the default.
    """
    one = next(one for one in SETTINGS if one.name == name)
    flag = flag or "--" + name.removeprefix("TRUCE_").lower().replace("_", "-")
    without: dict[str, Any] = {"is_flag": False, "flag_value": one.default} if alone else {}
    return click.option(
        flag, name.lower(), metavar=_metavar(one), expose_value=False, help=_help(one),
        callback=_remember(name), **without,
    )  # fmt: skip


def was_given(name: str) -> bool:
    """Whether the command that runs now was given the option of a setting."""
    return click.get_current_context().ensure_object(dict).get(name) is not None


def settings_named(prefix: str) -> Callable[[F], F]:
    """An option for each of the settings whose names begin so."""

    def add(command: F) -> F:
        for one in reversed(SETTINGS):
            if one.name.startswith(prefix):
                command = setting(one.name)(command)
        return command

    return add


def _metavar(one: Setting) -> str:
    kind = one.name.rpartition("_")[2]
    kinds = {
        "BROKER": "URL",
        "DIR": "DIR",
        "LAKE": "DIR",
        "SECONDS": "SECONDS",
        "HTTP": "HOST:PORT",
        "WEB": "HOST:PORT",
        "FILE": "FILE",
        "TOKENS": "FILE",
        "ALERTMANAGER": "URL",
        "WEBHOOK": "URL",
        "PROXY": "URL",
    }
    return kinds.get(kind, "VALUE")


def _help(one: Setting) -> str:
    default = f", default {one.default}" if one.default else ""
    first, _, rest = one.meaning.partition(" ")
    # An address is no word.
    first = first if "://" in first else first.capitalize()
    return f"{first} {rest}. [{one.name}{default}]"


def _remember(name: str) -> Callable[[click.Context, click.Parameter, str | None], None]:
    def callback(context: click.Context, _: click.Parameter, value: str | None) -> None:
        context.ensure_object(dict)[name] = value

    return callback


def current_settings(data_dir: str = "") -> Settings:
    """The settings of the command that runs now: its options, then the environment.

    `data_dir`: where its data is unless one of these says so; "": where all others have it.
    """
    given = click.get_current_context().ensure_object(dict)
    if data_dir and not (given.get("TRUCE_DATA_DIR") or os.environ.get("TRUCE_DATA_DIR")):
        given["TRUCE_DATA_DIR"] = data_dir
    try:
        return load(os.environ, given)
    except SettingsError as error:
        raise click.UsageError("; ".join(error.problems)) from None


def _debug(context: click.Context, _: click.Parameter, value: bool) -> None:
    if value:
        context.ensure_object(dict)[DEBUG] = "yes"


DEBUG_OPTION = click.Option(
    ["--debug"],
    is_flag=True,
    expose_value=False,
    callback=_debug,
    help=f"Show tracebacks and the libraries' log. [{DEBUG}]",
)


class Command(click.Command):
    """A command with examples and `--debug`, whose failures become one line."""

    def __init__(self, *args: Any, examples: Sequence[str] = (), **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **kwargs)
        self.examples = examples

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples at the end of the help."""
        super().format_epilog(ctx, formatter)
        with formatter.section("Examples"):
            for example in self.examples:
                formatter.write(f"{'':{formatter.current_indent}}{example}\n")

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """The command's own parameters, then `--debug` and `--help`."""
        *own, asked_for_help = super().get_params(ctx)
        return [*own, DEBUG_OPTION, asked_for_help]

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - click's signature
        """Run the command. Returns its exit code (None: 0)."""
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise
        except Exception as error:
            if _wants_traceback(ctx):
                click.echo(for_log_lines(traceback.format_exc()), err=True)
            failure = click.ClickException(_one_line(error, wanted=_wants_traceback(ctx)))
            failure.exit_code = error.code if isinstance(error, CommandError) else 1
            raise failure from error


class Moment(click.ParamType):
    """A day in UTC, which means its beginning, or an RFC 3339 time; in us since 1970."""

    name = "TIME"

    def convert(
        self,
        value: object,
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> int:
        """The moment that is meant, or what is missing from its text."""
        from pydantic_core import PydanticCustomError

        from schemas.time_fields import mended_time, read_instant

        text = str(value)
        if _DAY.fullmatch(text):
            text += "T00:00:00Z"
        if not _MOMENT.fullmatch(text):
            why = mended_time(text) or "expected a day or a time, e.g. 2026-02-01"
            raise click.BadParameter(why, ctx, param)
        try:
            return read_instant(text)
        except PydanticCustomError as error:
            raise click.BadParameter(error.message(), ctx, param) from None


class QueryCommand(Command):
    """A command whose argument is SQL, which may begin with a comment."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read an argument that cannot be an option, since it contains a space, as the query."""
        queries = [arg for arg in args if arg.startswith("--") and arg.split() != [arg]]
        if queries:
            args = [*(arg for arg in args if arg not in queries), "--", *queries]
        return super().parse_args(ctx, args)


def _wants_traceback(context: click.Context) -> bool:
    given = context.ensure_object(dict).get(DEBUG) or os.environ.get(DEBUG) or ""
    return given.strip().lower() in {"yes", "true", "on", "1"}


def _one_line(error: Exception, *, wanted: bool) -> str:
    text = " ".join(str(error).split())
    ours = type(error).__module__.partition(".")[0] in {"streams", "analytics", "schemas"}
    if ours and text:
        return text
    said = f"{type(error).__name__}: {text}" if text else type(error).__name__
    return said if wanted else f"{said} (unexpected; --debug shows where)"


class TruceGroup(click.Group):
    """The group of all commands, in the order in which a newcomer needs them."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The commands in the order in which they are defined."""
        return list(self.commands)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that is meant, or say which one may have been."""
        if args and args[0] not in self.commands and not args[0].startswith("-"):
            close = difflib.get_close_matches(args[0], self.commands, n=1)
            hint = f"; did you mean {close[0]!r}?" if close else ""
            ctx.fail(f"there is no command {args[0]!r}{hint}")
        return super().resolve_command(ctx, args)

    def __call__(self, *_: object, **__: object) -> NoReturn:
        """Run what was typed, and end the process with the exit code."""
        keep_printing()
        try:
            code = self.main(prog_name="truce", standalone_mode=False)
        except click.Abort:
            sys.exit(INTERRUPTED)
        except click.exceptions.NoArgsIsHelpError as error:
            error.show()
            sys.exit(error.exit_code)
        except click.ClickException as error:
            _end(error)
        sys.exit(code if isinstance(code, int) else 0)


def _end(error: click.ClickException) -> NoReturn:
    text = " ".join(error.format_message().split())
    if isinstance(error, click.UsageError):
        path = error.ctx.command_path if error.ctx is not None else "truce"
        text = f"{text.removesuffix('.')} (see: {path} --help)"
    click.echo(f"truce: {for_terminal(text)}", err=True)
    sys.exit(error.exit_code)
