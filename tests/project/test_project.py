"""What the project promises of itself: layers, pins, one version, help for every command."""

import ast
import re
import subprocess
import sys
import tomllib
import zipfile
from importlib import metadata
from pathlib import Path

import click
import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("streams", "analytics", "schemas")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))

# In pieces, so that this file is not its own finding.
MACHINE_PATH = re.compile(r"(?<![\w.-])/(?:home|root|Users|work)/\w")
PACKAGE_INDEX = re.compile(
    r"pypi" r"\.org|python" r"hosted|-{2}(?:extra-)?index" r"-url|-{2}find" r"-links"
)


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(part) for part in command], cwd=ROOT, capture_output=True, text=True, check=False
    )


def tracked_texts() -> list[tuple[str, str]]:
    listed = run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    assert listed.returncode == 0, listed.stderr
    texts = []
    for name in filter(None, listed.stdout.split("\0")):
        path = ROOT / name
        if not path.is_file():
            continue
        try:
            texts.append((name, path.read_text(encoding="utf-8")))
        except UnicodeDecodeError:
            continue
    assert texts
    return texts


def findings(pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{name}:{number}: {line.strip()[:120]}"
        for name, text in tracked_texts()
        for number, line in enumerate(text.splitlines(), 1)
        if pattern.search(line)
    ]


def test_dependencies_point_one_way() -> None:
    kept = run(Path(sys.executable).with_name("lint-imports"), "--no-cache")
    assert kept.returncode == 0, kept.stdout + kept.stderr


CARRIED = (
    *(".py", ".sql", ".jsonl", ".toml", ".typed"),
    *(".j2", ".html", ".css", ".js", ".svg"),
)


def test_whatever_is_imported_is_asked_for() -> None:
    wanted = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["web"]]
    asked_for = {re.split(r"[^A-Za-z0-9-]", one, maxsplit=1)[0].lower() for one in wanted}
    owners = metadata.packages_distributions()
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                match node:
                    case ast.Import(names=names):
                        modules = [alias.name for alias in names]
                    case ast.ImportFrom(module=str(module), level=0):
                        modules = [module]
                    case _:
                        continue
                for top in (module.split(".")[0] for module in modules):
                    if top in sys.stdlib_module_names or top in PACKAGES:
                        continue
                    names_of_owner = {
                        name.replace("_", "-").lower() for name in owners.get(top, [top])
                    }
                    assert names_of_owner & asked_for, f"{path.relative_to(ROOT)} imports {top}"


@pytest.mark.parametrize("module", ["streams/judging/judge.py", "streams/judging/fold.py"])
def test_the_verdict_reads_no_clock(module: str) -> None:
    tree = ast.parse((ROOT / module).read_text())
    read = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert not read & {"now", "utcnow", "today", "monotonic", "perf_counter", "time_ns"}


def test_no_file_names_a_path_of_the_machine_it_was_written_on() -> None:
    assert findings(MACHINE_PATH) == []


def test_no_file_names_a_package_index() -> None:
    assert findings(PACKAGE_INDEX) == []


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_every_requirement_is_pinned_with_hashes_and_comes_from_nowhere_named(lock: Path) -> None:
    text = lock.read_text()
    assert "://" not in text
    requirements = re.sub(r"\\\n", " ", re.sub(r"(?m)^\s*#.*\n", "", text)).splitlines()
    assert requirements
    for requirement in requirements:
        assert re.match(r"[a-z0-9-]+==[\w.]+ ", requirement), requirement
        assert "--hash=sha256:" in requirement, requirement


def test_the_pins_agree() -> None:
    pins: dict[str, set[str]] = {}
    for lock in LOCKS:
        if lock.name.startswith("peers-"):
            continue  # an environment of its own, since a peer may want other versions
        for name, rest in re.findall(r"(?m)^([a-z0-9-]+)==([^\\\n]+)", lock.read_text()):
            pins.setdefault(f"{name} in {lock.name}", set()).add(rest.strip())
    runtime = {key.split()[0]: pin for key, pin in pins.items() if key.endswith("runtime.txt")}
    for key, pin in pins.items():
        name = key.split()[0]
        wanted = {one.split()[0] for one in runtime.get(name, pin)}
        assert {one.split()[0] for one in pin} <= wanted, key


def test_the_version_stands_in_one_place() -> None:
    literal = re.compile(rf"""["']{re.escape(PROJECT["version"])}["']""")
    places = [finding.split(":")[0] for finding in findings(literal)]
    assert [place for place in places if place.endswith((".py", ".toml"))] == ["pyproject.toml"]


def test_the_changelog_knows_this_version() -> None:
    assert f"## [{PROJECT['version']}]" in (ROOT / "CHANGELOG.md").read_text()


def test_truce_tells_its_version() -> None:
    told = run(Path(sys.executable).with_name("truce"), "--version")
    assert told.returncode == 0, told.stderr
    assert PROJECT["version"] in told.stdout


def commands() -> dict[str, click.Command]:
    from streams.cli import main

    assert isinstance(main, click.Group)
    context = click.Context(main)
    found = {name: main.get_command(context, name) for name in main.list_commands(context)}
    return {name: command for name, command in found.items() if command is not None}


def test_every_command_shows_an_example_in_its_help() -> None:
    found = commands()
    assert set(found) >= {"demo", "run", "publish", "status", "explain", "sql", "schema"}
    for name, command in found.items():
        with click.Context(command, info_name=f"truce {name}") as context:
            shown = command.get_help(context)
        usage, _, body = shown.partition("\n")
        assert usage.startswith("Usage:")
        assert re.search(rf"(?m)^\s+(?:\$ )?(?:\w+=\S+ |.*\| )?truce {name}\b", body), shown


def test_make_help_names_every_target_for_people() -> None:
    shown = run("make", "--no-print-directory", "help").stdout
    for target in ("demo", "test", "check", "bench", "fuzz", "clean"):
        assert re.search(rf"(?m)^  make {target} ", shown), shown


def test_the_wheel_carries_the_sql_and_the_scenario(tmp_path: Path) -> None:
    source = tmp_path / "source"
    for name, text in tracked_texts():
        if name.split("/")[0] in PACKAGES or name in {"pyproject.toml", "README.md", "LICENSE"}:
            target = source / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
    built = run(
        *(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"),
        *("--wheel-dir", tmp_path, source),
    )
    assert built.returncode == 0, built.stderr
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        carried = set(archive.namelist())
    data = {
        name
        for name, _ in tracked_texts()
        if name.split("/")[0] in PACKAGES and name.endswith(CARRIED)
    }
    assert data - carried == set()
