"""The first thing a newcomer types: it shows, ends, leaves a database, and leaves nothing else."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.cli.commands import BARRAGE, SCENARIO, TRUCE, Done, environment, rows, truce, worker


def test_the_demo_shows_alerts_compliance_and_why(shown: tuple[Path, Done]) -> None:
    data_dir, done = shown

    assert done.stderr == ""
    assert f"ALERT contested: {BARRAGE} under energy-truce-2026, by RUS" in done.stdout
    assert done.stdout.count("ALERT") == 1
    assert "14 events (6 claims, 8 reports) judged" in done.stdout
    assert "Compliance" in done.stdout
    assert "E26-5 (Volodymyr Zelenskyy, party): violation" in done.stdout
    assert f"The database is {data_dir / 'truce.duckdb'}" in done.stdout
    assert "\x1b" not in done.stdout, "colour is for terminals"


def test_the_demo_leaves_a_database_that_answers(judged: Path) -> None:
    found = rows("select incident_id, verdict from verdicts order by all", judged)

    assert found == [
        ("2026-01-27-odesa", "undetermined"),
        ("2026-02-01-ternivka", "undetermined"),
        (BARRAGE, "contested"),
        ("2026-02-03-belgorod", "undetermined"),
    ]


def test_a_demo_pages_nobody_whatever_is_set(judged: Path) -> None:
    assert rows("select count(*) from notice_targets", judged) == [(0,)]
    assert rows("select count(*) from notices", judged) == [(0,)]


def test_a_second_demo_changes_nothing_and_says_so(judged: Path, tmp_path: Path) -> None:
    data_dir = shutil.copytree(judged, tmp_path / "again")

    again = truce("demo", "--http", "127.0.0.1:0", data_dir=data_dir)

    assert again.returncode == 0
    assert "ALERT" not in again.stdout
    assert "14 events (6 claims, 8 reports) judged: 14 known already" in again.stdout
    assert "All of them had been judged before" in again.stdout
    history = "from verdict_versions order by all"
    assert rows(history, data_dir) == rows(history, judged)


def test_your_own_files_are_judged_and_their_bad_lines_told(tmp_path: Path) -> None:
    path = tmp_path / "mine.jsonl"
    events = [json.loads(line) for line in SCENARIO.read_text().splitlines()]
    reused = {**events[0], "data": {**events[0]["data"], "act": "shelling"}}
    path.write_text("\n".join(map(json.dumps, [*events, {"a": 1}, reused])))

    done = truce("demo", "--http", "127.0.0.1:0", path, data_dir=tmp_path / "data")

    assert done.returncode == 1
    assert f"{path}:15: a: unknown field" in done.stderr
    assert f"{path}:16: refused: id: " in done.stderr
    assert "judged: 14 taken, 1 refused" in done.stdout
    assert "Beside 1 line that could not be read" in done.stdout
    assert len(rows("from events", tmp_path / "data")) == 14


def test_a_demo_never_joins_other_data(judged: Path, tmp_path: Path) -> None:
    data_dir = shutil.copytree(judged, tmp_path / "data")
    path = tmp_path / "one.jsonl"
    path.write_text(SCENARIO.read_text().splitlines()[0] + "\n")
    before = (data_dir / "truce.duckdb").read_bytes()

    done = truce("demo", "--http", "127.0.0.1:0", path, data_dir=data_dir)

    assert (done.returncode, done.stdout) == (1, "")
    assert f"{data_dir} has other data (13 events that the demo does not publish)" in done.stderr
    assert "--data-dir" in done.stderr
    assert (data_dir / "truce.duckdb").read_bytes() == before


def test_a_demo_has_a_directory_of_its_own_and_names_it(tmp_path: Path) -> None:
    done = subprocess.run(
        [*TRUCE, "demo", "--http", "127.0.0.1:0"],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["truce-demo"]
    typed = [line for line in done.stdout.splitlines() if line.startswith("  ") and " sql" in line]
    assert typed
    assert "--data-dir truce-demo" in typed[-1]


def test_no_demo_in_the_data_of_a_running_worker(tmp_path: Path) -> None:
    with worker(tmp_path):
        done = truce("demo", data_dir=tmp_path)

    assert done.returncode == 1
    assert "truce publish" in done.stderr


def test_a_data_directory_that_is_a_file_is_wrong_usage(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.touch()

    assert truce("demo", data_dir=path).returncode == 2


@contextmanager
def demo(data_dir: Path, *args: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [*TRUCE, "demo", "--http", "127.0.0.1:0", *args],
        env=environment(data_dir, TRUCE_WEB="127.0.0.1:0"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def test_a_demo_that_is_kept_ends_cleanly(tmp_path: Path) -> None:
    with demo(tmp_path, "--keep") as process:
        assert process.stdout is not None
        shown = ""
        while "stays up" not in shown:
            line = process.stdout.readline()
            assert line, shown
            shown += line
        log_id = json.loads((tmp_path / "worker.json").read_text())["log_id"]
        assert _runs(log_id)

        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)

    assert "; metrics: http://127.0.0.1:" in shown
    assert process.returncode == 0
    assert re.fullmatch(r"Pages: http://127\.0\.0\.1:\d+/\n", said)
    assert not _runs(log_id), "the broker ends with the demo"
    assert not (tmp_path / "worker.json").exists()


def test_a_demo_that_is_interrupted_leaves_nothing_behind(tmp_path: Path) -> None:
    with demo(tmp_path) as process:
        assert process.stdout is not None
        assert "Starting" in process.stdout.readline()
        time.sleep(1)

        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)

    assert process.returncode == 130, said
    assert "Traceback" not in said
    assert not (tmp_path / "worker.json").exists()


def _runs(log_id: str) -> bool:
    listed = subprocess.run(
        ["ps", "-ww", "-eo", "args"],
        capture_output=True,
        text=True,
        check=True,
        env=dict(os.environ),
    )
    return log_id in listed.stdout
