"""docs/operations.md installs Trucewatch without make: its commands, one after the other, as they stand."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.commands import environment
from tests.cli.test_cli_readme import commands_of
from tests.project.test_project import tracked_texts

INSTALLS = ("python3 -m venv", "builder/bin/", "truce-env/bin/")
SHIPPED = ("streams/", "analytics/", "schemas/", "requirements/")
FILES = ("pyproject.toml", "README.md", "LICENSE", "NOTICE")


@pytest.mark.deployment
def test_the_commands_of_the_page_install_what_runs_without_the_source(tmp_path: Path) -> None:
    source = tmp_path / "source"
    for name, text in tracked_texts():
        if name.startswith(SHIPPED) or name in FILES:
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_text(text, encoding="utf-8")
    # The Python that runs this, and nothing of its environment.
    kept = {key: value for key, value in environment().items() if key != "PYTHONPATH"}
    path = f"{Path(sys.base_prefix) / 'bin'}:{kept['PATH']}"
    variables = kept | {"PATH": path, "TRUCE_HTTP": "127.0.0.1:0"}
    commands = [one.command for one in commands_of("docs/operations.md")]
    done = None
    installing = [command for command in commands if command.startswith(INSTALLS)]
    assert len(installing) == 8
    for command in installing:
        if command.startswith("truce-env/bin/truce"):
            for name in ("builder", "dist", "streams", "analytics", "schemas"):
                shutil.rmtree(source / name)
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=source,
            env=variables,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stderr}"
    assert done is not None
    assert "ALERT contested: 2026-02-03-barrage" in done.stdout
