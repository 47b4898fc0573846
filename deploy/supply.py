"""Supply chain: checks the SBOM, and queries known vulnerabilities of what is shipped.

    python -m deploy.supply sbom build/sbom.json
    python -m deploy.supply audit

Both are about what the image installs: `requirements/runtime.txt` and `boundaries.txt`.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

REQUIREMENTS = Path(__file__).parents[1] / "requirements"
SHIPPED = (REQUIREMENTS / "runtime.txt", REQUIREMENTS / "boundaries.txt")
PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", re.MULTILINE)
HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")
SECONDS_TO_ANSWER = 5
SECONDS_IN_ALL = 90


class Pin(NamedTuple):
    """A package with its installed version; some differ between Pythons."""

    name: str
    version: str


def pins(text: str) -> set[Pin]:
    """The packages that a pinned file installs, on any Python."""
    return {Pin(*found) for found in PIN.findall(text)}


def shipped() -> str:
    """The pinned files of what is installed, as one."""
    return "".join(file.read_text("utf-8") for file in SHIPPED)


def sbom_problems(sbom: str, runtime: str) -> list[str]:
    """The differences between a CycloneDX document and what `runtime` installs."""
    wrong = JsonStrictValidator(SchemaVersion.V1_6).validate_str(sbom)
    if wrong is not None:
        return [f"not CycloneDX 1.6: {wrong}"]
    components = json.loads(sbom)["components"]
    listed, installed = {Pin(c["name"], c["version"]) for c in components}, pins(runtime)
    hashes = {
        h["content"] for c in components for r in c["externalReferences"] for h in r["hashes"]
    }
    return [
        *(f"not listed: {one.name} {one.version}" for one in sorted(installed - listed)),
        *(f"not installed: {one.name} {one.version}" for one in sorted(listed - installed)),
        *(f"a hash is not listed: {one}" for one in sorted(set(HASH.findall(runtime)) - hashes)),
    ]


def audit() -> int:
    """Query the advisory service: 1 if it reports anything; 0 and the reason if unreachable."""
    command = [
        *(sys.executable, "-m", "pip_audit", "--disable-pip", "--require-hashes"),
        *(part for file in SHIPPED for part in ("--requirement", str(file))),
        *("--format", "json", "--progress-spinner", "off"),
        *("--timeout", str(SECONDS_TO_ANSWER)),
    ]
    try:
        done = subprocess.run(  # noqa: S603 - every part of it stands above
            command, capture_output=True, text=True, timeout=SECONDS_IN_ALL, check=False
        )
    except subprocess.TimeoutExpired:
        return _skipped(f"the advisory service has not answered within {SECONDS_IN_ALL} s")
    try:
        found = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        said = (done.stderr or done.stdout).strip().splitlines() or ["it said nothing"]
        return _skipped(f"the advisory service does not answer: {said[-1]}")
    return _report(found)


def _report(found: Sequence[dict[str, Any]]) -> int:
    audited = [one for one in found if "skip_reason" not in one]
    if not audited:
        reason = found[0]["skip_reason"] if found else "there is nothing to ask about"
        return _skipped(f"the advisory service knows none of {len(found)} packages: {reason}")
    for one in found:
        if "skip_reason" in one:
            _say(f"{one['name']}: not known to the advisory service: {one['skip_reason']}")
    known = [(one, issue) for one in audited for issue in one["vulns"]]
    for one, issue in known:
        fixed = ", ".join(issue["fix_versions"]) or "no version"
        _say(f"{one['name']} {one['version']}: {issue['id']}, fixed in {fixed}")
    _say(f"{len(audited)} packages, {len(known)} known vulnerabilities")
    return 1 if known or len(audited) < len(found) else 0


def _skipped(why: str) -> int:
    _say(f"audit skipped: {why}")
    return 0


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def main(arguments: Sequence[str]) -> int:
    """Run the command in the arguments; returns the exit code."""
    match arguments:
        case ["audit"]:
            return audit()
        case ["sbom", path]:
            problems = sbom_problems(Path(path).read_text("utf-8"), shipped())
            for problem in problems:
                _say(f"{path}: {problem}")
            return 1 if problems else 0
        case _:
            _say(str(__doc__))
            return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
