"""The systemd units are valid, confined, and do what docs/operations.md says of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.deploy.installed import DEPLOY, run, wanted

UNITS = sorted((DEPLOY / "systemd").iterdir())
SERVICES = [unit for unit in UNITS if unit.suffix == ".service"]
# Of 10, by systemd's own account: a service as Debian starts it has 9.6.
MOST_EXPOSED = 3.5


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """The units, with a program of this machine where the installed one would be."""
    for unit in UNITS:
        text = unit.read_text(encoding="utf-8").replace("/opt/truce/bin/truce", "/bin/true")
        (tmp_path / unit.name).write_text(text, encoding="utf-8")
    return tmp_path


def test_systemd_takes_every_line_of_the_units(installed: Path) -> None:
    analyze = wanted("systemd-analyze", "systemd")
    done = run(analyze, "verify", "--man=no", *sorted(installed.iterdir()))
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.name)
def test_a_service_can_do_little_else(unit: Path) -> None:
    analyze = wanted("systemd-analyze", "systemd")
    done = run(analyze, "security", "--offline=true", "--no-pager", unit)
    found = re.search(r"exposure level for \S+: ([\d.]+)", done.stdout)
    assert found is not None, done.stdout + done.stderr
    assert float(found[1]) <= MOST_EXPOSED, done.stdout


def test_the_worker_and_its_backup_are_about_the_same_directory() -> None:
    for unit in SERVICES:
        text = unit.read_text(encoding="utf-8")
        assert "TRUCE_DATA_DIR=/var/lib/truce\n" in text
        assert "User=truce\n" in text
