"""README and docs say what is: commands exist, print what is shown, and settings are listed."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from streams.cli import main
from streams.settings import SETTINGS
from tests.cli.commands import ROOT, Done, truce

README = (ROOT / "README.md").read_text(encoding="utf-8")
SETTINGS_PAGE = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"(?ms)^```console\n(.*?)^```", README)
# Lines that tell of a moment, a machine or a directory.
PASSING = re.compile(r"Ready after|Starting a|The database is|  \S*truce |\.\.\.$")


def shown_by(command: str) -> tuple[list[str], list[str]]:
    """The arguments of the command that starts so, and the lines that the README shows for it."""
    block = next(block for block in BLOCKS if block.startswith(f"$ {command}"))
    lines = block.removeprefix("$ ").splitlines()
    for used in range(1, len(lines) + 1):
        try:
            return shlex.split("\n".join(lines[:used])), lines[used:]
        except ValueError:  # a quotation goes on
            continue
    raise AssertionError(block)


def test_the_readme_opens_with_one_sentence_and_then_a_real_command() -> None:
    _, sentence, *_ = README.split("\n\n")

    assert sentence.count(".") == 1
    assert BLOCKS[0].startswith("$ make demo\n")


def test_every_command_and_option_in_the_readme_exists() -> None:
    named = re.findall(r"(?:`|\$ )truce ([a-z-]+)([^`\n]*)", README)
    assert {name for name, _ in named} == set(main.commands)
    for name, rest in named:
        command = main.commands[name]
        known = {option for param in command.params for option in param.opts} | {"--debug"}
        assert set(re.findall(r"--[a-z-]+", rest)) <= known, f"truce {name}{rest}"


def test_every_command_is_in_the_readme_with_its_options() -> None:
    for name, command in main.commands.items():
        flags = [p.opts[0] for p in command.params if isinstance(p, click.Option) and p.is_flag]
        assert f"| `truce {name}" in README
        assert all(f"`{flag}`" in README for flag in flags), name


def test_the_settings_are_those_that_there_are() -> None:
    rows = re.findall(r"(?m)^\| `(TRUCE_\w+)` \| (.*?) \| (.*?) \|$", SETTINGS_PAGE)

    assert rows == [
        (s.name, f"`{s.default}`" if s.default else "none", s.meaning) for s in SETTINGS
    ]


def test_the_demo_prints_what_is_shown(shown: tuple[Path, Done]) -> None:
    _, lines = shown_by("make demo")

    assert len(lines) > 20
    missing = set(lines) - set(shown[1].stdout.splitlines())
    assert [line for line in missing if not PASSING.match(line)] == []


@pytest.mark.parametrize("command", ["truce sql", "truce explain"])
def test_a_command_prints_what_is_shown(command: str, judged: Path) -> None:
    args, lines = shown_by(command)

    done = truce(*args[1:], data_dir=judged)

    assert done.returncode == 0
    printed = done.stdout.splitlines()
    kept = [line for line in lines if not PASSING.match(line) and line.strip() != "..."]
    assert kept
    assert [line for line in kept if line not in printed] == []
