"""A worker that has judged the shipped scenario, and the programs in both versions."""

from __future__ import annotations

import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.endpoint import read_endpoint
from tests.cli.commands import SCENARIO, truce, worker
from tests.deploy.monitors import of_either

# Built from source, which takes minutes: with the other tests that want more than Python.
NEWER = pytest.param("newer", marks=pytest.mark.deployment)


@pytest.fixture(params=["installed", NEWER])
def promtool(request: pytest.FixtureRequest) -> str:
    return of_either("promtool", request.param)


@pytest.fixture(params=["installed", NEWER])
def amtool(request: pytest.FixtureRequest) -> str:
    return of_either("amtool", request.param)


@pytest.fixture(scope="session")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The data directory of a worker that runs and has judged the shipped scenario."""
    data_dir = tmp_path_factory.mktemp("deploy") / "data"
    with worker(data_dir):
        done = truce("publish", SCENARIO, "-", data_dir=data_dir, given=b"{}\n")
        assert done.returncode == 1, done.stderr
        yield data_dir


@pytest.fixture(scope="session")
def page(judged: Path) -> str:
    """What Prometheus reads of it."""
    endpoint = read_endpoint(judged)
    assert endpoint is not None
    with urllib.request.urlopen(f"{endpoint.http}/metrics", timeout=5) as answer:  # noqa: S310
        text: str = answer.read().decode()
    return text
