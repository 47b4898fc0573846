"""The image itself, built from the Dockerfile and run: by an engine, or by buildah without one."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.deploy.installed import DEPLOY, ROOT, missing, run
from tests.deploy.test_deploy_container import USER, as_root, health_check

HERE = Path(__file__).parent
NAME = "trucewatch:test"
SECONDS_TO_BUILD = 900
SECONDS_TO_RUN = 240

Run = Callable[..., subprocess.CompletedProcess[str]]


def engine() -> str | None:
    """Docker or Podman, whichever answers."""
    for name in ("docker", "podman"):
        if shutil.which(name) and run(name, "info").returncode == 0:
            return name
    return None


def done(*command: str | Path, seconds: float) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(part) for part in command],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=seconds,
    )


@pytest.fixture(scope="module")
def in_image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """Runs a command in a new container of the image, which is built for it."""
    name = engine()
    folder = tmp_path_factory.mktemp("image")
    if name is not None:
        build: tuple[str | Path, ...] = (
            name,
            "build",
            "--file",
            DEPLOY / "Dockerfile",
            "--tag",
            NAME,
            ROOT,
        )
        alone = ("--rm", "--read-only", "--cap-drop", "ALL", "--network", "none")
        room = ("--tmpfs", "/tmp")  # noqa: S108 - the container's own
        start: tuple[str | Path, ...] = (name, "run", *alone, *room, "--entrypoint", "", NAME)
    else:
        programs = ("buildah", "mmdebstrap")
        if any(shutil.which(program) is None for program in programs) or as_root():
            missing("no container engine, and no root with buildah and mmdebstrap to do without")
        build = (HERE / "image.sh", "build", folder)
        # Its network is the one outside, where the usual port may be another worker's.
        start = (HERE / "image.sh", "run", folder, "TRUCE_HTTP=127.0.0.1:16066", "--")
    built = done(*build, seconds=SECONDS_TO_BUILD)
    assert built.returncode == 0, built.stdout + built.stderr
    yield lambda *command: done(*start, *command, seconds=SECONDS_TO_RUN)
    if name is not None:
        done(name, "rmi", NAME, seconds=SECONDS_TO_RUN)
    else:
        # Without an engine each layer is a whole copy: some gigabytes in all.
        shutil.rmtree(folder)


@pytest.mark.deployment
def test_the_worker_of_the_image_judges_and_ends_in_good_order(in_image: Run) -> None:
    program = (HERE / "contained.py").read_text()

    ran = in_image("python", "-c", program, str(USER), *health_check())

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "14 events" in ran.stdout + ran.stderr
    assert "No difference" in ran.stdout


@pytest.mark.deployment
def test_nothing_can_be_installed_into_the_image(in_image: Run) -> None:
    ran = in_image("python", "-m", "pip", "--version")
    assert ran.returncode == 1
    assert "No module named pip" in ran.stderr
