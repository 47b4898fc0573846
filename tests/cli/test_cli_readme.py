"""README and docs say what is: their commands run and print what is shown, settings are listed."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import click
import pytest

from streams.cli import main
from streams.engine.engine import OtherLog
from streams.settings import SETTINGS, Address, Settings
from streams.settings_reader import load
from tests.cli.commands import ROOT, Done, environment, rows

PAGES = {
    str(path.relative_to(ROOT)): path.read_text(encoding="utf-8")
    for path in [
        *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "deploy/README.md")),
        # The questions and their answers are compared as a whole: tests/cli/asking/.
        *sorted({*(ROOT / "docs").glob("*.md")} - {ROOT / "docs" / "questions.md"}),
    ]
}
README = PAGES["README.md"]
BIN = Path(sys.executable).parent
BLOCK = re.compile(r"(?ms)^```(\w*)\n(.*?)^```")

# Commands that are not run as they stand, by their beginning, and why not.
NOT_RUN = {
    "make demo": "the same as `truce demo`, whose output is compared below",
    "make up": "wants Docker with a running engine",
    "make down": "wants Docker with a running engine",
    "make bench": "takes minutes",
    "TRUCE_BENCH_BEFORE=": "takes minutes, and an earlier version",
    ".venv/bin/python -m pytest": "runs these tests; what it selects is looked at below",
    "python3 -m venv": "tests/deploy/test_deploy_install.py runs these",
    "builder/bin/": "tests/deploy/test_deploy_install.py runs these",
    "truce-env/bin/": "tests/deploy/test_deploy_install.py runs these",
    "truce publish --locate reports.jsonl": "tests/cli/test_cli_locate.py, with its own file",
}
# Blocks without a command, by what they begin with, and what holds them.
NO_COMMANDS = {
    '{"specversion"': "published from `mine.jsonl`",
    " publishers ─►": "a picture",
    "truce: truce-data/truce.duckdb is of the log": "test_the_refusal_of_another_log_…",
    ">>> ": "tests/cli/asking/test_notebook.py",
    "INSTALL ducklake;": "tests/cli/asking/test_other_programs.py",
    "library(duckdb)": "tests/cli/asking/test_other_programs.py",
    "def verified(": "test_the_signature_is_checked_as_is_shown",
    "export TRUCE_BROKER": "test_the_settings_of_a_secured_kafka_…",
    "from analytics import Assumptions": "tests/assumptions/test_what_if.py",
    "useradd": "tests/deploy/test_deploy_systemd.py",
    "truce import ucdp-candidate": "tests/importing/test_ucdp.py, with rows of its own",
    "truce new --sheet": "tests/importing/test_sheet.py, with a sheet that is filled in",
    "truce import table": "tests/importing/test_table.py, with a table of its own",
    "[claim]\ncommitment": "tests/importing/test_table.py has mappings of the same shape",
    'source = "urn:our-desk:log"': "tests/importing/test_table.py has mappings of the same shape",
    "from pathlib import Path": "tests/boundaries, with squares",
    "SELECT incident_id, occurred_start\nFROM reports": "tests/importing/test_ua_air_force.py has such reports",
}
# What differs from run to run: durations, ports.
PASSING = (
    (re.compile(r"\d+\.\d+ s\b"), "N s"),
    (re.compile(r"127\.0\.0\.1:\d+"), "127.0.0.1:PORT"),
    (re.compile(r"recorded at [0-9TZ:.-]+"), "recorded at TIME"),
)
# What only a first demo prints as it is shown: it says where the data and the command are.
OF_A_PLACE = re.compile(r"Starting a|The database is|  \S*truce |\.\.\.$")


class Shown(NamedTuple):
    """A command of a page, and the lines that it is said to print."""

    command: str
    lines: list[str]


def blocks(page: str, *languages: str) -> list[str]:
    found = BLOCK.findall(PAGES[page])
    return [text for language, text in found if not languages or language in languages]


def shown_in(block: str) -> Iterator[Shown]:
    """The commands of a block: each begins with `$ ` and goes on while bash would read on."""
    command, goes_on = "", False
    lines: list[str] = []
    for line in block.splitlines():
        if line.startswith("$ "):
            if command:
                yield Shown(command, lines)
            command, lines = line.removeprefix("$ "), []
        elif goes_on:
            command += f"\n{line}"
        else:
            lines.append(line)
            continue
        goes_on = command.endswith(("\\", "|")) or is_open(command)
    if command:
        yield Shown(command, lines)


def is_open(command: str) -> bool:
    try:
        shlex.split(command)
    except ValueError:  # a quotation goes on
        return True
    return False


def commands_of(page: str) -> list[Shown]:
    return [one for block in blocks(page, "console") for one in shown_in(block)]


def is_run(command: str) -> bool:
    return not command.startswith(tuple(NOT_RUN))


def masked(line: str) -> str:
    for pattern, name in PASSING:
        line = pattern.sub(name, line)
    return line.rstrip()


class Reader:
    """Somebody who follows a page with a terminal, in a directory of his own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = ""
        self._worker: subprocess.Popen[str] | None = None
        kept = environment(TRUCE_HTTP="127.0.0.1:0")
        self._environment = kept | {"PATH": f"{BIN}:{kept['PATH']}"}

    def exports(self, **variables: str) -> None:
        """Have these in the environment of all that is typed from now on."""
        self._environment |= variables

    def types(self, command: str) -> str:
        """Run a command. Returns all that it prints; of a worker, what it prints until ready."""
        command = command.replace(".venv/bin/", f"{BIN}/").replace(":6066", f":{self.port}")
        if command.startswith("truce run"):
            return self._starts(command.removesuffix("&"))
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=self.folder,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return f"{done.stdout}\n{done.stderr}"

    def _starts(self, command: str) -> str:
        self.stops()
        self._worker = subprocess.Popen(
            shlex.split(command),
            cwd=self.folder,
            env=self._environment,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self._worker.stderr is not None
        printed = []
        for line in self._worker.stderr:
            printed.append(line)
            if found := re.match(r"Metrics: http://127\.0\.0\.1:(\d+)/", line):
                self.port = found[1]
            if line.startswith("Publish events"):
                return "".join(printed)
        raise AssertionError("".join(printed))

    def stops(self) -> None:
        """End the worker, if one runs."""
        if self._worker is not None:
            self._worker.terminate()
            self._worker.communicate(timeout=60)
            self._worker = None


@pytest.fixture
def reader(judged: Path, tmp_path: Path) -> Iterator[Reader]:
    """Whoever has seen the demo, in a directory like that of the repository."""
    for name in ("truce-demo", "truce-data"):
        shutil.copytree(judged, tmp_path / name)
    for name in ("schemas", "deploy", "tests", "pyproject.toml", "analytics"):
        (tmp_path / name).symlink_to(ROOT / name)
    [event] = [text for text in blocks("README.md", "json") if "specversion" in text]
    (tmp_path / "mine.jsonl").write_text(event)
    found = Reader(tmp_path)
    yield found
    found.stops()


@pytest.mark.parametrize("page", [page for page in PAGES if commands_of(page)])
def test_each_command_of_a_page_prints_what_is_shown(page: str, reader: Reader) -> None:
    if page == "README.md":
        # It says so in a sentence.
        assert "`export TRUCE_DATA_DIR=truce-demo`" in README
        reader.exports(TRUCE_DATA_DIR="truce-demo")
    for command, lines in commands_of(page):
        if not is_run(command):
            continue
        program = command.split()[0]
        if program in {"promtool", "amtool"} and shutil.which(program) is None:
            continue  # of Debian's packages, which are no part of the project
        printed = reader.types(command)
        wanted = [masked(line) for line in lines if line.strip() not in {"", "..."}]
        kept = [masked(line) for line in printed.splitlines()]
        assert [line for line in wanted if line not in kept] == [], f"{command}\n{printed}"


def test_every_block_is_run_or_listed() -> None:
    used = set()
    for page, content in PAGES.items():
        for language, text in BLOCK.findall(content):
            commands = [one.command for one in shown_in(text)] if language == "console" else []
            held = [key for key in NO_COMMANDS if text.startswith(key)]
            assert bool(commands) != bool(held), f"{page}: {text[:80]}"
            used |= {*held}
            used |= {key for key in NOT_RUN for one in commands if one.startswith(key)}
    assert used == {*NOT_RUN, *NO_COMMANDS}, "listed, and nowhere shown"


def test_what_the_recipes_select_is_there() -> None:
    commands = [one.command for one in commands_of("CONTRIBUTING.md") if "pytest" in one.command]
    assert len(commands) > 5
    for command in commands:
        args = shlex.split(command)
        paths = [ROOT / arg for arg in args if arg.startswith("tests/")]
        files = [
            file for path in paths for file in (path.glob("test_*.py") if path.is_dir() else [path])
        ]
        found = [re.findall(r"def (test_\w+)", file.read_text(encoding="utf-8")) for file in files]
        assert found
        assert all(found), command
        if "-k" in args:
            for word in args[args.index("-k") + 1].split(" or "):
                assert any(word in name for names in found for name in names), word


def test_every_make_target_that_a_page_names_exists() -> None:
    targets = set(re.findall(r"(?m)^([a-z-]+):", (ROOT / "Makefile").read_text()))
    for page, text in PAGES.items():
        assert set(re.findall(r"(?:`|\$ )make ([a-z-]+)", text)) <= targets, page


def test_every_query_within_a_sentence_is_answered(judged: Path) -> None:
    inline = [found for text in PAGES.values() for found in re.findall(r"`([^`\n]+)`", text)]
    queries = [one for one in inline if one.startswith(("from ", "select "))]
    queries += [shlex.split(one)[2] for one in inline if re.match(r'truce sql "', one)]
    assert len(queries) >= 2
    for query in queries:
        rows(query, judged)  # or it raises


def test_the_refusal_of_another_log_reads_as_it_is_shown() -> None:
    [shown] = [text for text in blocks("docs/operations.md") if "is of the log" in text]
    logs = re.findall(r"log ([\w-]{22})", shown)
    settings = Settings(broker=(Address("kafka-1", 9092),), data_dir=Path("truce-data"))
    assert shown == f"truce: {OtherLog(settings, logs[:1], logs[1])}\n"


def test_the_settings_of_a_secured_kafka_are_taken_as_they_are_shown() -> None:
    [shown] = blocks("docs/settings.md", "sh")
    done = subprocess.run(
        ["bash", "-c", f"{shown}\nenv"], env={}, capture_output=True, text=True, check=True
    )
    lines = [line.partition("=") for line in done.stdout.splitlines()]
    settings = load({name: value for name, _, value in lines if name.startswith("TRUCE_")})
    assert settings.kafka.encrypted
    assert settings.kafka.authenticated


def test_the_signature_is_checked_as_is_shown() -> None:
    [shown] = blocks("docs/notifications.md", "python")
    tested = (ROOT / "tests" / "notify" / "test_notify_targets.py").read_text(encoding="utf-8")
    function = re.search(r"(?ms)^def verified.*?(?=^\S)", tested)
    assert function is not None
    without_docstring = re.sub(r'(?m)^    """.*"""\n', "", function[0])
    assert without_docstring.strip() == shown.strip()


def test_the_readme_opens_with_one_sentence_and_then_a_real_command() -> None:
    _, sentence, *_ = README.split("\n\n")

    assert sentence.count(".") == 1
    assert blocks("README.md", "console")[0].startswith("$ make demo\n")


@pytest.mark.parametrize("page", PAGES)
def test_every_command_and_option_in_a_page_exists(page: str) -> None:
    for name, rest in re.findall(r"(?:`|\$ )truce ([a-z-]+)([^`\n]*)", PAGES[page]):
        assert name in main.commands, f"truce {name}"
        assert options_of(main.commands[name]) >= set(re.findall(r"(?<!\S)--[a-z-]+", rest)), rest


def options_of(command: click.Command) -> set[str]:
    """The options of a command, and of those beneath it."""
    beneath = command.commands.values() if isinstance(command, click.Group) else []
    own = {option for param in command.params for option in param.opts} | {"--debug", "--help"}
    return own.union(*map(options_of, beneath))


def test_every_command_is_in_the_readme_with_its_options() -> None:
    for name, command in main.commands.items():
        flags = [p.opts[0] for p in command.params if isinstance(p, click.Option) and p.is_flag]
        assert f"| `truce {name}" in README
        assert all(f"`{flag}`" in README for flag in flags), name


def test_the_settings_are_those_that_there_are() -> None:
    listed = re.findall(r"(?m)^\| `(TRUCE_\w+)` \| (.*?) \| (.*?) \|$", PAGES["docs/settings.md"])

    assert listed == [
        (s.name, f"`{s.default}`" if s.default else "none", s.meaning) for s in SETTINGS
    ]


def test_the_demo_prints_what_is_shown(shown: tuple[Path, Done]) -> None:
    demo = next(one for one in commands_of("README.md") if one.command == "make demo")

    assert len(demo.lines) > 20
    printed = {masked(line) for line in shown[1].stdout.splitlines()}
    wanted = [masked(line) for line in demo.lines if not OF_A_PLACE.match(line)]
    assert [line for line in wanted if line not in printed] == []
