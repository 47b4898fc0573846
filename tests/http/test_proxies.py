"""What goes over loopback, tokens among it, reaches no proxy that the environment names."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.cli.commands import ROOT, SCENARIO, truce
from tests.http.posting import event, new_token, start
from tests.support.trap import trap

PACKAGES = ("streams", "analytics", "schemas")


@pytest.mark.ingest
def test_a_worker_and_its_commands_ask_no_proxy(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    with trap() as proxy:
        found = start(data_dir, new_token(tmp_path), **proxy.environ)
        try:
            for command in (("publish", SCENARIO), ("status",), ("sql", "from verdicts")):
                done = truce(*command, data_dir=data_dir, given=b"", **proxy.environ)
                assert done.returncode == 0, done.stderr
            assert found.post(event("proxied")).status_code == 202
            assert found.end() == (0, "")
        finally:
            found.process.kill()
        assert proxy.heard == []


def calls(name: str) -> list[tuple[str, ast.Call]]:
    """Where a function of this name is called, and how."""
    return [
        (f"{path.relative_to(ROOT)}:{node.lineno}", node)
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == name
    ]


def test_every_client_says_that_it_heeds_no_environment() -> None:
    sessions = calls("ClientSession")
    assert sessions
    for where, call in sessions:
        given = {one.arg: ast.unparse(one.value) for one in call.keywords}
        assert given.get("trust_env") == "False", where
    for where, call in calls("build_opener"):
        assert "ProxyHandler({})" in {ast.unparse(one) for one in call.args} or any(
            ast.unparse(one).endswith("ProxyHandler({})") for one in call.args
        ), where


@pytest.mark.parametrize("name", ["urlopen", "urlretrieve", "install_opener"])
def test_nothing_is_fetched_by_what_heeds_the_environment(name: str) -> None:
    assert [where for where, _ in calls(name)] == []
