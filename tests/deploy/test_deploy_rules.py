"""The alerting rules: valid for old and new Prometheus, tried on both sides, and explained."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from tests.cli.commands import rows, truce
from tests.deploy.installed import ROOT
from tests.deploy.monitors import PROMETHEUS, RULE_TESTS, RULES, RUNBOOKS, run

ALERTS: dict[str, dict[str, Any]] = {
    rule["alert"]: rule
    for path in RULES
    for group in yaml.safe_load(path.read_text("utf-8"))["groups"]
    for rule in group["rules"]
}
EXPECTED = {
    "TruceViolated",
    "TruceViolationContested",
    "TruceEvidenceUndetermined",
    "TruceVerdictWithdrawn",
    "TruceEndingSoon",
    "TruceSourcesSilent",
    "TrackerDown",
    "TrackerLagging",
    "TrackerRejectingInput",
    "TrackerStalled",
    "TrackerSeriesLeftOut",
}


def test_all_rules_are_there() -> None:
    assert set(ALERTS) >= EXPECTED


def test_prometheus_takes_the_rules(promtool: str) -> None:
    done = run(promtool, "check", "rules", "--lint=all", "--lint-fatal", *RULES)
    assert done.returncode == 0, done.stdout + done.stderr


def test_prometheus_takes_its_configuration(promtool: str) -> None:
    done = run(promtool, "check", "config", PROMETHEUS)
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_alert_fires_where_it_must_and_nowhere_else(promtool: str) -> None:
    done = run(promtool, "test", "rules", *RULE_TESTS)
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_alert_is_tried_firing_and_not_firing() -> None:
    tried: dict[str, set[bool]] = {name: set() for name in ALERTS}
    for path in RULE_TESTS:
        for case in yaml.safe_load(path.read_text("utf-8"))["tests"]:
            for one in case.get("alert_rule_test", ()):
                tried[one["alertname"]].add(bool(one["exp_alerts"]))
    assert {name for name, sides in tried.items() if sides != {True, False}} == set()


@pytest.mark.parametrize("name", sorted(ALERTS))
def test_each_alert_says_how_bad_it_is_what_it_is_and_what_to_do(name: str) -> None:
    rule = ALERTS[name]
    assert rule["labels"]["severity"] in {"critical", "warning", "info"}
    for field in ("summary", "description", "runbook_url"):
        assert rule["annotations"][field].strip(), field
    link = rule["annotations"]["runbook_url"]
    assert link == f"deploy/runbooks/{name}.md"
    assert (ROOT / link).read_text("utf-8").startswith(f"# {name}\n")


def test_each_runbook_is_about_an_alert() -> None:
    assert {path.stem for path in RUNBOOKS.glob("*.md")} == set(ALERTS)


@pytest.mark.parametrize("path", sorted(RUNBOOKS.glob("*.md")), ids=lambda path: path.stem)
def test_each_runbook_answers_what_one_asks_at_night(path: Path) -> None:
    headings = re.findall(r"(?m)^## (.+)$", path.read_text("utf-8"))
    wanted = ["What it means", "What it does not say", "Look", "Do", "When it ends"]
    assert headings == wanted


@pytest.mark.parametrize("path", sorted(RUNBOOKS.glob("*.md")), ids=lambda path: path.stem)
def test_the_queries_in_the_runbooks_work(path: Path, judged: Path) -> None:
    shown = re.findall(r'(?ms)^\$ (truce sql ".*?[^\\]")$', path.read_text("utf-8"))
    assert shown
    for command in shown:
        _, _, query = shlex.split(command)
        rows(query, judged)


def test_the_other_commands_in_the_runbooks_work(judged: Path) -> None:
    text = "".join(path.read_text("utf-8") for path in RUNBOOKS.glob("*.md"))
    shown = dict(re.findall(r"(?m)^\$ truce ((?!sql)\w+) ?(.*)$", text))
    assert set(shown) == {"explain", "status"}
    for command, arguments in shown.items():
        done = truce(command, *arguments.split(), data_dir=judged)
        assert done.returncode == 0, done.stderr


def names_in(text: str) -> set[str]:
    return set(re.findall(r"\btruce_\w+", text))


def exposed(page: str) -> dict[str, set[str]]:
    """The series of a page, each with its labels."""
    return {
        sample.name: set(sample.labels)
        for family in text_string_to_metric_families(page)
        for sample in family.samples
    }


def test_the_rules_ask_only_for_what_the_worker_shows(page: str) -> None:
    known = set(exposed(page))
    for name, rule in ALERTS.items():
        asked = names_in(rule["expr"] + "".join(rule["annotations"].values()))
        assert asked <= known, name


def test_the_rules_are_tried_with_series_that_the_worker_shows(page: str) -> None:
    known = exposed(page)
    by_scrape = {"job", "instance"}
    for path in RULE_TESTS:
        for case in yaml.safe_load(path.read_text("utf-8"))["tests"]:
            for series in case["input_series"]:
                name, labels = re.fullmatch(r"(\w+)\{(.*)\}", series["series"]).groups()  # type: ignore[union-attr]
                used = set(re.findall(r'(\w+)="', labels)) - by_scrape
                assert name == "up" or used == known[name] - {"le"}, series["series"]


def test_no_incident_becomes_a_label(page: str) -> None:
    assert not any("incident" in labels for labels in exposed(page).values())
    assert "2026-02-03-barrage" not in page
    assert not any("incident" in str(rule["labels"]) for rule in ALERTS.values())
    assert not any(re.search(r"\bby \([^)]*incident", rule["expr"]) for rule in ALERTS.values())


def test_prometheus_finds_nothing_to_say_against_the_metrics(promtool: str, page: str) -> None:
    done = run(promtool, "check", "metrics", given=page)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_every_family_has_a_help_text(page: str) -> None:
    families = list(text_string_to_metric_families(page))
    assert len(families) >= 14
    assert [family.name for family in families if not family.documentation.endswith(".")] == []
