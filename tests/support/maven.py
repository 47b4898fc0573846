"""Java programs and libraries for tests, from Maven Central: as a `pom.xml` names them."""

from __future__ import annotations

import fcntl
import functools
import os
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest

SECONDS_TO_FETCH = 180.0


class Fetched(NamedTuple):
    """Where Java finds it; or why it cannot be had on this machine."""

    class_path: str = ""
    why_not: str | None = None

    def wanted(self) -> str:
        """Where Java finds it. Skips the test where it cannot be had; with Java, Maven and CI fails."""
        if self.why_not is None:
            return self.class_path
        if os.environ.get("CI") and shutil.which("java") and shutil.which("mvn"):
            pytest.fail(self.why_not)
        pytest.skip(self.why_not)


@functools.cache
def fetched(pom: Path, what: str) -> Fetched:
    """The dependencies of this file; `what` they are, in a word or two."""
    for program in ("java", "mvn"):
        if shutil.which(program) is None:
            return Fetched(why_not=f"no {program} on this machine")
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "trucewatch-tests"
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "lock").open("w") as lock:
        # Two at once would write over each other, in Maven's own folder, too.
        fcntl.flock(lock, fcntl.LOCK_EX)
        return _fetch(pom, what, cache / f"{what.lower().replace(' ', '-')}-class-path")


def _fetch(pom: Path, what: str, path: Path) -> Fetched:
    try:
        done = subprocess.run(
            [
                *("mvn", "-q", "-B", "-ntp", "-f", str(pom)),
                *("dependency:build-classpath", f"-Dmdep.outputFile={path}"),
            ],
            capture_output=True,
            text=True,
            check=False,
            timeout=SECONDS_TO_FETCH,
        )
    except subprocess.TimeoutExpired:
        return Fetched(why_not=f"Maven Central did not give {what} within {SECONDS_TO_FETCH:.0f} s")
    if done.returncode:
        first = next((x for x in done.stdout.splitlines() if "ERROR" in x), "no reason given")
        return Fetched(why_not=f"Maven Central does not give {what}: {first[:300]}")
    return Fetched(path.read_text(encoding="utf-8").strip())
