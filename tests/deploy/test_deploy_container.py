"""The image and the compose stack, as far as that can be shown without a container engine."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from streams.http.hosts import Hosts
from streams.settings import SETTINGS
from streams.settings_reader import load
from streams.worker import draining
from tests.deploy.installed import DEPLOY, ROOT, run

DOCKERFILE = (DEPLOY / "Dockerfile").read_text()
COMPOSE = DEPLOY / "compose.yaml"
STACK: dict[str, Any] = yaml.safe_load(COMPOSE.read_text())
SERVICES: dict[str, dict[str, Any]] = STACK["services"]
HERE = Path(__file__).parent
USER = 65532
SECRET = "/run/secrets/grafana-password"  # noqa: S105 - where it is
# Named by the stack before the worker has them.
COMING = {"TRUCE_TOKEN_FILE", "TRUCE_ALERTMANAGER"}
# A batch of the most records that are taken at once has been seen to take half a second.
SECONDS_FOR_A_BATCH = 10


def tool(name: str) -> Path:
    return Path(sys.executable).with_name(name)


def check_compose(file: Path) -> subprocess.CompletedProcess[str]:
    return run(tool("check-jsonschema"), "--builtin-schema", "vendor.compose-spec", file)


def instructions(name: str) -> list[str]:
    """What follows an instruction of the Dockerfile, with its continuation lines."""
    return re.findall(rf"(?m)^{name} ((?:.*\\\n)*.*)$", DOCKERFILE)


def health_check() -> list[str]:
    """The command of the image's health check."""
    [check] = instructions("HEALTHCHECK")
    found: list[str] = ast.literal_eval(check.partition("CMD ")[2])
    return found


def test_hadolint_has_nothing_to_say() -> None:
    checked = run(tool("hadolint"), DEPLOY / "Dockerfile")
    assert (checked.returncode, checked.stdout) == (0, "")


def test_the_stack_keeps_to_the_schema_of_compose(tmp_path: Path) -> None:
    checked = check_compose(COMPOSE)
    assert checked.returncode == 0, checked.stdout

    wrong = tmp_path / "compose.yaml"
    wrong.write_text(COMPOSE.read_text().replace("mem_limit:", "memory_limit:"))
    assert check_compose(wrong).returncode == 1


def test_the_image_runs_as_a_number_and_its_base_is_pinned() -> None:
    assert instructions("USER") == [f"{USER}:{USER}"]
    [base] = instructions("ARG")
    assert re.fullmatch(r"BASE=python:3\.\d+\.\d+-slim-\w+", base)
    assert [stage.split()[0] for stage in instructions("FROM")] == ["${BASE}", "${BASE}"]


def test_the_builder_is_given_what_is_copied_and_nothing_else() -> None:
    copied = {
        source
        for arguments in instructions("COPY")
        if not arguments.startswith("--from")
        for source in arguments.split()[:-1]
    }
    lines = (ROOT / ".dockerignore").read_text().splitlines()

    assert "*" in lines
    assert {line.removeprefix("!") for line in lines if line.startswith("!")} == copied
    assert all((ROOT / source).exists() for source in copied)


def test_all_images_are_pinned() -> None:
    for name, service in SERVICES.items():
        assert re.fullmatch(r"[\w./-]+:v?\d+\.\d+\.\d+|trucewatch:local", service["image"]), name


def test_no_port_is_open_to_others() -> None:
    ports = [port for service in SERVICES.values() for port in service.get("ports", ())]
    assert len(ports) == 5
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_no_service_may_gain_rights_and_the_worker_writes_only_its_data() -> None:
    for name, service in SERVICES.items():
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert not service.get("privileged", False), name
    ours = SERVICES["worker"]
    assert ours["read_only"] is True
    assert ours["volumes"] == ["worker:/data", "token:/run/truce:ro"]
    assert "user" not in ours, "the image's is the one that owns /data"


