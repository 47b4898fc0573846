"""A stranger finds everything: the tour names every room, and what the texts name exists."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOUR = (ROOT / "docs" / "tour.md").read_text(encoding="utf-8")
TEXTS = sorted(
    [
        *(ROOT / name for name in ("README.md", "CONTRIBUTING.md")),
        *(ROOT / "docs").glob("*.md"),
        *(ROOT / "deploy").glob("*.md"),
    ]
)
TRACKED = set(
    subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
)
FOLDERS = {str(parent) for path in TRACKED for parent in Path(path).parents}
PACKAGES = ("streams", "analytics", "schemas")
TOP = r"(?:streams|analytics|schemas|tests|deploy|docs|requirements|\.ci|\.github)"
# A path from the top of the repository, of a file or, if it ends in a slash, of a folder.
PATH = re.compile(rf"(?<![\w/.-]){TOP}/[\w./*-]*")
LINK = re.compile(r"\]\(([^)#:\s]+)\)")
# In the threat model a line ends with its test, beneath `tests/`.
TEST = re.compile(r"`((?!tests/)[a-z]+/(?:test_\w+\.py)?)`")
# Made while they are used.
MADE = {"deploy/secrets/grafana-password"}


def exists(path: str) -> bool:
    """Whether this is a file or a folder of the repository; a `*` stands for any part of a name."""
    if "*" in path:
        pattern = re.compile(re.escape(path).replace(r"\*", "[^/]*"))
        return any(pattern.fullmatch(one) for one in TRACKED)
    return path in TRACKED or path.rstrip("/") in FOLDERS


def rooms() -> list[str]:
    return sorted(one for one in FOLDERS if one.split("/")[0] in PACKAGES)


@pytest.mark.parametrize("room", rooms())
def test_the_tour_names_every_room(room: str) -> None:
    assert f"| `{room}/` |" in TOUR


def test_the_tour_names_every_module_outside_of_a_room() -> None:
    modules = {
        one
        for one in TRACKED
        if re.fullmatch(r"streams/\w+\.py", one) and not one.endswith("__init__.py")
    }
    assert {one for one in modules if f"`{one}`" not in TOUR} == set()


@pytest.mark.parametrize("text", TEXTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_path_that_a_text_names_exists(text: Path) -> None:
    content = text.read_text(encoding="utf-8")
    if text.name == "SECURITY.md":
        content = TEST.sub(r"`tests/\1`", content)
    named = {path.rstrip(".-") for path in PATH.findall(content)}
    missing = {path for path in named - MADE if not exists(path)}
    here = text.parent
    for link in LINK.findall(content):
        target = (here / link).resolve()
        if not target.exists():
            missing.add(link)
    assert missing == set()


def test_every_test_that_a_text_names_exists() -> None:
    known = set()
    for path in sorted((ROOT / "tests").rglob("*.py")):
        known |= {path.stem, *re.findall(r"def (test_\w+)", path.read_text(encoding="utf-8"))}
    missing = []
    for text in TEXTS:
        for name in re.findall(
            r"`(?:[\w/]*/)?(test_[\w…]+)(?:\.py)?`", text.read_text(encoding="utf-8")
        ):
            pattern = re.compile(name.replace("…", r"\w*"))
            if not any(pattern.fullmatch(one) for one in known):
                missing.append((text.name, name))
    assert missing == []
