"""The `truce` command as its users run it: a process of its own, with files and a real worker."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from streams.commands.lake_reader import opened
from streams.settings import Settings
from tests.support.forking import run_forked

ROOT = Path(__file__).parents[2]
SCENARIO = ROOT / "schemas" / "examples" / "energy-truce-2026.jsonl"
BARRAGE = "2026-02-03-barrage"
TRUCE = (sys.executable, "-m", "streams.cli")

Done = subprocess.CompletedProcess[str]


def environment(data_dir: Path | None = None, **more: str) -> dict[str, str]:
    """The environment without settings of whoever runs the tests."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("TRUCE_") and name not in {"FORCE_COLOR", "COLUMNS"}
    }
    paths = [str(ROOT), kept.get("PYTHONPATH", "")]
    kept["PYTHONPATH"] = os.pathsep.join(path for path in paths if path)
    if data_dir is not None:
        kept["TRUCE_DATA_DIR"] = str(data_dir)
    return kept | more


def truce(*args: str | Path, data_dir: Path | None = None, given: bytes = b"", **env: str) -> Done:
    """Run one command to its end."""
    words = [*map(str, args)]
    wanted = environment(data_dir, **env)
    if all(name.startswith("TRUCE_") for name in env):
        return run_forked(TRUCE[-1], words, environment=wanted, given=given, timeout=120)
    # Python, or a library, may read another variable when it is imported.
    done = subprocess.run(
        [*TRUCE, *words], input=given, capture_output=True, env=wanted, timeout=120, check=False
    )
    return subprocess.CompletedProcess(
        done.args, done.returncode, done.stdout.decode(), done.stderr.decode()
    )


def as_json(query: str, data_dir: Path) -> list[dict[str, Any]]:
    """What `truce sql --format json` answers."""
    done = truce("sql", "--format", "json", query, data_dir=data_dir)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    found = json.loads(done.stdout)
    assert isinstance(found, list)
    return found


def rows(query: str, data_dir: Path) -> list[tuple[Any, ...]]:
    """What the lake says, asked without a process in between."""
    with opened(Settings(data_dir=data_dir)) as lake:
        return lake.ask(query)


@contextmanager
def worker(data_dir: Path, **env: str) -> Iterator[subprocess.Popen[str]]:
    """A worker that is ready, until the block ends; then it must end well."""
    process = subprocess.Popen(
        [*TRUCE, "run", "--http", "127.0.0.1:0"],
        env=environment(data_dir, **env),
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stderr is not None
        first = process.stderr.readline()
        assert first.startswith("Worker ready"), first + process.stderr.read()
        yield process
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            _, said = process.communicate(timeout=30)
            assert process.returncode == 0, said
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def wait_until_gone(path: Path, seconds: float = 20.0) -> bool:
    """Wait until there is no such file any more."""
    end = time.monotonic() + seconds
    while path.exists() and time.monotonic() < end:
        time.sleep(0.05)
    return not path.exists()
