"""What is shipped is listed, with its licences, and what CI runs is pinned by its bytes."""

import json
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from deploy.supply import PIN, _report, pins, sbom_problems, shipped

ROOT = Path(__file__).parents[2]
RUNTIME = shipped()
NOTICE = (ROOT / "NOTICE").read_text()
ENTRY = re.compile(r"^  (\S+) +(\S.*)$", re.MULTILINE)
# What packages without an expression say instead, and what of it must be said of them.
FAMILIES = ("MIT", "Apache", "BSD", "Mozilla", "Python Software Foundation", "PSF", "Repoze")


def test_notice_covers_exactly_what_is_installed() -> None:
    listed = [name for name, _ in ENTRY.findall(NOTICE)]
    assert listed == sorted({name for name, _ in PIN.findall(RUNTIME)})


@pytest.mark.parametrize(("name", "licence"), ENTRY.findall(NOTICE))
def test_a_licence_is_what_the_package_says(name: str, licence: str) -> None:
    try:
        about = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        pytest.skip("not for this machine")
    if "License-Expression" in about:
        assert licence == about["License-Expression"]
        return
    said = [*(about.get_all("License") or []), *(about.get_all("Classifier") or [])]
    told = " ".join(said)
    named = {"MPL": "Mozilla", "PSF": "Python Software Foundation", "LicenseRef-Repoze": "Repoze"}
    families = {word.partition("-2")[0].partition("-3")[0] for word in licence.split(" OR ")}
    for family in families:
        word = named.get(family.removesuffix("-2.0"), named.get(family, family))
        assert word in FAMILIES
        assert word in told


def test_the_copyleft_licences_are_named_with_where_the_source_is() -> None:
    strict = [name for name, licence in ENTRY.findall(NOTICE) if "GPL" in licence]
    assert strict == ["pycountry"]
    assert "https://github.com/pycountry/pycountry" in NOTICE


@pytest.fixture(scope="module")
def sbom(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("sbom") / "sbom.json"
    command = [
        *(str(Path(sys.executable).with_name("cyclonedx-py")), "requirements", "-"),
        *("--pyproject", str(ROOT / "pyproject.toml")),
        *("--output-reproducible", "--spec-version", "1.6", "--output-file", str(path)),
    ]
    subprocess.run(command, input=RUNTIME.encode(), capture_output=True, check=True)
    return path.read_text()


def test_the_sbom_lists_what_is_pinned_with_every_hash(sbom: str) -> None:
    assert sbom_problems(sbom, RUNTIME) == []
    assert len(json.loads(sbom)["components"]) == len(pins(RUNTIME)) > 50


def test_what_is_missing_added_or_no_cyclonedx_is_found(sbom: str) -> None:
    found = json.loads(sbom)
    gone = found["components"].pop(0)
    found["components"][0]["version"] = "0"
    problems = sbom_problems(json.dumps(found), RUNTIME)
    assert f"not listed: {gone['name']} {gone['version']}" in problems
    assert f"not installed: {found['components'][0]['name']} 0" in problems
    assert any(problem.startswith("a hash is not listed: ") for problem in problems)
    found["components"][0]["type"] = "wish"
    [problem] = sbom_problems(json.dumps(found), RUNTIME)
    assert problem.startswith("not CycloneDX 1.6: ")


KNOWN = {"name": "a", "version": "1", "vulns": [{"id": "CVE-1", "fix_versions": ["2"]}]}
CLEAN = {"name": "b", "version": "1", "vulns": []}
UNKNOWN = {"name": "c", "skip_reason": "not found"}


@pytest.mark.parametrize(
    ("found", "code", "said"),
    [
        ([CLEAN], 0, "1 packages, 0 known vulnerabilities"),
        ([KNOWN, CLEAN], 1, "a 1: CVE-1, fixed in 2"),
        ([CLEAN, UNKNOWN], 1, "c: not known to the advisory service: not found"),
        ([UNKNOWN], 0, "audit skipped: the advisory service knows none of 1 packages: not found"),
    ],
)
def test_an_audit_passes_only_if_all_was_asked_for_or_nothing_could_be(
    found: list[dict[str, object]], code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _report(found) == code
    assert said in capsys.readouterr().out.splitlines()


def test_actions_are_pinned_by_commit() -> None:
    used = []
    for path in sorted((ROOT / ".github" / "workflows").iterdir()):
        used += re.findall(r"^\s*-? *uses: *(.+)$", path.read_text(), re.MULTILINE)
    assert len(used) >= 4
    wrong = [
        one for one in used if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", one)
    ]
    assert wrong == []
