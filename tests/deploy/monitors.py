"""Prometheus' and Alertmanager's own programs, as they are installed here."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.deploy.installed import DEPLOY, ROOT, missing

RULES = sorted((DEPLOY / "prometheus").glob("*.rules.yml"))
RULE_TESTS = sorted((DEPLOY / "prometheus" / "tests").glob("*.yml"))
PROMETHEUS = DEPLOY / "prometheus" / "prometheus.yml"
ALERTMANAGER = DEPLOY / "alertmanager" / "alertmanager.yml"
RUNBOOKS = DEPLOY / "runbooks"
NEWER = ROOT / ".tools"

Done = subprocess.CompletedProcess[str]


def installed(name: str, *others: str) -> str:
    """The program of one of these names, or the test is skipped: in CI it fails."""
    found = next(filter(None, map(shutil.which, (name, *others))), None)
    if found is None:
        missing(f"no {name} on this machine (Debian: prometheus and prometheus-alertmanager)")
    return found


def of_either(name: str, which: str) -> str:
    """The program as installed (of Prometheus 2.42 on Debian 12), or the newer one."""
    if which == "installed":
        return installed(name)
    newer = NEWER / name
    if not newer.is_file():
        # Not a failure in CI either: it is built with Go, which not every machine has.
        pytest.skip(f"no newer {name}: `make monitoring` builds it, with Go")
    return str(newer)


def run(*command: str | Path, given: str | None = None) -> Done:
    """Run one to its end."""
    return subprocess.run(
        [str(part) for part in command],
        input=given,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
