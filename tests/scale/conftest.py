"""A PostgreSQL and an S3 of one's own, with passwords, and an empty place in each for each test."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bench.measuring import free_port
from tests.scale.served_s3 import BUCKET, ServedS3, served_s3

DEBIANS = Path("/usr/lib/postgresql")
USER, PASSWORD = "truce", "in-no-argument"
_numbers = itertools.count()


def _program(name: str) -> str:
    found = shutil.which(name) or max(map(str, DEBIANS.glob(f"*/bin/{name}")), default=None)
    if found is None:
        reason = f"no {name} of PostgreSQL (Debian: apt install postgresql)"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return found


def _run(*arguments: str, **more: str) -> None:
    # PostgreSQL refuses to be run by root.
    user = "postgres" if os.geteuid() == 0 else None
    environment = {**os.environ, **more}
    subprocess.run(
        arguments, user=user, cwd="/", env=environment, stdout=subprocess.DEVNULL, check=True
    )


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The parameters of a connection to it, without a database."""
    initdb, pg_ctl = _program("initdb"), _program("pg_ctl")
    with tempfile.TemporaryDirectory(prefix="truce-postgres-") as name:
        folder, port = Path(name), free_port()
        given = folder / "password"
        given.write_text(PASSWORD, encoding="utf-8")
        if os.geteuid() == 0:
            for path in (folder, given):
                shutil.chown(path, "postgres")
        data = str(folder / "data")
        _run(initdb, "-D", data, "-U", USER, "-A", "scram-sha-256", f"--pwfile={given}")
        options = f"-k {folder} -p {port} -c listen_addresses=127.0.0.1 -c fsync=off"
        _run(pg_ctl, "-w", "-D", data, "-l", str(folder / "log"), "-o", options, "start")
        try:
            yield f"host=127.0.0.1 port={port} user={USER}"
        finally:
            _run(pg_ctl, "-w", "-D", data, "-m", "immediate", "stop")


@pytest.fixture
def postgres(server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The parameters of a connection to an empty database; its password is where libpq looks."""
    passwords = tmp_path / "pgpass"
    passwords.write_text(f"127.0.0.1:*:*:{USER}:{PASSWORD}\n", encoding="utf-8")
    passwords.chmod(0o600)
    monkeypatch.setenv("PGPASSFILE", str(passwords))
    host, port, _ = (part.partition("=")[2] for part in server.split())
    name = f"lake{next(_numbers)}"
    _run(_program("createdb"), "-h", host, "-p", port, "-U", USER, name, PGPASSWORD=PASSWORD)
    return f"{server} dbname={name}"


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedS3]:
    """An S3."""
    with served_s3(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture
def s3(s3_server: ServedS3, monkeypatch: pytest.MonkeyPatch) -> str:
    """An empty place in it; its keys are in the environment."""
    for name, value in s3_server.environment.items():
        monkeypatch.setenv(name, value)
    return f"s3://{BUCKET}/lake{next(_numbers)}/data"