def test_the_settings_of_the_worker_are_settings() -> None:
    environment = SERVICES["worker"]["environment"]
    given = {name for name in environment if name.startswith("TRUCE_")}

    assert given == environment.keys()
    assert given <= {setting.name for setting in SETTINGS} | COMING
    settings = load(environment)
    assert [str(address) for address in settings.broker] == ["kafka:19092"]
    assert str(settings.partitions) == SERVICES["topics"]["environment"]["PARTITIONS"]


def test_the_worker_answers_to_the_name_by_which_prometheus_calls_it() -> None:
    hosts = Hosts("0.0.0.0", load(SERVICES["worker"]["environment"]).http_hosts)  # noqa: S104
    scraping = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text())
    [job] = scraping["scrape_configs"]
    [targets] = [one["targets"] for one in job["static_configs"]]
    assert targets
    assert all(map(hosts.is_ours, targets))


def test_the_worker_has_the_time_to_stop_in_good_order() -> None:
    needed = draining.SECONDS_TO_PUBLISH + draining.SECONDS_TO_LEAVE + SECONDS_FOR_A_BATCH
    assert int(SERVICES["worker"]["stop_grace_period"].removesuffix("s")) >= needed


def test_a_secret_is_in_no_file_that_is_kept() -> None:
    for secret in STACK["secrets"].values():
        path = DEPLOY / secret["file"]
        assert run("git", "check-ignore", "--quiet", path).returncode == 0
    environment = SERVICES["grafana"]["environment"]
    assert "GF_SECURITY_ADMIN_PASSWORD" not in environment
    assert environment["GF_SECURITY_ADMIN_PASSWORD__FILE"] == SECRET
    assert environment["GF_AUTH_ANONYMOUS_ENABLED"] == "false"


def test_the_token_is_made_once_and_for_its_user_only(tmp_path: Path) -> None:
    _, _, program = SERVICES["token"]["entrypoint"]
    path = tmp_path / "token"

    made = []
    for _ in range(2):
        done = run(sys.executable, "-c", program.replace("/run/truce/token", str(path)))
        assert done.returncode == 0, done.stderr
        assert path.stat().st_mode & 0o777 == 0o600
        made.append(path.read_text())

    assert re.fullmatch(r"[\w-]{43}\n", made[0])
    assert made[0] == made[1]


@pytest.mark.parametrize("target", ["up", "down"])
def test_without_docker_make_says_so_in_one_line(target: str) -> None:
    make = shutil.which("make")
    assert make is not None

    done = run(make, "--no-print-directory", target, PATH="/nowhere")

    assert done.returncode == 2
    said = [line for line in done.stderr.splitlines() if not line.startswith("make")]
    assert len(said) == 1
    assert "Docker" in said[0]
    assert done.stdout == ""


IN_THE_CONTAINER = (HERE / "contained.py").read_text()


@pytest.mark.deployment
def test_the_worker_lives_in_what_a_container_leaves_it(tmp_path: Path) -> None:
    """As a user without a name or a home, on a file system that is read-only, without a network."""
    isolate = [*as_root(), "unshare", "--mount", "--net", "--pid", "--fork"]
    if run(*isolate, "true").returncode:
        pytest.skip("no root on this machine, without which nothing can be isolated")
    data = tmp_path / "data"
    assert run(*as_root(), "install", "-d", "-o", str(USER), "-m", "750", data).returncode == 0
    trees = sorted({ROOT, Path(sys.prefix), Path(sys.base_prefix)} - {Path("/usr")})
    settings = dict(
        variable.split("=", 1)
        for one in instructions("ENV")[1:]
        for variable in one.replace("\\\n", " ").split()
    ) | {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin"}

    command: list[str | Path] = [
        "sh",
        HERE / "contained.sh",
        data,
        *trees,
        "--",
        *(f"{name}={value}" for name, value in settings.items()),
        *(sys.executable, "-c", IN_THE_CONTAINER, str(USER)),
    ]

    done = run(*isolate, *command, *health_check())

    assert done.returncode == 0, done.stdout + done.stderr
    assert "14 events" in done.stdout + done.stderr
    assert "No difference" in done.stdout


def as_root() -> list[str]:
    """What makes a command root's, if that needs anything."""
    return [] if os.geteuid() == 0 else ["sudo", "-n"]
