"""Programs that are not Python's: found on this machine, or the test is skipped with a reason."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import NoReturn

import pytest

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"


def wanted(program: str, package: str) -> str:
    """The path of a program; where it is missing the test is skipped, and in CI it fails."""
    found = shutil.which(program)
    if found is None:
        missing(f"no {program} on this machine (Debian: {package})")
    return found


def missing(reason: str) -> NoReturn:
    """Skip for this reason; in CI, where all that is wanted can be installed, fail."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def run(*command: str | Path, **env: str) -> subprocess.CompletedProcess[str]:
    """Run a program to its end."""
    return subprocess.run(
        [str(part) for part in command],
        cwd=ROOT,
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
