from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

from streams.endpoint import FILE_NAME, Endpoint, read_endpoint, write_endpoint

HERE = Endpoint(os.getpid(), "http://127.0.0.1:1", "127.0.0.1:2", "log")


def test_what_is_written_is_found_and_after_its_removal_is_not(tmp_path: Path) -> None:
    assert read_endpoint(tmp_path) is None
    announced = write_endpoint(tmp_path, HERE)
    assert read_endpoint(tmp_path) == HERE
    announced.remove()
    assert list(tmp_path.iterdir()) == []


def test_only_its_user_may_read_the_token(tmp_path: Path) -> None:
    announced = write_endpoint(tmp_path, HERE)
    assert stat.S_IMODE((tmp_path / FILE_NAME).stat().st_mode) == 0o600
    announced.remove()


def test_a_file_of_a_dead_worker_is_none(tmp_path: Path) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    (tmp_path / FILE_NAME).write_text(json.dumps(asdict(replace(HERE, pid=dead.pid))))
    assert read_endpoint(tmp_path) is None


def test_a_file_of_a_dead_worker_is_none_though_its_number_lives_on(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text(json.dumps(asdict(HERE)))
    assert read_endpoint(tmp_path) is None


def test_a_file_that_says_something_else_is_none(tmp_path: Path) -> None:
    for text in ("", "{", "[]", '{"pid": 1}', '{"other": 1}'):
        (tmp_path / FILE_NAME).write_text(text)
        assert read_endpoint(tmp_path) is None


def test_a_worker_takes_back_only_its_own_word(tmp_path: Path) -> None:
    first = write_endpoint(tmp_path, HERE)
    second = write_endpoint(tmp_path, replace(HERE, log_id="other"))
    first.remove()
    assert read_endpoint(tmp_path) == replace(HERE, log_id="other")
    second.remove()
