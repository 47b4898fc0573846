"""What is typed wrong, what is missing, and which exit code says so, in one line."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.cli.commands import SCENARIO, TRUCE, environment, truce

TOKENS = ("token add", "token list", "token remove")
NEW = ("new claim", "new report", "new coverage")
COMMANDS = (
    "demo",
    "run",
    "publish",
    *NEW,
    "status",
    "incidents",
    "explain",
    "sql",
    "schema",
    *TOKENS,
)
NOBODY = "kafka://127.0.0.1:9"

# Without a worker and without a database: arguments, exit code, what the one line says.
ENDS = (
    (("publish",), 2, "FILE"),
    (("publish", "no-such-file.jsonl"), 2, "no-such-file.jsonl"),
    (("new", "report", "--by", "Desk"), 2, "needs --conflict, --incident, --report, --start"),
    (("new", "claim", "--from", "yesterday"), 2, "--from: expected an RFC 3339 time"),
    (("new", "coverage", "--file", "no-such-file.txt"), 2, "no-such-file.txt"),
    (("new", "report", "--file", "LICENSE"), 1, "not JSON with comments"),
    (("new", "claim", "--template"), 0, None),
    (("stats",), 2, "did you mean 'status'?"),
    (("status", "--jsno"), 2, "--json"),
    (("sql", "--format", "xml", "select 1"), 2, "'json'"),
    (("schema", "incident.seen"), 2, "'incident.reported'"),
    (("run", "--http", "nowhere"), 2, "TRUCE_HTTP"),
    (("run", "--broker", "http://x", "--partitions", "0"), 2, "TRUCE_PARTITIONS"),
    (("publish", str(SCENARIO)), 3, "truce run"),
    (("publish", "--broker", NOBODY, str(SCENARIO)), 3, "no broker answers"),
    (("status",), 1, "truce demo"),
    (("explain", "2026-02-03-barrage"), 1, "truce demo"),
    (("incidents",), 1, "truce demo"),
    (("incidents", "--since", "yesterday"), 2, "a day or a time, e.g. 2026-02-01"),
    (("incidents", "--verdict", "guilty"), 2, "'contested'"),
    (("sql", "select 1"), 1, "truce demo"),
    (("sql",), 1, "is empty"),
    (("backup", "copy.duckdb"), 1, "--data-dir"),
    (("restore", "no-such-file.duckdb"), 2, "no-such-file.duckdb"),
    (("restore", "LICENSE"), 1, "LICENSE"),
    (("token", "add", "desk"), 2, "--source"),
    (("token", "add", "a desk", "--source", "https://desk.example"), 1, "A-Z a-z"),
    (("token", "add", "token-file", "--source", "https://desk.example"), 1, "TRUCE_TOKEN_FILE"),
    (("token", "add", "desk", "--source", "https://"), 1, "more than a scheme"),
    (("token", "remove", "desk"), 1, "there is no token of 'desk'"),
    (("publish", "--dry-run", str(SCENARIO)), 0, None),
    (("schema", "incident.reported"), 0, None),
    (("schema",), 0, None),
    (("--help",), 0, None),
)


@pytest.mark.parametrize(("args", "code", "says"), ENDS, ids=[" ".join(e[0])[:50] for e in ENDS])
def test_exit_codes(args: tuple[str, ...], code: int, says: str | None, tmp_path: Path) -> None:
    done = truce(*args, data_dir=tmp_path / "none", given=b" ")

    assert done.returncode == code, done.stderr
    if says is None:
        assert done.stdout
        assert done.stderr == ""
    else:
        assert done.stdout == ""
        assert done.stderr.startswith("truce: ")
        assert done.stderr.count("\n") == 1, "an error is one line"
        assert says in done.stderr


def test_a_traceback_is_shown_on_request_only(tmp_path: Path) -> None:
    asked = truce("status", "--debug", data_dir=tmp_path)
    by_setting = truce("status", data_dir=tmp_path, TRUCE_DEBUG="yes")

    assert "Traceback" in asked.stderr
    assert "Traceback" in by_setting.stderr
    assert asked.returncode == by_setting.returncode == 1


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_an_example(name: str) -> None:
    done = truce(*name.split(), "--help")

    assert done.returncode == 0
    assert f"\n  truce {name}" in done.stdout
    assert "\x1b" not in done.stdout


def test_the_help_of_run_lists_every_setting() -> None:
    from streams.settings import SETTINGS

    # A line may end at a hyphen of SCRAM-SHA-512.
    shown = " ".join(truce("run", "--help").stdout.split()).replace("- ", "-")

    for one in SETTINGS:
        assert f"[{one.name}" in shown
        assert not one.default or one.name == "TRUCE_DEBUG" or f"default {one.default}]" in shown


def test_an_option_comes_before_the_environment(tmp_path: Path) -> None:
    done = truce("status", "--data-dir", tmp_path / "mine", data_dir=tmp_path / "theirs")

    assert str(tmp_path / "mine") in done.stderr


def test_schema_is_json_that_names_what_is_asked_for() -> None:
    schema = json.loads(truce("schema", "commitment.claimed").stdout)
    log = json.loads(truce("schema").stdout)

    assert schema["$schema"].endswith("2020-12/schema")
    assert log["asyncapi"].startswith("3.")
    assert "truce.events" in json.dumps(log)


def test_a_pipe_that_closes_early_is_no_error(judged: Path) -> None:
    command = f'{" ".join(TRUCE)} sql "from range(200000)" --format csv | head -n 1'
    done = subprocess.run(
        ["sh", "-c", command],
        env=environment(judged),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.stdout == "range\n"
    assert "Traceback" not in done.stderr
    assert "Broken" not in done.stderr
