"""The dashboards: generated, answered by a real Prometheus, and honest about what is not known."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from deploy.grafana.dashboards import written
from streams.endpoint import read_endpoint
from tests.cli.commands import SCENARIO, as_json, truce, worker
from tests.deploy.installed import DEPLOY, run, wanted

BOARDS = {name: json.loads(text) for name, text in written().items()}
# What Grafana puts in for its variables: all there is, and its least span for a rate.
FILLED = {"$__rate_interval": "20s", "$__range": "1h"}


def panels(board: str) -> list[dict[str, Any]]:
    return [panel for panel in BOARDS[board]["panels"] if panel["type"] != "row"]


def filled(expr: str) -> str:
    for variable, value in FILLED.items():
        expr = expr.replace(variable, value)
    return re.sub(r"\$\w+", ".+", expr)


QUERIES = [
    (f"{board}: {panel['title']}", panel, target)
    for board in BOARDS
    for panel in panels(board)
    for target in panel["targets"]
]


@pytest.mark.parametrize("name", BOARDS)
def test_a_dashboard_is_what_the_code_writes(name: str) -> None:
    assert (DEPLOY / "grafana" / name).read_text() == written()[name], "run `make dashboards`"


def test_each_dashboard_has_a_name_and_an_address_of_its_own() -> None:
    assert {board["uid"] for board in BOARDS.values()} == {
        f"trucewatch-{name.removesuffix('.json')}" for name in BOARDS
    }
    for name, board in BOARDS.items():
        titles = [panel["title"] for panel in board["panels"]]
        assert len(titles) == len(set(titles)), name


def test_promtool_reads_every_expression(tmp_path: Path) -> None:
    promtool = wanted("promtool", "prometheus")
    rules = [
        {"record": f"dashboard:{number}", "expr": filled(target["expr"])}
        for number, (_, _, target) in enumerate(QUERIES)
    ]
    file = tmp_path / "dashboards.rules.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "dashboards", "rules": rules}]}))

    checked = run(promtool, "check", "rules", file)

    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert f"SUCCESS: {len(QUERIES)} rules found" in checked.stdout


@pytest.mark.parametrize("name", BOARDS)
def test_unknown_is_shown_as_unknown(name: str) -> None:
    for panel in panels(name):
        assert "unknown" in panel["fieldConfig"]["defaults"]["noValue"], panel["title"]
        assert not panel["fieldConfig"]["defaults"].get("custom", {}).get("spanNulls", False)
        for target in panel["targets"]:
            # Either would make a number of what nobody knows.
            assert "vector(" not in target["expr"]
            assert "absent" not in target["expr"]


def test_coverage_stands_on_every_dashboard() -> None:
    for name in BOARDS:
        shown = [target["expr"] for panel in panels(name) for target in panel["targets"]]
        assert any("truce_last_report_timestamp_seconds" in expr for expr in shown), name


class Answers(NamedTuple):
    """A Prometheus that reads a worker which has judged the shipped scenario."""

    url: str
    data_dir: Path

    def ask(self, expr: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._get("query", query=expr)["result"]
        return found

    def series(self, selector: str) -> list[dict[str, str]]:
        found: list[dict[str, str]] = self._get("series", **{"match[]": selector})
        return found

    def _get(self, what: str, **asked: str) -> Any:
        url = f"{self.url}/api/v1/{what}?{urllib.parse.urlencode(asked)}"
        with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - our own
            return json.load(answer)["data"]


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Answers]:
    prometheus = wanted("prometheus", "prometheus")
    folder = tmp_path_factory.mktemp("grafana")
    with worker(folder / "data"):
        endpoint = read_endpoint(folder / "data")
        assert endpoint is not None
        published = truce("publish", SCENARIO, data_dir=folder / "data")
        assert published.returncode == 0, published.stderr
        with socket.socket() as one:
            one.bind(("127.0.0.1", 0))
            port = one.getsockname()[1]
        scrape = {
            "job_name": "trucewatch",
            "static_configs": [{"targets": [endpoint.http.removeprefix("http://")]}],
        }
        every = {"scrape_interval": "500ms", "scrape_timeout": "500ms"}
        config = folder / "prometheus.yml"
        config.write_text(yaml.safe_dump({"global": every, "scrape_configs": [scrape]}))
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [
                    *(prometheus, f"--config.file={config}"),
                    *(f"--storage.tsdb.path={folder / 'tsdb'}",),
                    f"--web.listen-address=127.0.0.1:{port}",
                ],
                stdout=log,
                stderr=log,
            )
        try:
            found = Answers(f"http://127.0.0.1:{port}", folder / "data")
            # A rate wants two scrapes.
            until_it_has(found, "count_over_time(truce_events_total[20s]) > 1", folder / "log")
            yield found
        finally:
            process.terminate()
            process.wait(20)


def until_it_has(answers: Answers, expr: str, log: Path) -> None:
    end = time.monotonic() + 30
    while True:
        try:
            if answers.ask(expr):
                return
        except OSError:
            pass
        assert time.monotonic() < end, log.read_text()
        time.sleep(0.2)


@pytest.mark.deployment
def test_a_worker_has_what_every_panel_asks_for(answers: Answers) -> None:
    for place, panel, target in QUERIES:
        found = answers.ask(filled(target["expr"]))
        assert found, f"{place} {target['refId']}: nothing for {target['expr']}"
        if panel["type"] != "table":
            used = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
            assert used <= found[0]["metric"].keys(), f"{place} {target['refId']}"


@pytest.mark.deployment
def test_every_variable_has_values(answers: Answers) -> None:
    asked = [
        variable["query"]["query"]
        for board in BOARDS.values()
        for variable in board["templating"]["list"]
        if variable["type"] == "query"
    ]
    assert len(asked) >= 6
    for text in asked:
        parts = re.fullmatch(r"label_values\((.*), (\w+)\)", text)
        assert parts is not None, text
        assert {one.get(parts[2]) for one in answers.series(filled(parts[1]))} - {None}, text


@pytest.mark.deployment
def test_the_bounds_of_a_party_are_those_of_the_view_compliance(answers: Answers) -> None:
    def bounds(ref: str) -> dict[str, int]:
        [table] = [panel for panel in panels("violations.json") if panel["title"] == "Parties"]
        [expr] = [target["expr"] for target in table["targets"] if target["refId"] == ref]
        return {one["metric"]["party"]: int(one["value"][1]) for one in answers.ask(filled(expr))}

    query = "from compliance where claim_id is null"
    counts = "violations_lower, violations_upper, unattributed"
    told = as_json(f"select party, {counts} {query}", answers.data_dir)

    assert told
    lower, upper, no_one = bounds("A"), bounds("B"), bounds("D")
    assert [tuple(row.values()) for row in told] == [
        (party, lower[party], upper[party], no_one[party])
        for party in (row["party"] for row in told)
    ]
    assert max(upper.values()) > max(lower.values()), "else the two bounds prove nothing"


def test_a_conflict_that_two_workers_show_is_counted_once(tmp_path: Path) -> None:
    promtool = wanted("promtool", "prometheus")
    [panel] = [p for p in panels("truces.json") if p["title"] == "Truces"]
    [expr] = [target["expr"] for target in panel["targets"] if target["refId"] == "C"]
    series = 'truce_incidents{{conflict="c",commitment="t",party="A",verdict="{}",instance="{}"}}'
    shown = [("violation", "old", 2), ("violation", "new", 2), ("contested", "new", 1)]
    test = {
        "interval": "1m",
        "input_series": [
            {"series": series.format(verdict, instance), "values": f"{count}"}
            for verdict, instance, count in shown
        ],
        "promql_expr_test": [
            {
                "expr": filled(expr),
                "eval_time": "0m",
                "exp_samples": [{"labels": '{commitment="t", conflict="c"}', "value": 3}],
            }
        ],
    }
    file = tmp_path / "test.yml"
    file.write_text(yaml.safe_dump({"tests": [test]}))

    tested = run(promtool, "test", "rules", file)

    assert tested.returncode == 0, tested.stdout + tested.stderr


def test_grafana_finds_what_the_stack_gives_it() -> None:
    stack = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    folder = DEPLOY / "grafana" / "provisioning"
    [provider] = yaml.safe_load((folder / "dashboards/trucewatch.yaml").read_text())["providers"]
    [source] = yaml.safe_load((folder / "datasources/prometheus.yaml").read_text())["datasources"]

    mounted = dict(volume.split(":")[:2] for volume in stack["grafana"]["volumes"])
    assert mounted["./grafana"] == provider["options"]["path"]
    assert mounted["./grafana/provisioning"] == "/etc/grafana/provisioning"
    home = stack["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert Path(home).name in BOARDS
    address = stack["grafana"]["environment"][source["url"].removeprefix("$")]
    assert address == "http://prometheus:9090"
    assert "prometheus" in stack
